//! Roles and their bindings, as kubectl applies them.

use serde_json::{Value, json};

use super::grant::{Grant, Place, Rule};
use super::subject::Subject;
use crate::failure::Failure;
use crate::output;

const RBAC: &str = "rbac.authorization.k8s.io";

/// What the objects are called.
pub(super) struct Names<'a> {
    pub(super) role: &'a str,
    pub(super) binding: &'a str,
}

/// A Role for each place, each with its binding if there is anybody to bind it to.
pub(super) fn yaml(
    names: &Names<'_>,
    grant: &Grant,
    subjects: &[Subject],
) -> Result<String, Failure> {
    let rules = grant.rules();
    let mut places: Vec<&Place> = Vec::new();
    for (place, _) in &rules {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let mut documents = Vec::new();
    for place in places {
        let here = rules.iter().filter(|(its, _)| its == place).map(|(_, rule)| rule);
        documents.push(role(names.role, place, here));
        if !subjects.is_empty() {
            documents.push(binding(names, place, subjects));
        }
    }
    let texts = documents.iter().map(output::yaml).collect::<Result<Vec<_>, _>>()?;
    Ok(texts.join("---\n"))
}

fn role<'a>(name: &str, place: &Place, rules: impl Iterator<Item = &'a Rule>) -> Value {
    json!({
        "apiVersion": format!("{RBAC}/v1"),
        "kind": kind("Role", place),
        "metadata": metadata(name, place),
        "rules": rules.map(rule).collect::<Vec<_>>(),
    })
}

fn binding(names: &Names<'_>, place: &Place, subjects: &[Subject]) -> Value {
    json!({
        "apiVersion": format!("{RBAC}/v1"),
        "kind": kind("RoleBinding", place),
        "metadata": metadata(names.binding, place),
        "roleRef": { "apiGroup": RBAC, "kind": kind("Role", place), "name": names.role },
        "subjects": subjects.iter().map(Subject::to_json).collect::<Vec<_>>(),
    })
}

fn kind(kind: &str, place: &Place) -> String {
    match place {
        Place::Namespace(_) => kind.to_owned(),
        Place::Everywhere => format!("Cluster{kind}"),
    }
}

fn metadata(name: &str, place: &Place) -> Value {
    match place {
        Place::Namespace(namespace) => json!({ "name": name, "namespace": namespace }),
        Place::Everywhere => json!({ "name": name }),
    }
}

fn rule(Rule { group, resource, names, verbs }: &Rule) -> Value {
    let mut rule = json!({ "apiGroups": [group], "resources": [resource] });
    if !names.is_empty() {
        rule["resourceNames"] = json!(names);
    }
    rule["verbs"] = json!(verbs);
    rule
}
