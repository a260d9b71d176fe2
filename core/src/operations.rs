//! The caller's part of a guarded write: which operations it may hold.

use serde_json::Value;
use thiserror::Error;

use crate::name::{Prefix, quoted};

/// An operation that a guarded write does not take.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a guarded write cannot {op} {}: {why}", quoted(path))]
pub struct InvalidOperation {
    op: String,
    path: String,
    why: &'static str,
}

/// Checks the operations of a JSON Patch: none of them may touch an annotation of a lock or of a
/// queue, or replace an ancestor of one.
///
/// # Errors
/// [`InvalidOperation`] for the first that does, or that is none.
pub fn checked(operations: &[Value], prefix: &Prefix) -> Result<(), InvalidOperation> {
    operations.iter().try_for_each(|operation| check(operation, prefix))
}

fn check(operation: &Value, prefix: &Prefix) -> Result<(), InvalidOperation> {
    let text = |field: &str| operation.get(field).and_then(Value::as_str);
    let op = text("op").unwrap_or("do");
    let refuse =
        |path: &str, why| Err(InvalidOperation { op: op.to_owned(), path: path.to_owned(), why });
    // What is only copied from is left as it is.
    let moved = if op == "move" { text("from") } else { None };
    for path in [Some(text("path").unwrap_or_default()), moved].into_iter().flatten() {
        // The API server reads what does not begin with a slash as if its first part were not
        // there.
        if !path.is_empty() && !path.starts_with('/') {
            return refuse(path, "a JSON Pointer begins with a slash");
        }
        if touches_locks(path, prefix) {
            return refuse(path, "it holds locks, which this would change beside their protocol");
        }
    }
    Ok(())
}

fn touches_locks(path: &str, prefix: &Prefix) -> bool {
    let parts: Vec<String> = path.split('/').skip(1).map(unescaped).collect();
    match parts.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] | ["metadata"] | ["metadata", "annotations"] => true,
        ["metadata", "annotations", key, ..] => {
            let domain = key.split_once('/').map_or("", |(domain, _)| domain);
            domain.strip_prefix("queue.").unwrap_or(domain) == prefix.as_str()
                || domain == prefix.as_str()
        }
        _ => false,
    }
}

fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(operation: &Value) -> Result<(), InvalidOperation> {
        checked(std::slice::from_ref(operation), &Prefix::default())
    }

    #[test]
    fn whatever_holds_no_lock_may_be_written() {
        for path in [
            "/data/a",
            "/metadata/labels/a",
            "/metadata/annotations/team",
            "/metadata/annotations/other.io~1kubelock.giantswarm.io",
            "/status/phase",
            "/metadata~1annotations",
        ] {
            assert_eq!(check(&json!({"op": "add", "path": path, "value": 1})), Ok(()), "{path}");
        }
        let copy = json!({"op": "copy", "path": "/data/a", "from": "/metadata/annotations/kubelock.giantswarm.io~1l"});
        assert_eq!(check(&copy), Ok(()));
    }

    #[test]
    fn locks_queues_and_what_they_stand_in_are_left_alone() {
        for path in [
            "",
            "/metadata",
            "/metadata/annotations",
            "/metadata/annotations/kubelock.giantswarm.io~1l",
            "/metadata/annotations/kubelock.giantswarm.io~1another",
            "/metadata/annotations/queue.kubelock.giantswarm.io~1l",
            "x/metadata/annotations",
            "metadata",
        ] {
            for op in ["add", "replace", "remove", "test"] {
                assert!(check(&json!({"op": op, "path": path})).is_err(), "{op} {path}");
            }
        }
        let moved = json!({"op": "move", "path": "/data/a", "from": "/metadata/annotations"});
        assert!(check(&moved).is_err());
        assert!(check(&json!({"op": "remove"})).is_err(), "no path");
        assert!(check(&json!(7)).is_err());
    }

    #[test]
    fn the_refusal_names_the_operation_and_why() {
        let error = check(&json!({"op": "remove", "path": "/metadata"})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a guarded write cannot remove \"/metadata\": it holds locks, which this would change beside their protocol"
        );
    }
}
