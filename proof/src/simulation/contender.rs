//! A process that wants the lock, by the library's calls.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use kube::core::GroupVersionResource;
use kubelock::{
    AcquireOptions, Acquired, CancellationToken, Clock, Config, Error, ExpiryRule, GetOptions,
    HoldOptions, KubeLock, Lock, ReleaseOptions, RenewOptions, Wait,
};

use super::holder;
use super::judge::Kind;
use super::link::Link;
use super::process::{Host, Process};
use super::profile::{Profile, Rule};
use super::store::{Carrier, LOCK};

/// How a call is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Its future is dropped.
    Dropped,
    /// It is told to end, and says what became of it.
    Cancelled,
}

/// One life of a contender.
#[derive(Clone)]
pub(crate) struct Contender {
    pub(crate) process: Arc<Process>,
    pub(crate) owner: String,
    /// Its client repeats requests by itself.
    pub(crate) repeats: bool,
    /// Its wall clock is right, and stays so.
    pub(crate) is_exact: bool,
    pub(crate) lock: Lock,
}

impl Contender {
    pub(crate) fn new(
        process: &Arc<Process>,
        owner: String,
        repeats: bool,
        is_exact: bool,
    ) -> Result<Self, Error> {
        let (group, version, resource) = process.world.carrier.gvr();
        let gvr = GroupVersionResource::gvr(group, version, resource);
        let host = Arc::new(Host(process.clone()));
        let client = Link::client(process, repeats);
        let locks =
            KubeLock::new(Config { client, gvr })?.with_clock(host.clone()).with_runtime(host);
        let locks = if repeats { locks } else { locks.with_client_that_sends_once() };
        let lock = locks.lock(LOCK)?.namespace("default")?;
        Ok(Self { process: process.clone(), owner, repeats, is_exact, lock })
    }

    /// What it does: one thing after the other while there are faults, and then one hold more,
    /// which it must get.
    pub(crate) async fn live(self) {
        let process = self.process.clone();
        while process.world.has_faults() {
            process.sleep(process.dice.millis(1, 3_000)).await;
            self.act().await;
        }
        let options = HoldOptions { wait: Wait::Forever, ..self.hold_options() };
        self.hold(HoldOptions { create_lease: self.may_create(), ..options }, false).await;
    }

    async fn act(&self) {
        match self.process.dice.below(20) {
            0..=13 => self.hold(self.hold_options(), true).await,
            14..=18 => self.acquire().await,
            _ => self.look().await,
        }
    }

    fn profile(&self) -> Profile {
        self.process.world.profile
    }

    fn may_create(&self) -> bool {
        self.process.world.carrier == Carrier::Lease
    }

    fn ttl(&self) -> Duration {
        Duration::from_secs(self.process.dice.pick(&[3, 3, 4, 5, 6, 8, 12, 20, 30, 60]))
    }

    fn wait(&self) -> Wait {
        match self.process.dice.below(4) {
            0 => Wait::No,
            1 => Wait::For(self.process.dice.secs(1, 60)),
            _ => Wait::Forever,
        }
    }

    fn hold_options(&self) -> HoldOptions {
        let dice = &self.process.dice;
        let (ttl, wait) = (self.ttl(), self.wait());
        HoldOptions {
            owner: self.owner.clone(),
            ttl,
            wait,
            takeover: self.profile().takeover(dice, !wait.is_none()),
            margin: dice.chance(150).then_some(ttl / 4),
            create_lease: self.may_create() && dice.chance(900),
            watch: dice.chance(250),
            ..HoldOptions::default()
        }
    }

    fn began(&self, kind: Kind, rule: Rule) -> u64 {
        self.process.world.judge().began(&self.process, kind, rule, self.repeats)
    }

    async fn hold(&self, options: HoldOptions, may_drop: bool) {
        let process = &self.process;
        let call = self.began(Kind::Hold, Profile::rule_of(&options));
        process.note(|| {
            format!("wants a hold of {:?}, {:?}, {:?}", options.ttl, options.wait, options.takeover)
        });
        let end = may_drop.then(|| self.end()).flatten();
        let stop = CancellationToken::new();
        let options = HoldOptions { cancel: Some(stop.clone()), ..options };
        let asked = pin!(self.lock.hold("app", options));
        match self.until_ended(call, end, &stop, asked).await {
            Some(Ok(guard)) => holder::holds(self, guard).await,
            Some(Err(error)) => self.told(call, &error),
            None => process.world.judge().dropped(call),
        }
    }

    /// Whether a call is given up before it is done, and how.
    fn end(&self) -> Option<End> {
        let dice = &self.process.dice;
        match dice.below(10) {
            0 => Some(End::Dropped),
            1 => Some(End::Cancelled),
            _ => None,
        }
    }

    /// What comes of a call that may be given up. `None` if it was dropped.
    async fn until_ended<T>(
        &self,
        call: u64,
        end: Option<End>,
        stop: &CancellationToken,
        mut asked: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        let Some(end) = end else { return Some(asked.await) };
        tokio::select! {
            biased;
            got = &mut asked => return Some(got),
            () = self.patience(call) => {}
        }
        self.process.note(|| format!("gives the call up: {end:?}"));
        match end {
            End::Dropped => None,
            End::Cancelled => {
                stop.cancel();
                Some(asked.await)
            }
        }
    }

