//! When the next one gets the lock of a holder that something befell, and what it finds.

use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;
use testkit::beat::{Beat, Mode};

use super::beats::Beats;
use super::contender::{Arena, Contender, TTL};
use super::judge::judge;
use super::proxy::Way;
use super::sightings::{Sightings, takeovers};
use crate::space::Space;

const LOCK: &str = "deploy";

/// What a slow machine may take for anything that happens at once on a fast one.
const PATIENCE: Duration = Duration::from_mins(1);
/// Beyond the ttl, for the next one to take the lock and start its command.
const BEYOND: Duration = Duration::from_secs(2);

/// A holder, one who waits, and a bare watch of their lock.
struct Stage<'a> {
    space: &'a Space,
    holder: Contender,
    next: Contender,
    beats: Beats,
    log: Vec<Beat>,
    sightings: Sightings,
    _folder: TempDir,
}

impl<'a> Stage<'a> {
    /// The one holds the lock, the other waits and has seen it renewed.
    fn set(space: &'a Space, mode: Mode) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let beats = Beats::new(folder.path());
        let arena = Arena {
            namespace: space.namespace.clone(),
            lock: LOCK.to_owned(),
            log: beats.path().to_owned(),
            folder: folder.path().to_owned(),
        };
        let contender = |name| Contender::new(&arena, space.cluster.kubeconfig(), name);
        let (holder, next) = (contender("holder"), contender("next"));
        let sightings = Sightings::start(space, LOCK);
        let mut stage =
            Self { space, holder, next, beats, log: Vec::new(), sightings, _folder: folder };
        stage.holder.start(mode);
        stage.until("the holder's command", |stage| {
            start_again(&mut stage.holder, mode);
            stage.works(&stage.holder)
        });
        stage.next.start(Mode::Plain);
        stage.until("one who waits", |stage| {
            start_again(&mut stage.next, Mode::Plain);
            stage.next.said().contains("waiting for lock")
        });
        stage.until_renewed();
        stage
    }

    fn until(&mut self, what: &str, mut condition: impl FnMut(&mut Self) -> bool) {
        let give_up = Instant::now() + PATIENCE;
        while !condition(self) {
            let said = [self.holder.said(), self.next.said()];
            assert!(Instant::now() < give_up, "never came about: {what}; said: {said:?}");
            thread::sleep(Duration::from_millis(5));
            self.log.extend(self.beats.news());
        }
    }

    fn works(&self, contender: &Contender) -> bool {
        let who = contender.who();
        self.log.iter().any(|beat| beat.who == who)
    }

    /// Waits until the watch has seen a record that is not there yet.
    fn until_renewed(&mut self) {
        let seen = self.sightings.seen().len();
        self.until("a renewal", |stage| stage.sightings.seen().len() > seen);
    }

    fn until_taken_over(&mut self) {
        self.until("the next one's command", |stage| stage.works(&stage.next));
    }

    fn let_go(contender: &Contender) {
        File::create(contender.end()).unwrap();
    }

    fn until_ended(&mut self, contender: impl Fn(&mut Self) -> &mut Contender) -> i32 {
        let mut status = None;
        self.until("the end of a run", |stage| {
            status = contender(stage).ended();
            status.is_some()
        });
        status.unwrap()
    }

    /// Nobody took the lock before it could be taken, nor much later; and when it was taken, the
    /// command was dead.
    #[expect(clippy::print_stdout, reason = "the figures are for people")]
    fn assert_in_time(&self) {
        let seen = self.sightings.seen();
        let of = |who: String| seen.iter().filter(move |seen| seen.owner.as_ref() == Some(&who));
        let renewed = of(self.holder.who()).next_back().unwrap().at_nanos;
        let taken = of(self.next.who()).next().unwrap().at_nanos;
        let took = Duration::from_nanos(taken - renewed);
        let lag = self.lag();
        println!("taken {took:?} after the last renewal, and bare reads take {lag:?}");
        // Who waited may have seen the last renewal before the bare watch did.
        assert!(took + lag >= TTL, "taken {took:?} after the last renewal");
        assert!(took <= TTL + BEYOND + lag, "taken only {took:?} after the last renewal");

        let last = self.log.iter().rfind(|beat| beat.who == self.holder.who());
        assert!(last.unwrap().at_nanos < taken, "the command worked when the lock was taken");
        let verdict = judge(&self.log);
        assert!(verdict.is_exclusive() && verdict.tenures.len() == 2, "{verdict:?}");
        assert!(self.was_taken_over(), "{seen:?}");
    }

