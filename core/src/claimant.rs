//! Whose a record is: who may give it back, or renew it.

use crate::expiry::{Clocks, ExpiryRule};
use crate::record::{HoldId, Malformed, Record};

/// What to do with the record that a read showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is the claimant's: exactly the bytes that were read may be removed or replaced.
    Own(Record),
    /// There is no lock, or this expired one.
    NotFound(Option<Record>),
    /// Somebody else's.
    OwnerMismatch(Record),
    /// The annotation is no record.
    Malformed(Malformed),
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Claimant<'a> {
    /// Whoever goes by this label, as in the Go package.
    Owner {
        /// The label.
        owner: &'a str,
        /// Leaves records alone that belong to one hold.
        spare_holds: bool,
    },
    /// The hold of this id, whatever its owner is called.
    Hold(&'a HoldId),
}

impl Claimant<'_> {
    fn owns(self, record: &Record) -> bool {
        match self {
            Self::Owner { owner, spare_holds } => {
                record.owner == owner && !(spare_holds && record.hold.is_some())
            }
            Self::Hold(id) => record.hold.as_ref() == Some(id),
        }
    }
}

/// Decides as the Go package does: expired comes before whose it is.
pub fn decide(
    value: Option<&str>,
    claimant: Claimant<'_>,
    rule: ExpiryRule,
    clocks: Clocks,
) -> Decision {
    let Some(value) = value else {
        return Decision::NotFound(None);
    };
    match Record::decode(value) {
        Err(malformed) => Decision::Malformed(malformed),
        Ok(record) if rule.is_expired(&record, clocks) => Decision::NotFound(Some(record)),
        Ok(record) if claimant.owns(&record) => Decision::Own(record),
        Ok(record) => Decision::OwnerMismatch(record),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    const ALICES: &str =
        r#"{"owner":"alice","createdAt":"1970-01-01T00:00:00Z","ttl":10000000000}"#;
    const HOLD: &str =
        r#"{"owner":"alice","createdAt":"1970-01-01T00:00:00Z","ttl":10000000000,"hold":"a1"}"#;

    fn decide_at(value: Option<&str>, owner: &str, seconds: i128, spare_holds: bool) -> Decision {
        let now = Timestamp::from_unix_nanos(seconds * 1_000_000_000);
        let clocks = Clocks { local: now, server: Some(now) };
        decide(value, Claimant::Owner { owner, spare_holds }, ExpiryRule::BothClocks, clocks)
    }

    #[test]
    fn only_the_owner_of_a_live_lock_may_release_it() {
        assert!(matches!(decide_at(Some(ALICES), "alice", 5, false), Decision::Own(_)));
        assert!(matches!(decide_at(Some(ALICES), "bob", 5, false), Decision::OwnerMismatch(_)));
        assert!(matches!(decide_at(Some("?"), "alice", 5, false), Decision::Malformed(_)));
    }

    #[test]
    fn an_absent_or_expired_lock_is_not_found_whoever_asks() {
        assert_eq!(decide_at(None, "alice", 5, false), Decision::NotFound(None));
        for owner in ["alice", "bob"] {
            assert!(matches!(
                decide_at(Some(ALICES), owner, 11, false),
                Decision::NotFound(Some(_))
            ));
        }
    }

    #[test]
    fn a_label_frees_a_hold_only_where_the_caller_asks_for_the_go_packages_way() {
        assert!(matches!(decide_at(Some(HOLD), "alice", 5, true), Decision::OwnerMismatch(_)));
        assert!(matches!(decide_at(Some(HOLD), "alice", 5, false), Decision::Own(_)));
    }

    #[test]
    fn a_hold_is_known_by_its_id_alone() {
        let now = Timestamp::from_unix_nanos(0);
        let clocks = Clocks { local: now, server: Some(now) };
        let by = |id: &str, value| {
            let id = HoldId::new(id).unwrap();
            decide(Some(value), Claimant::Hold(&id), ExpiryRule::BothClocks, clocks)
        };
        assert!(matches!(by("a1", HOLD), Decision::Own(_)));
        assert!(matches!(by("b2", HOLD), Decision::OwnerMismatch(_)));
        assert!(matches!(by("a1", ALICES), Decision::OwnerMismatch(_)), "it belongs to its owner");
    }
}
