//! Whether what stands on an object may be taken away from whoever put it there.
//!
//! A lock is broken as it was shown: a person decided about one holder, and nobody else's record
//! may go by that decision.

use crate::answer::Sight;
use crate::expiry::{Clocks, ExpiryRule};
use crate::record::{Malformed, Record};

/// What was shown to whoever breaks the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The object's UID.
    pub uid: String,
    /// What stood in the annotation, to the byte.
    pub value: String,
}

/// What may be taken away beside the record of a holder that is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Permit {
    /// A record that has not expired: its holder may be at work.
    pub live: bool,
    /// What is no record at all: nobody knows whose it is.
    pub malformed: bool,
}

/// What to do with what a read showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is what was shown, perhaps renewed: exactly these bytes may be removed.
    Remove {
        /// The bytes.
        value: String,
        /// What they say; `None` is no record.
        record: Option<Record>,
        /// Whether its holder may be at work.
        is_live: bool,
    },
    /// Nothing stands there any more.
    Gone,
    /// It has not expired, and such a record may not be broken.
    Live(Record),
    /// Another record than the one that was shown.
    Another(Record),
    /// No record, and either not what was shown or not to be broken.
    Malformed(Malformed),
}

/// Decides by what was shown and what stands there now.
///
/// # Guarantees
/// A record with the id of a hold is followed through its renewals, by that id and the object's
/// UID. Anything else is known by its exact bytes alone.
pub fn decide(
    shown: &Shown,
    permit: Permit,
    now: &Sight,
    rule: ExpiryRule,
    clocks: Clocks,
) -> Decision {
    let Some(value) = now.value.as_deref() else { return Decision::Gone };
    let is_exact = now.uid == shown.uid && value == shown.value;
    let remove = |record, is_live| Decision::Remove { value: value.to_owned(), record, is_live };
    match Record::decode(value) {
        Err(_) if is_exact && permit.malformed => remove(None, true),
        Err(malformed) => Decision::Malformed(malformed),
        Ok(record) if !is_exact && !is_renewal(shown, now, &record) => Decision::Another(record),
        Ok(record) => {
            let is_live = !rule.is_expired(&record, clocks);
            if is_live && !permit.live {
                return Decision::Live(record);
            }
            remove(Some(record), is_live)
        }
    }
}

/// Whether the record is that of the same hold, stamped anew.
fn is_renewal(shown: &Shown, now: &Sight, record: &Record) -> bool {
    let shown_hold = Record::decode(&shown.value).ok().and_then(|record| record.hold);
    now.uid == shown.uid && shown_hold.is_some() && record.hold == shown_hold
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{BOBS, EXPIRED, at, sight};

    /// Stamped at 1000 s for ten.
    const HOLD: &str =
        r#"{"owner":"bob","createdAt":"1970-01-01T00:16:40Z","ttl":10000000000,"hold":"b1"}"#;
    const RENEWED: &str =
        r#"{"owner":"bob","createdAt":"1970-01-01T00:16:45Z","ttl":10000000000,"hold":"b1"}"#;
    const NEXT: &str =
        r#"{"owner":"bob","createdAt":"1970-01-01T00:16:45Z","ttl":10000000000,"hold":"b2"}"#;
    const NO_RECORD: &str = "?";

    const NOTHING: Permit = Permit { live: false, malformed: false };
    const LIVE: Permit = Permit { live: true, malformed: false };
    const FORCE: Permit = Permit { live: false, malformed: true };

    fn decide_at(seconds: i128, permit: Permit, shown: &str, now: &Sight) -> Decision {
        let shown = Shown { uid: "u".into(), value: shown.into() };
        let clocks = Clocks { local: at(seconds), server: Some(at(seconds)) };
        decide(&shown, permit, now, ExpiryRule::BothClocks, clocks)
    }

    /// The bytes that may be removed.
    fn removed(decision: Decision) -> Option<String> {
        match decision {
            Decision::Remove { value, .. } => Some(value),
            _ => None,
        }
    }

    #[test]
    fn what_has_expired_is_removed_to_the_byte() {
        let decision = decide_at(2_000, NOTHING, BOBS, &sight(Some(BOBS)));
        assert_eq!(removed(decision).as_deref(), Some(BOBS));
    }

    #[test]
    fn a_live_record_is_broken_only_by_who_asks_for_that() {
        let live = sight(Some(HOLD));
        assert!(matches!(decide_at(1_010, NOTHING, HOLD, &live), Decision::Live(_)));
        assert!(matches!(decide_at(1_010, FORCE, HOLD, &live), Decision::Live(_)));
        let decision = decide_at(1_010, LIVE, HOLD, &live);
        assert!(matches!(decision, Decision::Remove { is_live: true, .. }), "{decision:?}");
        let decision = decide_at(1_011, LIVE, HOLD, &live);
        assert!(matches!(decision, Decision::Remove { is_live: false, .. }), "{decision:?}");
    }

    #[test]
    fn a_hold_is_followed_through_its_renewals() {
        let now = sight(Some(RENEWED));
        assert_eq!(removed(decide_at(1_050, NOTHING, HOLD, &now)).as_deref(), Some(RENEWED));
        assert!(matches!(
            decide_at(1_050, NOTHING, HOLD, &sight(Some(NEXT))),
            Decision::Another(_)
        ));
    }

    #[test]
    fn a_hold_that_came_back_to_life_is_live() {
        assert!(matches!(
            decide_at(1_012, NOTHING, HOLD, &sight(Some(RENEWED))),
            Decision::Live(_)
        ));
    }

    #[test]
    fn a_record_without_an_id_is_known_by_its_exact_bytes() {
        let later = BOBS.replace("16:40", "16:41");
        let decision = decide_at(2_000, LIVE, BOBS, &sight(Some(&later)));
        assert!(matches!(decision, Decision::Another(_)), "{decision:?}");
        assert!(matches!(
            decide_at(2_000, LIVE, BOBS, &sight(Some(EXPIRED))),
            Decision::Another(_)
        ));
    }

    #[test]
    fn a_copy_on_another_object_is_not_what_was_shown() {
        for value in [BOBS, HOLD] {
            let copy = Sight { uid: "other".into(), ..sight(Some(value)) };
            assert!(matches!(decide_at(2_000, LIVE, value, &copy), Decision::Another(_)));
        }
        let copy = Sight { uid: "other".into(), ..sight(Some(NO_RECORD)) };
        assert!(matches!(decide_at(2_000, FORCE, NO_RECORD, &copy), Decision::Malformed(_)));
    }

    #[test]
    fn what_is_no_record_needs_force_and_the_very_bytes() {
        let now = sight(Some(NO_RECORD));
        assert!(matches!(decide_at(2_000, LIVE, NO_RECORD, &now), Decision::Malformed(_)));
        assert_eq!(removed(decide_at(2_000, FORCE, NO_RECORD, &now)).as_deref(), Some(NO_RECORD));
        assert!(matches!(decide_at(2_000, FORCE, "!", &now), Decision::Malformed(_)));
        assert!(matches!(decide_at(2_000, FORCE, HOLD, &now), Decision::Malformed(_)));
    }

    #[test]
    fn nothing_is_gone_whatever_was_shown() {
        assert_eq!(decide_at(2_000, LIVE, BOBS, &sight(None)), Decision::Gone);
    }
}
