//! Request bodies, whatever stands in the record.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::name::{AnnotationKey, LockName, Prefix};
use crate::patch::{self, Form};

fn key() -> AnnotationKey {
    AnnotationKey::new(&Prefix::default(), &LockName::new("l").unwrap())
}

fn any_form() -> impl Strategy<Value = Form> {
    prop_oneof![Just(Form::NewMap), Just(Form::NewKey), any::<String>().prop_map(Form::Replace),]
}

/// The operations of a JSON Patch, each with what RFC 6902 asks of it.
fn operations(body: &[u8]) -> Vec<Value> {
    let operations: Vec<Value> = serde_json::from_slice(body).unwrap();
    for operation in &operations {
        let path = operation["path"].as_str().unwrap();
        assert!(path.starts_with('/'), "{operation}");
        let takes_value = operation["op"] != "remove";
        assert_eq!(operation.get("value").is_some(), takes_value, "{operation}");
    }
    operations
}

proptest! {
    #[test]
    fn an_acquire_tests_before_it_writes_and_writes_just_the_record(
        form in any_form(), value: String, living: bool,
    ) {
        let operations = operations(&patch::acquire(&key(), &form, &value, living).unwrap());
        let (write, tests) = operations.split_last().unwrap();
        prop_assert_eq!(tests.len(), 1 + usize::from(living));
        prop_assert!(tests.iter().all(|operation| operation["op"] == "test"));
        let expected = if let Form::Replace(old) = &form { json!(old) } else { Value::Null };
        prop_assert_eq!(&tests.last().unwrap()["value"], &expected);
        let map = json!({ "kubelock.giantswarm.io/l": value });
        let written = if form == Form::NewMap { map } else { json!(value) };
        prop_assert_eq!(&write["value"], &written);
    }

    #[test]
    fn a_change_tests_before_it_writes_and_does_the_rest_last(
        uid: String, old: String, new: Option<String>, more in prop::collection::vec("[a-z<&é\u{2028}]{1,8}", 0..3),
    ) {
        let more: Vec<Value> = more
            .iter()
            .map(|text| json!({"op": "add", "path": format!("/data/{text}"), "value": text}))
            .collect();
        let body = patch::change(&key(), &uid, &old, new.as_deref(), &more).unwrap();
        let operations = operations(&body);
        prop_assert_eq!(operations.len(), 3 + more.len());
        prop_assert_eq!(&operations[0], &json!({"op": "test", "path": "/metadata/uid", "value": uid}));
        prop_assert_eq!(&operations[1]["op"], "test");
        prop_assert_eq!(&operations[1]["value"], &json!(old));
        let new = new.map(Value::String);
        prop_assert_eq!(operations[2].get("value"), new.as_ref());
        prop_assert_eq!(&operations[3..], &more[..]);
    }

    #[test]
    fn a_body_is_spelt_as_go_spells_it(value: String) {
        let body = patch::acquire(&key(), &Form::NewKey, &value, false).unwrap();
        let text = String::from_utf8(body).unwrap();
        prop_assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
    }

    #[test]
    fn a_whole_object_differs_in_the_lock_alone(
        old: Option<String>, new: Option<String>, other: Option<String>, data: String,
    ) {
        let mut object = json!({
            "kind": "X", "data": {"a": data}, "metadata": {"name": "n", "resourceVersion": "7"},
        });
        let annotations = [("kubelock.giantswarm.io/l", &old), ("other", &other)];
        for (name, value) in annotations {
            if let Some(value) = value {
                object["metadata"]["annotations"][name] = json!(value);
            }
        }
        let bytes = serde_json::to_vec(&object).unwrap();
        let body = patch::whole(&bytes, &key(), old.as_deref(), new.as_deref()).unwrap();
        let mut written: Value = serde_json::from_slice(&body).unwrap();
        let lock = &written["metadata"]["annotations"]["kubelock.giantswarm.io/l"];
        prop_assert_eq!(lock.as_str(), new.as_deref());
        let other_now = &written["metadata"]["annotations"]["other"];
        prop_assert_eq!(other_now.as_str(), other.as_deref());
        for object in [&mut object, &mut written] {
            object["metadata"]["annotations"] = Value::Null;
        }
        prop_assert_eq!(written, object);
    }
}
