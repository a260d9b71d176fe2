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
        let write = Marked { hold, repeats, applied: 0, never_since: None, settled_at: None };
        markers.insert(marker.clone(), write);
        marker
    }

    /// A webhook kept its record from being renewed: then a copy of it can be applied as well.
    pub(crate) fn meddled(&mut self, marker: &str) {
        if let Some(write) = self.markers.by_marker.get_mut(marker) {
            write.repeats = true;
        }
    }

    /// Its operations were applied to an object that was so before.
    pub(super) fn applied(&mut self, marker: &str, before: &Truth) {
        let now = self.now();
        let Some(write) = self.markers.by_marker.get_mut(marker) else { return };
        write.applied += 1;
        let is_twice = write.applied > 1 && !write.repeats;
        let is_told = write.never_since.is_some() && !write.repeats;
        let is_settled = write.settled_at.is_some_and(|at| at < now);
        let hold = &self.holds[write.hold];
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
        let Some(write) = self.markers.by_marker.get_mut(marker) else { return };
        let process = &self.holds[write.hold].process;
        let (applied, repeats) = (write.applied, write.repeats);
        match told {
            Ok(_) if applied > 0 => {}
            Err(Error::OutcomeUnknown { .. }) => {
                write.settled_at = settled.map(|at| super::told::instant(process, now, at));
            }
            Err(Error::Lost { unknown: true, .. } | Error::Altered { .. }) => {}
            Err(_) if applied == 0 || repeats => write.never_since = Some(now),
            _ => {
                let told = told.as_ref().map_or_else(ToString::to_string, Clone::clone);
                self.broken(Rule::GuardedTruth, || {
                    format!("{marker}: applied {applied} times, and told {told}")
                });
            }
        }
    }
}
