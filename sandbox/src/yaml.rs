//! Objects as YAML, in the style of Go's library.

use serde_json::Value;

/// The document, with its members in the order of their names.
pub(crate) fn write(value: &Value) -> String {
    let mut text = String::new();
    block(&mut text, value, 0);
    text
}

fn block(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                indent(text, depth);
                text.push_str(&scalar(name));
                text.push(':');
                nested(text, member, depth + 1);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                indent(text, depth);
                text.push('-');
                let start = text.len();
                nested(text, item, depth + 1);
                pull_up(text, start);
            }
        }
        other => {
            text.push_str(&flow(other));
            text.push('\n');
        }
    }
}

/// What follows a colon: on the same line, or below.
fn nested(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            text.push('\n');
            block(text, value, depth);
        }
        // Lists are not indented below their name.
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            block(text, value, depth.saturating_sub(1));
        }
        _ => {
            text.push(' ');
            block(text, value, depth);
        }
    }
}

/// The first line of an item is on the line of its dash.
fn pull_up(text: &mut String, start: usize) {
    let item = text.split_off(start);
    let item = item.strip_prefix('\n').map_or(item.as_str(), str::trim_start);
    if !item.starts_with(' ') {
        text.push(' ');
    }
    text.push_str(item);
}

fn indent(text: &mut String, depth: usize) {
    text.push_str(&"  ".repeat(depth));
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(string) => scalar(string),
        other => other.to_string(),
    }
}

/// A string, in quotes where it would be read as something else.
fn scalar(string: &str) -> String {
    let is_other = matches!(
        string,
        "" | "~" | "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n"
    ) || string.parse::<f64>().is_ok();
    if is_other || string.chars().any(char::is_control) {
        return Value::from(string).to_string();
    }
    let is_special = string.contains(": ")
        || string.contains(" #")
        || string.ends_with(':')
        || string.starts_with(|char: char| "-?:,[]{}#&*!|>'\"%@` ".contains(char))
        || string.ends_with(' ');
    if is_special { format!("'{}'", string.replace('\'', "''")) } else { string.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_are_written_in_blocks() {
        let object = json!({
            "kind": "ConfigMap", "data": { "d": "1", "e": "a: b" },
            "metadata": { "finalizers": ["a/b"], "owners": [{ "name": "x", "uid": 1 }], "labels": {} },
        });
        let expected = "data:\n  d: \"1\"\n  e: 'a: b'\nkind: ConfigMap\nmetadata:\n  finalizers:\n  - a/b\n  \
                        labels: {}\n  owners:\n  - name: x\n    uid: 1\n";
        assert_eq!(write(&object), expected);
    }
}