    /// Whether the next one's record took the place of the holder's, with nothing between them.
    fn was_taken_over(&self) -> bool {
        let (holder, next) = (self.holder.who(), self.next.who());
        takeovers(&self.sightings.seen()).contains(&(&*holder, &*next))
    }

    /// What may lie between two who watch the same: some bare reads, as long as they take here.
    fn lag(&self) -> Duration {
        let started = Instant::now();
        self.space.lease(LOCK);
        started.elapsed() * 4 + Duration::from_millis(100)
    }
}

/// With so short a ttl, a busy API server may be too slow for a first answer.
fn start_again(contender: &mut Contender, mode: Mode) {
    if let Some(status) = contender.ended() {
        assert_eq!(status, 125, "{}", contender.said());
        contender.start(mode);
    }
}

#[test]
fn a_killed_holders_lock_is_taken_after_its_ttl_and_its_commands_child_is_dead_before() {
    let Some(space) = Space::new("takeover-kill") else { return };
    let mut stage = Stage::set(&space, Mode::Parent);
    stage.holder.first().unwrap().send(Signal::KILL);
    stage.until_taken_over();

    stage.assert_in_time();
}

#[test]
fn a_holder_that_slept_past_its_ttl_learns_at_once_that_it_lost_while_another_works() {
    let Some(space) = Space::new("takeover-stop") else { return };
    let mut stage = Stage::set(&space, Mode::Parent);
    let first = stage.holder.first().unwrap();
    first.send(Signal::STOP);
    stage.until_taken_over();
    first.send(Signal::CONT);
    let woken = Instant::now();

    assert_eq!(stage.until_ended(|stage| &mut stage.holder), 123);
    assert!(woken.elapsed() < BEYOND, "{:?}", woken.elapsed());
    let said = stage.holder.said();
    assert!(said.starts_with("error: lock \"deploy\" on lease/deploy in namespace"), "{said}");
    stage.assert_in_time();
    // It gave nothing back that is another's.
    stage.until_renewed();
    Stage::let_go(&stage.next);
    assert_eq!(stage.until_ended(|stage| &mut stage.next), 0);
    assert!(judge(&stage.log).is_exclusive());
}

#[test]
fn a_holder_cut_off_with_its_second_process_asleep_ends_the_command_before_another_takes_over() {
    let Some(space) = Space::new("takeover-cut") else { return };
    let mut stage = Stage::set(&space, Mode::Parent);
    stage.holder.second().unwrap().send(Signal::STOP);
    stage.holder.proxy.set(Way::BlackHole);
    stage.until_taken_over();

    stage.assert_in_time();
    assert_eq!(stage.until_ended(|stage| &mut stage.holder), 123);
    // What was under way arrives now, and finds the lock another's.
    stage.holder.proxy.set(Way::Open);
    stage.until_renewed();
    Stage::let_go(&stage.next);
    assert_eq!(stage.until_ended(|stage| &mut stage.next), 0);
}

#[test]
fn a_second_process_that_sleeps_past_the_ttl_costs_nobody_the_lock() {
    let Some(space) = Space::new("takeover-second") else { return };
    let mut stage = Stage::set(&space, Mode::Plain);
    let second = stage.holder.second().unwrap();
    second.send(Signal::STOP);
    let asleep = Instant::now();
    while asleep.elapsed() < TTL {
        stage.until_renewed();
    }
    second.send(Signal::CONT);
    assert!(!stage.works(&stage.next));

    Stage::let_go(&stage.holder);
    assert_eq!(stage.until_ended(|stage| &mut stage.holder), 0);
    stage.until_taken_over();
    assert!(!stage.was_taken_over());
    assert!(judge(&stage.log).is_exclusive());
}
