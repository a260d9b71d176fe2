//! A page in JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use kube::core::ObjectMeta;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Head, Objects};

pub(super) fn read(
    body: &[u8],
    prefix: &str,
    on_head: impl FnOnce(Head),
) -> serde_json::Result<Objects> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let items = List { on_head: Some(on_head) }.deserialize(&mut json)?;
    json.end()?;
    let count = items.len();
    let carriers = items.into_iter().filter_map(|item| item.metadata.carrier(prefix)).collect();
    Ok(Objects { carriers, count })
}

struct List<F> {
    on_head: Option<F>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

/// What we read of an object. The annotations stay text: few of them are ours.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    uid: Cow<'a, str>,
    #[serde(borrow, default)]
    resource_version: Cow<'a, str>,
    #[serde(borrow, default)]
    annotations: Option<&'a RawValue>,
}

impl Metadata<'_> {
    /// The object, if one of its annotations may be a lock.
    fn carrier(self, prefix: &str) -> Option<ObjectMeta> {
        // A prefix has letters, digits, dashes and dots alone, which no server writes as escapes.
        let text = self.annotations?.get();
        if !text.contains(prefix) {
            return None;
        }
        let mut annotations: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
        annotations.retain(|key, _| key.starts_with(prefix));
        Some(ObjectMeta {
            name: Some(self.name.into_owned()),
            namespace: self.namespace.map(Cow::into_owned),
            uid: Some(self.uid.into_owned()),
            resource_version: Some(self.resource_version.into_owned()),
            annotations: Some(annotations),
            ..ObjectMeta::default()
        })
    }
}

impl<'de, F: FnOnce(Head)> DeserializeSeed<'de> for List<F> {
    type Value = Vec<Item<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de, F: FnOnce(Head)> Visitor<'de> for List<F> {
    type Value = Vec<Item<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items: Option<Vec<Item<'de>>> = None;
        while let Some(key) = list.next_key::<Cow<'de, str>>()? {
            match &*key {
                "metadata" => {
                    let head = list.next_value()?;
                    if let Some(tell) = self.on_head.take() {
                        tell(head);
                    }
                }
                "items" => items = list.next_value()?,
                _ => drop(list.next_value::<IgnoredAny>()?),
            }
        }
        Ok(items.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "kubelock.giantswarm.io";

    fn page(items: &str) -> String {
        format!(
            r#"{{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{{"resourceVersion":"41","continue":"t","remainingItemCount":3}},"items":{items}}}"#
        )
    }

    #[test]
    fn only_objects_with_an_annotation_of_the_prefix_are_kept_and_of_those_no_other() {
        let text = page(
            r#"[{"metadata":{"name":"none"}},{"metadata":{"name":"null","annotations":null}},
            {"metadata":{"name":"other","annotations":{"team":"kubelock"}}},
            {"kind":"Lease","metadata":{"name":"l","namespace":"n","uid":"u","resourceVersion":"7","managedFields":[{"a":1}],
             "annotations":{"team":"x","kubelock.giantswarm.io/a":"{\"owner\":\"\u003c\"}"}},"spec":{}}]"#,
        );

        let objects = read(text.as_bytes(), PREFIX, |_| {}).unwrap();

        assert_eq!(objects.count, 4);
        let [object] = objects.carriers.as_slice() else { panic!("{objects:?}") };
        assert_eq!((object.name.as_deref(), object.uid.as_deref()), (Some("l"), Some("u")));
        let annotations = object.annotations.clone().unwrap();
        let expected = ("kubelock.giantswarm.io/a".to_owned(), "{\"owner\":\"<\"}".to_owned());
        assert_eq!(annotations.into_iter().collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn the_head_is_told_before_the_objects_are_read() {
        let cut = page("[{\"metadata\":");
        let mut head = Head::default();

        let items = read(cut.as_bytes(), PREFIX, |told| head = told);

        assert!(items.is_err());
        assert_eq!((head.token.as_str(), head.resource_version.as_str()), ("t", "41"));
    }

    #[test]
    fn no_items_are_an_empty_page() {
        for items in ["null", "[]"] {
            assert!(read(page(items).as_bytes(), PREFIX, |_| {}).unwrap().count == 0);
        }
        assert!(read(b"{}", PREFIX, |_| {}).unwrap().count == 0);
        assert!(read(b"[]", PREFIX, |_| {}).is_err());
    }
}
