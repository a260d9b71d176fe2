//! All that processes share: true time, the store, the API servers, the judge.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::clocks::TrueTime;
use super::coverage::Coverage;
use super::dice::Dice;
use super::front::Front;
use super::history::{Author, Truth};
use super::judge::Judge;
use super::profile::Profile;
use super::store::{Carrier, KEY, Store};
use super::trace::Trace;

/// One schedule's world.
pub(crate) struct World {
    pub(crate) time: TrueTime,
    pub(crate) profile: Profile,
    pub(crate) carrier: Carrier,
    pub(crate) path: String,
    pub(crate) store: Store,
    pub(crate) fronts: Vec<Front>,
    pub(crate) dice: Dice,
    trace: Trace,
    judge: Mutex<Judge>,
    coverage: Mutex<Coverage>,
    faults_on: AtomicBool,
    is_over: AtomicBool,
    stamps: AtomicU64,
    numbers: AtomicUsize,
    /// The processes that are to be halted at once.
    struck: UnboundedSender<usize>,
}

impl World {
    pub(crate) fn new(
        seed: u64,
        profile: Profile,
        keeps_trace: bool,
    ) -> (Arc<Self>, UnboundedReceiver<usize>) {
        let (struck, strikes) = unbounded_channel();
        let dice = Dice::new(seed);
        let time = TrueTime::start(dice.millis(0, 1_000));
        let carrier = dice.pick(&Carrier::ALL);
        let clock =
            move || time.stamp(time.now()).to_system_time().unwrap_or(SystemTime::UNIX_EPOCH);
        let fronts = profile.front_skews(&dice).into_iter().map(Front::new).collect();
        let world = Self {
            time,
            carrier,
            path: carrier.path(),
            store: Store::new(clock),
            fronts,
            trace: Trace::new(keeps_trace),
            judge: Mutex::new(Judge::new(time, profile)),
            coverage: Mutex::default(),
            faults_on: AtomicBool::new(true),
            is_over: AtomicBool::new(false),
            stamps: AtomicU64::new(dice.next()),
            numbers: AtomicUsize::new(0),
            struck,
            profile,
            dice,
        };
        let world = Arc::new(world);
        world.furnish();
        (world, strikes)
    }

    /// A Lease is made by whoever wants it first; all else is there.
    fn furnish(&self) {
        self.store.remove(&self.path);
        if self.carrier == Carrier::Lease && self.dice.chance(700) {
            return;
        }
        let annotations = self.dice.pick(&[Some("a"), None]);
        let annotations = annotations.map_or(Value::Null, |team| json!({ "team": team }));
        let object = self.carrier.new_object(&annotations);
        self.change(&Author::Outsider("setup"), |store| store.put(&self.path, object));
    }

    pub(crate) fn now(&self) -> Duration {
        self.time.now()
    }

    /// The object as it is.
    pub(crate) fn truth(&self) -> Truth {
        self.store.get(&self.path).map_or_else(Truth::default, |object| Truth::of(&object))
    }

    /// What stands in the lock's annotation.
    pub(crate) fn value(&self) -> Option<String> {
        self.store.get(&self.path)?["metadata"]["annotations"][KEY].as_str().map(str::to_owned)
    }

    /// Somebody changes the store without a request.
    pub(crate) fn change(&self, author: &Author, change: impl FnOnce(&Store)) {
        let before = self.truth();
        change(&self.store);
        let after = self.truth();
        if before != after {
            self.note("store", || format!("{author}: {before} becomes {after}"));
        }
        self.judge().landed(author, &before, &after);
    }

    pub(crate) fn note(&self, who: &str, what: impl FnOnce() -> String) {
        self.trace.note(self.now(), who, what);
    }

    pub(crate) fn take_trace(&self) -> String {
        self.trace.take()
    }

    pub(crate) fn judge(&self) -> MutexGuard<'_, Judge> {
        self.judge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn coverage(&self) -> MutexGuard<'_, Coverage> {
        self.coverage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether faults happen yet.
    pub(crate) fn has_faults(&self) -> bool {
        self.faults_on.load(Ordering::Relaxed)
    }

    pub(crate) fn end_faults(&self) {
        self.faults_on.store(false, Ordering::Relaxed);
        self.note("world", || "no more faults".into());
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// This process is to be halted, in the midst of what it does.
    pub(crate) fn strike(&self, process: usize) {
        // At the end nobody is struck any more.
        let _ = self.struck.send(process);
    }

    /// Nothing that ends from now on is anything that happens.
    pub(crate) fn close(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> u64 {
        self.stamps.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn number(&self) -> usize {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }
}
