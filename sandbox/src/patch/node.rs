//! A document as the API server's patch library sees it: read only where it is looked into.
//!
//! What was never looked into is compared and kept as it was spelt.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::Failure;

/// A value that may be missing: null in a document that was read.
pub(super) type Slot = Option<Node>;

/// A part of a document.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// The value `null` of an operation, which unlike a document's is a value.
    Null,
    Raw(Box<RawValue>),
    Object(BTreeMap<String, Slot>),
    Array(Vec<Slot>),
}

impl Node {
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let undecodable = |error: serde_json::Error| Failure::Undecodable(error.to_string());
        RawValue::from_string(text.to_owned()).map(Self::Raw).map_err(undecodable)
    }

    /// Looks into an object or an array; other values stay as they are.
    pub(super) fn open(&mut self) {
        if let Self::Raw(raw) = self {
            let opened = object(raw).map(Self::Object).or_else(|| array(raw).map(Self::Array));
            if let Some(opened) = opened {
                *self = opened;
            }
        }
    }

    /// Equality of the library: what is no object and no array is equal if it is spelt alike.
    pub(super) fn equals(&mut self, other: &mut Self) -> Result<bool, Failure> {
        self.open();
        other.open();
        match (self, other) {
            (Self::Null, Self::Null) => Ok(true),
            (Self::Raw(one), Self::Raw(other)) => Ok(one.get() == other.get()),
            (Self::Object(one), Self::Object(other)) => objects_equal(one, other),
            (Self::Array(one), Self::Array(other)) => arrays_equal(one, other),
            _ => Ok(false),
        }
    }

    /// As the library writes it where it copies: escaped as Go escapes.
    pub(super) fn text(&self) -> String {
        let text = serde_json::from_str::<Value>(&self.plain_text());
        let written = text.ok().and_then(|value| kubelock_core::go_json::to_vec(&value).ok());
        written.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
    }

    fn plain_text(&self) -> String {
        let of = |slot: &Slot| slot.as_ref().map_or_else(|| "null".to_owned(), Self::plain_text);
        match self {
            Self::Null => "null".to_owned(),
            Self::Raw(raw) => raw.get().to_owned(),
            Self::Object(members) => {
                let members = members.iter();
                let members: Vec<String> = members
                    .map(|(key, slot)| format!("{}:{}", Value::from(&**key), of(slot)))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(of).collect();
                format!("[{}]", items.join(","))
            }
        }
    }

    pub(super) fn into_value(self) -> Result<Value, Failure> {
        let of = |slot: Slot| slot.map_or(Ok(Value::Null), Self::into_value);
        match self {
            Self::Null => Ok(Value::Null),
            Self::Raw(raw) => serde_json::from_str(raw.get())
                .map_err(|error| Failure::Undecodable(error.to_string())),
            Self::Object(members) => {
                members.into_iter().map(|(key, slot)| Ok((key, of(slot)?))).collect()
            }
            Self::Array(items) => items.into_iter().map(of).collect(),
        }
    }
}

fn object(raw: &RawValue) -> Option<BTreeMap<String, Slot>> {
    let members: BTreeMap<String, Option<Box<RawValue>>> = serde_json::from_str(raw.get()).ok()?;
    Some(members.into_iter().map(|(key, raw)| (key, raw.map(Node::Raw))).collect())
}

fn array(raw: &RawValue) -> Option<Vec<Slot>> {
    let items: Vec<Option<Box<RawValue>>> = serde_json::from_str(raw.get()).ok()?;
    Some(items.into_iter().map(|raw| raw.map(Node::Raw)).collect())
}

fn objects_equal(
    one: &mut BTreeMap<String, Slot>,
    other: &mut BTreeMap<String, Slot>,
) -> Result<bool, Failure> {
    if one.len() != other.len() {
        return Ok(false);
    }
    for (key, slot) in one {
        let is_equal = match (slot, other.get_mut(key)) {
            (None, Some(None)) => true,
            (Some(one), Some(Some(other))) => one.equals(other)?,
            _ => false,
        };
        if !is_equal {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The library does not look whether an item is null before it compares it.
fn arrays_equal(one: &mut [Slot], other: &mut [Slot]) -> Result<bool, Failure> {
    if one.len() != other.len() {
        return Ok(false);
    }
    for (one, other) in one.iter_mut().zip(other) {
        let (Some(one), Some(other)) = (one, other) else { return Err(Failure::Panic) };
        if !one.equals(other)? {
            return Ok(false);
        }
    }
    Ok(true)
}
