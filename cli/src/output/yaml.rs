//! YAML that a terminal neither obeys nor hides.

use std::fmt::{self, Write};

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_saphyr::DoubleQuoted;

use super::text::is_invisible;

/// Control characters are escaped by the crate; what is invisible stands between double quotes, and
/// is escaped there: the same value.
pub(super) fn to_string(document: &impl Serialize) -> Result<String, Box<dyn std::error::Error>> {
    let text = serde_saphyr::to_string(document)?;
    if !text.contains(is_invisible) {
        return Ok(text);
    }
    let node: Node = serde_json::from_str(&serde_json::to_string(document)?)?;
    Ok(escaped(&serde_saphyr::to_string(&node)?))
}

fn escaped(yaml: &str) -> String {
    let mut escaped = String::with_capacity(yaml.len());
    for c in yaml.chars() {
        if is_invisible(c) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\U{:08x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// A document of any shape, whose strings are looked at before they are written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Node {
    Fields(Fields),
    Items(Vec<Node>),
    Text(#[serde(serialize_with = "quoted")] String),
    Other(serde_json::Value),
}

fn quoted<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if text.contains(is_invisible) {
        DoubleQuoted(text).serialize(serializer)
    } else {
        text.serialize(serializer)
    }
}

/// In the order in which they came. Their names are ours, and visible.
struct Fields(Vec<(String, Node)>);

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Document<'a> {
        owner: &'a str,
        items: Vec<&'a str>,
        age: Option<u64>,
        a_plain_word: &'a str,
    }

    #[test]
    fn what_is_invisible_is_escaped_in_its_place_and_nothing_else_changes() {
        let owner = "a\u{202e}\u{200b}\u{e0041}'\"\\\n\t: # \u{1b}é🚀\u{feff}";
        let document = |owner| Document {
            owner,
            items: vec!["- x", owner, ""],
            age: Some(7),
            a_plain_word: "1e3",
        };
        let yaml = to_string(&document(owner)).unwrap();
        let json = serde_json::to_value(document(owner)).unwrap();

        let is_layout = |c: char| c == '\n';
        assert!(!yaml.contains(|c: char| is_invisible(c) || (c.is_control() && !is_layout(c))));
        assert_eq!(serde_saphyr::from_str::<serde_json::Value>(&yaml).unwrap(), json);

        let visible = serde_saphyr::to_string(&document("alice")).unwrap();
        assert_eq!(to_string(&document("alice")).unwrap(), visible);
        let node: Node =
            serde_json::from_str(&serde_json::to_string(&document("alice")).unwrap()).unwrap();
        assert_eq!(serde_saphyr::to_string(&node).unwrap(), visible);
    }
}
