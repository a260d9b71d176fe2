//! From what a client sent to an object as it is kept.

use jiff::Timestamp;
use jiff::fmt::strtime;
use serde_json::{Map, Number, Value, json};

use crate::event;
use crate::json::go_kind;
use crate::kinds::{Kind, StatusSubresource};
use crate::metadata::members_mut;
use crate::schema;
use crate::shape::{self, OBJECT_META, Shape, Struct};

/// An object as it is kept, and what of the sent one was left out.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) object: Value,
    pub(crate) unknown: Vec<String>,
}

/// What cannot be read, in Go's words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) String);

/// Reads an object of a kind: what is empty or unknown is left out.
pub(crate) fn decode(kind: &Kind, sent: Value) -> Result<Decoded, Unreadable> {
    let mut unknown = Vec::new();
    let hidden = usize::from(kind.is_custom);
    let mut path = Path { of: "", segments: Vec::new(), hidden };
    if kind.is_custom {
        let mut object = custom(sent, &mut path, &mut unknown)?;
        let schema = kind.schema.clone().unwrap_or_else(schema::anything);
        unknown.extend(schema::complete(&schema, &mut object));
        return Ok(Decoded { object, unknown });
    }
    let of = shape::of_kind(&kind.group, &kind.kind);
    let object = of_struct(of, sent, &mut path, &mut unknown)?;
    let mut object = object.unwrap_or_else(|| json!({}));
    event::keep(kind, &mut object);
    complete(kind, &mut object);
    Ok(Decoded { object, unknown })
}

/// Adds what is written of an object even where it is empty; custom kinds have nothing of that.
pub(crate) fn complete(kind: &Kind, object: &mut Value) {
    if kind.is_custom {
        return;
    }
    event::complete(kind, object);
    let members = members_mut(object);
    let has_status = kind.status != StatusSubresource::Absent;
    if has_status || kind.kind == "Lease" {
        members.entry("spec").or_insert_with(|| json!({}));
    }
    if has_status {
        members.entry("status").or_insert_with(|| json!({}));
    }
}

/// Where something is in an object.
struct Path {
    /// The Go type that has the field.
    of: &'static str,
    segments: Vec<String>,
    /// How many of them the one who reads does not know of.
    hidden: usize,
}

impl Path {
    fn told(&self) -> String {
        self.segments.join(".")
    }

    fn misfit(&self, value: &Value, go_type: &str) -> Unreadable {
        let what = match value {
            // The right type, and too much for it.
            Value::Number(number) if go_type.starts_with("int") => format!("number {number}"),
            other => go_kind(other).to_owned(),
        };
        let known = self.segments.get(self.hidden..).unwrap_or_default();
        let place = if known.is_empty() {
            "Go value".to_owned()
        } else {
            format!("Go struct field {}.{}", self.of, known.join("."))
        };
        Unreadable(format!("json: cannot unmarshal {what} into {place} of type {go_type}"))
    }
}

/// Of custom kinds, the metadata is read here and the rest by their schema.
fn custom(sent: Value, path: &mut Path, unknown: &mut Vec<String>) -> Result<Value, Unreadable> {
    let Value::Object(mut members) = sent else {
        return Err(path.misfit(&sent, "map[string]interface {}"));
    };
    if let Some(metadata) = members.remove("metadata") {
        path.segments.push("metadata".to_owned());
        let metadata = of_struct(&OBJECT_META, metadata, path, unknown)?;
        path.segments.pop();
        members.insert("metadata".to_owned(), metadata.unwrap_or_else(|| json!({})));
    }
    Ok(Value::Object(members))
}

/// `None` where nothing is left of it.
fn of_struct(
    of: &'static Struct,
    sent: Value,
    path: &mut Path,
    unknown: &mut Vec<String>,
) -> Result<Option<Value>, Unreadable> {
    let members = match sent {
        Value::Null => return Ok(None),
        Value::Object(members) => members,
        other => return Err(path.misfit(&other, &Shape::Struct(of).go_type())),
    };
    let mut kept = Map::new();
    for (name, value) in members {
        let outer = std::mem::replace(&mut path.of, of.go_name);
        path.segments.push(name.clone());
        match of.field(&name) {
            Some(shape) => {
                if let Some(value) = of_shape(shape, value, path, unknown)? {
                    kept.insert(name, value);
                }
            }
            None => unknown.push(path.told()),
        }
        path.segments.pop();
        path.of = outer;
    }
    Ok(Some(Value::Object(kept)))
}

