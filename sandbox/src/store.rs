//! The objects, and what has happened to them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::key::{Collection, Key};
use crate::metadata::metadata_mut;

/// As a server that has been in use for a while.
const FIRST_VERSION: u64 = 1_000;
/// How many changes are remembered; a watch from before them has to begin anew.
const HISTORY_LIMIT: usize = 20_000;
/// How many objects there can be.
const OBJECT_LIMIT: usize = 100_000;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Added,
    Modified,
    Deleted,
}

/// One write.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) event: Event,
    pub(crate) key: Key,
    /// As it is from now on; of a deleted one its last state, with the deletion's version.
    pub(crate) object: Arc<Value>,
    pub(crate) previous: Option<Arc<Value>>,
}

/// History does not reach back that far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forgotten {
    pub(crate) oldest: u64,
}

/// Objects by key, one version for all, and the changes that led there.
#[derive(Debug)]
pub(crate) struct Store {
    objects: BTreeMap<Key, Arc<Value>>,
    version: u64,
    /// What was before this version is forgotten.
    oldest: u64,
    changes: VecDeque<Change>,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self {
            objects: BTreeMap::new(),
            version: FIRST_VERSION,
            oldest: FIRST_VERSION,
            changes: VecDeque::new(),
        }
    }

    /// Of the last write.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn is_full(&self) -> bool {
        self.objects.len() >= OBJECT_LIMIT
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    /// The objects of a collection, in their order.
    pub(crate) fn list(
        &self,
        collection: &Collection,
    ) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        let objects = self.objects.range(collection.start()..);
        objects.take_while(|(key, _)| collection.contains(key))
    }

    /// The objects of a collection as they were.
    pub(crate) fn list_at(
        &self,
        collection: &Collection,
        version: u64,
    ) -> Result<BTreeMap<Key, Arc<Value>>, Forgotten> {
        let since = self.changes_since(version)?;
        let now = self.list(collection);
        let mut then: BTreeMap<Key, Arc<Value>> =
            now.map(|(key, object)| (key.clone(), object.clone())).collect();
        for change in since.rev().filter(|change| collection.contains(&change.key)) {
            match &change.previous {
                Some(previous) => then.insert(change.key.clone(), previous.clone()),
                None => then.remove(&change.key),
            };
        }
        Ok(then)
    }

    /// What happened after a version, in its order.
    pub(crate) fn changes_since(
        &self,
        version: u64,
    ) -> Result<impl DoubleEndedIterator<Item = &Change>, Forgotten> {
        if version < self.oldest {
            return Err(Forgotten { oldest: self.oldest });
        }
        let from = self.changes.partition_point(|change| change.version <= version);
        Ok(self.changes.range(from..))
    }

    /// Stores the object with a version of its own.
    pub(crate) fn put(&mut self, key: Key, object: Value) -> Arc<Value> {
        let object = self.stamped(object);
        let previous = self.objects.insert(key.clone(), object.clone());
        let event = if previous.is_some() { Event::Modified } else { Event::Added };
        self.remember(Change {
            version: self.version,
            event,
            key,
            object: object.clone(),
            previous,
        });
        object
    }

    /// Its last state, with the version of its deletion.
    pub(crate) fn remove(&mut self, key: &Key) -> Option<Arc<Value>> {
        let previous = self.objects.remove(key)?;
        let object = self.stamped((*previous).clone());
        self.remember(Change {
            version: self.version,
            event: Event::Deleted,
            key: key.clone(),
            object: object.clone(),
            previous: Some(previous),
        });
        Some(object)
    }

    /// Forgets what happened before the last write.
    pub(crate) fn compact(&mut self) {
        self.oldest = self.version;
        self.changes.clear();
    }

    fn stamped(&mut self, mut object: Value) -> Arc<Value> {
        self.version += 1;
        let version = json!(self.version.to_string());
        metadata_mut(&mut object).insert("resourceVersion".into(), version);
        Arc::new(object)
    }

    fn remember(&mut self, change: Change) {
        self.changes.push_back(change);
        if self.changes.len() > HISTORY_LIMIT
            && let Some(forgotten) = self.changes.pop_front()
        {
            self.oldest = forgotten.version;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Kinds;

    fn key(name: &str) -> Key {
        let kinds = Kinds::built_in();
        Key::new(kinds.find("", "v1", "configmaps").unwrap(), "default", name)
    }

    fn all() -> Collection {
        Collection::new(Kinds::built_in().find("", "v1", "configmaps").unwrap(), None)
    }

    #[test]
    fn a_list_at_an_earlier_version_is_as_it_was() {
        let mut store = Store::new();
        store.put(key("a"), json!({ "data": 1 }));
        store.put(key("b"), json!({ "data": 1 }));
        let then = store.version();
        store.put(key("a"), json!({ "data": 2 }));
        store.remove(&key("b"));
        store.put(key("c"), json!({ "data": 1 }));

        let list = store.list_at(&all(), then).unwrap();
        let seen: Vec<_> = list.iter().map(|(key, object)| (&*key.name, &object["data"])).collect();
        assert_eq!(seen, [("a", &json!(1)), ("b", &json!(1))]);
        assert_eq!(store.list(&all()).count(), 2);
    }

    #[test]
    fn what_was_before_a_compaction_is_forgotten() {
        let mut store = Store::new();
        store.put(key("a"), json!({}));
        let before = store.version();
        store.put(key("a"), json!({ "data": 2 }));
        assert_eq!(store.changes_since(before).unwrap().count(), 1);
        store.compact();
        assert!(store.changes_since(before).is_err());
        assert_eq!(store.changes_since(store.version()).unwrap().count(), 0);
    }

    #[test]
    fn history_has_an_end() {
        let mut store = Store::new();
        for _ in 0..=HISTORY_LIMIT {
            store.put(key("a"), json!({}));
        }
        assert_eq!(store.changes.len(), HISTORY_LIMIT);
        assert!(store.changes_since(FIRST_VERSION).is_err());
        let first = store.version() - HISTORY_LIMIT as u64;
        assert_eq!(store.changes_since(first).unwrap().count(), HISTORY_LIMIT);
    }

    #[test]
    fn a_deleted_object_has_the_version_of_its_deletion() {
        let mut store = Store::new();
        store.put(key("a"), json!({}));
        let removed = store.remove(&key("a")).unwrap();
        assert_eq!(removed["metadata"]["resourceVersion"], store.version().to_string());
        assert!(store.get(&key("a")).is_none() && store.remove(&key("a")).is_none());
    }
}
