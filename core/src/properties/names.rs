//! Names, against the API server's rules as Kubernetes writes them down.
//!
//! The rules are the regular expressions of `k8s.io/apimachinery/pkg/util/validation`.

use proptest::prelude::*;

use crate::name::{AnnotationKey, LockName, PathSegment, Prefix};

proptest! {
    #[test]
    fn whatever_may_stand_behind_the_slash_of_an_annotation_key_names_a_lock(
        name in "([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]",
    ) {
        prop_assert!(LockName::new(&name).is_ok(), "{name}");
    }

    #[test]
    fn nothing_else_does(
        head in "[-A-Za-z0-9_.]{0,20}", odd in "[^-A-Za-z0-9_.]", tail in "[-A-Za-z0-9_.]{0,20}",
        end in "[-_.]", long in "[A-Za-z0-9]{64,80}",
    ) {
        let names = [format!("{head}{odd}{tail}"), format!("{end}{tail}"), format!("{head}{end}"), long];
        for name in names {
            prop_assert!(LockName::new(&name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_prefix_is_a_subdomain_and_a_namespace_a_label(
        parts in prop::collection::vec("[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", 1..8),
        odd in "[^-a-z0-9.]",
    ) {
        let prefix = parts.join(".");
        prop_assert!(Prefix::new(&prefix).is_ok(), "{prefix}");
        prop_assert!(PathSegment::namespace(&parts[0]).is_ok(), "{}", parts[0]);
        for wrong in [format!("{prefix}{odd}"), format!("{prefix}.")] {
            prop_assert!(Prefix::new(&wrong).is_err(), "{wrong}");
        }
        prop_assert_eq!(PathSegment::namespace(&prefix).is_ok(), parts.len() == 1);
    }

    #[test]
    fn a_pointer_reads_back_as_its_key(prefix in "[a-z]{1,9}", name in "[a-z]([a-z._-]{0,9}[a-z])?") {
        let key = AnnotationKey::new(&Prefix::new(&prefix).unwrap(), &LockName::new(&name).unwrap());
        let pointer = key.pointer();
        let parts: Vec<String> =
            pointer.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
        prop_assert_eq!(parts, ["", "metadata", "annotations", key.as_str()]);
    }

    #[test]
    fn what_names_an_object_stays_in_its_segment_of_the_path(name: String) {
        if PathSegment::object(&name).is_ok() {
            prop_assert!(!name.contains(['/', '?', '#', '%', ' ', '\\']) && name.is_ascii());
            prop_assert!(!name.is_empty() && name != "." && name != "..");
        }
    }
}
