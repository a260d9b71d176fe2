//! Who is granted something.

use std::str::FromStr;

use kubelock::PathSegment;
use serde_json::{Value, json};

/// A user, a group or a service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    User(String),
    Group(String),
    ServiceAccount(ServiceAccount),
}

/// A service account, as `kubectl create rolebinding` takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServiceAccount {
    namespace: String,
    name: String,
}

impl FromStr for ServiceAccount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // As the API server calls it, and all who quote that.
        let text = text.strip_prefix("system:serviceaccount:").unwrap_or(text);
        let parts = text.split_once(':').filter(|(_, name)| !name.contains(':'));
        let Some((namespace, name)) = parts else {
            return Err("it takes NAMESPACE:NAME, as in ci:runner".to_owned());
        };
        let namespace = PathSegment::namespace(namespace).map_err(|error| error.to_string())?;
        let name = PathSegment::object(name).map_err(|error| error.to_string())?;
        Ok(Self { namespace: namespace.to_string(), name: name.to_string() })
    }
}

impl Subject {
    /// What tells it from all others in the name of an object: `zoe`, `group=on-call`.
    pub(super) fn part_of_name(&self) -> String {
        match self {
            Self::User(name) => escaped(name),
            Self::Group(name) => format!("group={}", escaped(name)),
            Self::ServiceAccount(ServiceAccount { namespace, name }) => {
                format!("serviceaccount={namespace}:{name}")
            }
        }
    }

    pub(super) fn to_json(&self) -> Value {
        const RBAC: &str = "rbac.authorization.k8s.io";
        match self {
            Self::User(name) => json!({ "apiGroup": RBAC, "kind": "User", "name": name }),
            Self::Group(name) => json!({ "apiGroup": RBAC, "kind": "Group", "name": name }),
            Self::ServiceAccount(ServiceAccount { namespace, name }) => {
                json!({ "kind": "ServiceAccount", "name": name, "namespace": namespace })
            }
        }
    }
}

/// Bytes that names cannot hold, or that mean something in ours, become `=2F`.
fn escaped(name: &str) -> String {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:@".contains(&byte);
    let escape =
        |byte: u8| if fits(byte) { char::from(byte).to_string() } else { format!("={byte:02X}") };
    name.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_subjects_are_called_the_same() {
        let account = ServiceAccount { namespace: "ci".into(), name: "runner".into() };
        let names = ["ops", "ci:runner", "a/b", "a-b", "a=2Fb", "group=ops", "a+b", "é", "e"];
        let users = names.map(|name| Subject::User(name.to_owned()));
        let groups = names.map(|name| Subject::Group(name.to_owned()));
        let all: Vec<_> =
            users.into_iter().chain(groups).chain([Subject::ServiceAccount(account)]).collect();
        let parts: BTreeSet<_> = all.iter().map(Subject::part_of_name).collect();
        assert_eq!(parts.len(), all.len(), "{parts:#?}");
        assert!(parts.iter().all(|part| PathSegment::object(part).is_ok()), "{parts:#?}");
    }

    #[test]
    fn a_service_account_is_named_with_its_namespace() {
        let account = ServiceAccount { namespace: "ci".into(), name: "runner".into() };
        assert_eq!("ci:runner".parse(), Ok(account.clone()));
        assert_eq!("system:serviceaccount:ci:runner".parse(), Ok(account));
        for text in ["runner", ":runner", "ci:", "CI:runner", "ci:a/b", "ci:a:b", "system:a:b"] {
            assert!(text.parse::<ServiceAccount>().is_err(), "{text}");
        }
    }
}
