use serde_json::{Map, Value, json};

use crate::attributes::Attributes as Wanted;
use crate::status::Status;
use crate::users::User;

/// What somebody wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attributes {
    /// With objects.
    Resource(ResourceAttributes),
    /// With a path that is no object's: `get` `/version`.
    Path {
        /// The method in lower case.
        verb: String,
        /// Without the query.
        path: String,
    },
}

/// Empty is what a request does not name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResourceAttributes {
    pub(crate) verb: String,
    pub(crate) group: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl ResourceAttributes {
    /// `deployments/status`.
    pub(super) fn combined(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }

    fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.resource.clone()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }

    fn scope(&self) -> String {
        if self.namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace {:?}", self.namespace)
        }
    }

    fn details(&self) -> Value {
        let fields = [("name", &self.name), ("group", &self.group), ("kind", &self.resource)];
        let told = fields.into_iter().filter(|(_, value)| !value.is_empty());
        Value::Object(
            told.map(|(key, value)| (key.to_owned(), json!(value))).collect::<Map<_, _>>(),
        )
    }
}

impl Attributes {
    /// What a request wants.
    pub(crate) fn of(wanted: &Wanted) -> Self {
        let Some(to) = &wanted.resource else {
            return Self::Path { verb: wanted.verb.clone(), path: wanted.path.clone() };
        };
        Self::Resource(ResourceAttributes {
            verb: wanted.verb.clone(),
            group: to.group.clone(),
            resource: to.plural.clone(),
            subresource: to.subresource.clone().unwrap_or_default(),
            namespace: to.namespace.clone().unwrap_or_default(),
            name: to.name.clone().unwrap_or_default(),
        })
    }

    pub(crate) fn namespace(&self) -> &str {
        match self {
            Self::Resource(attributes) => &attributes.namespace,
            Self::Path { .. } => "",
        }
    }

    /// The refusal, in the API server's words; with its reason, if there is more to say.
    pub(crate) fn forbidden(&self, user: &User, reason: &str) -> Status {
        let user = user.name();
        let (named, sentence, details) = match self {
            Self::Path { verb, path } => {
                (String::new(), format!("User {user:?} cannot {verb} path {path:?}"), json!({}))
            }
            Self::Resource(to) => {
                let sentence = format!(
                    "User {user:?} cannot {} resource {:?} in API group {:?} {}",
                    to.verb,
                    to.combined(),
                    to.group,
                    to.scope()
                );
                let name =
                    if to.name.is_empty() { String::new() } else { format!(" {:?}", to.name) };
                (format!("{}{name} is ", to.qualified()), sentence, to.details())
            }
        };
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let message = format!("{named}forbidden: {sentence}{reason}");
        Status::new(403, "Forbidden", message).with_details(details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bob() -> User {
        User::new("bob", &[])
    }

    #[test]
    fn a_refusal_names_who_what_and_where() {
        let patch = ResourceAttributes {
            verb: "patch".to_owned(),
            resource: "configmaps".to_owned(),
            namespace: "default".to_owned(),
            name: "app".to_owned(),
            ..ResourceAttributes::default()
        };
        let refusal = Attributes::Resource(patch).forbidden(&bob(), "");
        assert_eq!(
            refusal.message(),
            "configmaps \"app\" is forbidden: User \"bob\" cannot patch resource \"configmaps\" in \
             API group \"\" in the namespace \"default\""
        );
        assert_eq!(refusal.to_json()["details"], json!({ "name": "app", "kind": "configmaps" }));
    }

    #[test]
    fn a_refusal_names_the_group_the_subresource_and_the_scope() {
        let list = ResourceAttributes {
            verb: "get".to_owned(),
            group: "apps".to_owned(),
            resource: "deployments".to_owned(),
            subresource: "status".to_owned(),
            ..ResourceAttributes::default()
        };
        let refusal = Attributes::Resource(list).forbidden(&bob(), "RBAC: why");
        assert_eq!(
            refusal.message(),
            "deployments.apps is forbidden: User \"bob\" cannot get resource \"deployments/status\" \
             in API group \"apps\" at the cluster scope: RBAC: why"
        );
    }

    #[test]
    fn a_path_that_is_no_objects_is_named_as_it_is() {
        let path = Attributes::Path { verb: "get".to_owned(), path: "/metrics".to_owned() };
        let refusal = path.forbidden(&bob(), "");
        assert_eq!(refusal.message(), "forbidden: User \"bob\" cannot get path \"/metrics\"");
        assert_eq!(refusal.to_json()["details"], json!({}));
    }
}
