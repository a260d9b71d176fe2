//! Contenders for one lock, and whoever makes things go wrong for them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;
use testkit::beat::{Beat, Mode};

use super::beats::Beats;
use super::contender::{Arena, Contender};
use super::dice::Dice;
use super::faults::{Fault, Protection};
use super::judge::{Verdict, judge};
use super::pidfd::{Pidfd, command_lines};
use super::proxy::Way;
use super::sightings::{Sightings, takeovers};
use super::tally::Tally;
use crate::space::Space;

/// How often to look at what happens.
const GLANCE: Duration = Duration::from_millis(5);
/// The same where a moment is not to be missed.
const BLINK: Duration = Duration::from_millis(1);
/// Between a run that failed and the next one.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a command beats that a fault should end: beyond the next one's first beat.
const LONG: Duration = Duration::from_secs(6);
/// How long it may be that nobody gets the lock.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is to be done at some instant.
enum Action {
    Start(usize),
    Strike {
        who: String,
        slot: usize,
        fault: Fault,
        lasts: Duration,
    },
    Send(Pidfd, Signal),
    Set(usize, Way),
    /// Whoever takes the lock next is to be stopped for so long.
    Arm(Duration),
    End(PathBuf),
}

/// A contest that goes on.
pub(super) struct Contest {
    folder: TempDir,
    contenders: Vec<Contender>,
    beats: Beats,
    log: Vec<Beat>,
    tokens: BTreeSet<u64>,
    sightings: Sightings,
    due: Vec<(Instant, Action)>,
    dice: Dice,
    protection: Protection,
    /// How long whoever takes the lock next is to be stopped.
    armed: Option<Duration>,
    /// Who was stopped so.
    taker: Option<String>,
    /// Whose command beat last.
    holder: String,
    /// Once nothing goes wrong any more: which run of each contender had the lock since.
    served: Option<BTreeMap<usize, String>>,
    statuses: BTreeMap<String, i32>,
    tally: Tally,
    last_round: Instant,
}

/// A contest that is over.
pub(super) struct Finished {
    folder: TempDir,
    contenders: usize,
    pub(super) verdict: Verdict,
    /// How the last run of each contender ended, with nothing going wrong.
    last: Vec<i32>,
    pub(super) tally: Tally,
}

impl Contest {
    pub(super) fn start(
        space: &Space,
        lock: &str,
        contenders: usize,
        dice: Dice,
        protection: Protection,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let beats = Beats::new(folder.path());
        let arena = Arena {
            namespace: space.namespace.clone(),
            lock: lock.to_owned(),
            log: beats.path().to_owned(),
            folder: folder.path().to_owned(),
        };
        let contender =
            |slot| Contender::new(&arena, space.cluster.kubeconfig(), &format!("c{slot}"));
        let now = Instant::now();
        Self {
            contenders: (0..contenders).map(contender).collect(),
            due: (0..contenders).map(|slot| (now, Action::Start(slot))).collect(),
            folder,
            beats,
            log: Vec::new(),
            tokens: BTreeSet::new(),
            sightings: Sightings::start(space, lock),
            dice,
            protection,
            armed: None,
            taker: None,
            holder: String::new(),
            served: None,
            statuses: BTreeMap::new(),
            tally: Tally::default(),
            last_round: now,
        }
    }

    /// So many rounds in which things go wrong, then one for each contender in which nothing does.
    pub(super) fn run(mut self, rounds: usize) -> Finished {
        while self.tokens.len() < rounds {
            self.step();
        }
        self.served = Some(BTreeMap::new());
        while !self.is_over() {
            self.step();
        }
        self.finish()
    }

    fn is_over(&self) -> bool {
        let all = self.served.as_ref().is_some_and(|all| all.len() == self.contenders.len());
        all && self.due.is_empty() && !self.contenders.iter().any(Contender::is_running)
    }

