//! Mixes of what goes wrong, each hard on other rules.

use std::time::Duration;

use kubelock::{HoldOptions, Takeover};

use super::clocks::{Flaws, RIGHT_RATE};
use super::dice::Dice;

/// A mix of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Profile {
    /// Requests and answers get lost, come late, or are refused.
    Network,
    /// Requests and answers are slow.
    Slow,
    /// Clocks differ in rate, by as much as the margin bears.
    Drift,
    /// Wall clocks are wrong, and step.
    Skew,
    /// The `Date`s of the API servers differ.
    Dates,
    /// Go peers and callers by wall clock, with clocks that agree.
    Honest,
    /// Processes are stopped, suspended and killed.
    Halts,
    /// Records are removed, objects deleted and made again, webhooks meddle.
    Outsiders,
    /// Clients that repeat requests by themselves.
    Retries,
    /// A bit of everything.
    Mixed,
}

/// Who may take a lock over, by which clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Observed, or long dead by the server's clock.
    Observed,
    /// The own wall clock and the server's.
    BothClocks,
    /// The own wall clock alone: also the Go package's rule.
    LocalClock,
}

/// What a profile does, as numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits {
    /// So many requests in a thousand are spoiled.
    pub(crate) spoiled: u64,
    /// Of those, so many parts in a thousand are slow instead.
    pub(crate) slow: u64,
    /// Of the writes that take a lock and are spoiled, so many in a thousand come late.
    pub(crate) late: u64,
    /// Seconds between halts of processes, on average; zero for never.
    pub(crate) halts: u64,
    /// So many requests in a thousand are under way when their process is halted.
    pub(crate) struck: u64,
    /// The same for restarts of API servers, and for what outsiders do.
    pub(crate) restarts: u64,
    pub(crate) outsiders: u64,
    /// So many writes in a thousand a webhook meddles with.
    pub(crate) webhook: u64,
    /// So many clients in a thousand repeat requests by themselves.
    pub(crate) repeating: u64,
    pub(crate) has_drift: bool,
    /// The largest error of a wall clock.
    pub(crate) wall_millis: u64,
    /// The largest error of a `Date`.
    pub(crate) date_millis: u64,
}

const QUIET: Traits = Traits {
    spoiled: 100,
    slow: 200,
    late: 0,
    halts: 0,
    struck: 0,
    restarts: 0,
    outsiders: 0,
    webhook: 0,
    repeating: 0,
    has_drift: false,
    wall_millis: 0,
    date_millis: 0,
};

const HOUR_MILLIS: u64 = 3_600_000;
/// Two such rates differ by less than a tenth.
const SLOW_RATE: u64 = 953_000;
const FAST_RATE: u64 = 1_048_000;

