//! `TYPE/NAME`: which object carries the lock.

use kubelock::{InvalidName, LockName, LockRef, PathSegment, Prefix};

use crate::failure::Failure;
use crate::kind::Kind;
use crate::kinds;
use crate::output::text;

/// A kind as kubectl's users spell it: `cm`, `deployments.apps`, `deployments.v1.apps`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeName {
    /// What was typed.
    pub(crate) spelled: String,
    /// Plural, singular or short name, in lower case.
    pub(crate) resource: String,
    pub(crate) version: Option<String>,
    /// `Some("")` is the core group, spelled `pods.v1.`.
    pub(crate) group: Option<String>,
}

impl TypeName {
    pub(crate) fn parse(spelled: &str) -> Result<Self, InvalidName> {
        PathSegment::checked("TYPE", spelled)?;
        let lower = spelled.to_ascii_lowercase();
        let mut parts = lower.splitn(3, '.');
        let resource = parts.next().unwrap_or_default().to_owned();
        let (version, group) = match (parts.next(), parts.next()) {
            (None, _) => (None, None),
            (Some(version), Some(group)) if is_version(version) => {
                (Some(version.to_owned()), Some(group.to_owned()))
            }
            (Some(group), None) => (None, Some(group.to_owned())),
            (Some(first), Some(rest)) => (None, Some(format!("{first}.{rest}"))),
        };
        Ok(Self { spelled: spelled.to_owned(), resource, version, group })
    }
}

/// `v1`, `v2beta1`: what tells `deployments.v1.apps` from `widgets.example.org`.
fn is_version(part: &str) -> bool {
    let Some(rest) = part.strip_prefix('v') else { return false };
    let stage = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered =
        |stage: &str| !stage.is_empty() && stage.bytes().all(|byte| byte.is_ascii_digit());
    let beta = stage.strip_prefix("beta").or_else(|| stage.strip_prefix("alpha"));
    rest.len() > stage.len() && (stage.is_empty() || beta.is_some_and(numbered))
}

/// Which object was asked for, before its kind is known.
#[derive(Debug, Clone)]
pub(crate) enum Carrier {
    /// No `--on`: the Lease of the lock's own name.
    Lease,
    /// `--on TYPE/NAME`.
    Object(TypeName, PathSegment),
}

impl Carrier {
    pub(crate) fn parse(on: Option<&str>) -> Result<Self, Failure> {
        let Some(on) = on else { return Ok(Self::Lease) };
        let Some((kind, name)) = on.split_once('/') else {
            return Err(Failure::usage(format!("--on \"{}\" names no object: it takes TYPE/NAME", text::line(on)))
                .hint("as kubectl spells it: --on configmap/app, --on deploy/web, --on widgets.example.org/w1"));
        };
        Ok(Self::Object(TypeName::parse(kind)?, PathSegment::object(name)?))
    }

    /// The kind, if it is known without asking the cluster.
    pub(crate) fn known_kind(&self) -> Option<Kind> {
        match self {
            Self::Lease => Some(kinds::lease()),
            Self::Object(name, _) => kinds::find(name),
        }
    }
}

/// The name of a lock, checked; without an object it lives on a Lease, so it must do for one.
pub(crate) fn lock_name(name: &str, carrier: &Carrier) -> Result<LockName, Failure> {
    let lock = LockName::new(name)?;
    // An annotation prefix and a Lease's name keep to the same rule, RFC 1123's.
    if matches!(carrier, Carrier::Object(..)) || Prefix::new(name).is_ok() {
        return Ok(lock);
    }
    let message = format!(
        "lock name \"{name}\" cannot name a Lease: lower case letters, digits, '-' and '.' only (RFC 1123)"
    );
    Err(Failure::usage(message)
        .hint("keep it on an object that exists, with --on: --on configmap/NAME"))
}

/// One lock on one object of a known kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) lock: LockName,
    pub(crate) kind: Kind,
    /// `None` for cluster-scoped kinds.
    pub(crate) namespace: Option<String>,
    pub(crate) object: String,
    /// Whether the object is the lock's own Lease, which may be made.
    pub(crate) own_lease: bool,
}

impl Target {
    pub(crate) fn new(lock: LockName, carrier: &Carrier, kind: Kind, namespace: &str) -> Self {
        let object = match carrier {
            Carrier::Lease => lock.as_str(),
            Carrier::Object(_, name) => name.as_str(),
        };
        Self {
            namespace: kind.namespaced.then(|| namespace.to_owned()),
            object: object.to_owned(),
            own_lease: matches!(carrier, Carrier::Lease),
            lock,
            kind,
        }
    }

    /// A lock that was seen on an object of this kind.
    pub(crate) fn of(kind: Kind, lock: &LockRef) -> Self {
        Self {
            lock: lock.name.clone(),
            namespace: lock.namespace.as_ref().map(ToString::to_string),
            object: lock.object.to_string(),
            own_lease: kind == kinds::lease() && lock.name.as_str() == lock.object.as_str(),
            kind,
        }
    }

