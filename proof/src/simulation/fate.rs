//! What becomes of one request.

use std::time::Duration;

use super::dice::Dice;
use super::fault::Fault;
use super::process::Process;
use super::profile::Traits;
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
    /// Its API server restarts so soon after it was sent.
    pub(crate) restart: Option<Duration>,
    /// What becomes of a watch once it is open.
    pub(crate) watch: Option<(Fault, Duration)>,
}

impl Fate {
    /// What the dice say.
    pub(crate) fn draw(process: &Process, step: Step, repeats: bool) -> Self {
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
            restart: None,
            watch: None,
        };
        if process.is_cut_off() {
            return carried.lost(Hears::Nothing, Fault::Outage);
        }
        if !world.has_faults() {
            return carried;
        }
        let often = match step {
            Step::Guarded | Step::Release => traits.spoiled * 2,
            _ if step.is_rare() => traits.spoiled * 3,
            _ => traits.spoiled,
        };
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
        carried.spoiled(dice, step, repeats, &traits)
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

    fn spoiled(self, dice: &Dice, step: Step, repeats: bool, traits: &Traits) -> Self {
        let asks_again = repeats && (step.is_rare() || dice.chance(500));
        let kinds: &[Fault] = if asks_again { &REPEATED } else { &SPOILERS };
        let kinds: Vec<Fault> = kinds.iter().copied().filter(|it| it.can_meet(step)).collect();
        let comes_late = step == Step::Acquire && dice.chance(traits.late);
        let late = if repeats { Fault::LateGateway } else { Fault::Late };
        let fault = if comes_late { late } else { dice.pick(&kinds) };
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
            Fault::Restart => Self { restart: Some(dice.millis(0, 8)), ..spoiled },
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

/// What clients that repeat requests by themselves do it for.
const REPEATED: [Fault; 4] =
    [Fault::Before(429), Fault::Before(503), Fault::After(429), Fault::After(503)];

const SPOILERS: [Fault; 15] = [
    Fault::Restart,
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
