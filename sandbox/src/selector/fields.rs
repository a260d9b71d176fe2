//! Field selectors: `metadata.name=app`.

use serde_json::Value;

use crate::event;
use crate::kinds::Kind;

/// What a field has to be, or not to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    /// The first that is not empty counts.
    pointers: Vec<String>,
    is_equal: bool,
    value: String,
}

impl Requirement {
    pub(super) fn named(name: &str) -> Self {
        let pointers = vec!["/metadata/name".to_owned()];
        Self { pointers, is_equal: true, value: name.to_owned() }
    }

    pub(super) fn holds(&self, object: &Value) -> bool {
        let mut texts = self.pointers.iter().map(|pointer| text(object.pointer(pointer)));
        let found = texts.find(|text| !text.is_empty()).unwrap_or_default();
        (found == self.value) == self.is_equal
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// The requirements of a selector, or what is wrong with it.
pub(super) fn parse(kind: &Kind, selector: &str) -> Result<Vec<Requirement>, String> {
    let terms = selector.split(',').filter(|term| !term.is_empty());
    terms.map(|term| requirement(kind, selector, term)).collect()
}

fn requirement(kind: &Kind, selector: &str, term: &str) -> Result<Requirement, String> {
    let parts = ["!=", "==", "="].into_iter().find_map(|operator| {
        let (field, value) = term.split_once(operator)?;
        Some((field, operator != "!=", value))
    });
    let Some((field, is_equal, value)) = parts else {
        return Err(format!("invalid selector: '{selector}'; can't understand '{term}'"));
    };
    let pointers = pointers(kind, field).ok_or_else(|| unknown(kind, field))?;
    Ok(Requirement { pointers, is_equal, value: value.to_owned() })
}

/// Where the field is in a kept object.
fn pointers(kind: &Kind, field: &str) -> Option<Vec<String>> {
    if event::is_event(kind) && !field.starts_with("metadata.") {
        return event::selected(kind, field);
    }
    is_known(kind, field).then(|| vec![format!("/{}", field.replace('.', "/"))])
}

fn is_known(kind: &Kind, field: &str) -> bool {
    let own: &[&str] = match (&*kind.group, &*kind.plural) {
        ("", "namespaces") => &["status.phase"],
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "secrets") => &["type"],
        ("batch", "jobs") => &["status.successful"],
        ("apps", "replicasets") | ("", "replicationcontrollers") => &["status.replicas"],
        _ => &[],
    };
    field == "metadata.name" || field == "metadata.namespace" || own.contains(&field)
}

fn unknown(kind: &Kind, field: &str) -> String {
    if kind.is_custom || event::is_event(kind) {
        return format!("field label not supported: {field}");
    }
    format!(
        "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config_maps() -> Kind {
        Kind::custom("", "v1", "ConfigMap", "configmaps")
    }

    #[test]
    fn names_and_namespaces_can_be_asked_for() {
        let object = json!({ "metadata": { "name": "app", "namespace": "default" } });
        let selects = |selector: &str| {
            let requirements = parse(&config_maps(), selector).unwrap();
            requirements.iter().all(|requirement| requirement.holds(&object))
        };
        assert!(selects("metadata.name=app,metadata.namespace==default"));
        assert!(selects("metadata.name!=other"));
        assert!(!selects("metadata.name=app,metadata.namespace!=default"));
    }

    #[test]
    fn other_fields_are_refused() {
        assert!(parse(&config_maps(), "data.a=1").is_err());
        assert!(parse(&config_maps(), "metadata.name").is_err());
    }
}
