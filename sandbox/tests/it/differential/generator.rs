//! Objects and patches of them: few names, so that a pointer often points at something.

use std::fmt;

use proptest::collection::vec;
use proptest::option;
use proptest::prop_oneof;
use proptest::sample::select;
use proptest::strategy::{Just, Strategy};

/// The spec of an object, and the body of a patch, as they are sent.
#[derive(Clone)]
pub struct Input {
    pub spec: String,
    pub patch: String,
}

impl fmt::Debug for Input {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\nspec:  {}\npatch: {}", self.spec, self.patch)
    }
}

/// As they are spelt in JSON.
const KEYS: [&str; 12] = [
    r#""a""#,
    r#""a""#,
    r#""b""#,
    r#""b""#,
    r#""c""#,
    r#""m/n""#,
    r#""t~u""#,
    r#""""#,
    r#""0""#,
    r#""é""#,
    r#""<""#,
    r#""\u0061""#,
];

const SEGMENTS: [&str; 24] = [
    "a", "a", "a", "a", "b", "b", "b", "c", "0", "0", "1", "-", "-1", "2", "-2", "01", "m~1n",
    "t~0u", "", "é", "<", "~2", "m/n", "x",
];

const ODD_POINTERS: [&str; 14] = [
    "",
    "/",
    "spec",
    "/spec",
    "/spec/",
    "//spec",
    "spec/a",
    "/metadata",
    "/metadata/annotations/k",
    "/metadata/annotations",
    "/metadata/labels",
    "/status",
    "/unknown",
    "/apiVersion",
];

const LEAVES: [&str; 24] = [
    "1",
    "2",
    "1.0",
    "1.5",
    "1e2",
    "-0",
    "-0.0",
    "0.1",
    "12345678901234567890",
    "1e300",
    "1E-7",
    "true",
    "false",
    "null",
    "null",
    "null",
    r#""s""#,
    r#""s""#,
    r#""é""#,
    r#""\u00e9""#,
    r#""<""#,
    r#""\u003c""#,
    r#""\/""#,
    r#""\u0000""#,
];

const OPERATIONS: [&str; 20] = [
    r#""add""#,
    r#""add""#,
    r#""add""#,
    r#""add""#,
    r#""remove""#,
    r#""remove""#,
    r#""replace""#,
    r#""replace""#,
    r#""replace""#,
    r#""move""#,
    r#""move""#,
    r#""copy""#,
    r#""copy""#,
    r#""copy""#,
    r#""test""#,
    r#""test""#,
    r#""test""#,
    r#""Add""#,
    "null",
    "1",
];

/// A JSON Patch of a few operations.
pub fn json_patch() -> impl Strategy<Value = Input> {
    let operations = vec(operation(), 0..4).prop_map(|all| format!("[{}]", all.join(",")));
    (object(), operations).prop_map(|(spec, patch)| Input { spec, patch })
}

/// A merge patch of the spec, and seldom of something else.
pub fn merge_patch() -> impl Strategy<Value = Input> {
    let patch = prop_oneof![
        12 => value().prop_map(|spec| format!(r#"{{"spec":{spec}}}"#)),
        1 => value().prop_map(|annotations| format!(r#"{{"metadata":{{"annotations":{annotations}}}}}"#)),
        1 => value(),
    ];
    (object(), patch).prop_map(|(spec, patch)| Input { spec, patch })
}

fn operation() -> impl Strategy<Value = String> {
    (
        select(&OPERATIONS[..]),
        option::weighted(0.97, pointer()),
        option::weighted(0.8, value()),
        pointer(),
    )
        .prop_map(|(operation, path, value, from)| {
            let mut fields = vec![format!(r#""op":{operation}"#)];
            fields.extend(path.map(|path| format!(r#""path":"{path}""#)));
            fields.extend(value.map(|value| format!(r#""value":{value}"#)));
            if operation.contains('o') {
                fields.push(format!(r#""from":"{from}""#));
            }
            format!("{{{}}}", fields.join(","))
        })
}

fn pointer() -> impl Strategy<Value = String> {
    let inside = vec(select(&SEGMENTS[..]), 1..4);
    prop_oneof![
        10 => inside.prop_map(|segments| format!("/spec/{}", segments.join("/"))),
        1 => select(&ODD_POINTERS[..]).prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = String> {
    leaf().prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(|values| format!("[{}]", values.join(","))),
            members(inner),
        ]
    })
}

fn object() -> impl Strategy<Value = String> {
    prop_oneof![6 => members(value()), 1 => Just("{}".to_owned())]
}

fn leaf() -> impl Strategy<Value = String> {
    select(&LEAVES[..]).prop_map(str::to_owned)
}

fn members(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    vec((select(&KEYS[..]), value), 0..4).prop_map(|members| {
        let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}:{value}")).collect();
        format!("{{{}}}", members.join(","))
    })
}
