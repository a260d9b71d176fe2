//! The locks that were shown last, and what has changed since.

use std::collections::BTreeMap;
use std::time::Duration;

use kubelock::{Clocks, ExpiryRule, Sighting, Timestamp};

use crate::kind::Kind;
use crate::list::clock::ServerClock;
use crate::list::source::Source;
use crate::list::watch::ObjectKey;
use crate::output::view::{State, View};

/// What is known of one source. It grows with the number of locks, not of objects.
pub(super) struct Known {
    kind: Kind,
    /// What becomes of the locks of an object that is shown no more.
    end: State,
    objects: BTreeMap<ObjectKey, Vec<View>>,
    /// As the last answer showed it.
    pub(super) server: Option<ServerClock>,
}

impl Known {
    pub(super) fn new(source: &Source) -> Self {
        let end = if source.labels.is_some() { State::Gone } else { State::Deleted };
        Self { kind: source.kind.clone(), end, objects: BTreeMap::new(), server: None }
    }

    /// Some of the locks that are listed at first. Returns all of them.
    pub(super) fn add(&mut self, sightings: Vec<Sighting>) -> Vec<View> {
        let mut views = Vec::new();
        for sighting in sightings {
            let key = key(&sighting);
            let view = View::sighted(&self.kind, sighting);
            self.objects.entry(key).or_default().push(view.clone());
            views.push(view);
        }
        views
    }

    /// All the locks of an object, as they are now. Returns what is to be shown.
    pub(super) fn see(
        &mut self,
        key: ObjectKey,
        sightings: Vec<Sighting>,
        now: Timestamp,
    ) -> Vec<View> {
        let views: Vec<_> =
            sightings.into_iter().map(|sighting| View::sighted(&self.kind, sighting)).collect();
        let before = self.objects.remove(&key).unwrap_or_default();
        let mut changes: Vec<_> = views
            .iter()
            .filter(|view| !before.iter().any(|old| same(old, view)))
            .cloned()
            .collect();
        let gone = before.into_iter().filter(|old| views.iter().all(|view| view.lock != old.lock));
        changes.extend(gone.map(|view| ended(view, State::Free, now)));
        if !views.is_empty() {
            self.objects.insert(key, views);
        }
        changes
    }

    /// The object is shown no more.
    pub(super) fn delete(&mut self, key: &ObjectKey, now: Timestamp) -> Vec<View> {
        let before = self.objects.remove(key).unwrap_or_default();
        before.into_iter().map(|view| ended(view, self.end.clone(), now)).collect()
    }

    /// All the locks there are; whatever is not among them is gone.
    pub(super) fn replace(&mut self, sightings: Vec<Sighting>, now: Timestamp) -> Vec<View> {
        let mut objects: BTreeMap<ObjectKey, Vec<Sighting>> = BTreeMap::new();
        for sighting in sightings {
            objects.entry(key(&sighting)).or_default().push(sighting);
        }
        let gone: Vec<_> =
            self.objects.keys().filter(|key| !objects.contains_key(*key)).cloned().collect();
        let mut changes: Vec<_> = gone.iter().flat_map(|key| self.delete(key, now)).collect();
        for (key, sightings) in objects {
            changes.extend(self.see(key, sightings, now));
        }
        changes
    }

    /// What the clocks say now, if it is `local` here.
    pub(super) fn clocks(&self, local: Timestamp) -> Clocks {
        Clocks { local, server: self.server.map(ServerClock::now) }
    }

    /// Those that have expired since they were shown.
    pub(super) fn expire(&mut self, clocks: Clocks) -> Vec<View> {
        let mut changes = Vec::new();
        for view in self.objects.values_mut().flatten() {
            let State::Held(record) = &view.state else { continue };
            if ExpiryRule::BothClocks.is_expired(record, clocks) {
                view.state = State::Expired(record.clone());
                view.seen_at = clocks.local;
                changes.push(view.clone());
            }
        }
        changes
    }

    /// How long it is until the next one expires, by both clocks.
    pub(super) fn next_expiry(&self, clocks: Clocks) -> Option<Duration> {
        let earlier = clocks.local.min(clocks.server?);
        let held = self.objects.values().flatten().filter(|view| view.is_held());
        let expires = held.filter_map(|view| view.state.record()).map(kubelock::Record::expires_at);
        expires.min().map(|at| at.saturating_since(earlier))
    }
}

/// Whether the one needs no showing after the other.
fn same(old: &View, new: &View) -> bool {
    old.lock == new.lock && old.state == new.state && old.uid == new.uid
}

fn ended(view: View, state: State, now: Timestamp) -> View {
    View { state, seen_at: now, ..view }
}

fn key(sighting: &Sighting) -> ObjectKey {
    let lock = &sighting.lock;
    (lock.namespace.as_ref().map(ToString::to_string), lock.object.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    const RECORD: &str =
        r#"{"owner":"alice","createdAt":"2020-03-25T10:00:00Z","ttl":300000000000}"#;

    fn at(seconds: i128) -> Timestamp {
        // Ten o'clock of the record.
        Timestamp::from_unix_nanos((1_585_130_400 + seconds) * 1_000_000_000)
    }

    /// One lock that was held when it was seen.
    fn held() -> Known {
        let record = kubelock::Record::decode(RECORD).unwrap();
        let view = View {
            lock: "l".to_owned(),
            annotation: "kubelock.giantswarm.io/l".to_owned(),
            on: "lease/l".to_owned(),
            namespace: None,
            gvr: kinds::lease().gvr,
            object: "l".to_owned(),
            uid: "u".to_owned(),
            resource_version: "7".to_owned(),
            state: State::Held(record),
            seen_at: at(0),
        };
        let objects = [((None, "l".to_owned()), vec![view])].into();
        Known { kind: kinds::lease(), end: State::Deleted, objects, server: None }
    }

    #[test]
    fn a_lock_expires_once_by_both_clocks_and_not_before() {
        for (ahead, expires) in [(-20, 320), (0, 300), (20, 300)] {
            let mut known = held();
            let clocks = |local| Clocks { local: at(local), server: Some(at(local + ahead)) };
            let seconds = |known: &Known| known.next_expiry(clocks(10)).map(|left| left.as_secs());
            assert_eq!(seconds(&known), u64::try_from(expires - 10).ok(), "{ahead}");

            assert!(known.expire(clocks(expires)).is_empty(), "{ahead}");
            let [view] = &known.expire(clocks(expires + 1))[..] else { panic!("{ahead}") };
            assert_eq!((view.state.word(), view.seen_at), ("expired", at(expires + 1)));
            assert!(known.expire(clocks(expires + 2)).is_empty(), "{ahead}");
            assert_eq!(seconds(&known), None);
        }
    }

    #[test]
    fn without_the_servers_clock_nothing_expires() {
        let mut known = held();
        let clocks = known.clocks(at(1_000));

        assert_eq!(known.next_expiry(clocks), None);
        assert!(known.expire(clocks).is_empty());
    }

    #[test]
    fn what_is_not_listed_any_more_is_gone_once() {
        let mut known = held();

        let gone = known.replace(Vec::new(), at(10));

        let words: Vec<_> = gone.iter().map(|view| (view.state.word(), view.seen_at)).collect();
        assert_eq!(words, [("deleted", at(10))]);
        assert!(known.replace(Vec::new(), at(11)).is_empty());
    }
}
