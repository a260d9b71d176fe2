//! All that somebody may do.

use serde_json::{Value, json};

use crate::rbac::{self, Rule};
use crate::state::State;
use crate::status::Status;
use crate::users::User;

use super::AUTHORIZATION;

/// `SelfSubjectRulesReview`.
pub(super) fn answer(state: &State, user: &User, question: &Value) -> Result<Value, Status> {
    let namespace = question["spec"]["namespace"].as_str().unwrap_or_default();
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let rules = rbac::rules(state, user, namespace);
    let of_resources = rules.iter().filter(|rule| !rule.resources.is_empty());
    let of_resources: Vec<Value> = of_resources.map(resource_rule).collect();
    let of_paths = rules.iter().filter(|rule| !rule.non_resource_urls.is_empty());
    let of_paths: Vec<Value> = of_paths.map(path_rule).collect();
    Ok(json!({
        "kind": "SelfSubjectRulesReview", "apiVersion": format!("{AUTHORIZATION}/v1"),
        "metadata": {}, "spec": {},
        "status": {
            "resourceRules": of_resources, "nonResourceRules": of_paths, "incomplete": false,
        },
    }))
}

fn resource_rule(rule: &Rule) -> Value {
    let mut told =
        json!({ "verbs": rule.verbs, "apiGroups": rule.api_groups, "resources": rule.resources });
    if !rule.resource_names.is_empty() {
        told["resourceNames"] = json!(rule.resource_names);
    }
    told
}

fn path_rule(rule: &Rule) -> Value {
    json!({ "verbs": rule.verbs, "nonResourceURLs": rule.non_resource_urls })
}
