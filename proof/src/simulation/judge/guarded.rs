//! What became of guarded writes.

use std::collections::BTreeMap;
use std::time::Duration;

use kubelock::Error;

use super::super::history::Truth;
use super::{Judge, Rule};

/// One guarded write.
struct Marked {
    hold: usize,
    repeats: bool,
    applied: u32,
    never_since: Option<Duration>,
    settled_at: Option<Duration>,
}

/// All of them, by what each leaves.
#[derive(Default)]
pub(super) struct Markers {
    by_marker: BTreeMap<String, Marked>,
}

impl Judge {
    /// A guarded write of this hold begins. Returns what it is to leave.
    pub(crate) fn guarding(&mut self, hold: usize, repeats: bool) -> String {
        let markers = &mut self.markers.by_marker;
        let marker = format!("m{}", markers.len());
        let marked =
            Marked { hold, repeats, applied: 0, never_since: None, settled_at: None };
        markers.insert(marker.clone(), marked);
        marker
    }

    /// Its operations were applied to an object that was so before.
    pub(super) fn applied(&mut self, marker: &str, before: &Truth) {
        let now = self.now();
        let Some(marked) = self.markers.by_marker.get_mut(marker) else { return };
        marked.applied += 1;
        let is_twice = marked.applied > 1 && !marked.repeats;
        let is_told = marked.never_since.is_some() && !marked.repeats;
        let is_settled = marked.settled_at.is_some_and(|at| at < now);
        let hold = &self.holds[marked.hold];
        let (name, is_own) = (hold.name(), hold.is_shown(before));
        if !is_own || hold.revoked_at.is_some() {
            let there = before.to_string();
            self.broken(Rule::GuardedAlone, || format!("{marker} of {name} on {there}"));
        }
        if is_twice {
            self.broken(Rule::GuardedOnce, || format!("{marker} of {name}"));
        }
        if is_told || is_settled {
            self.broken(Rule::GuardedTruth, || format!("{marker} of {name} was applied after all"));
        }
    }

    /// What its caller was told.
    pub(crate) fn told_guarded(&mut self, marker: &str, told: &Result<String, Error>) {
        let now = self.now();
        let settled = match told {
            Err(Error::OutcomeUnknown { settled_at, .. }) => Some(*settled_at),
            _ => None,
        };
        let Some(marked) = self.markers.by_marker.get_mut(marker) else { return };
        let process = &self.holds[marked.hold].process;
        let (applied, repeats) = (marked.applied, marked.repeats);
        match told {
            Ok(_) if applied > 0 => {}
            Err(Error::OutcomeUnknown { .. }) => {
                marked.settled_at = settled.map(|at| super::told::instant(process, now, at));
            }
            Err(Error::Lost { unknown: true, .. }) => {}
            Err(Error::Altered { .. }) => {}
            Err(_) if applied == 0 || repeats => marked.never_since = Some(now),
            _ => {
                let told = told.as_ref().map_or_else(ToString::to_string, Clone::clone);
                self.broken(Rule::GuardedTruth, || {
                    format!("{marker}: applied {applied} times, and told {told}")
                });
            }
        }
    }
}
