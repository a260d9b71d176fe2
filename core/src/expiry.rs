//! When a record counts as expired.

use crate::mutant::Mutant;
use crate::record::Record;
use crate::timestamp::Timestamp;

/// Which clocks must agree that a lock has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[non_exhaustive]
pub enum ExpiryRule {
    /// The local wall clock and the API server's: a caller whose clock is ahead robs nobody.
    ///
    /// The server's clock is read from the `Date` of the answer that shows the record. It is
    /// cut to whole seconds, so a lock may stand up to a second longer than its ttl.
    #[default]
    BothClocks,
    /// The local wall clock alone, as the Go package has it.
    ///
    /// Whoever runs with a clock that is ahead takes locks that are still held.
    LocalClock,
}

/// What the clocks said when a record was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// This machine's wall clock.
    pub local: Timestamp,
    /// The `Date` of the answer that shows the record, if it had one.
    pub server: Option<Timestamp>,
}

impl ExpiryRule {
    /// Whether `record` has expired by this rule.
    ///
    /// A server that tells no time proves no expiry.
    pub fn is_expired(self, record: &Record, clocks: Clocks) -> bool {
        let by_local = record.is_expired(clocks.local);
        match self {
            Self::LocalClock => by_local,
            Self::BothClocks if Mutant::OneClockExpiry.is_on() => by_local,
            Self::BothClocks => {
                by_local && clocks.server.is_some_and(|server| record.is_expired(server))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ttl::Ttl;

    fn at(seconds: i128) -> Timestamp {
        Timestamp::from_unix_nanos(seconds * 1_000_000_000)
    }

    fn ten_seconds_from_zero() -> Record {
        Record::new("alice", at(0), Ttl::new(Duration::from_secs(10)).unwrap())
    }

    #[test]
    fn both_clocks_must_agree_unless_the_caller_asks_for_the_local_one() {
        let record = ten_seconds_from_zero();
        let rows = [
            (11, Some(11), true, true),
            (11, Some(10), false, true),
            (10, Some(11), false, false),
            (11, None, false, true),
        ];
        for (local, server, both, local_alone) in rows {
            let clocks = Clocks { local: at(local), server: server.map(at) };
            assert_eq!(ExpiryRule::BothClocks.is_expired(&record, clocks), both, "{clocks:?}");
            assert_eq!(
                ExpiryRule::LocalClock.is_expired(&record, clocks),
                local_alone,
                "{clocks:?}"
            );
        }
    }
}