    fn finish(mut self) -> Finished {
        self.log.extend(self.beats.news());
        let verdict = judge(&self.log);
        let seen = self.sightings.seen();
        self.tally.rounds = verdict.tenures.len();
        self.tally.beats = self.log.len();
        let takeovers = takeovers(&seen);
        self.tally.takeovers = takeovers.len();
        let rests = takeovers.iter().filter_map(|(one, next)| verdict.rest_between(one, next));
        self.tally.nearest = rests.min();
        self.tally.writes = seen.len();
        self.tally.overlaps = verdict.overlaps.len();
        let served = self.served.unwrap_or_default();
        let last = served.values().map(|who| self.statuses[who]).collect();
        let contenders = self.contenders.len();
        Finished { folder: self.folder, contenders, verdict, last, tally: self.tally }
    }

    #[expect(clippy::panic, reason = "a test that cannot go on fails")]
    fn step(&mut self) {
        for beat in self.beats.news() {
            if self.tokens.insert(beat.token) {
                self.last_round = Instant::now();
                self.begin_round(&beat);
            }
            self.log.push(beat);
        }
        let now = Instant::now();
        let due: Vec<_> = self.due.extract_if(.., |(at, _)| *at <= now).collect();
        for (_, action) in due {
            self.act(action);
        }
        (0..self.contenders.len()).for_each(|slot| self.look_after(slot));
        if self.last_round.elapsed() > PATIENCE {
            self.folder.disable_cleanup(true);
            panic!("nobody gets the lock any more: see {}", self.folder.path().display());
        }
        self.stop_taker();
        thread::sleep(if self.armed.is_some() { BLINK } else { GLANCE });
    }

    /// Its record tells of it before its command does.
    fn stop_taker(&mut self) {
        let Some(lasts) = self.armed else { return };
        let taker = self.sightings.owner().filter(|owner| *owner != self.holder);
        let taker =
            self.contenders.iter().find(|contender| taker.as_ref() == Some(&contender.who()));
        if let Some((who, first)) = taker.map(|taker| (taker.who(), taker.first())) {
            (self.armed, self.taker) = (None, Some(who));
            self.stop(first, lasts);
        }
    }

    /// Somebody has the lock. What will happen is drawn in the order of rounds alone.
    fn begin_round(&mut self, beat: &Beat) {
        let fault = Fault::draw(&mut self.dice, self.protection);
        let lasts = fault.lasts(&mut self.dice);
        let (delay, span) = (self.dice.millis(0, 150), self.dice.millis(100, 400));
        let who = beat.who.clone();
        let holder = self.contenders.iter().position(|contender| contender.who() == who);
        (self.armed, self.holder) = (None, who.clone());
        let Some(slot) = holder else { return };
        if let Some(served) = &mut self.served {
            served.insert(slot, who);
            return self.after(span, Action::End(self.contenders[slot].end()));
        }
        if self.taker.take().is_some_and(|taker| taker == who) {
            // Its first process sleeps already: another fault could put both to sleep, and from a
            // pause of the whole nothing protects.
            return self.after(delay + LONG, Action::End(self.contenders[slot].end()));
        }
        self.tally.fault(fault);
        let end = match fault {
            _ if fault.ends_the_command() => delay + LONG,
            Fault::StopTaker => span,
            _ => delay + lasts + span,
        };
        self.after(end, Action::End(self.contenders[slot].end()));
        if fault == Fault::StopTaker {
            self.after(end, Action::Arm(lasts));
        } else {
            self.after(delay, Action::Strike { who, slot, fault, lasts });
        }
    }

