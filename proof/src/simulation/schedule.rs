//! One schedule: a world from a seed, faults for a while, and then none until all is settled.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::sleep;

use super::cast::Cast;
use super::coverage::Coverage;
use super::judge::{Breach, Rule};
use super::profile::Profile;
use super::world::World;
use super::{outsiders, trouble};

/// How often the judge looks at what happens without a step.
const TICK: Duration = Duration::from_millis(500);
/// No schedule has fewer.
const ACQUISITIONS_MIN: u64 = 10;
const FAULTS_MIN: u64 = 5;
/// After so long, or so many requests, faults end as soon as there were enough of them.
const CHAOS: Duration = Duration::from_secs(400);
const REQUESTS: u64 = 250;
/// After so long they end.
const CHAOS_MAX: Duration = Duration::from_hours(3);
/// Whatever is under way then has landed and was looked at: the longest life of a request, and
/// the last look of a call that gave up.
const AFTERMATH: Duration = Duration::from_secs(100);

/// How long it takes until everybody who waits has had the lock once faults have stopped, by the
/// rule of the slowest: what was under way ends (`UNDER_WAY`: the longest halt, a watch that is
/// silent, a read a while later); and then one turn after the other, each after a record that
/// its writer left (the longest ttl, by the slowest clock, and `stale_after`'s minute for calls
/// that go by it), a hold and the work in it, and a poll where a release was not noticed.
fn progress_max(contenders: usize) -> Duration {
    const UNDER_WAY: Duration = Duration::from_secs(75 + 150 + 80);
    const TURN: Duration = Duration::from_secs(66 + 60 + 45 + 80);
    let turns = u32::try_from(2 * contenders).unwrap_or(u32::MAX);
    UNDER_WAY + outsiders::DEED_MAX + TURN * turns
}

/// Until when those who wait are to have had their turn.
///
/// Who waits by the wall clock waits as long as its own is behind the writer's: it counts from
/// when it waits by what it observes, or from when the clocks agree.
struct Patience {
    max: Duration,
    clocks_agree_at: Duration,
    since: Vec<Duration>,
}

impl Patience {
    fn new(world: &World, cast: &Cast) -> Self {
        let now = world.now();
        let apart = Duration::from_millis(2 * world.profile.traits().wall_millis);
        Self {
            max: progress_max(cast.len()),
            clocks_agree_at: now + apart,
            since: vec![now; cast.len()],
        }
    }

    /// Whether somebody has waited for too long.
    fn is_over(&mut self, world: &World, cast: &Cast) -> bool {
        let now = world.now();
        cast.waiting().into_iter().any(|index| {
            if now < self.clocks_agree_at && world.judge().goes_by_clock(&cast.process(index)) {
                self.since[index] = now;
            }
            now > self.since[index] + self.max
        })
    }
}

/// What came of a schedule.
#[derive(Debug, Clone)]
pub struct Report {
    /// The seed that it came from.
    pub seed: u64,
    /// Its mix of faults.
    pub profile: Profile,
    /// The first rule that was broken.
    pub breach: Option<Breach>,
    /// What happened, if it was to be kept.
    pub trace: String,
    /// Which faults met which steps.
    pub coverage: Coverage,
    /// How many contenders took part.
    pub contenders: usize,
    /// How often a lock was had.
    pub acquisitions: u64,
    /// How many requests were sent.
    pub requests: u64,
    /// How often tasks were polled: after each one the judge looked.
    pub steps: u64,
    /// How long it took in its own time.
    pub virtual_time: Duration,
}

impl Report {
    /// Whether too little happened for it to show anything.
    pub fn is_thin(&self) -> bool {
        self.contenders < 3
            || self.acquisitions < ACQUISITIONS_MIN
            || self.coverage.faults() < FAULTS_MIN
    }
}

/// Runs the schedule of a seed, and keeps a trace of it if that is asked for.
///
/// # Errors
/// If no runtime can be had.
pub fn run(seed: u64, profile: Profile, keeps_trace: bool) -> io::Result<Report> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let (world, strikes) = runtime.block_on(async { World::new(seed, profile, keeps_trace) });
    let contenders = runtime.block_on(act(&world, strikes));
    world.close();
    let virtual_time = runtime.block_on(async { world.now() });
    // What is dropped now is dropped in no world.
    drop(runtime);
    let report = {
        let judge = world.judge();
        Report {
            seed,
            profile,
            breach: judge.verdict().cloned(),
            trace: String::new(),
            coverage: world.coverage().clone(),
            contenders,
            acquisitions: judge.acquisitions,
            requests: judge.requests,
            steps: judge.steps,
            virtual_time,
        }
    };
    world.judge().dismiss();
    Ok(Report { trace: world.take_trace(), ..report })
}

/// Plays it. Returns how many take part.
async fn act(world: &Arc<World>, strikes: UnboundedReceiver<usize>) -> usize {
    let cast = Cast::new(world);
    let dice = &world.dice;
    drop(tokio::spawn(outsiders::meddle(world.clone(), dice.fork())));
    drop(tokio::spawn(trouble::halt(world.clone(), cast.clone(), dice.fork())));
    drop(tokio::spawn(trouble::strike(world.clone(), cast.clone(), strikes, dice.fork())));
    drop(tokio::spawn(trouble::restart(world.clone(), dice.fork())));
    if watch(world, |_| has_had_enough(world)).await {
        world.end_faults();
        settle(world, &cast).await;
    }
    cast.len()
}

/// Waits until everybody is done, and for what may land then.
async fn settle(world: &Arc<World>, cast: &Arc<Cast>) {
    let mut patience = Patience::new(world, cast);
    let is_over = |_| cast.waiting().is_empty() || patience.is_over(world, cast);
    let goes_on = watch(world, is_over).await;
    let waiting: Vec<_> = cast.waiting().into_iter().map(|index| cast.name(index)).collect();
    if goes_on && !waiting.is_empty() {
        let value = world.truth().to_string();
        world.judge().broken(Rule::Progress, || format!("{waiting:?} wait yet; {value} stands"));
    }
    let until = world.now() + AFTERMATH;
    watch(world, |now| now > until).await;
}

/// Looks on until that is so; false if a rule was broken before.
async fn watch(world: &World, mut is_over: impl FnMut(Duration) -> bool) -> bool {
    while !is_over(world.now()) {
        sleep(TICK).await;
        let mut judge = world.judge();
        judge.tick();
        if judge.breach().is_some() {
            return false;
        }
    }
    true
}

fn has_had_enough(world: &World) -> bool {
    let (acquisitions, requests) = {
        let judge = world.judge();
        (judge.acquisitions, judge.requests)
    };
    let faults = world.coverage().faults();
    let is_thick = acquisitions >= ACQUISITIONS_MIN && faults >= FAULTS_MIN;
    let now = world.now();
    now > CHAOS_MAX || (is_thick && (now > CHAOS || requests > REQUESTS))
}