    /// Tells the judge, and everybody who reads.
    pub(crate) fn told(&self, call: u64, error: &Error) {
        self.process.note(|| format!("is told: {error}"));
        self.process.world.judge().told_error(call, error);
    }

    /// Until it gives a call up: often just when its write has landed.
    fn patience(&self, call: u64) -> impl Future<Output = ()> + Send + use<> {
        let dice = &self.process.dice;
        let on_landing = dice.chance(700);
        let span = if on_landing { dice.millis(0, 8) } else { dice.secs(0, 20) };
        let landing = self.process.world.judge().landing(call);
        let process = self.process.clone();
        async move {
            if on_landing {
                landing.await;
            }
            process.sleep(span).await;
        }
    }

    fn expiry(&self) -> ExpiryRule {
        let may_go_alone = self.profile() != Profile::Honest || self.is_exact;
        if may_go_alone && self.process.dice.chance(200) {
            ExpiryRule::LocalClock
        } else {
            ExpiryRule::BothClocks
        }
    }

    async fn acquire(&self) {
        let dice = &self.process.dice;
        let expiry = self.expiry();
        let rule =
            if expiry == ExpiryRule::LocalClock { Rule::LocalClock } else { Rule::BothClocks };
        let options = AcquireOptions {
            owner: self.owner.clone(),
            ttl: self.ttl(),
            expiry,
            deadline: dice.millis(500, 10_000),
            create_lease: self.may_create() && dice.chance(900),
            // By wall clocks that are wrong a wait may have no end.
            wait: dice.pick(&[Wait::No, Wait::For(dice.secs(1, 60))]),
            ..AcquireOptions::default()
        };
        let call = self.began(Kind::Acquire, rule);
        self.process
            .note(|| format!("acquires for {:?}, {expiry:?}, {:?}", options.ttl, options.wait));
        let end = self.end().filter(|end| *end == End::Cancelled);
        let stop = CancellationToken::new();
        let options = AcquireOptions { cancel: end.map(|_| stop.clone()), ..options };
        let asked = pin!(self.lock.acquire("app", options));
        match self.until_ended(call, end, &stop, asked).await {
            Some(Ok(acquired)) => self.use_up(call, acquired, expiry).await,
            Some(Err(error)) => self.told(call, &error),
            None => {}
        }
    }

    /// What a caller does with a record, and how it gives it back.
    async fn use_up(&self, call: u64, mut acquired: Acquired, expiry: ExpiryRule) {
        let dice = &self.process.dice;
        let mut number = self.got(call, &acquired);
        if dice.chance(300) {
            self.work(&acquired).await;
            let Some(renewed) = self.renew(number, expiry).await else { return };
            (number, acquired) = renewed;
        }
        self.work(&acquired).await;
        let result = match dice.below(4) {
            0 => return,
            1 => {
                self.process.world.judge().plain_ending(number);
                let call = self.began(Kind::Release, Rule::Observed);
                let owner = self.owner.clone();
                let options = ReleaseOptions { owner, expiry, ..ReleaseOptions::default() };
                self.process.note(|| "releases by owner".into());
                (call, self.lock.release("app", options).await)
            }
            _ => {
                self.process.world.judge().plain_ending(number);
                let call = self.began(Kind::Release, Rule::Observed);
                self.process.note(|| "releases its record".into());
                (call, acquired.release().await)
            }
        };
        match result {
            (call, Ok(())) => self.process.world.judge().told_plain_released(number, call),
            (call, Err(error)) => self.told(call, &error),
        }
    }

    fn got(&self, call: u64, acquired: &Acquired) -> usize {
        self.process.note(|| "has acquired it".into());
        let version = acquired.resource_version().parse().unwrap_or_default();
        let mut judge = self.process.world.judge();
        judge.got_plain(&self.process, call, acquired.record(), version)
    }

    async fn renew(&self, number: usize, expiry: ExpiryRule) -> Option<(usize, Acquired)> {
        let call = self.began(Kind::Renew, Rule::Observed);
        let options = RenewOptions { owner: self.owner.clone(), expiry, ..RenewOptions::default() };
        self.process.note(|| "renews by owner".into());
        match self.lock.renew("app", options).await {
            Ok(acquired) => {
                self.process.world.judge().plain_ending(number);
                Some((self.got(call, &acquired), acquired))
            }
            Err(error) => {
                self.told(call, &error);
                None
            }
        }
    }

    async fn work(&self, acquired: &Acquired) {
        let ttl = u64::try_from(acquired.record().ttl_nanos).unwrap_or(0);
        let span = Duration::from_nanos(ttl).min(Duration::from_secs(20)) * 5 / 4;
        let span = self.process.dice.span(Duration::ZERO, span);
        self.process.sleep(span).await;
    }

    async fn look(&self) {
        let call = self.began(Kind::Get, Rule::Observed);
        match self.lock.get("app", GetOptions::default()).await {
            Ok(state) => {
                let wall = self.process.machine.wall();
                self.process.note(|| format!("sees it held: {}, at {wall}", state.is_held()));
            }
            Err(error) => self.told(call, &error),
        }
    }
}