    /// The object as `--on` takes it: `configmap/app`.
    pub(crate) fn on(&self) -> String {
        format!("{}/{}", self.kind.shown, self.object)
    }

    /// `configmap/app in namespace ci`.
    pub(crate) fn place(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{} in namespace {namespace}", self.on()),
            None => self.on(),
        }
    }

    /// `lock "deploy" on configmap/app in namespace ci`.
    pub(crate) fn describe(&self) -> String {
        format!("lock \"{}\" on {}", self.lock, self.place())
    }
}

/// An explicit `-n` beside a cluster-scoped kind is a mistake, not a wish.
pub(crate) fn check_scope(
    kind: &Kind,
    object: Option<&str>,
    namespace: Option<&str>,
) -> Result<(), Failure> {
    match namespace {
        Some(namespace) if !kind.namespaced => {
            let what = match object {
                Some(object) => format!("{}/{object} lives", kind.shown),
                None => format!("{} live", kind.resource()),
            };
            let message = format!("{what} in no namespace, but -n {namespace} was given");
            Err(Failure::usage(message).hint("leave -n out"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `RESOURCE VERSION GROUP`, a dash for what is not named.
    fn parsed(spelled: &str) -> String {
        let name = TypeName::parse(spelled).unwrap();
        let part = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
        format!("{} {} {:?}", name.resource, part(name.version), part(name.group))
    }

    #[test]
    fn a_type_is_a_word_with_an_optional_version_and_group() {
        assert_eq!(parsed("CM"), r#"cm - "-""#);
        assert_eq!(parsed("deployments.apps"), r#"deployments - "apps""#);
        assert_eq!(parsed("deployments.v1.apps"), r#"deployments v1 "apps""#);
        assert_eq!(parsed("widgets.example.org"), r#"widgets - "example.org""#);
        assert_eq!(parsed("widgets.v1beta2.example.org"), r#"widgets v1beta2 "example.org""#);
        assert_eq!(parsed("pods.v1."), r#"pods v1 """#);
    }

    #[test]
    fn only_a_number_behind_a_v_is_a_version() {
        for version in ["v1", "v12", "v1beta1", "v2alpha10"] {
            assert!(is_version(version), "{version}");
        }
        for word in ["v", "vault", "v1x", "v1beta", "1", "vbeta1", "example"] {
            assert!(!is_version(word), "{word}");
        }
    }

    #[test]
    fn a_type_never_leaves_its_place_in_the_path() {
        for spelled in ["", "..", "a?b", "a b", "é"] {
            assert!(TypeName::parse(spelled).is_err(), "{spelled:?}");
        }
    }

    /// As kubectl spells it.
    fn spelled(resource: &str, version: Option<&str>, group: Option<&str>) -> String {
        let parts = [Some(resource), version, group];
        parts.into_iter().flatten().collect::<Vec<_>>().join(".")
    }

    proptest! {
        #[test]
        fn a_type_reads_back_as_it_was_spelt(
            resource in "[a-z]{1,12}", version in prop::option::of("v[1-9]((alpha|beta)[1-9])?"),
            group in prop::option::of("[a-z]{1,8}([.][a-z]{2,8}){0,3}"), upper: bool,
        ) {
            // A group may look like a version, and a version goes with a group alone.
            let first = group.as_deref().and_then(|group| group.split('.').next());
            prop_assume!(first.is_none_or(|first| !is_version(first)));
            let version = version.filter(|_| group.is_some());
            let spelled = spelled(&resource, version.as_deref(), group.as_deref());
            let spelled = if upper { spelled.to_ascii_uppercase() } else { spelled };
            let name = TypeName::parse(&spelled).unwrap();
            prop_assert_eq!(name, TypeName { spelled, resource, version, group });
        }

        #[test]
        fn an_object_reads_back_as_it_is_shown(
            kind in "[a-z]{1,12}([.][a-z]{1,8}){0,2}", name in "[A-Za-z0-9:@.-]{1,60}",
        ) {
            prop_assume!(PathSegment::object(&name).is_ok());
            let on = format!("{kind}/{name}");
            let Ok(Carrier::Object(read, object)) = Carrier::parse(Some(&on)) else {
                panic!("{on} names an object");
            };
            prop_assert_eq!(format!("{}/{object}", read.spelled), on);
        }

        #[test]
        fn any_text_names_an_object_that_stays_in_its_place_or_none(on: String) {
            if let Ok(Carrier::Object(kind, object)) = Carrier::parse(Some(&on)) {
                for part in [kind.spelled.as_str(), object.as_str()] {
                    prop_assert!(!part.is_empty() && part.is_ascii());
                    prop_assert!(!part.contains(['/', '?', '#', '%', ' ']), "{part}");
                }
            }
        }
    }
}
