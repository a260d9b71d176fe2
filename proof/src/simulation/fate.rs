//! What becomes of one request.

use std::time::Duration;

use super::dice::Dice;
use super::fault::Fault;
use super::process::Process;
use super::request::Step;

/// No request lives longer: less than the minute that the library counts with.
const LATE_MAX: Duration = Duration::from_secs(40);

/// How the caller of a request that is lost hears of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hears {
    Nothing,
    Cut,
    Status(u16),
}

/// What becomes of a request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) fault: Option<Fault>,
    /// No connection comes about.
    pub(crate) is_refused: bool,
    /// How long it travels; `None` if it never arrives.
    pub(crate) out: Option<Duration>,
    /// How long its answer travels; `None` if that never arrives.
    pub(crate) back: Option<Duration>,
    /// What the caller hears instead of the answer, and after how long.
    pub(crate) instead: Option<(Hears, Duration)>,
    /// What a webhook does to the record on its way.
    pub(crate) meddling: Option<Fault>,
    /// What becomes of a watch once it is open.
    pub(crate) watch: Option<(Fault, Duration)>,
}

impl Fate {
    /// What the dice say.
    ///
    /// A write of which no trace is left (`is_traceless`) is not answered with a refusal that is
    /// none: only something that repeats requests does that, and with that nothing is promised.
    pub(crate) fn draw(process: &Process, step: Step, is_traceless: bool) -> Self {
        let (world, dice) = (&process.world, &process.dice);
        let traits = world.profile.traits();
        let way = || dice.millis(1, 8);
        let carried = Self {
            fault: None,
            is_refused: false,
            out: Some(way()),
            back: Some(way()),
            instead: None,
            meddling: None,
            watch: None,
        };
        if process.is_cut_off() {
            return carried.lost(Hears::Nothing, Fault::Outage);
        }
        if !world.has_faults() {
            return carried;
        }
        // What is rare is spoiled more often.
        let rare = matches!(step, Step::Restamp | Step::Removal | Step::Guarded | Step::Release);
        let often = if rare { traits.spoiled * 2 } else { traits.spoiled };
        let meddles = Fault::Alter.can_meet(step) && dice.chance(traits.webhook);
        if meddles {
            return carried.meddled(dice.pick(&[Fault::Alter, Fault::Drop]));
        }
        if !dice.chance(often) {
            return carried;
        }
        if dice.chance(traits.slow) {
            return carried.delayed(dice);
        }
        if step == Step::Watch && dice.chance(600) {
            return carried.watch_spoiled(dice);
        }
        carried.spoiled(dice, step, is_traceless)
    }

    fn lost(self, hears: Hears, fault: Fault) -> Self {
        Self { fault: Some(fault), out: None, instead: Some((hears, Duration::ZERO)), ..self }
    }

    fn meddled(self, how: Fault) -> Self {
        Self { fault: Some(how), meddling: Some(how), ..self }
    }

    /// Slow on its way, or its answer is.
    fn delayed(self, dice: &Dice) -> Self {
        let long = match dice.below(3) {
            0 => dice.millis(50, 500),
            1 => dice.millis(300, 3_000),
            _ => dice.millis(1_000, 12_000),
        };
        let slow = Self { fault: Some(Fault::Delay), ..self };
        if dice.chance(500) {
            Self { out: Some(long), ..slow }
        } else {
            Self { back: Some(long), ..slow }
        }
    }

    fn watch_spoiled(self, dice: &Dice) -> Self {
        let faults = [
            Fault::WatchCut,
            Fault::WatchEnd,
            Fault::ErrorEvent,
            Fault::Gone,
            Fault::Silence,
            Fault::LateEvents,
        ];
        let fault = dice.pick(&faults);
        Self { fault: Some(fault), watch: Some((fault, dice.millis(20, 20_000))), ..self }
    }

    fn spoiled(self, dice: &Dice, step: Step, is_traceless: bool) -> Self {
        let is_lie = |fault: &Fault| matches!(fault, Fault::After(409 | 429));
        let can_be = |it: &Fault| it.can_meet(step) && !(is_traceless && is_lie(it));
        let kinds: Vec<Fault> = SPOILERS.into_iter().filter(can_be).collect();
        let fault = dice.pick(&kinds);
        let spoiled = Self { fault: Some(fault), ..self };
        let soon = dice.millis(1, 400);
        let hears = dice.pick(&[Hears::Cut, Hears::Cut, Hears::Nothing]);
        let late = Some(match dice.below(3) {
            0 => dice.millis(100, 2_000),
            1 => dice.secs(1, 12),
            _ => dice.span(Duration::from_secs(5), LATE_MAX),
        });
        match fault {
            Fault::LostRequest => Self { out: None, instead: Some((hears, soon)), ..spoiled },
            Fault::LostReply => Self { back: None, instead: Some((hears, soon)), ..spoiled },
            Fault::Late => Self { out: late, back: None, instead: Some((hears, soon)), ..spoiled },
            Fault::LateGateway => {
                let hears = Hears::Status(dice.pick(&[500, 503, 504]));
                Self { out: late, back: None, instead: Some((hears, soon)), ..spoiled }
            }
            Fault::Refused => Self { is_refused: true, ..spoiled },
            Fault::Before(code) => {
                Self { out: None, instead: Some((Hears::Status(code), soon)), ..spoiled }
            }
            // The answer comes after the request has: both are on their way for so long.
            Fault::After(code) => {
                let after = soon + Duration::from_millis(10);
                Self { back: None, instead: Some((Hears::Status(code), after)), ..spoiled }
            }
            _ => spoiled,
        }
    }
}

const SPOILERS: [Fault; 14] = [
    Fault::LostRequest,
    Fault::LostReply,
    Fault::LostReply,
    Fault::Late,
    Fault::LateGateway,
    Fault::Refused,
    Fault::Before(409),
    Fault::Before(429),
    Fault::Before(500),
    Fault::Before(503),
    Fault::After(409),
    Fault::After(429),
    Fault::After(500),
    Fault::After(503),
];
