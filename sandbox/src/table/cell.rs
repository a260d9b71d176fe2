//! What most cells are made of.

use serde_json::{Value, json};

pub(super) const NONE: &str = "<none>";

/// A text; empty where there is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A text, or another one instead of nothing.
pub(super) fn text_or<'a>(value: &'a Value, otherwise: &'a str) -> &'a str {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or(otherwise)
}

/// A number; 0 where there is none.
pub(super) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

pub(super) fn items(value: &Value) -> impl DoubleEndedIterator<Item = &Value> + Clone {
    value.as_array().map_or(&[][..], Vec::as_slice).iter()
}

/// How many entries maps have together.
pub(super) fn entries(maps: &[&Value]) -> Value {
    json!(maps.iter().filter_map(|map| map.as_object()).map(serde_json::Map::len).sum::<usize>())
}

/// `a=b,c=d`, or that there are none.
pub(super) fn labels(labels: &Value) -> String {
    let labels = labels.as_object().into_iter().flatten();
    let pairs: Vec<String> = labels.map(|(key, value)| format!("{key}={}", text(value))).collect();
    if pairs.is_empty() { NONE.to_owned() } else { pairs.join(",") }
}

/// A label selector, as far as it names labels; requirements are written behind them.
pub(super) fn selector(selector: &Value) -> String {
    let labels = selector["matchLabels"].as_object().into_iter().flatten();
    let mut parts: Vec<String> = labels.map(|(key, is)| format!("{key}={}", text(is))).collect();
    parts.extend(items(&selector["matchExpressions"]).map(requirement));
    if parts.is_empty() { NONE.to_owned() } else { parts.join(",") }
}

fn requirement(requirement: &Value) -> String {
    let key = text(&requirement["key"]);
    let values: Vec<&str> = items(&requirement["values"]).map(text).collect();
    let values = values.join(",");
    match text(&requirement["operator"]) {
        "In" => format!("{key} in ({values})"),
        "NotIn" => format!("{key} notin ({values})"),
        "DoesNotExist" => format!("!{key}"),
        _ => key.to_owned(),
    }
}

/// One field of each container of a pod, joined.
pub(super) fn containers(template: &Value, field: &str) -> Value {
    let fields: Vec<&str> = items(&template["containers"]).map(|it| text(&it[field])).collect();
    json!(fields.join(","))
}

/// The status of a condition.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    let mut conditions = items(&object["status"]["conditions"]);
    conditions.find(|condition| condition["type"] == kind).map(|it| text(&it["status"]))
}
