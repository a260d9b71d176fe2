//! A hold, whatever becomes of its writes and whenever it is asked.

use std::time::Duration;

use proptest::prelude::*;

use super::replies::any_sight;
use crate::change::Outcome;
use crate::doubt::Failure;
use crate::hold::{Hold, Written};
use crate::reading::Reading;
use crate::terms::Terms;

/// One step in the life of a hold.
#[derive(Debug, Clone)]
enum Event {
    Passes { boot: u64, asleep: u64 },
    Begins,
    Settles(usize, Outcome, bool),
    Releases,
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => any_sight().prop_map(Outcome::Changed),
        1 => any_sight().prop_map(Outcome::Applied),
        1 => any_sight().prop_map(Outcome::Gone),
        2 => Just(Outcome::Failed(Failure::Unknown(String::new()))),
        1 => Just(Outcome::Failed(Failure::Contended)),
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..2_000_u64, 0..1_000_u64)
            .prop_map(|(boot, asleep)| Event::Passes { boot, asleep: asleep.min(boot) }),
        3 => Just(Event::Begins),
        3 => (0..4_usize, any_outcome(), any::<bool>())
            .prop_map(|(which, outcome, renews)| Event::Settles(which, outcome, renews)),
        1 => Just(Event::Releases),
    ]
}

fn written(number: usize, read_at: Reading) -> Written {
    Written { value: number.to_string(), read_at }
}

/// Lives through the events; after each: what is valid yet, and what it could be at most, counted
/// from the youngest reading that any write of it began with.
fn lived(events: Vec<Event>) -> Vec<(Duration, Duration)> {
    let terms = Terms::new(Duration::from_secs(6), None, None).unwrap();
    let mut now = Reading::default();
    let mut hold = Hold::new(terms, "u".into(), written(0, now), 0);
    let (mut begun, mut youngest) = (vec![0], now);
    let mut step = |event| {
        match event {
            Event::Passes { boot, asleep } => {
                now.boot += Duration::from_millis(boot);
                now.monotonic += Duration::from_millis(boot - asleep);
            }
            Event::Begins => {
                if hold.begin(written(begun.len(), now), now) {
                    youngest = now;
                    begun.push(begun.len());
                }
            }
            Event::Settles(which, outcome, renews) => {
                let value = begun[which % begun.len()].to_string();
                let _ = hold.settle(&value, renews, outcome, now, 0);
            }
            Event::Releases => drop(hold.release(now)),
        }
        let most = terms.validity().saturating_sub(now.at_most_since(youngest));
        (hold.valid_for(now), most)
    };
    events.into_iter().map(&mut step).collect()
}

proptest! {
    #[test]
    fn a_hold_is_never_valid_for_longer_than_its_validity_after_a_write_began(
        events in prop::collection::vec(any_event(), 1..30),
    ) {
        for (valid, most) in lived(events) {
            prop_assert!(valid <= most, "{valid:?} {most:?}");
        }
    }

    #[test]
    fn a_hold_that_is_over_stays_over(events in prop::collection::vec(any_event(), 1..30)) {
        let valid: Vec<bool> = lived(events).iter().map(|(valid, _)| !valid.is_zero()).collect();
        prop_assert!(valid.is_sorted_by(|before, after| before >= after), "{valid:?}");
    }
}
