//! Whether a lock may be taken, and until when to wait if not.

use std::time::Duration;

use crate::answer::Sight;
use crate::expiry::{Clocks, ExpiryRule};
use crate::mutant::Mutant;
use crate::patch::Form;
use crate::reading::Reading;
use crate::record::{Malformed, Record};
use crate::stamp::DATE_GRAIN;
use crate::timestamp::Timestamp;

/// When somebody else's record may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Takeover {
    /// The identical record was seen here, unchanged, for its own ttl by this process's own
    /// clock: no clocks need to agree.
    Observed {
        /// One shortcut, so that nobody waits for the long dead: expired for longer than this by
        /// the server's time. It bears servers whose clocks differ by two seconds less. At least
        /// 10 s.
        stale_after: Option<Duration>,
    },
    /// Expired by the clocks, for longer than a tolerance.
    WallClock {
        /// Which clocks must agree.
        expiry: ExpiryRule,
        /// For so long must it have been expired.
        tolerance: Duration,
    },
}

impl Takeover {
    /// A minute.
    pub const STALE_AFTER: Duration = Duration::from_mins(1);
    /// Less would be within what the clocks of servers differ by.
    pub const STALE_AFTER_MIN: Duration = Duration::from_secs(10);
}

impl Default for Takeover {
    fn default() -> Self {
        Self::Observed { stale_after: Some(Self::STALE_AFTER) }
    }
}

/// The times at which something was seen.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// When the answer or event had come.
    pub at: Reading,
    /// The wall clock then.
    pub local: Timestamp,
    /// What the server's clock showed about then. To plan by, never to judge by.
    pub server: Option<Timestamp>,
}

/// What to do about a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Take it, in this form.
    Take(Form),
    /// Somebody holds it.
    Held {
        /// Who.
        record: Record,
        /// After so long, unchanged, it may be taken over.
        take_after: Option<Duration>,
        /// After so long a fresh read may show that it is free.
        read_after: Option<Duration>,
    },
    /// The object is being deleted.
    Terminating,
    /// The annotation is no record.
    Malformed(Malformed),
}

/// What one process has seen of a lock that it waits for.
#[derive(Debug, Clone, Hash)]
pub struct Observer {
    takeover: Takeover,
    observed: Option<Observed>,
}

#[derive(Debug, Clone, Hash)]
struct Observed {
    value: String,
    since: Reading,
}

impl Observer {
    /// Nothing has been seen yet.
    pub fn new(takeover: Takeover) -> Self {
        Self { takeover, observed: None }
    }

    /// Judges what a read or an event shows.
    ///
    /// An event carries no `Date`: by itself it lets nobody take a lock that was not given back,
    /// but it begins the time of observation.
    pub fn judge(&mut self, sight: &Sight, seen: Seen) -> Verdict {
        if sight.is_terminating {
            return Verdict::Terminating;
        }
        let Some(value) = sight.value.as_deref() else {
            let has_annotations = sight.has_annotations;
            return Verdict::Take(if has_annotations { Form::NewKey } else { Form::NewMap });
        };
        let since = self.observe(value, seen.at);
        match Record::decode(value) {
            Err(malformed) => Verdict::Malformed(malformed),
            Ok(record) => self.judge_record(record, value, sight.date, since, seen),
        }
    }

    /// Since when this value has been seen without a change.
    fn observe(&mut self, value: &str, at: Reading) -> Reading {
        match &self.observed {
            Some(observed) if observed.value == value || Mutant::KeepsObserving.is_on() => {
                observed.since
            }
            _ => {
                self.observed = Some(Observed { value: value.to_owned(), since: at });
                at
            }
        }
    }

