//! Who may give a lock back.

use crate::expiry::{Clocks, ExpiryRule};
use crate::record::{Malformed, Record};

/// What to do with the record that a read showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is this owner's: remove exactly these bytes.
    Remove(String),
    /// There is no lock, or this expired one.
    NotFound(Option<Record>),
    /// Somebody else's.
    OwnerMismatch(Record),
    /// The annotation is no record.
    Malformed(Malformed),
}

/// Decides as the Go package does: expired comes before whose it is.
///
/// `spare_holds` keeps records with a hold id from being released by their owner's label.
pub fn decide(
    value: Option<&str>,
    owner: &str,
    rule: ExpiryRule,
    clocks: Clocks,
    spare_holds: bool,
) -> Decision {
    let Some(value) = value else {
        return Decision::NotFound(None);
    };
    match Record::decode(value) {
        Err(malformed) => Decision::Malformed(malformed),
        Ok(record) if rule.is_expired(&record, clocks) => Decision::NotFound(Some(record)),
        Ok(record) if record.owner != owner => Decision::OwnerMismatch(record),
        Ok(record) if spare_holds && record.hold.is_some() => Decision::OwnerMismatch(record),
        Ok(_) => Decision::Remove(value.to_owned()),
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
        decide(
            value,
            owner,
            ExpiryRule::BothClocks,
            Clocks { local: now, server: Some(now) },
            spare_holds,
        )
    }

    #[test]
    fn only_the_owner_of_a_live_lock_may_release_it() {
        assert_eq!(decide_at(Some(ALICES), "alice", 5, false), Decision::Remove(ALICES.into()));
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
        assert!(matches!(decide_at(Some(HOLD), "alice", 5, false), Decision::Remove(_)));
    }
}
