//! Who may do what, by the roles and bindings among the objects.
//!
//! As in `plugin/pkg/auth/authorizer/rbac` of Kubernetes. Aggregated cluster roles have the rules
//! that are written in them; nothing fills them in.

mod attributes;
pub(crate) mod defaults;
mod rule;

use serde::Deserialize;
use serde_json::Value;

pub(crate) use attributes::{Attributes, ResourceAttributes};
pub(crate) use rule::Rule;

use crate::attributes::Attributes as Wanted;
use crate::key::{Collection, Key};
use crate::state::State;
use crate::status::Status;
use crate::users::User;

pub(crate) const GROUP: &str = "rbac.authorization.k8s.io";

/// Where roles and bindings are found, by the plurals of their kinds.
pub(crate) trait Roles {
    /// One of them. Cluster roles are in no namespace.
    fn role(&self, plural: &str, namespace: &str, name: &str) -> Option<Value>;

    /// All bindings in a namespace; of the cluster, if that is empty.
    fn bindings(&self, plural: &str, namespace: &str) -> Vec<Value>;
}

impl Roles for State {
    fn role(&self, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        let kind = self.kinds.find(GROUP, "v1", plural)?;
        self.store.get(&Key::new(kind, namespace, name)).map(|role| Value::clone(role))
    }

    fn bindings(&self, plural: &str, namespace: &str) -> Vec<Value> {
        let Some(kind) = self.kinds.find(GROUP, "v1", plural) else { return Vec::new() };
        let collection = Collection::new(kind, Some(namespace));
        self.store.list(&collection).map(|(_, binding)| Value::clone(binding)).collect()
    }
}

/// How a question was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) allowed: bool,
    /// Why, if there is something to say.
    pub(crate) reason: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Binding {
    metadata: Metadata,
    subjects: Vec<Subject>,
    role_ref: RoleRef,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    namespace: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Subject {
    kind: String,
    name: String,
    namespace: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RoleRef {
    kind: String,
    name: String,
}

/// Refuses what the user may not do.
pub(crate) fn authorize(state: &State, user: &User, wanted: &Wanted) -> Result<(), Status> {
    permitted(state, user, &Attributes::of(wanted))
}

fn permitted(roles: &impl Roles, user: &User, attributes: &Attributes) -> Result<(), Status> {
    let decision = decide(roles, user, attributes);
    if decision.allowed { Ok(()) } else { Err(attributes.forbidden(user, &decision.reason)) }
}

/// Whether the user may, and why.
pub(crate) fn decide(roles: &impl Roles, user: &User, attributes: &Attributes) -> Decision {
    if user.may_do_everything() {
        return Decision { allowed: true, reason: String::new() };
    }
    let mut missing = Vec::new();
    for grant in grants(roles, user, attributes.namespace()) {
        match grant {
            Ok(grant) if grant.rules.iter().any(|rule| rule.allows(attributes)) => {
                return Decision {
                    allowed: true,
                    reason: format!("RBAC: allowed by {}", grant.source),
                };
            }
            Ok(_) => {}
            Err(role) => missing.push(role),
        }
    }
    Decision { allowed: false, reason: missing_roles(&missing) }
}

/// All that the user may do in a namespace.
pub(crate) fn rules(roles: &impl Roles, user: &User, namespace: &str) -> Vec<Rule> {
    grants(roles, user, namespace).into_iter().flatten().flat_map(|grant| grant.rules).collect()
}

/// The rules that the user has by one binding.
struct Grant {
    source: String,
    rules: Vec<Rule>,
}

/// By each binding that names the user; or what role is missing.
fn grants(roles: &impl Roles, user: &User, namespace: &str) -> Vec<Result<Grant, String>> {
    let mut bindings = roles.bindings("clusterrolebindings", "");
    if !namespace.is_empty() {
        bindings.extend(roles.bindings("rolebindings", namespace));
    }
    // The server refuses to store a binding that cannot be read.
    let bindings = bindings.into_iter().filter_map(|it| serde_json::from_value(it).ok());
    bindings.filter_map(|binding: Binding| grant(roles, user, &binding)).collect()
}

fn grant(roles: &impl Roles, user: &User, binding: &Binding) -> Option<Result<Grant, String>> {
    let subject = binding.subjects.iter().find(|subject| subject.is(user, binding.namespace()))?;
    let source = binding.described(subject);
    let rules = binding.role_ref.rules(roles, binding.namespace());
    Some(rules.map(|rules| Grant { source, rules }))
}

impl Binding {
    fn namespace(&self) -> &str {
        &self.metadata.namespace
    }

    fn described(&self, subject: &Subject) -> String {
        let (role, name) = (&self.role_ref, &self.metadata.name);
        let (kind, name) = if self.namespace().is_empty() {
            ("ClusterRoleBinding", name.clone())
        } else {
            ("RoleBinding", format!("{name}/{}", self.namespace()))
        };
        let to = subject.described(self.namespace());
        format!("{kind} {name:?} of {} {:?} to {to}", role.kind, role.name)
    }
}

impl Subject {
    fn is(&self, user: &User, namespace: &str) -> bool {
        match self.kind.as_str() {
            "User" => user.name() == self.name,
            "Group" => user.is_in(&self.name),
            "ServiceAccount" => {
                let namespace = self.namespace_or(namespace);
                let name = format!("system:serviceaccount:{namespace}:{}", self.name);
                !namespace.is_empty() && user.name() == name
            }
            _ => false,
        }
    }

    /// A service account without one is in that of the binding.
    fn namespace_or<'a>(&'a self, namespace: &'a str) -> &'a str {
        if self.namespace.is_empty() { namespace } else { &self.namespace }
    }

    fn described(&self, namespace: &str) -> String {
        if self.kind == "ServiceAccount" {
            let name = format!("{}/{}", self.name, self.namespace_or(namespace));
            return format!("{} {name:?}", self.kind);
        }
        format!("{} {:?}", self.kind, self.name)
    }
}

impl RoleRef {
    fn rules(&self, roles: &impl Roles, namespace: &str) -> Result<Vec<Rule>, String> {
        let (plural, namespace) = match self.kind.as_str() {
            "Role" => ("roles", namespace),
            "ClusterRole" => ("clusterroles", ""),
            kind => return Err(format!("unsupported role reference kind: {kind:?}")),
        };
        let role = roles.role(plural, namespace, &self.name);
        let mut role = role.ok_or_else(|| {
            format!("{}.{GROUP} {:?} not found", self.kind.to_lowercase(), self.name)
        })?;
        Ok(serde_json::from_value(role["rules"].take()).unwrap_or_default())
    }
}

/// As Go writes several errors as one.
fn missing_roles(missing: &[String]) -> String {
    let mut told: Vec<&str> = Vec::new();
    for role in missing {
        if !told.contains(&role.as_str()) {
            told.push(role);
        }
    }
    match told.as_slice() {
        [] => String::new(),
        [role] => format!("RBAC: {role}"),
        roles => format!("RBAC: [{}]", roles.join(", ")),
    }
}

#[cfg(test)]
mod tests;
