//! Who looks at everything, and knows better than any process.
//!
//! Beliefs are judged by each process's own clocks, what stands there by the store's history.

mod guarded;
mod holds;
mod landing;
mod plains;
mod rule;
mod told;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Uri};

use kubelock::Clock;
use tokio::sync::Notify;

use super::clocks::TrueTime;
use super::history::History;
use super::link::Sent;
use super::process::Process;
use super::profile::{self, Profile};
use super::request::{Effect, Step};
use guarded::Markers;
use holds::HoldFacts;
use plains::PlainFacts;
pub use rule::{Breach, Rule};

/// So long may a process rely on a watch that tells nothing: until it gives it up, and has read.
const SILENCE_MAX: Duration = Duration::from_secs(170);

/// What a call of a script is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Hold,
    Acquire,
    /// By the owner's label, or by a hold's id.
    Release,
    Renew,
    Get,
    Go,
    /// What a holder does while it holds.
    Work,
}

/// A call of a script.
pub(crate) struct CallFacts {
    pub(crate) kind: Kind,
    pub(crate) process: Arc<Process>,
    pub(crate) began: Duration,
    /// By which rule it takes over.
    rule: profile::Rule,
    /// Whether its client repeats requests by itself: then it is told less.
    repeats: bool,
    /// The records that it has sent.
    values: Vec<String>,
    /// Since then it is known that nothing of it stands, or will.
    nothing_since: Option<Duration>,
    settled_at: Option<Duration>,
    gave_up_at: Option<Duration>,
    is_done: bool,
    /// Told when one of its records has come to stand.
    landed: Arc<Notify>,
}

/// A request that was not answered yet.
struct Open {
    process: usize,
    step: Step,
}

/// The judge.
pub(crate) struct Judge {
    time: TrueTime,
    profile: Profile,
    history: History,
    calls: Vec<CallFacts>,
    /// Which call sent a record.
    senders: HashMap<String, u64>,
    /// What the boot clock of its sender showed when a record was first sent.
    sent_at: HashMap<String, Duration>,
    holds: Vec<HoldFacts>,
    plains: Vec<PlainFacts>,
    markers: Markers,
    open: BTreeMap<u64, Open>,
    /// Whether a process's last write got no good answer: the next read is to tell.
    in_doubt: BTreeMap<usize, bool>,
    spoiled_at: BTreeMap<usize, Duration>,
    /// Until then a process may hear nothing of its watch.
    deaf_until: BTreeMap<usize, Duration>,
    landed_at: Duration,
    last_token: u64,
    breach: Option<Breach>,
    /// Broken, but nobody was harmed yet: it counts if nothing worse comes of it.
    harmless: Option<Breach>,
    pub(crate) requests: u64,
    pub(crate) steps: u64,
    pub(crate) acquisitions: u64,
}

impl Judge {
    pub(crate) fn new(time: TrueTime, profile: Profile) -> Self {
        Self {
            time,
            profile,
            history: History::new(),
            calls: Vec::new(),
            senders: HashMap::new(),
            sent_at: HashMap::new(),
            holds: Vec::new(),
            plains: Vec::new(),
            markers: Markers::default(),
            open: BTreeMap::new(),
            in_doubt: BTreeMap::new(),
            spoiled_at: BTreeMap::new(),
            deaf_until: BTreeMap::new(),
            landed_at: Duration::ZERO,
            last_token: 0,
            breach: None,
            harmless: None,
            requests: 0,
            steps: 0,
            acquisitions: 0,
        }
    }

    fn now(&self) -> Duration {
        self.time.now()
    }

    /// The first rule that was broken.
    pub(crate) fn breach(&self) -> Option<&Breach> {
        self.breach.as_ref()
    }

    /// The same, or one by which nobody was harmed in the end.
    pub(crate) fn verdict(&self) -> Option<&Breach> {
        self.breach().or(self.harmless.as_ref())
    }

    /// The first breach is what counts: others may follow from it.
    pub(crate) fn broken(&mut self, rule: Rule, how: impl FnOnce() -> String) {
        if self.breach.is_none() {
            let at = self.now();
            self.breach = Some(Breach { rule, at, how: how() });
        }
    }

    fn may_harm(&mut self, rule: Rule, how: impl FnOnce() -> String) {
        if self.harmless.is_none() {
            let at = self.now();
            self.harmless = Some(Breach { rule, at, how: how() });
        }
    }

    /// A call begins. Returns its number.
    pub(crate) fn began(
        &mut self,
        process: &Arc<Process>,
        kind: Kind,
        rule: profile::Rule,
        repeats: bool,
    ) -> u64 {
        let began = self.now();
        self.calls.push(CallFacts {
            kind,
            process: process.clone(),
            began,
            rule,
            repeats,
            values: Vec::new(),
            nothing_since: None,
            settled_at: None,
            gave_up_at: None,
            is_done: false,
            landed: Arc::default(),
        });
        let call = self.calls.len() as u64;
        process.set_call(call);
        call
    }

    fn call(&self, call: u64) -> Option<&CallFacts> {
        self.calls.get(usize::try_from(call).ok()?.checked_sub(1)?)
    }

    fn call_mut(&mut self, call: u64) -> Option<&mut CallFacts> {
        self.calls.get_mut(usize::try_from(call).ok()?.checked_sub(1)?)
    }