    fn judge_record(
        &self,
        record: Record,
        value: &str,
        date: Option<Timestamp>,
        since: Reading,
        seen: Seen,
    ) -> Verdict {
        let ttl = ttl_of(&record);
        let ttl = if Mutant::ObservesHalf.is_on() { ttl / 2 } else { ttl };
        let left = ttl.checked_sub(seen.at.at_least_since(since));
        let date = if Mutant::ExtrapolatesDate.is_on() { seen.server.or(date) } else { date };
        let (may_take, take_after, free_at) = match self.takeover {
            Takeover::Observed { stale_after } => {
                let stale_after = stale_after.filter(|_| !Mutant::StaleAtOnce.is_on());
                let stale_after =
                    stale_after.or(Mutant::StaleAtOnce.is_on().then_some(Duration::ZERO));
                let stale_at = stale_after.map(|after| record.expires_at().saturating_add(after));
                let date = if Mutant::OwnWallClock.is_on() { Some(seen.local) } else { date };
                let is_stale = stale_at.zip(date).is_some_and(|(at, date)| at < date);
                let observed = left.is_none_or(|left| left.is_zero());
                (is_stale || observed, left, stale_at.zip(seen.server))
            }
            Takeover::WallClock { expiry, tolerance } => {
                let later = Record {
                    created_at: record.created_at.saturating_add(tolerance),
                    ..record.clone()
                };
                let clocks = Clocks { local: seen.local, server: date };
                let now = match expiry {
                    ExpiryRule::LocalClock => seen.local,
                    ExpiryRule::BothClocks => {
                        seen.server.map_or(seen.local, |server| server.min(seen.local))
                    }
                };
                (expiry.is_expired(&later, clocks), None, Some((later.expires_at(), now)))
            }
        };
        if may_take {
            return Verdict::Take(Form::Replace(value.to_owned()));
        }
        let read_after = free_at.map(|(at, now)| at.saturating_since(now) + DATE_GRAIN);
        Verdict::Held { record, take_after, read_after }
    }
}