fn of_shape(
    shape: Shape,
    sent: Value,
    path: &mut Path,
    unknown: &mut Vec<String>,
) -> Result<Option<Value>, Unreadable> {
    match (shape, sent) {
        (Shape::Nothing, _) | (_, Value::Null) => Ok(None),
        (Shape::Anything, value) => Ok(Some(without_nulls(value))),
        (Shape::Text, Value::String(text)) => Ok((!text.is_empty()).then(|| text.into())),
        (Shape::Flag, Value::Bool(flag)) => Ok(Some(flag.into())),
        (Shape::Integer, Value::Number(number)) if number.as_i64().is_some() => {
            Ok(Some(number.into()))
        }
        (Shape::Int32, Value::Number(number)) if is_int32(&number) => Ok(Some(number.into())),
        (Shape::Time | Shape::MicroTime, Value::String(text)) => time(shape, &text).map(Some),
        (Shape::Texts, Value::Array(items)) => texts(items, path),
        (Shape::TextMap, Value::Object(members)) => text_map(members, path),
        (Shape::Struct(of), value) => of_struct(of, value, path, unknown),
        (Shape::Structs(of), Value::Array(items)) => structs(of, items, path, unknown),
        (shape, value) => Err(path.misfit(&value, &shape.go_type())),
    }
}

fn is_int32(number: &Number) -> bool {
    number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
}

fn time(shape: Shape, text: &str) -> Result<Value, Unreadable> {
    let (format, layout) = match shape {
        Shape::MicroTime => ("%Y-%m-%dT%H:%M:%S.%6fZ", "2006-01-02T15:04:05.000000Z07:00"),
        _ => ("%Y-%m-%dT%H:%M:%SZ", "2006-01-02T15:04:05Z07:00"),
    };
    let cannot = |rest: &str, part: &str| {
        let why = format!("cannot parse {rest:?} as {part:?}");
        Unreadable(format!("parsing time {text:?} as {layout:?}: {why}"))
    };
    let parsed: Timestamp = text.parse().map_err(|_| cannot(text, "2006"))?;
    if let (Shape::MicroTime, Some(rest)) = (shape, text.get(SECONDS_END..))
        && !has_six_digits(rest)
    {
        return Err(cannot(rest, ".000000"));
    }
    let shown = strtime::format(format, parsed);
    shown.map(Value::from).map_err(|error| Unreadable(error.to_string()))
}

/// The length of `2006-01-02T15:04:05`.
const SECONDS_END: usize = 19;

fn has_six_digits(rest: &str) -> bool {
    let digits = rest.strip_prefix('.').map(|rest| rest.bytes().take_while(u8::is_ascii_digit));
    digits.is_some_and(|digits| digits.count() == 6)
}

fn texts(items: Vec<Value>, path: &Path) -> Result<Option<Value>, Unreadable> {
    for item in &items {
        if !item.is_string() {
            return Err(path.misfit(item, "string"));
        }
    }
    Ok((!items.is_empty()).then_some(Value::Array(items)))
}

/// A value that is null is an empty one.
fn text_map(members: Map<String, Value>, path: &Path) -> Result<Option<Value>, Unreadable> {
    let mut kept = Map::new();
    for (key, value) in members {
        match value {
            Value::String(_) => kept.insert(key, value),
            Value::Null => kept.insert(key, json!("")),
            other => return Err(path.misfit(&other, "string")),
        };
    }
    Ok((!kept.is_empty()).then_some(Value::Object(kept)))
}

fn structs(
    of: &'static Struct,
    items: Vec<Value>,
    path: &mut Path,
    unknown: &mut Vec<String>,
) -> Result<Option<Value>, Unreadable> {
    let mut kept = Vec::new();
    for item in items {
        kept.push(of_struct(of, item, path, unknown)?.unwrap_or_else(|| json!({})));
    }
    Ok((!kept.is_empty()).then_some(Value::Array(kept)))
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let told = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(told.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
