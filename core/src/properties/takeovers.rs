//! Taking over, whatever was seen and whenever.

use std::time::Duration;

use proptest::prelude::*;

use crate::claimant::{Claimant, Decision, decide};
use crate::expiry::{Clocks, ExpiryRule};
use crate::reading::Reading;
use crate::record::{HoldId, Record};
use crate::takeover::{Observer, Seen, Takeover, Verdict};
use crate::testing::{at, sight};
use crate::ttl::Ttl;

/// One thing seen: which record, by a read with this `Date` or by an event, after how long.
#[derive(Debug, Clone)]
struct Glimpse {
    record: usize,
    date: Option<i128>,
    local: i128,
    boot: u64,
    asleep: u64,
}

prop_compose! {
    fn any_glimpse()(
        record in 0..2_usize, date in prop::option::of(990..1_100_i128), local in 900..1_200_i128,
        boot in 0..8_000_u64, asleep in 0..3_000_u64,
    ) -> Glimpse {
        Glimpse { record, date, local, boot, asleep: asleep.min(boot) }
    }
}

fn records() -> [Record; 2] {
    let record = |owner: &str, seconds| {
        Record::new(owner, at(seconds), Ttl::new(Duration::from_secs(10)).unwrap())
    };
    [record("bob", 1_000), record("carol", 1_003)]
}

/// Judges each in turn: what was said, and for how long the same record had been seen by then.
fn judged(takeover: Takeover, glimpses: &[Glimpse]) -> Vec<(bool, Duration)> {
    let mut observer = Observer::new(takeover);
    let mut now = Reading::default();
    let mut since: Option<(usize, Reading)> = None;
    let judge = |glimpse: &Glimpse| {
        now.boot += Duration::from_millis(glimpse.boot);
        now.monotonic += Duration::from_millis(glimpse.boot - glimpse.asleep);
        let first = match since {
            Some((record, first)) if record == glimpse.record => first,
            _ => now,
        };
        since = Some((glimpse.record, first));
        let mut shown = sight(Some(&records()[glimpse.record].encode()));
        shown.date = glimpse.date.map(at);
        let seen = Seen { at: now, local: at(glimpse.local), server: None };
        let takes = matches!(observer.judge(&shown, seen), Verdict::Take(_));
        let awake = now.monotonic.saturating_sub(first.monotonic);
        (takes, now.boot.saturating_sub(first.boot).min(awake))
    };
    glimpses.iter().map(judge).collect()
}

proptest! {
    #[test]
    fn a_record_is_taken_over_just_when_it_was_seen_unchanged_for_its_whole_ttl(
        glimpses in prop::collection::vec(any_glimpse(), 1..12),
    ) {
        let takeover = Takeover::Observed { stale_after: None };
        for (takes, seen_for) in judged(takeover, &glimpses) {
            prop_assert_eq!(takes, seen_for >= Duration::from_secs(10));
        }
    }

    #[test]
    fn the_shortcut_opens_just_when_the_reads_own_date_is_late_enough(
        glimpses in prop::collection::vec(any_glimpse(), 1..12), stale_after in 10..60_u64,
    ) {
        let stale_after = Duration::from_secs(stale_after);
        let takeover = Takeover::Observed { stale_after: Some(stale_after) };
        let verdicts = judged(takeover, &glimpses);
        for (glimpse, (takes, seen_for)) in glimpses.iter().zip(verdicts) {
            let dead = records()[glimpse.record].expires_at().saturating_add(stale_after);
            let is_stale = glimpse.date.is_some_and(|date| at(date) > dead);
            prop_assert_eq!(takes, is_stale || seen_for >= Duration::from_secs(10));
        }
    }

    #[test]
    fn by_the_clocks_a_record_is_taken_over_just_when_all_that_count_are_past_it(
        glimpse in any_glimpse(), tolerance in 0..30_u64, both: bool,
    ) {
        let expiry = if both { ExpiryRule::BothClocks } else { ExpiryRule::LocalClock };
        let tolerance = Duration::from_secs(tolerance);
        let dead = records()[glimpse.record].expires_at().saturating_add(tolerance);
        let by_server = glimpse.date.is_some_and(|date| at(date) > dead);
        let expected = at(glimpse.local) > dead && (by_server || !both);
        let verdicts = judged(Takeover::WallClock { expiry, tolerance }, &[glimpse]);
        prop_assert_eq!(verdicts[0].0, expected);
    }

    #[test]
    fn a_lock_is_ones_own_just_when_it_lives_and_bears_ones_label_or_id(
        owner in "[ab]", hold in prop::option::of("[xy]"), by_id: bool, spare_holds: bool,
        local in 1_000..1_020_i128, date in 1_000..1_020_i128,
    ) {
        let mut record = Record { owner: owner.clone(), ..records()[0].clone() };
        record.hold = hold.as_ref().map(|id| HoldId::new(id.as_str()).unwrap());
        let id = HoldId::new("x").unwrap();
        let claimant =
            if by_id { Claimant::Hold(&id) } else { Claimant::Owner { owner: "a", spare_holds } };
        let clocks = Clocks { local: at(local), server: Some(at(date)) };
        let decision = decide(Some(&record.encode()), claimant, ExpiryRule::BothClocks, clocks);
        let is_own = if by_id {
            hold.as_deref() == Some("x")
        } else {
            owner == "a" && !(spare_holds && hold.is_some())
        };
        let lives = local.min(date) <= 1_010;
        prop_assert_eq!(matches!(decision, Decision::Own(_)), lives && is_own);
        prop_assert_eq!(matches!(decision, Decision::NotFound(Some(_))), !lives);
    }
}