    fn after(&mut self, span: Duration, action: Action) {
        self.due.push((Instant::now() + span, action));
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Start(slot) => {
                let mode = self.dice.pick(&Mode::ALL);
                self.contenders[slot].start(mode);
            }
            Action::Strike { who, slot, fault, lasts } => {
                if self.contenders[slot].who() == who && self.contenders[slot].is_running() {
                    self.strike(slot, fault, lasts);
                }
            }
            Action::Send(process, signal) => process.send(signal),
            Action::Set(slot, way) => self.contenders[slot].proxy.set(way),
            Action::Arm(lasts) => self.armed = Some(lasts),
            Action::End(path) => drop(File::create(path).unwrap()),
        }
    }

    fn strike(&mut self, slot: usize, fault: Fault, lasts: Duration) {
        let first = self.contenders[slot].first();
        let second = self.contenders[slot].second();
        match fault {
            Fault::Nothing | Fault::StopTaker => {}
            Fault::KillFirst => {
                // Stopped first, so that it cannot react to what befalls the other.
                send(first.as_ref(), Signal::STOP);
                if self.protection == Protection::Off {
                    send(second.as_ref(), Signal::KILL);
                }
                send(first.as_ref(), Signal::KILL);
            }
            Fault::StopFirst => {
                if self.protection == Protection::Off {
                    self.stop(second, lasts);
                }
                self.stop(first, lasts);
            }
            Fault::KillSecond => send(second.as_ref(), Signal::KILL),
            Fault::StopSecond => self.stop(second, lasts),
            Fault::BlackHole | Fault::Blink => self.set_for([slot], Way::BlackHole, lasts),
            Fault::BlackHoleStopSecond => {
                self.set_for([slot], Way::BlackHole, lasts);
                self.stop(second, lasts);
            }
            Fault::CutAll => self.cut_all(),
            Fault::DownAll => {
                self.set_for(0..self.contenders.len(), Way::Down, lasts);
                self.cut_all();
            }
        }
    }

    fn cut_all(&self) {
        for contender in &self.contenders {
            contender.proxy.cut();
        }
    }

    fn stop(&mut self, process: Option<Pidfd>, lasts: Duration) {
        let Some(process) = process else { return };
        process.send(Signal::STOP);
        self.after(lasts, Action::Send(process, Signal::CONT));
    }

    fn set_for(&mut self, slots: impl IntoIterator<Item = usize>, way: Way, lasts: Duration) {
        for slot in slots {
            self.contenders[slot].proxy.set(way);
            self.after(lasts, Action::Set(slot, Way::Open));
        }
    }

    /// Starts a contender again that has ended, unless it had its last turn.
    fn look_after(&mut self, slot: usize) {
        let who = self.contenders[slot].who();
        let Some(status) = self.contenders[slot].ended() else { return };
        self.tally.status(status);
        self.statuses.insert(who, status);
        let had_last = self.served.as_ref().is_some_and(|served| served.contains_key(&slot));
        if !had_last {
            let pause = if status == 0 { Duration::ZERO } else { PAUSE };
            self.after(pause, Action::Start(slot));
        }
    }
}

/// A process that has ended already is sent nothing.
fn send(process: Option<&Pidfd>, signal: Signal) {
    if let Some(process) = process {
        process.send(signal);
    }
}

impl Finished {
    /// No two commands worked at the same time, and tokens only grow.
    pub(super) fn assert_exclusive(&mut self) {
        let Verdict { tenures, overlaps, late, strange } = &self.verdict;
        assert!(tenures.len() > self.contenders, "too few rounds to judge by");
        let what = format!("overlaps: {overlaps:#?}\nlate: {late:#?}\nstrange: {strange:#?}");
        self.check(self.verdict.is_exclusive(), &what);
    }

    /// Everybody got the lock once nothing went wrong, and nothing went wrong then.
    pub(super) fn assert_fair(&mut self) {
        let fair = self.last.len() == self.contenders && self.last.iter().all(|code| *code == 0);
        self.check(fair, &format!("last runs ended with {:?}", self.last));
    }

    /// None of the processes, ours or the commands', is left.
    pub(super) fn assert_nothing_left(&mut self) {
        let folder = self.folder.path().to_str().unwrap().to_owned();
        let left = || command_lines().filter(|line| line.contains(&folder)).collect::<Vec<_>>();
        let give_up = Instant::now() + PATIENCE;
        while !left().is_empty() && Instant::now() < give_up {
            thread::sleep(GLANCE);
        }
        self.check(left().is_empty(), &format!("left behind: {:#?}", left()));
    }

    #[expect(clippy::panic, reason = "a test that cannot go on fails")]
    fn check(&mut self, is_right: bool, what: &str) {
        if !is_right {
            // For whoever looks into it.
            self.folder.disable_cleanup(true);
            panic!("{what}\n{}see {}", self.tally, self.folder.path().display());
        }
    }
}
