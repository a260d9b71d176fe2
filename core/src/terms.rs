//! How long a hold is valid, when it is renewed, and how long each call of it may take.

use std::time::Duration;

use thiserror::Error;

use crate::mutant::Mutant;
use crate::ttl::{DisplayNanos, InvalidTtl, Ttl};

/// Below this, requests and clocks are too slow for a hold.
const TTL_MIN: Duration = Duration::from_secs(3);
const MARGIN_MIN: Duration = Duration::from_millis(500);
/// Clocks may differ in rate by so many parts of the ttl.
const MARGIN_PARTS: u32 = 10;
const RENEWALS_A_TTL: u32 = 3;
const CALLS_A_TTL: u32 = 6;
/// A call gains nothing by waiting longer than this for a server.
const CALL_DEFAULT_MAX: Duration = Duration::from_secs(10);
/// After a failure the next renewal comes in this part of the ttl.
const RETRIES_A_TTL: u32 = 30;
const RETRY_MAX: Duration = Duration::from_secs(1);

/// The durations of one hold, checked to fit into each other.
///
/// # Units
/// Durations. The ttl is what the record says; the hold is valid for less.
///
/// # Examples
/// ```
/// use kubelock_core::terms::Terms;
/// use std::time::Duration;
///
/// let terms = Terms::new(Duration::from_secs(30), None, None)?;
/// assert_eq!(terms.margin(), Duration::from_secs(3));
/// assert_eq!(terms.validity(), Duration::from_secs(27));
/// assert_eq!(terms.call(), Duration::from_secs(5));
/// # Ok::<(), kubelock_core::terms::InvalidTerms>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Terms {
    ttl: Ttl,
    margin: Duration,
    call: Duration,
}

impl Terms {
    /// Checks that renewals, each as long as a call may take, fit in before the hold ends.
    ///
    /// The margin is a tenth of the ttl and at least 500 ms unless a larger one is asked for; a
    /// call may take a sixth of the ttl, and at most 10 s unless asked for.
    ///
    /// # Errors
    /// [`InvalidTerms`], which names what does not fit and what would.
    pub fn new(
        ttl: Duration,
        margin: Option<Duration>,
        call: Option<Duration>,
    ) -> Result<Self, InvalidTerms> {
        if ttl < TTL_MIN {
            return Err(InvalidTerms::ShortTtl { given: ttl });
        }
        let call_max = ttl / CALLS_A_TTL;
        let call = call.unwrap_or(call_max.min(CALL_DEFAULT_MAX));
        if call.is_zero() || call > call_max {
            return Err(InvalidTerms::Call { given: call, most: call_max });
        }
        let least = Self::least_margin(ttl);
        let most = ttl.saturating_sub(ttl / RENEWALS_A_TTL).saturating_sub(call);
        let margin = margin.unwrap_or(least);
        if margin < least || margin > most {
            return Err(InvalidTerms::Margin { given: margin, least, most });
        }
        Ok(Self { ttl: Ttl::new(ttl)?, margin, call })
    }

    /// What clocks that differ in rate need: a tenth of the ttl, at least 500 ms.
    pub fn least_margin(ttl: Duration) -> Duration {
        (ttl / MARGIN_PARTS).max(MARGIN_MIN)
    }

    /// What the record says.
    pub fn ttl(&self) -> Ttl {
        self.ttl
    }

    /// So much earlier than the record the hold ends.
    pub fn margin(&self) -> Duration {
        self.margin
    }

    /// How long a confirmed record keeps the hold valid.
    pub fn validity(&self) -> Duration {
        if Mutant::NoMargin.is_on() {
            return self.ttl.duration();
        }
        self.ttl.duration().saturating_sub(self.margin)
    }

    /// How long one call may take, all attempts together.
    pub fn call(&self) -> Duration {
        self.call
    }

