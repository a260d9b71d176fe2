//! Which fields messages have.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// As it was printed from client-go's types.
const TABLE: &str = include_str!("fields.txt");

/// A field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field {
    /// As JSON has it; `-` of what is spread into the message around it.
    pub(super) name: &'static str,
    /// Whether the zero value says something.
    pub(super) keeps_zero: bool,
    pub(super) is_repeated: bool,
    pub(super) is_map: bool,
    /// A message, or a type that is no message.
    pub(super) of: &'static str,
}

pub(super) type Message = BTreeMap<u32, Field>;

/// All messages, and of which kind they are.
#[derive(Default)]
pub(super) struct Fields {
    kinds: BTreeMap<&'static str, &'static str>,
    messages: BTreeMap<&'static str, Message>,
}

impl Fields {
    pub(super) fn known() -> &'static Self {
        static KNOWN: LazyLock<Fields> = LazyLock::new(|| Fields::read(TABLE));
        &KNOWN
    }

    pub(super) fn of_kind(&self, api_version: &str, kind: &str) -> Option<&Message> {
        if kind == "DeleteOptions" {
            return self.message("meta/v1.DeleteOptions");
        }
        self.message(self.kinds.get(format!("{api_version}/{kind}").as_str())?)
    }

    pub(super) fn message(&self, name: &str) -> Option<&Message> {
        self.messages.get(name)
    }

    fn read(table: &'static str) -> Self {
        let mut fields = Self::default();
        let mut message = "";
        for line in table.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["kind", kind, message] => drop(fields.kinds.insert(kind, message)),
                ["message", name] => {
                    message = name;
                    fields.messages.insert(name, Message::new());
                }
                [number, name, of] => {
                    if let (Ok(number), Some(message)) =
                        (number.parse(), fields.messages.get_mut(message))
                    {
                        message.insert(number, Field::read(name, of));
                    }
                }
                _ => {}
            }
        }
        fields
    }
}

impl Field {
    fn read(name: &'static str, of: &'static str) -> Self {
        let (keeps_zero, of) = cut(of, "*");
        let (is_repeated, of) = cut(of, "[]");
        let (is_map, of) = cut(of, "map:");
        Self { name, keeps_zero, is_repeated, is_map, of }
    }
}

fn cut(text: &'static str, prefix: &str) -> (bool, &'static str) {
    text.strip_prefix(prefix).map_or((false, text), |rest| (true, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_of_a_type_that_can_be_read() {
        let known = Fields::known();
        let plain = [
            "string",
            "bool",
            "int",
            "bytes",
            "items",
            "time",
            "microtime",
            "raw",
            "quantity",
            "intorstring",
        ];
        assert!(known.messages.len() > 200 && known.kinds.len() > 40);
        for (name, message) in &known.messages {
            for field in message.values() {
                let is_known = plain.contains(&field.of) || known.message(field.of).is_some();
                assert!(is_known, "{name}: {field:?}");
            }
        }
    }

    #[test]
    fn every_kind_has_its_message() {
        let known = Fields::known();
        for (kind, message) in &known.kinds {
            assert!(known.message(message).is_some(), "{kind}");
        }
    }
}
