use serde::{Deserialize, Serialize};

use super::attributes::{Attributes, ResourceAttributes};

/// What a role allows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rule {
    pub(crate) verbs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) api_groups: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    pub(crate) non_resource_urls: Vec<String>,
}

impl Rule {
    pub(super) fn allows(&self, attributes: &Attributes) -> bool {
        match attributes {
            Attributes::Resource(to) => self.allows_resource(to),
            Attributes::Path { verb, path } => {
                matches(&self.verbs, verb)
                    && self.non_resource_urls.iter().any(|url| is_url(url, path))
            }
        }
    }

    fn allows_resource(&self, to: &ResourceAttributes) -> bool {
        matches(&self.verbs, &to.verb)
            && matches(&self.api_groups, &to.group)
            && self.names_resource(to)
            && (self.resource_names.is_empty() || self.resource_names.contains(&to.name))
    }

    /// A subresource is another resource: `pods` does not allow `pods/status`.
    fn names_resource(&self, to: &ResourceAttributes) -> bool {
        let any = (!to.subresource.is_empty()).then(|| format!("*/{}", to.subresource));
        matches(&self.resources, &to.combined())
            || any.is_some_and(|any| self.resources.contains(&any))
    }
}

fn matches(allowed: &[String], wanted: &str) -> bool {
    allowed.iter().any(|allowed| allowed == "*" || allowed == wanted)
}

/// A star stands for whatever follows.
fn is_url(allowed: &str, path: &str) -> bool {
    let prefix = allowed.ends_with('*').then(|| allowed.trim_end_matches('*'));
    allowed == path || prefix.is_some_and(|prefix| path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rule(rule: Value) -> Rule {
        serde_json::from_value(rule).unwrap()
    }

    fn may(rule: &Rule, verb: &str, group: &str, resource: &str, name: &str) -> bool {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        rule.allows(&Attributes::Resource(ResourceAttributes {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            name: name.to_owned(),
            ..ResourceAttributes::default()
        }))
    }

    #[test]
    fn a_rule_allows_its_verbs_on_its_resources_of_its_groups() {
        let rule =
            rule(json!({ "verbs": ["get"], "apiGroups": ["apps"], "resources": ["deployments"] }));
        assert!(may(&rule, "get", "apps", "deployments", "web"));
        assert!(!may(&rule, "patch", "apps", "deployments", "web"));
        assert!(!may(&rule, "get", "", "deployments", "web"));
        assert!(!may(&rule, "get", "apps", "replicasets", "web"));
    }

    #[test]
    fn a_subresource_is_a_resource_of_its_own() {
        let whole = rule(json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["pods"] }));
        assert!(!may(&whole, "get", "", "pods/status", "a"));
        let part =
            rule(json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["pods/status"] }));
        assert!(may(&part, "get", "", "pods/status", "a"));
        assert!(!may(&part, "get", "", "pods", "a"));
        let all = rule(json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*/status"] }));
        assert!(may(&all, "get", "", "pods/status", "a"));
        assert!(!may(&all, "get", "", "pods/log", "a"));
        let any = rule(json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }));
        assert!(may(&any, "get", "", "pods/log", "a"));
    }

    #[test]
    fn a_rule_with_names_does_not_allow_what_names_no_object() {
        let rule = rule(json!({
            "verbs": ["*"], "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["app"],
        }));
        assert!(may(&rule, "patch", "", "configmaps", "app"));
        assert!(!may(&rule, "patch", "", "configmaps", "other"));
        assert!(!may(&rule, "create", "", "configmaps", ""));
    }

    #[test]
    fn paths_are_allowed_alone_or_by_what_they_begin_with() {
        let rule = rule(json!({ "verbs": ["get"], "nonResourceURLs": ["/version", "/apis/*"] }));
        let may = |verb: &str, path: &str| {
            rule.allows(&Attributes::Path { verb: verb.to_owned(), path: path.to_owned() })
        };
        assert!(may("get", "/version") && may("get", "/apis/apps"));
        assert!(!may("get", "/versions") && !may("get", "/apis") && !may("post", "/version"));
    }
}
