//! Calls, whatever comes back for their requests.

use proptest::prelude::*;
use serde_json::Value;

use super::replies::{OLD, OWN, any_read_reply, any_write_reply};
use crate::acquire::{self, Acquire};
use crate::answer::{ReadReply, Sight, WriteReply};
use crate::call::{Call, Step, Write};
use crate::change::{self, Change};
use crate::doubt::Failure;
use crate::expiry::{Clocks, ExpiryRule};
use crate::name::{AnnotationKey, LockName, Prefix};
use crate::record::Record;
use crate::testing::at;

/// The wall clock while calls run: records of the tests expire before it, or after.
const WALL: i128 = 1_012;

fn key() -> AnnotationKey {
    AnnotationKey::new(&Prefix::default(), &LockName::new("l").unwrap())
}

/// What a call did, and how it ended; `None` if the answers ran out.
struct Ran<Outcome> {
    writes: Vec<Write>,
    /// All that answers showed, and what was written when each came.
    sights: Vec<(usize, Sight)>,
    unanswered: bool,
    outcome: Option<Outcome>,
}

fn run<C: Call>(call: &mut C, replies: Vec<(WriteReply, ReadReply)>) -> Ran<C::Outcome> {
    let (mut writes, mut sights, mut unanswered) = (Vec::new(), Vec::new(), false);
    let mut step = call.start();
    for (to_write, to_read) in replies {
        step = match step {
            Step::Done(outcome) => {
                return Ran { writes, sights, unanswered, outcome: Some(outcome) };
            }
            Step::Write(_) => {
                writes.push(call.write(&key()).unwrap());
                unanswered |= matches!(to_write, WriteReply::Unanswered(_));
                if let WriteReply::Applied(sight) = &to_write {
                    sights.push((writes.len(), sight.clone()));
                }
                call.on_write(to_write)
            }
            Step::Read(_) => {
                if let ReadReply::Seen(sight) = &to_read {
                    sights.push((writes.len(), sight.clone()));
                }
                call.on_read(to_read, at(WALL))
            }
        };
    }
    let outcome = if let Step::Done(outcome) = step { Some(outcome) } else { None };
    Ran { writes, sights, unanswered, outcome }
}

/// The tests that a patch begins with: the path's last part, and the value.
fn tests(write: &Write) -> Vec<(String, Option<String>)> {
    let Write::Patch { body, .. } = write else { return Vec::new() };
    let operations: Vec<Value> = serde_json::from_slice(body).unwrap();
    let tests = operations.iter().take_while(|operation| operation["op"] == "test");
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    tests
        .map(|it| {
            let value = it["value"].as_str().map(str::to_owned);
            (last(it["path"].as_str().unwrap()), value)
        })
        .collect()
}

fn any_replies() -> impl Strategy<Value = Vec<(WriteReply, ReadReply)>> {
    prop::collection::vec((any_write_reply(), any_read_reply()), 1..24)
}

fn acquire_call(for_hold: bool) -> Acquire {
    let call = Acquire::new("o".into(), OWN.into(), ExpiryRule::BothClocks, None);
    if for_hold { call.for_hold() } else { call }
}

proptest! {
    #[test]
    fn a_lock_is_never_said_to_be_acquired_unless_its_own_bytes_were_seen(
        for_hold: bool, replies in any_replies(),
    ) {
        let ran = run(&mut acquire_call(for_hold), replies);
        if let Some(acquire::Outcome::Acquired(sight)) = ran.outcome {
            prop_assert!(sight.shows(OWN));
        }
    }

    #[test]
    fn nobodys_record_is_replaced_unless_it_was_seen_expired_by_both_clocks(replies in any_replies()) {
        let ran = run(&mut acquire_call(false), replies);
        for (index, write) in ran.writes.iter().enumerate() {
            let is_put = matches!(write, Write::Put { .. });
            prop_assert!(is_put || !tests(write).is_empty());
            let replaced = match write {
                Write::Put { expected, .. } => expected.clone(),
                _ => tests(write).into_iter().find_map(|(_, value)| value),
            };
            let Some(replaced) = replaced else { continue };
            let was_expired = ran.sights.iter().any(|(before, sight)| {
                let clocks = Clocks { local: at(WALL), server: sight.date };
                *before <= index
                    && sight.shows(&replaced)
                    && ExpiryRule::BothClocks.is_expired(&Record::decode(&replaced).unwrap(), clocks)
            });
            prop_assert!(was_expired, "{replaced}");
        }
    }

    #[test]
    fn what_may_have_been_written_is_never_said_not_to_be(replies in any_replies()) {
        let ran = run(&mut acquire_call(false), replies);
        let settled = match &ran.outcome {
            None | Some(acquire::Outcome::Acquired(_)) => false,
            Some(acquire::Outcome::Failed(failure)) => {
                // That the server alters records is what it did to these bytes.
                !matches!(failure, Failure::Unknown(_) | Failure::Altered)
            }
            Some(_) => true,
        };
        let malformed = matches!(ran.outcome, Some(acquire::Outcome::Malformed(_)));
        prop_assert!(!(ran.unanswered && settled) || malformed, "{:?}", ran.outcome);
    }

    #[test]
    fn a_change_tests_the_object_and_the_record_in_each_of_its_writes(
        removes: bool, replies in any_replies(),
    ) {
        let ran = run(&mut change_call(removes), replies);
        for write in &ran.writes {
            match write {
                Write::Patch { .. } => {
                    let tests = tests(write);
                    prop_assert!(tests.contains(&("uid".into(), Some("u".into()))));
                    prop_assert!(tests.iter().any(|(_, value)| value.as_deref() == Some(OLD)));
                }
                Write::Put { expected, .. } => prop_assert_eq!(expected.as_deref(), Some(OLD)),
                Write::Create(_) => prop_assert!(false, "a change makes no object"),
            }
        }
    }

    #[test]
    fn a_change_is_said_to_stand_or_to_be_gone_only_as_an_answer_has_shown(
        removes: bool, replies in any_replies(),
    ) {
        let ran = run(&mut change_call(removes), replies);
        match ran.outcome {
            Some(change::Outcome::Changed(sight)) if removes => prop_assert!(!sight.shows(OLD)),
            Some(change::Outcome::Changed(sight)) => prop_assert!(sight.shows(OWN)),
            Some(change::Outcome::Gone(sight)) => {
                prop_assert!(sight.uid != "u" || !sight.shows(OLD));
                prop_assert!(!(removes && ran.unanswered));
            }
            Some(change::Outcome::Vanished(_)) => prop_assert!(removes && ran.unanswered),
            _ => {}
        }
    }
}

fn change_call(removes: bool) -> Change {
    if removes {
        Change::remove("u".into(), OLD.into())
    } else {
        Change::replace("u".into(), OLD.into(), OWN.into())
    }
}