impl Profile {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Network,
        Self::Slow,
        Self::Drift,
        Self::Skew,
        Self::Dates,
        Self::Honest,
        Self::Halts,
        Self::Outsiders,
        Self::Retries,
        Self::Mixed,
    ];

    /// The profile of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// Its name.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// The one that a seed goes with, unless another is asked for.
    pub fn of(seed: u64) -> Self {
        let index = usize::try_from(seed % Self::ALL.len() as u64).unwrap_or(0);
        Self::ALL[index]
    }

    pub(crate) fn traits(self) -> Traits {
        match self {
            Self::Network => Traits { spoiled: 300, restarts: 200, wall_millis: 2_000, ..QUIET },
            Self::Slow => Traits {
                spoiled: 350,
                slow: 800,
                halts: 60,
                struck: 5,
                wall_millis: 2_000,
                ..QUIET
            },
            Self::Drift => {
                Traits { spoiled: 150, slow: 600, halts: 20, struck: 15, has_drift: true, ..QUIET }
            }
            Self::Skew => Traits { spoiled: 150, struck: 5, wall_millis: HOUR_MILLIS, ..QUIET },
            Self::Dates => Traits { wall_millis: 120_000, date_millis: 25_000, ..QUIET },
            Self::Honest => Traits {
                spoiled: 150,
                restarts: 400,
                halts: 30,
                struck: 10,
                wall_millis: HOUR_MILLIS,
                ..QUIET
            },
            Self::Halts => {
                Traits { spoiled: 120, halts: 30, struck: 40, wall_millis: 5_000, ..QUIET }
            }
            Self::Outsiders => {
                Traits { spoiled: 200, outsiders: 10, webhook: 50, late: 500, ..QUIET }
            }
            Self::Retries => Traits {
                spoiled: 250,
                restarts: 300,
                repeating: 700,
                struck: 5,
                late: 400,
                ..QUIET
            },
            Self::Mixed => Traits {
                spoiled: 200,
                halts: 60,
                struck: 15,
                restarts: 200,
                outsiders: 60,
                webhook: 2,
                repeating: 200,
                has_drift: true,
                wall_millis: 90_000,
                date_millis: 4_000,
                ..QUIET
            },
        }
    }

    /// How far the `Date`s of the API servers are ahead.
    pub(crate) fn front_skews(self, dice: &Dice) -> Vec<i64> {
        let most = self.traits().date_millis;
        (0..2).map(|_| off_by(dice, most)).collect()
    }

    /// The clocks of a machine on which the library runs.
    pub(crate) fn flaws(self, dice: &Dice) -> Flaws {
        let traits = self.traits();
        let rates: &[u64] = if traits.has_drift {
            &[SLOW_RATE, SLOW_RATE, RIGHT_RATE, FAST_RATE, FAST_RATE]
        } else {
            &[RIGHT_RATE]
        };
        Flaws { ahead_millis: self.wall_error(dice), rate: dice.pick(rates) }
    }

    /// Of a Go peer: right where it is to be exact.
    pub(crate) fn go_flaws(self, dice: &Dice) -> Flaws {
        if self == Self::Honest { Flaws::NONE } else { self.flaws(dice) }
    }

    /// How far a wall clock is ahead, before or after a step.
    pub(crate) fn wall_error(self, dice: &Dice) -> i64 {
        let most = self.traits().wall_millis;
        match dice.below(3) {
            0 => 0,
            1 => off_by(dice, most.min(3_000)),
            _ => off_by(dice, most),
        }
    }

    /// Whether who takes over by this rule may rob a holder here, as the guarantees have it.
    pub(crate) fn may_rob(self, rule: Rule) -> bool {
        let traits = self.traits();
        let dates_agree = traits.date_millis == 0 && !traits.has_drift;
        match rule {
            Rule::Observed => false,
            Rule::BothClocks => !dates_agree,
            Rule::LocalClock => self != Self::Honest,
        }
    }

    /// What part of its ttl, in hundredths, one who holds by a record alone can count on.
    pub(crate) fn plain_hundredths(self) -> u32 {
        if self.traits().has_drift { 90 } else { 100 }
    }

    /// How a hold takes over here. Fronts differ by less than `stale_after`.
    pub(crate) fn takeover(self, dice: &Dice, may_wait: bool) -> Takeover {
        let minute = Some(Takeover::STALE_AFTER);
        let short = Some(Takeover::STALE_AFTER_MIN);
        let stale_after = match (self, dice.below(3)) {
            (_, 0) if may_wait => None,
            (Self::Dates, _) | (_, 0 | 1) => minute,
            _ => short,
        };
        let by_clock = if self == Self::Honest { 500 } else { 150 };
        if dice.chance(by_clock) {
            let expiry = kubelock::ExpiryRule::BothClocks;
            let tolerance = dice.pick(&[Duration::ZERO, Duration::from_secs(2)]);
            return Takeover::WallClock { expiry, tolerance };
        }
        Takeover::Observed { stale_after }
    }

    /// Who waits, and how, is for the script: this is what the profile has to say of it.
    pub(crate) fn rule_of(options: &HoldOptions) -> Rule {
        match options.takeover {
            Takeover::Observed { .. } => Rule::Observed,
            Takeover::WallClock { expiry: kubelock::ExpiryRule::LocalClock, .. } => {
                Rule::LocalClock
            }
            Takeover::WallClock { .. } => Rule::BothClocks,
        }
    }
}

fn off_by(dice: &Dice, most_millis: u64) -> i64 {
    let ahead = dice.below(2 * most_millis + 1);
    i64::try_from(ahead).unwrap_or(0) - i64::try_from(most_millis).unwrap_or(0)
}
