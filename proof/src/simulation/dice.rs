//! Randomness from one seed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The step of `SplitMix64`.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of numbers that its seed decides.
#[derive(Debug)]
pub(crate) struct Dice {
    state: AtomicU64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(mixed(seed ^ STEP)) }
    }

    /// Another stream: what draws from the one does not change what comes of the other.
    pub(crate) fn fork(&self) -> Self {
        Self::new(self.next())
    }

    pub(crate) fn next(&self) -> u64 {
        mixed(self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP))
    }

    /// Less than `end`; zero if that is.
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// True so often in a thousand times.
    pub(crate) fn chance(&self, permille: u64) -> bool {
        self.below(1_000) < permille
    }

    /// At least `least`, and less than `most`, by whole milliseconds.
    pub(crate) fn span(&self, least: Duration, most: Duration) -> Duration {
        let width = u64::try_from(most.saturating_sub(least).as_millis()).unwrap_or(u64::MAX);
        least + Duration::from_millis(self.below(width))
    }

    pub(crate) fn millis(&self, least: u64, most: u64) -> Duration {
        self.span(Duration::from_millis(least), Duration::from_millis(most))
    }

    pub(crate) fn secs(&self, least: u64, most: u64) -> Duration {
        self.span(Duration::from_secs(least), Duration::from_secs(most))
    }

    /// One of them. There must be one.
    pub(crate) fn pick<T: Copy>(&self, of: &[T]) -> T {
        let index = usize::try_from(self.below(of.len() as u64)).unwrap_or(0);
        of[index]
    }

    /// The thing whose weight the die falls on. There must be one that weighs anything.
    pub(crate) fn weighed<T: Copy>(&self, of: &[(T, u64)]) -> T {
        let mut left = self.below(of.iter().map(|(_, weight)| weight).sum());
        for (thing, weight) in of {
            if left < *weight {
                return *thing;
            }
            left -= weight;
        }
        of[0].0
    }
}

fn mixed(seed: u64) -> u64 {
    let x = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_stream() {
        let draw = |seed| (0..8).map(|_| Dice::new(seed).next()).collect::<Vec<_>>();
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn what_weighs_nothing_is_never_picked() {
        let dice = Dice::new(1);
        assert!((0..1_000).all(|_| dice.weighed(&[('a', 0), ('b', 3), ('c', 1)]) != 'a'));
    }
}
