//! The rules that objects have to keep.

mod events;
mod kinds;

use serde_json::{Value, json};

use crate::event;
use crate::field::FieldError;
use crate::kinds::{Kind, NameRule};
use crate::metadata::{self, finalizers, generation, text};
use crate::names;

/// Of all annotations together, keys and values.
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// What is wrong with an object that is to be created.
pub(crate) fn of_new(kind: &Kind, object: &Value) -> Vec<FieldError> {
    let mut errors = name(kind, object);
    errors.extend(of_metadata(object));
    errors.extend(of_finalizers(object));
    errors.extend(short_finalizers(kind, object));
    if event::is_event(kind) {
        return events::of_new(kind, object, errors);
    }
    errors.extend(kinds::of_object(kind, object));
    errors
}

/// What is wrong with an object that is to take the place of `old`.
pub(crate) fn of_changed(kind: &Kind, object: &Value, old: &Value) -> Vec<FieldError> {
    let mut errors = of_metadata(object);
    if kind.is_custom {
        // Three places find it there.
        errors = [errors.clone(), errors.clone(), errors].concat();
    }
    errors.extend(of_finalizers(object));
    errors.extend(new_finalizers(object, old));
    if generation(object) < generation(old) {
        let value = json!(generation(object));
        errors.push(FieldError::invalid("metadata.generation", &value, "must not be decremented"));
    }
    for field in IMMUTABLE {
        let value = &object["metadata"][field];
        if *value != old["metadata"][field] {
            let path = format!("metadata.{field}");
            errors.push(FieldError::invalid(&path, value, "field is immutable"));
        }
    }
    errors.extend(kinds::of_change(kind, object, old));
    errors.extend(kinds::of_object(kind, object));
    errors
}

const IMMUTABLE: [&str; 6] = [
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

fn name(kind: &Kind, object: &Value) -> Vec<FieldError> {
    let rule = match kind.names {
        NameRule::Subdomain => names::subdomain,
        NameRule::Label => names::label,
        NameRule::OldLabel => names::old_label,
        NameRule::PathSegment => names::path_segment,
    };
    let prefix = text(object, "generateName");
    let mut errors = Vec::new();
    if !prefix.is_empty() {
        let broken = rule(&names::as_prefix(prefix));
        errors.extend(invalid_all("metadata.generateName", prefix, broken));
    }
    let name = metadata::name(object);
    if name.is_empty() {
        let why = "name or generateName is required";
        errors.push(FieldError::required("metadata.name", why));
    } else {
        errors.extend(invalid_all("metadata.name", name, rule(name)));
    }
    errors
}

/// Most built-in kinds want to know whose a finalizer is; of Events, the newer version does.
fn short_finalizers(kind: &Kind, object: &Value) -> Vec<FieldError> {
    if kind.is_custom || kind.group.contains('.') != event::is_event(kind) {
        return Vec::new();
    }
    let why = "name is neither a standard finalizer name nor is it fully qualified";
    let names = finalizers(object).into_iter().enumerate();
    let short = names.filter(|(_, name)| !names::is_full_finalizer(name));
    short
        .map(|(at, name)| {
            FieldError::invalid(&format!("metadata.finalizers[{at}]"), &json!(name), why)
        })
        .collect()
}

fn invalid_all(field: &str, value: &str, broken: Vec<String>) -> Vec<FieldError> {
    let invalid = |why: String| FieldError::invalid(field, &json!(value), &why);
    broken.into_iter().map(invalid).collect()
}

fn of_metadata(object: &Value) -> Vec<FieldError> {
    let metadata = &object["metadata"];
    let mut errors = Vec::new();
    if generation(object) < 0 {
        let why = "must be greater than or equal to 0";
        let value = json!(generation(object));
        errors.push(FieldError::invalid("metadata.generation", &value, why));
    }
    for (key, value) in texts(&metadata["labels"]) {
        errors.extend(invalid_all("metadata.labels", key, names::qualified_name(key)));
        errors.extend(invalid_all("metadata.labels", value, names::label_value(value)));
    }
    let mut length = 0;
    for (key, value) in texts(&metadata["annotations"]) {
        length += key.len() + value.len();
        let broken = names::qualified_name(&key.to_lowercase());
        errors.extend(invalid_all("metadata.annotations", key, broken));
    }
    if length > ANNOTATIONS_LIMIT {
        errors.push(FieldError::too_long(
            "metadata.annotations",
            &format!("{ANNOTATIONS_LIMIT} bytes"),
        ));
    }
    errors.extend(owner_references(&metadata["ownerReferences"]));
    errors
}

fn texts(map: &Value) -> impl Iterator<Item = (&String, &str)> {
    let members = map.as_object().into_iter().flatten();
    members.filter_map(|(key, value)| Some((key, value.as_str()?)))
}

fn owner_references(references: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (at, reference) in references.as_array().into_iter().flatten().enumerate() {
        for field in ["apiVersion", "kind", "name", "uid"] {
            if reference[field].as_str().unwrap_or_default().is_empty() {
                let path = format!("metadata.ownerReferences[{at}].{field}");
                errors.push(FieldError::required(&path, "must not be empty"));
            }
        }
    }
    errors
}

fn of_finalizers(object: &Value) -> Vec<FieldError> {
    let names = finalizers(object).into_iter();
    names
        .flat_map(|name| invalid_all("metadata.finalizers", name, names::qualified_name(name)))
        .collect()
}

/// What is being deleted can only lose finalizers.
fn new_finalizers(object: &Value, old: &Value) -> Option<FieldError> {
    if text(old, "deletionTimestamp").is_empty() {
        return None;
    }
    let known = finalizers(old);
    let mut added: Vec<&str> =
        finalizers(object).into_iter().filter(|name| !known.contains(name)).collect();
    added.sort_unstable();
    if added.is_empty() {
        return None;
    }
    let shown: Vec<String> = added.iter().map(|name| format!("{name:?}")).collect();
    let why = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers \
         []string{{{}}}",
        shown.join(", ")
    );
    Some(FieldError::forbidden("metadata.finalizers", &why))
}
