//! How far this machine's clock is from the server's, and what that means.

use std::time::Duration;

use super::diagnosis::Diagnosis;
use super::finding::Finding;
use crate::output::age;
use crate::query::Glimpse;

const SECOND: i128 = 1_000_000_000;
/// As the library, which warns from here on.
const NOTABLE: Duration = Duration::from_secs(5);
/// From here on the long dead cannot be told from the living by the clock alone.
const TOO_MUCH: Duration = Duration::from_mins(1);

/// How far this machine's clock is ahead, in nanoseconds, between two bounds.
///
/// `Date` is cut to seconds and old when it arrives, so it cannot be told exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    pub(super) least: i128,
    pub(super) most: i128,
}

impl Offset {
    /// The server read its clock after the request was sent and before it was answered.
    pub(super) fn of(glimpse: Glimpse) -> Self {
        let date = glimpse.date.unix_nanos();
        Self {
            least: glimpse.sent_at.unix_nanos() - (date + SECOND),
            most: glimpse.answered_at.unix_nanos() - date,
        }
    }

    /// What both allow; the later one alone if a clock was set meanwhile.
    pub(super) fn narrowed(self, later: Self) -> Self {
        let both = Self { least: self.least.max(later.least), most: self.most.min(later.most) };
        if both.least <= both.most { both } else { later }
    }

    /// By how much it is ahead, at least.
    fn ahead(self) -> Duration {
        duration(self.least)
    }

    /// By how much it is behind, at least.
    fn behind(self) -> Duration {
        duration(-self.most)
    }

    /// By how much it can be off.
    fn bound(self) -> Duration {
        duration(self.most.max(-self.least))
    }
}

/// Nothing for what is negative.
fn duration(nanos: i128) -> Duration {
    u64::try_from(nanos.max(0)).map_or(Duration::MAX, Duration::from_nanos)
}

/// Sends nothing: all answers until now carried the server's time.
pub(super) fn examine(diagnosis: &mut Diagnosis) {
    let finding = match diagnosis.offset {
        Some(offset) => finding(offset),
        None => {
            Finding::warning("clock", "the server tells no time, so nothing expires by its clock")
                .remedy("let proxies in front of the API server pass the header Date")
        }
    };
    diagnosis.add(finding);
}

fn finding(offset: Offset) -> Finding {
    let (ahead, behind) = (offset.ahead(), offset.behind());
    let off = ahead.max(behind);
    if off <= NOTABLE {
        let bound = offset.bound().as_secs_f64().max(0.1);
        return Finding::ok("clock", format!("at most {bound:.1} s from the server's"));
    }
    let words = if ahead > behind { words_ahead(off) } else { words_behind(off) };
    let finding = if off > TOO_MUCH {
        Finding::problem("clock", words)
    } else {
        Finding::warning("clock", words)
    };
    finding.remedy("synchronise this machine's clock, by NTP for example")
}

/// `run` observes, `acquire` needs both clocks to agree, the Go package goes by its own alone.
fn words_ahead(off: Duration) -> String {
    let off = age::human(off);
    format!(
        "{off} ahead of the server's: what acquire writes here lasts so much longer, should its \
         holder die, and a Go program here takes locks that are held; run goes by no clock"
    )
}

fn words_behind(off: Duration) -> String {
    let off = age::human(off);
    format!(
        "{off} behind the server's: acquire takes what has expired so much later, and others take \
         what a Go program here holds; run goes by no clock"
    )
}

#[cfg(test)]
mod tests {
    use kubelock::Timestamp;

    use super::super::finding::Verdict;
    use super::*;

    fn at(milliseconds: i128) -> Timestamp {
        Timestamp::from_unix_nanos(milliseconds * 1_000_000)
    }

    /// The server's second, and when it was asked and answered by this machine's clock.
    fn seen(second: i128, sent: i128, answered: i128) -> Offset {
        let (sent_at, answered_at) = (at(sent), at(answered));
        Offset::of(Glimpse { date: at(second * 1000), sent_at, answered_at })
    }

    #[test]
    fn a_date_that_is_cut_to_seconds_bounds_the_offset_and_further_ones_narrow_it() {
        let first = seen(100, 100_900, 100_920);
        assert_eq!((first.least, first.most), (-100_000_000, 920_000_000));
        let second = first.narrowed(seen(101, 101_010, 101_030));
        assert_eq!((second.least, second.most), (-100_000_000, 30_000_000));
        let stepped = seen(102, 200_000, 200_001);
        assert_eq!(second.narrowed(stepped), stepped);
    }

    #[test]
    fn only_what_is_surely_off_is_a_finding_and_its_size_decides() {
        let verdict = |offset: Offset| finding(offset).verdict;
        assert_eq!(verdict(seen(100, 100_000, 100_010)), Verdict::Ok);
        assert_eq!(verdict(seen(100, 90_000, 109_000)), Verdict::Ok);
        assert_eq!(verdict(seen(100, 106_100, 106_200)), Verdict::Warning);
        assert_eq!(verdict(seen(100, 94_000, 94_500)), Verdict::Warning);
        assert_eq!(verdict(seen(100, 162_000, 162_100)), Verdict::Problem);
        assert_eq!(verdict(seen(100, 30_000, 30_100)), Verdict::Problem);
    }

    #[test]
    fn what_is_said_of_a_clock_says_which_way_it_is_off() {
        assert!(finding(seen(100, 142_000, 142_100)).words.starts_with("41s ahead of"));
        assert!(finding(seen(100, 58_000, 58_100)).words.starts_with("41s behind"));
    }
}
