//! What goes wrong in a round.

use std::time::Duration;

use super::contender::TTL;
use super::dice::Dice;

/// Whether the second process does its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    On,
    /// What befalls the first process befalls the second one too.
    Off,
}

/// What befalls a holder, or everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Nothing,
    KillFirst,
    /// For longer than the lock lasts.
    StopFirst,
    KillSecond,
    /// For a while, short or long.
    StopSecond,
    /// The holder's connections, for longer than the lock lasts.
    BlackHole,
    /// The same for a moment.
    Blink,
    /// The black hole, and the second process is stopped as well.
    BlackHoleStopSecond,
    /// Every connection of everybody breaks.
    CutAll,
    /// The same, and for a while nobody gets a new one.
    DownAll,
    /// Whoever takes the lock next, before its command has begun, for longer than the lock lasts.
    StopTaker,
}

/// Each with its weight; the ones that cost a whole ttl are the rarer ones.
const FAULTS: [(Fault, usize); 11] = [
    (Fault::Nothing, 44),
    (Fault::KillFirst, 9),
    (Fault::StopFirst, 9),
    (Fault::KillSecond, 7),
    (Fault::StopSecond, 6),
    (Fault::BlackHole, 7),
    (Fault::Blink, 3),
    (Fault::BlackHoleStopSecond, 3),
    (Fault::CutAll, 4),
    (Fault::DownAll, 3),
    (Fault::StopTaker, 5),
];

/// From which the second process alone protects.
const FAULTS_OF_THE_FIRST: [(Fault, usize); 3] =
    [(Fault::Nothing, 1), (Fault::KillFirst, 2), (Fault::StopFirst, 2)];

impl Fault {
    pub(super) fn draw(dice: &mut Dice, protection: Protection) -> Self {
        let faults: &[_] = match protection {
            Protection::On => &FAULTS,
            Protection::Off => &FAULTS_OF_THE_FIRST,
        };
        let mut rest = dice.below(faults.iter().map(|(_, weight)| weight).sum());
        let fits = |(_, weight): &&(Self, usize)| {
            let found = rest < *weight;
            rest = rest.saturating_sub(*weight);
            found
        };
        faults.iter().find(fits).map_or(Self::Nothing, |(fault, _)| *fault)
    }

    /// How long it lasts, where it does not last forever.
    pub(super) fn lasts(self, dice: &mut Dice) -> Duration {
        match self {
            Self::Nothing | Self::KillFirst | Self::KillSecond | Self::CutAll => Duration::ZERO,
            Self::Blink => dice.millis(100, 700),
            Self::DownAll => dice.millis(50, 400),
            Self::StopSecond => dice.millis(200, 2500),
            Self::StopFirst | Self::BlackHole | Self::BlackHoleStopSecond | Self::StopTaker => {
                TTL + dice.millis(500, 1500)
            }
        }
    }

    /// Whether the command is to be ended by it.
    pub(super) fn ends_the_command(self) -> bool {
        matches!(
            self,
            Self::KillFirst
                | Self::StopFirst
                | Self::KillSecond
                | Self::BlackHole
                | Self::BlackHoleStopSecond
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_comes_up_and_a_seed_brings_the_same_ones_again() {
        let drawn = |seed| {
            let mut dice = Dice::new(seed);
            (0..1000).map(|_| Fault::draw(&mut dice, Protection::On)).collect::<Vec<_>>()
        };
        assert!(FAULTS.iter().all(|(fault, _)| drawn(1).contains(fault)));
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
    }
}