    /// How long after a record was stamped it is renewed: a third of the ttl, and up to a tenth
    /// of that sooner, as `random` says, so that holds that began together drift apart.
    pub fn renew_after(&self, random: u64) -> Duration {
        let third = self.ttl.duration() / RENEWALS_A_TTL;
        third.saturating_sub(part(third / 10, random))
    }

    /// How long after a failed renewal the next one comes.
    pub fn retry_after(&self, random: u64) -> Duration {
        let pause = (self.ttl.duration() / RETRIES_A_TTL).min(RETRY_MAX);
        spread(pause, random)
    }
}

/// `span`, less up to a half of it: so that what failed together is not tried again together.
pub fn spread(span: Duration, random: u64) -> Duration {
    span.saturating_sub(part(span / 2, random))
}

/// A random part of `span`.
pub fn part(span: Duration, random: u64) -> Duration {
    let nanos = span.as_nanos() * u128::from(random) / u128::from(u64::MAX);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Durations that do not fit into each other.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidTerms {
    /// Shorter than a hold can be.
    #[error("a ttl of {given:?} is too short for a hold: the least is {TTL_MIN:?}")]
    ShortTtl {
        /// What was asked for.
        given: Duration,
    },
    /// A call would outlast what the hold can wait for.
    #[error(
        "a deadline of {given:?} for each call does not fit the ttl: up to a sixth of it, {most:?}, does"
    )]
    Call {
        /// What was asked for.
        given: Duration,
        /// The longest.
        most: Duration,
    },
    /// Renewals would come too late, or clocks that differ in rate would not be borne.
    #[error("a margin of {given:?} does not fit the ttl: {least:?} to {most:?} does")]
    Margin {
        /// What was asked for.
        given: Duration,
        /// The least.
        least: Duration,
        /// The most.
        most: Duration,
    },
    /// Longer than a record can hold.
    #[error(transparent)]
    LongTtl(#[from] InvalidTtl),
}

impl std::fmt::Display for Terms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nanos =
            |span: Duration| DisplayNanos(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX));
        write!(f, "{}, valid for {}", self.ttl, nanos(self.validity()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_least_ttl_leaves_room_for_everything() {
        let terms = Terms::new(secs(3), None, None).unwrap();
        assert_eq!(terms.margin(), Duration::from_millis(500));
        assert_eq!(terms.call(), Duration::from_millis(500));
        assert!(matches!(
            Terms::new(Duration::from_millis(2_999), None, None),
            Err(InvalidTerms::ShortTtl { .. })
        ));
    }

    #[test]
    fn a_call_takes_a_sixth_of_the_ttl_at_most() {
        assert!(Terms::new(secs(30), None, Some(secs(5))).is_ok());
        for call in [Duration::ZERO, Duration::from_millis(5_001)] {
            assert!(matches!(
                Terms::new(secs(30), None, Some(call)),
                Err(InvalidTerms::Call { .. })
            ));
        }
    }

    #[test]
    fn a_margin_may_be_larger_as_long_as_a_renewal_fits_before_it() {
        assert!(Terms::new(secs(30), Some(secs(10)), None).is_ok());
        for margin in [2, 16] {
            assert!(matches!(
                Terms::new(secs(30), Some(secs(margin)), None),
                Err(InvalidTerms::Margin { .. })
            ));
        }
    }

    proptest! {
        #[test]
        fn a_renewal_that_takes_as_long_as_it_may_is_over_before_the_hold_is(
            ttl in 3_000_u64..100_000_000, margin in proptest::option::of(0_u64..100_000_000),
            call in proptest::option::of(0_u64..20_000_000), random: u64,
        ) {
            let millis = Duration::from_millis;
            if let Ok(terms) = Terms::new(millis(ttl), margin.map(millis), call.map(millis)) {
                prop_assert!(terms.renew_after(random) + terms.call() <= terms.validity());
                prop_assert!(terms.renew_after(random) + millis(1) >= millis(ttl) / 3 * 9 / 10);
                prop_assert!(terms.validity() + Terms::least_margin(millis(ttl)) <= millis(ttl));
            }
        }
    }
}
