//! Who worked when, by the beats alone.

use std::collections::BTreeMap;
use std::time::Duration;

use testkit::beat::Beat;

/// All that was done under one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tenure {
    pub(super) token: u64,
    pub(super) who: String,
    pub(super) first_nanos: u64,
    pub(super) last_nanos: u64,
    pub(super) beats: usize,
}

/// Two tenures that were not one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Overlap {
    pub(super) earlier: Tenure,
    pub(super) later: Tenure,
    pub(super) by: Duration,
}

/// What the log shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// In the order of their tokens.
    pub(super) tenures: Vec<Tenure>,
    /// Whose last beat, by its instant, does not lie before the first of a larger token.
    pub(super) overlaps: Vec<Overlap>,
    /// Beats that stand in the log behind one of a larger token.
    pub(super) late: Vec<Beat>,
    /// Beats of one who used another's token.
    pub(super) strange: Vec<Beat>,
}

impl Verdict {
    pub(super) fn is_exclusive(&self) -> bool {
        self.overlaps.is_empty() && self.late.is_empty() && self.strange.is_empty()
    }

    /// How long it was from the last beat of the one to the first of the other.
    ///
    /// Nothing for one that had the lock without knowing, and then again, after the other.
    pub(super) fn rest_between(&self, one: &str, next: &str) -> Option<Duration> {
        let of = |who| self.tenures.iter().find(|tenure| tenure.who == who);
        let (one, next) = (of(one)?, of(next)?);
        let rest = Duration::from_nanos(next.first_nanos.saturating_sub(one.last_nanos));
        (one.token < next.token).then_some(rest)
    }
}

/// Judges a log, in its order.
pub(super) fn judge(beats: &[Beat]) -> Verdict {
    let mut tenures: BTreeMap<u64, Tenure> = BTreeMap::new();
    let (mut late, mut strange, mut largest) = (Vec::new(), Vec::new(), 0);
    for beat in beats {
        let tenure = tenures.entry(beat.token).or_insert_with(|| Tenure::new(beat));
        tenure.add(beat);
        if tenure.who != beat.who {
            strange.push(beat.clone());
        }
        if beat.token < largest {
            late.push(beat.clone());
        }
        largest = largest.max(beat.token);
    }
    let tenures: Vec<Tenure> = tenures.into_values().collect();
    Verdict { overlaps: overlaps(&tenures), tenures, late, strange }
}

/// Each tenure that reaches into a later one, with the one it reaches farthest into.
fn overlaps(tenures: &[Tenure]) -> Vec<Overlap> {
    let reach = |(index, earlier): (usize, &Tenure)| {
        let later = tenures[index + 1..].iter().min_by_key(|later| later.first_nanos)?;
        let by = earlier.last_nanos.checked_sub(later.first_nanos)?;
        let by = Duration::from_nanos(by);
        Some(Overlap { earlier: earlier.clone(), later: later.clone(), by })
    };
    tenures.iter().enumerate().filter_map(reach).collect()
}

impl Tenure {
    fn new(beat: &Beat) -> Self {
        let Beat { at_nanos, token, who, .. } = beat;
        let (first_nanos, last_nanos) = (*at_nanos, *at_nanos);
        Self { token: *token, who: who.clone(), first_nanos, last_nanos, beats: 0 }
    }

    fn add(&mut self, beat: &Beat) {
        self.first_nanos = self.first_nanos.min(beat.at_nanos);
        self.last_nanos = self.last_nanos.max(beat.at_nanos);
        self.beats += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Instant, token and name of each beat.
    fn judged(beats: &[(u64, u64, &str)]) -> Verdict {
        let beat =
            |&(at_nanos, token, who): &_| Beat { at_nanos, token, who: str::to_owned(who), pid: 1 };
        judge(&beats.iter().map(beat).collect::<Vec<_>>())
    }

    #[test]
    fn tenures_one_after_the_other_are_exclusive() {
        let verdict = judged(&[(1, 7, "a"), (2, 7, "a"), (3, 9, "b"), (4, 12, "a")]);
        assert!(verdict.is_exclusive(), "{verdict:?}");
        let tokens: Vec<u64> = verdict.tenures.iter().map(|tenure| tenure.token).collect();
        assert_eq!((tokens, verdict.tenures[0].beats), (vec![7, 9, 12], 2));
    }

    #[test]
    fn a_beat_between_two_of_another_token_is_an_overlap() {
        let verdict = judged(&[(10, 7, "a"), (20, 9, "b"), (50, 7, "a"), (60, 9, "b")]);
        assert!(!verdict.is_exclusive());
        let [overlap] = &verdict.overlaps[..] else { panic!("{verdict:?}") };
        assert_eq!((overlap.earlier.token, overlap.later.token), (7, 9));
        assert_eq!(overlap.by, Duration::from_nanos(30));
        assert_eq!(verdict.late.len(), 1);
    }

    #[test]
    fn a_token_that_shrinks_is_an_overlap() {
        let verdict = judged(&[(1, 9, "a"), (2, 7, "b")]);
        assert_eq!((verdict.overlaps.len(), verdict.late.len()), (1, 1));
    }

    #[test]
    fn beats_that_were_written_late_are_no_better_than_late_beats() {
        let verdict = judged(&[(1, 7, "a"), (3, 9, "b"), (2, 7, "a")]);
        assert_eq!((verdict.overlaps.len(), verdict.late.len()), (0, 1));
        let verdict = judged(&[(1, 7, "a"), (3, 7, "a"), (2, 9, "b")]);
        assert_eq!((verdict.overlaps.len(), verdict.late.len()), (1, 0));
    }

    #[test]
    fn a_tenure_that_reaches_over_the_next_one_reaches_into_it() {
        let verdict = judged(&[(1, 7, "a"), (2, 9, "b"), (3, 12, "c"), (4, 7, "a")]);
        let [overlap] = &verdict.overlaps[..] else { panic!("{verdict:?}") };
        assert_eq!((overlap.earlier.token, overlap.later.token), (7, 9));
    }

    #[test]
    fn a_token_is_one_contenders() {
        let verdict = judged(&[(1, 7, "a"), (2, 7, "b")]);
        assert_eq!(verdict.strange.len(), 1);
        assert!(!verdict.is_exclusive());
    }
}