/// The stored ttl counts; a negative one was over before it began.
fn ttl_of(record: &Record) -> Duration {
    Duration::from_nanos(u64::try_from(record.ttl_nanos).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp;
    use crate::testing::{at, sight};

    /// Stamped at 1000 s for ten.
    const BOBS: &str = crate::testing::BOBS;
    const RENEWED: &str = r#"{"owner":"bob","createdAt":"1970-01-01T00:16:45Z","ttl":10000000000}"#;

    fn read_at(seconds: u64) -> Reading {
        let span = Duration::from_secs(seconds);
        Reading { boot: span, monotonic: span }
    }

    fn seen(seconds: u64) -> Seen {
        Seen { at: read_at(seconds), local: at(i128::from(seconds)), server: None }
    }

    fn bobs(date: Option<i128>) -> Sight {
        Sight { date: date.map(at), ..sight(Some(BOBS)) }
    }

    fn may_take(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Take(Form::Replace(value)) if value == BOBS)
    }

    fn observed(stale_after: Option<u64>) -> Observer {
        let stale_after = stale_after.map(Duration::from_secs);
        Observer::new(Takeover::Observed { stale_after })
    }

    #[test]
    fn a_waiter_takes_over_only_after_it_saw_the_same_record_for_the_whole_ttl() {
        let mut observer = observed(None);
        let verdict = observer.judge(&bobs(Some(9_000)), seen(5_000));
        assert!(
            matches!(verdict, Verdict::Held { take_after: Some(left), .. } if left == Duration::from_secs(10)),
            "{verdict:?}"
        );
        let verdict = observer.judge(&bobs(Some(9_009)), seen(5_009));
        assert!(
            matches!(verdict, Verdict::Held { take_after: Some(left), .. } if left == Duration::from_secs(1))
        );
        assert!(may_take(&observer.judge(&bobs(Some(9_010)), seen(5_010))));
    }

    #[test]
    fn a_renewed_record_is_observed_anew() {
        let mut observer = observed(None);
        observer.judge(&bobs(None), seen(0));
        observer.judge(&sight(Some(RENEWED)), seen(5));
        assert!(!may_take(&observer.judge(&bobs(None), seen(11))));
        assert!(matches!(observer.judge(&sight(Some(RENEWED)), seen(12)), Verdict::Held { .. }));
    }

    #[test]
    fn observation_counts_by_the_clock_that_counts_less() {
        let mut observer = observed(None);
        observer.judge(&bobs(None), seen(0));
        let at = Reading { boot: Duration::from_mins(1), monotonic: Duration::from_secs(9) };
        assert!(!may_take(&observer.judge(&bobs(None), Seen { at, ..seen(60) })));
    }

    #[test]
    fn the_long_dead_are_known_by_the_date_of_the_very_read_and_by_nothing_else() {
        let mut observer = observed(Some(60));
        // Expired at 1010; the wall clock here is far ahead.
        assert!(!may_take(&observer.judge(&bobs(Some(1_070)), seen(9_000))));
        assert!(may_take(&observer.judge(&bobs(Some(1_071)), seen(9_000))));
        assert!(!may_take(&observed(Some(60)).judge(&bobs(None), seen(9_000))), "an event");
        assert!(!may_take(&observed(None).judge(&bobs(Some(9_000)), seen(9_000))), "switched off");
    }

    #[test]
    fn servers_may_differ_by_two_seconds_less_than_stale_after() {
        // Bob wrote it just before 1002: the earliest stamp that is let pass.
        assert!(!stamp::is_off(at(1_000), at(1_001), Duration::ZERO));
        assert!(stamp::is_off(at(1_000), at(1_002), Duration::ZERO));
        // By a clock that is slow by a tenth, his hold lasts for the whole ttl: until 1012.
        let last_date = |ahead: i128| bobs(Some(1_011 + ahead));
        for ahead in 0..=58 {
            assert!(!may_take(&observed(Some(60)).judge(&last_date(ahead), seen(0))), "{ahead}");
        }
        assert!(may_take(&observed(Some(60)).judge(&last_date(60), seen(0))));
    }

    #[test]
    fn a_read_is_planned_for_when_the_record_will_be_long_dead() {
        let mut observer = observed(Some(60));
        let seen = Seen { server: Some(at(1_005)), ..seen(0) };
        let Verdict::Held { read_after, .. } = observer.judge(&bobs(Some(1_005)), seen) else {
            panic!("it is held");
        };
        assert_eq!(read_after, Some(Duration::from_secs(66)));
    }

    #[test]
    fn by_wall_clock_both_clocks_must_be_past_the_tolerance() {
        let rule = |tolerance| Takeover::WallClock {
            expiry: ExpiryRule::BothClocks,
            tolerance: Duration::from_secs(tolerance),
        };
        let judge = |rule, local, date| Observer::new(rule).judge(&bobs(Some(date)), seen(local));
        assert!(may_take(&judge(rule(0), 1_011, 1_011)));
        assert!(!may_take(&judge(rule(0), 1_011, 1_010)));
        assert!(!may_take(&judge(rule(0), 1_010, 1_011)));
        assert!(!may_take(&judge(rule(5), 1_015, 1_015)));
        assert!(may_take(&judge(rule(5), 1_016, 1_016)));
    }

    #[test]
    fn by_the_local_clock_alone_the_servers_date_does_not_count() {
        let rule =
            Takeover::WallClock { expiry: ExpiryRule::LocalClock, tolerance: Duration::ZERO };
        assert!(may_take(&Observer::new(rule).judge(&bobs(Some(0)), seen(1_011))));
    }

    #[test]
    fn a_ttl_that_is_not_positive_was_over_before_it_began() {
        let zero = r#"{"owner":"","createdAt":"2999-01-01T00:00:00Z","ttl":-5}"#;
        let verdict = observed(None).judge(&sight(Some(zero)), seen(0));
        assert_eq!(verdict, Verdict::Take(Form::Replace(zero.into())));
    }

    #[test]
    fn what_is_free_is_taken_in_the_form_that_fits_and_what_dies_or_is_malformed_is_not() {
        let mut observer = observed(None);
        assert_eq!(observer.judge(&sight(None), seen(0)), Verdict::Take(Form::NewKey));
        let bare = Sight { has_annotations: false, ..sight(None) };
        assert_eq!(observer.judge(&bare, seen(0)), Verdict::Take(Form::NewMap));
        let dying = Sight { is_terminating: true, ..sight(None) };
        assert_eq!(observer.judge(&dying, seen(0)), Verdict::Terminating);
        assert!(matches!(observer.judge(&sight(Some("")), seen(0)), Verdict::Malformed(_)));
    }
}
