//! One process: its machine, its tasks, and whether it goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use kubelock::{BoxFuture, Clock, Runtime, Timestamp};

use super::clocks::Machine;
use super::dice::Dice;
use super::world::World;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Runs,
    /// Its tasks are not polled, and its timers do not fire, until it goes on.
    Stopped,
    /// It is never polled again. What it held is not dropped either: that would be no crash.
    Dead,
}

/// A process. One that starts again after a crash is another one on the same machine.
pub(crate) struct Process {
    pub(crate) name: String,
    /// Which one it is: unlike all others of its world.
    pub(crate) number: usize,
    pub(crate) machine: Arc<Machine>,
    pub(crate) dice: Dice,
    pub(crate) world: Arc<World>,
    mood: Mutex<Mood>,
}

struct Mood {
    state: State,
    parked: Vec<Waker>,
    since: Duration,
    /// The call of its script that is under way.
    call: u64,
    /// Until then none of its requests arrives.
    cut_off_until: Duration,
}

impl Process {
    pub(crate) fn start(
        world: &Arc<World>,
        name: String,
        machine: Arc<Machine>,
        dice: Dice,
    ) -> Arc<Self> {
        let since = world.now();
        let mood = Mood {
            state: State::Runs,
            parked: Vec::new(),
            since,
            call: 0,
            cut_off_until: Duration::ZERO,
        };
        let number = world.number();
        Arc::new(Self { name, number, machine, dice, world: world.clone(), mood: Mutex::new(mood) })
    }

    pub(crate) fn state(&self) -> State {
        self.mood().state
    }

    /// For how long it has done what it does.
    pub(crate) fn steady_since(&self) -> Duration {
        self.mood().since
    }

    pub(crate) fn set_call(&self, call: u64) {
        self.mood().call = call;
    }

    pub(crate) fn call(&self) -> u64 {
        self.mood().call
    }

    /// None of its requests arrives before then.
    pub(crate) fn cut_off(&self, until: Duration) {
        self.mood().cut_off_until = until;
    }

    pub(crate) fn is_cut_off(&self) -> bool {
        self.world.now() < self.mood().cut_off_until
    }

    pub(crate) fn stop(&self) {
        self.change(State::Stopped);
    }

    pub(crate) fn die(&self) {
        self.change(State::Dead);
    }

    pub(crate) fn go_on(&self) {
        if self.state() != State::Stopped {
            return;
        }
        let parked = self.change(State::Runs);
        parked.into_iter().for_each(Waker::wake);
    }

    fn change(&self, state: State) -> Vec<Waker> {
        let now = self.world.now();
        let mut mood = self.mood();
        (mood.state, mood.since) = (state, now);
        if state == State::Stopped { Vec::new() } else { std::mem::take(&mut mood.parked) }
    }

    /// Notes a line of this process.
    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        self.world.note(&self.name, what);
    }

    /// Runs a task in it.
    pub(crate) fn run(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        // At the end of a world its tasks are dropped, and so is what they start then.
        if !self.world.is_over() {
            let gate = Gate { process: self.clone(), task: Box::pin(task) };
            drop(tokio::spawn(gate));
        }
    }

    /// Completes once `span` is over by its timers.
    pub(crate) fn sleep(&self, span: Duration) -> impl Future<Output = ()> + Send + use<> {
        let machine = self.machine.clone();
        let until = machine.monotonic().saturating_add(span);
        async move {
            loop {
                let left = until.saturating_sub(machine.monotonic());
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(machine.true_span(left)).await;
            }
        }
    }

    fn mood(&self) -> MutexGuard<'_, Mood> {
        self.mood.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a task of it may be polled now; if not, its waker is kept.
    fn lets_through(&self, waker: &Waker) -> bool {
        let mut mood = self.mood();
        if mood.state == State::Stopped {
            mood.parked.push(waker.clone());
        }
        mood.state == State::Runs
    }
}

/// A task that is polled while its process runs. After each poll the judge looks.
struct Gate {
    process: Arc<Process>,
    task: BoxFuture<()>,
}

impl Future for Gate {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.process.lets_through(cx.waker()) {
            return Poll::Pending;
        }
        let result = catch_unwind(AssertUnwindSafe(|| self.task.as_mut().poll(cx)));
        let mut judge = self.process.world.judge();
        let Ok(result) = result else {
            judge.panicked(&self.process);
            return Poll::Ready(());
        };
        judge.after_step(&self.process);
        result
    }
}

/// The process as the library sees it.
#[derive(Clone)]
pub(crate) struct Host(pub(crate) Arc<Process>);

impl Clock for Host {
    fn wall(&self) -> Timestamp {
        self.0.machine.wall()
    }

    fn boot(&self) -> Duration {
        self.0.machine.boot()
    }

    fn monotonic(&self) -> Duration {
        self.0.machine.monotonic()
    }
}

impl Runtime for Host {
    fn sleep(&self, span: Duration) -> BoxFuture<()> {
        Box::pin(self.0.sleep(span))
    }

    fn spawn(&self, task: BoxFuture<()>) {
        self.0.run(task);
    }

    fn random(&self) -> u64 {
        self.0.dice.next()
    }

    /// One count for all, as if no two processes ever stamped alike.
    fn count(&self) -> u64 {
        self.0.world.count()
    }
}
