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
        let Some((namespace, name)) = text.split_once(':') else {
            return Err("it takes NAMESPACE:NAME, as in ci:runner".to_owned());
        };
        let namespace = PathSegment::namespace(namespace).map_err(|error| error.to_string())?;
        let name = PathSegment::object(name).map_err(|error| error.to_string())?;
        Ok(Self { namespace: namespace.to_string(), name: name.to_string() })
    }
}

impl Subject {
    /// As it was typed.
    pub(super) fn name(&self) -> String {
        match self {
            Self::User(name) | Self::Group(name) => name.clone(),
            Self::ServiceAccount(ServiceAccount { namespace, name }) => {
                format!("{namespace}:{name}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_is_named_with_its_namespace() {
        let account = ServiceAccount { namespace: "ci".into(), name: "runner".into() };
        assert_eq!("ci:runner".parse(), Ok(account));
        for text in ["runner", ":runner", "ci:", "CI:runner", "ci:a/b"] {
            assert!(text.parse::<ServiceAccount>().is_err(), "{text}");
        }
    }
}
