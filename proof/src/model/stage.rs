//! One configuration: who takes part, on what object, and what may go wrong.

use std::sync::LazyLock;
use std::time::Duration;

use kubelock_core::expiry::ExpiryRule;
use kubelock_core::name::{AnnotationKey, LockName, Prefix};
use kubelock_core::takeover::Takeover;
use kubelock_core::terms::Terms;

use super::clock::Clock;

/// The least ttl of a hold: the hardest to keep, and the fewest ticks.
pub const TTL: Duration = Duration::from_secs(3);

static KEY: LazyLock<Option<AnnotationKey>> =
    LazyLock::new(|| Some(AnnotationKey::new(&Prefix::default(), &LockName::new("l").ok()?)));

/// One configuration.
#[derive(Debug, Clone)]
pub struct Stage {
    /// What it is called, and what it is about.
    pub name: &'static str,
    /// True time moves by so many milliseconds at once.
    pub tick: u64,
    /// So often.
    pub ticks: u16,
    /// Who takes part.
    pub actors: Vec<Actor>,
    /// What carries the lock at the start.
    pub object: Start,
    /// Nobody may patch: whole objects are put instead.
    pub forbids_patch: bool,
    /// Answers take time, too, not only requests.
    pub slow_answers: bool,
    /// What may go wrong, each so often.
    pub faults: Faults,
}

/// The object at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// It has no annotation.
    Bare,
    /// It has one that is not the lock's.
    Annotated,
    /// It does not exist.
    Missing,
}

/// One process.
#[derive(Debug, Clone)]
pub struct Actor {
    /// What it does.
    pub role: Role,
    /// What its clocks show.
    pub clock: Clock,
    /// So often it tries to get the lock.
    pub claims: u8,
    /// So many requests of its own, all together.
    pub requests: u8,
    /// So many guarded writes.
    pub guards: u8,
    /// Whether it gives the lock back before its time is over.
    pub releases: bool,
    /// Whether it renews.
    pub renews: bool,
    /// Whether it makes the object where there is none.
    pub creates: bool,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It holds: claims, waits, renews, releases.
    Holder(Takeover),
    /// It takes the lock by one call, compatible with the Go package.
    Caller(ExpiryRule),
    /// The Go package: reads, decides by its wall clock, puts.
    Go,
}

/// What may go wrong, each so often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// A request, with its answer, takes any time.
    pub delays: u8,
    /// A sender gives up waiting for an answer: the request may be lost, late, or done.
    pub silences: u8,
    /// A request arrives twice.
    pub copies: u8,
    /// A process ends without a word.
    pub crashes: u8,
    /// A machine is suspended for a tick.
    pub suspends: u8,
    /// Somebody removes the record beside the protocol.
    pub removals: u8,
    /// Somebody deletes the object, and makes it anew with or without the record on it.
    pub recreations: u8,
    /// Somebody deletes an object that has finalizers.
    pub deletions: u8,
    /// Somebody changes something else in the object.
    pub touches: u8,
    /// A webhook drops the record from what is stored.
    pub alterations: u8,
}

impl Actor {
    /// One that holds, once.
    pub fn holder(clock: Clock) -> Self {
        Self {
            role: Role::Holder(Takeover::Observed { stale_after: None }),
            clock,
            claims: 1,
            requests: 6,
            guards: 0,
            releases: false,
            renews: false,
            creates: false,
        }
    }

    /// One that takes the lock by a single call.
    pub fn caller(clock: Clock, rule: ExpiryRule) -> Self {
        Self { role: Role::Caller(rule), ..Self::holder(clock) }
    }

    /// One that runs the Go package.
    pub fn go(clock: Clock) -> Self {
        Self { role: Role::Go, ..Self::holder(clock) }
    }

    /// It takes others' locks by this rule.
    #[must_use]
    pub fn taking_over(self, takeover: Takeover) -> Self {
        Self { role: Role::Holder(takeover), ..self }
    }

    /// It renews.
    #[must_use]
    pub fn renewing(self) -> Self {
        Self { renews: true, ..self }
    }

    /// It makes the object where there is none.
    #[must_use]
    pub fn creating(self) -> Self {
        Self { creates: true, ..self }
    }

    /// It gives the lock back.
    #[must_use]
    pub fn releasing(self) -> Self {
        Self { releases: true, ..self }
    }

    /// It writes under guard, so often.
    #[must_use]
    pub fn guarding(self, guards: u8) -> Self {
        Self { guards, ..self }
    }

    /// It sends so many requests at most.
    #[must_use]
    pub fn sending(self, requests: u8) -> Self {
        Self { requests, ..self }
    }

    /// It tries so often.
    #[must_use]
    pub fn claiming(self, claims: u8) -> Self {
        Self { claims, ..self }
    }
}

impl Stage {
    /// These actors on an object with an annotation, and nothing goes wrong.
    pub fn new(name: &'static str, actors: Vec<Actor>) -> Self {
        Self {
            name,
            tick: 1_000,
            ticks: 5,
            actors,
            object: Start::Annotated,
            forbids_patch: false,
            slow_answers: false,
            faults: Faults::default(),
        }
    }

    /// With these faults.
    #[must_use]
    pub fn with(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    /// With more of everything: for those who have the time.
    #[must_use]
    pub fn deeper(mut self) -> Self {
        for actor in &mut self.actors {
            actor.requests += 1;
        }
        self.faults.delays += 1;
        self.ticks += 1;
        self
    }

    /// For so many ticks of so many milliseconds.
    #[must_use]
    pub fn lasting(self, ticks: u16, tick: u64) -> Self {
        Self { tick, ticks, ..self }
    }
}

/// The lock's annotation.
pub fn key() -> &'static AnnotationKey {
    // The name is a constant, and a good one: a test of the core says which are.
    KEY.as_ref().unwrap_or_else(|| unreachable!("`l` is a good name for a lock"))
}

/// The durations of all holds.
pub fn terms() -> Terms {
    Terms::new(TTL, None, None).unwrap_or_else(|_| unreachable!("the least ttl there is"))
}