    /// Whether what this process does goes by wall clocks.
    pub(crate) fn goes_by_clock(&self, process: &Process) -> bool {
        self.call(process.call()).is_some_and(|call| call.rule != profile::Rule::Observed)
    }

    /// Completes when a record of this call has come to stand.
    pub(crate) fn landing(&self, call: u64) -> impl Future<Output = ()> + Send + use<> {
        let landed = self.call(call).map(|call| call.landed.clone());
        async move {
            match landed {
                Some(landed) => landed.notified().await,
                None => std::future::pending().await,
            }
        }
    }

    /// The number of the next request.
    pub(crate) fn number(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    /// What a request is for.
    pub(crate) fn step_of(
        &self,
        process: &Process,
        method: &Method,
        uri: &Uri,
        body: &[u8],
    ) -> (Step, Effect) {
        let kind = self.call(process.call()).map(|call| &call.kind);
        let is_go = kind == Some(&Kind::Go);
        if *method == Method::GET {
            let is_watch = uri.query().unwrap_or_default().contains("watch=true");
            let in_doubt = self.in_doubt.get(&process.number).copied().unwrap_or_default();
            let step = match (is_watch, is_go, in_doubt) {
                (true, ..) => Step::Watch,
                (_, true, _) => Step::GoRead,
                (_, _, true) => Step::ReadBack,
                _ => Step::Look,
            };
            return (step, Effect::default());
        }
        let effect = Effect::of(method, body);
        let is_status = uri.path().ends_with("/status");
        (
            if is_go { Step::GoWrite } else { self.write_of(process, kind, is_status, &effect) },
            effect,
        )
    }

    fn write_of(
        &self,
        process: &Process,
        kind: Option<&Kind>,
        is_status: bool,
        effect: &Effect,
    ) -> Step {
        let hold = effect.hold();
        let is_handed_out = hold.as_ref().is_some_and(|id| self.is_handed_out(id));
        if effect.marker.is_some() || is_status {
            return Step::Guarded;
        }
        if effect.removes {
            let is_taken = hold.is_some() || kind == Some(&Kind::Acquire);
            let is_leftover = is_taken && !is_handed_out && kind != Some(&Kind::Release);
            return if is_leftover { Step::Removal } else { Step::Release };
        }
        let call = process.call();
        let sent_before = effect.old.as_ref().and_then(|old| self.senders.get(old));
        match (sent_before == Some(&call), is_handed_out || kind == Some(&Kind::Renew)) {
            (_, true) => Step::Renewal,
            (true, _) => Step::Restamp,
            _ => Step::Acquire,
        }
    }

    /// A request leaves its process.
    pub(crate) fn sent(&mut self, process: &Process, sent: &Sent) {
        self.open.insert(sent.number, Open { process: process.number, step: sent.step });
        if sent.step != Step::Watch {
            self.in_doubt.insert(process.number, sent.step.is_write());
        }
        if let Some(value) = &sent.effect.new {
            self.sent_at.entry(value.clone()).or_insert_with(|| process.machine.boot());
        }
        if matches!(sent.step, Step::Acquire | Step::Restamp | Step::GoWrite)
            && let Some(value) = &sent.effect.new
        {
            self.senders.insert(value.clone(), sent.call);
            if let Some(call) = self.call_mut(sent.call) {
                call.values.push(value.clone());
            }
        }
        if sent.step == Step::Release {
            self.release_sent(process, sent);
        }
    }

    /// Its sender has its answer, or waits no more.
    pub(crate) fn heard(&mut self, number: u64, is_good: bool) {
        if let Some(open) = self.open.remove(&number)
            && is_good
            && open.step != Step::Watch
        {
            self.in_doubt.insert(open.process, false);
        }
    }

    /// A fault has met a request of this process.
    pub(crate) fn spoiled(&mut self, process: &Process) {
        let now = self.now();
        self.spoiled_at.insert(process.number, now);
    }

    /// The watch of this process tells nothing, or late: a slow poll is to find out.
    pub(crate) fn deafened(&mut self, process: &Process) {
        let until = self.now() + SILENCE_MAX;
        self.deaf_until.insert(process.number, until);
    }

    /// The steps that a process is at.
    pub(crate) fn open_steps(&self, process: &Process) -> Vec<Step> {
        let open = self.open.values().filter(|open| open.process == process.number);
        open.map(|open| open.step).collect()
    }

    /// All that is looked at after each step of a process.
    pub(crate) fn after_step(&mut self, process: &Arc<Process>) {
        self.steps += 1;
        if self.breach.is_none() {
            self.sample(process);
        }
    }

    /// A task of this process has panicked.
    pub(crate) fn panicked(&mut self, process: &Process) {
        self.broken(Rule::Panic, || process.name.clone());
    }

    /// All that is looked at every now and then.
    pub(crate) fn tick(&mut self) {
        self.check_deadlines();
        self.check_settled();
        self.check_leftovers();
        self.check_idle();
    }

    /// Lets go of all processes: they hold the world, and the world this judge.
    pub(crate) fn dismiss(&mut self) {
        self.calls.clear();
        self.holds.clear();
        self.plains.clear();
    }
}
