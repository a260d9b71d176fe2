//! What the server itself does to objects of some kinds.

use serde_json::{Value, json};

use crate::key::Collection;
use crate::kinds::Kind;
use crate::metadata::{self, members_mut, metadata_mut};
use crate::state::State;
use crate::status::Status;

fn is(kind: &Kind, group: &str, plural: &str) -> bool {
    kind.group == group && kind.plural == plural
}

fn is_definition(kind: &Kind) -> bool {
    is(kind, "apiextensions.k8s.io", "customresourcedefinitions")
}

/// Namespaces are labelled with their name and are active.
pub(crate) fn before_create(kind: &Kind, object: &mut Value) {
    if is(kind, "", "namespaces") {
        label_with_name(object);
        object["spec"] = json!({ "finalizers": ["kubernetes"] });
        object["status"] = json!({ "phase": "Active" });
    }
    if is_definition(kind) {
        establish(object);
    }
    if is(kind, "", "secrets") {
        complete_secret(object);
    }
}

pub(crate) fn before_update(kind: &Kind, object: &mut Value, old: &Value) {
    if is(kind, "", "namespaces") {
        label_with_name(object);
        object["spec"] = old["spec"].clone();
    }
    if is_definition(kind) {
        establish(object);
    }
    if is(kind, "", "secrets") {
        complete_secret(object);
    }
}

/// Versions of a custom kind are told apart by name alone here: nothing converts them.
pub(crate) fn check_supported(kind: &Kind, object: &Value) -> Result<(), Status> {
    if is_definition(kind) && object["spec"]["conversion"]["strategy"] == "Webhook" {
        return Err(Status::unsupported("conversion by a webhook"));
    }
    Ok(())
}

/// Custom kinds are served as soon as they are defined.
pub(crate) fn after_write(state: &mut State, kind: &Kind, object: &Value) {
    if is_definition(kind) {
        state.kinds.define(object);
    }
}

/// The objects of a custom kind go with its definition.
pub(crate) fn after_delete(state: &mut State, kind: &Kind, object: &Value) {
    if !is_definition(kind) {
        return;
    }
    let (group, plural) = (&object["spec"]["group"], &object["spec"]["names"]["plural"]);
    let defined = state.kinds.iter().find(|kind| *group == *kind.group && *plural == *kind.plural);
    if let Some(defined) = defined.cloned() {
        let collection = Collection::new(&defined, None);
        let objects = state.store.list(&collection);
        let keys: Vec<_> = objects.map(|(key, _)| key.clone()).collect();
        for key in keys {
            state.store.remove(&key);
        }
    }
    state.kinds.undefine(object);
}

fn label_with_name(object: &mut Value) {
    let name = json!(metadata::name(object));
    let labels = metadata_mut(object).entry("labels").or_insert_with(|| json!({}));
    members_mut(labels).insert("kubernetes.io/metadata.name".into(), name);
}

/// Texts are kept as base64, and every secret has a type.
fn complete_secret(object: &mut Value) {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    let members = members_mut(object);
    if let Some(Value::Object(texts)) = members.remove("stringData") {
        let data = members_mut(members.entry("data").or_insert_with(|| json!({})));
        for (key, text) in texts {
            let encoded = STANDARD.encode(text.as_str().unwrap_or_default());
            data.insert(key, json!(encoded));
        }
    }
    members.entry("type").or_insert_with(|| json!("Opaque"));
}

/// What controllers say of a definition that they took up.
fn establish(object: &mut Value) {
    let spec = object["spec"].clone();
    let names = &spec["names"];
    let kind = names["kind"].as_str().unwrap_or_default();
    let mut accepted = names.clone();
    if accepted["singular"].is_null() {
        accepted["singular"] = json!(kind.to_lowercase());
    }
    if accepted["listKind"].is_null() {
        accepted["listKind"] = json!(format!("{kind}List"));
    }
    let versions = spec["versions"].as_array().into_iter().flatten();
    let stored = versions.filter(|version| version["storage"] == true);
    let stored: Vec<&Value> = stored.map(|version| &version["name"]).collect();
    let at = object["metadata"]["creationTimestamp"].clone();
    let condition = |name: &str, reason: &str, message: &str| {
        json!({
            "type": name, "status": "True", "lastTransitionTime": at,
            "reason": reason, "message": message,
        })
    };
    object["status"] = json!({
        "acceptedNames": accepted,
        "storedVersions": stored,
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
    });
    object["spec"]["names"] = object["status"]["acceptedNames"].clone();
    if spec["conversion"].is_null() {
        object["spec"]["conversion"] = json!({ "strategy": "None" });
    }
}
