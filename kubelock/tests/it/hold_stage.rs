//! What the tests of holds share: options in short words, patience, and who was inside when.

use std::time::{Duration, Instant};

use http::Method;
use json_patch::Patch;
use kube::core::GroupVersionResource;
use kubelock::{Clock, Config, Error, FencingToken, Guard, HoldOptions, KubeLock, Lock, Wait};
use serde_json::Value;
use testkit::wire::Wire;
use tokio::task::JoinHandle;

/// The shortest there is: renewed about once a second.
pub const TTL: Duration = Duration::from_secs(3);
/// Never renewed while a test runs, unless something goes wrong.
pub const LONG: Duration = Duration::from_mins(10);
/// So long is waited for what is to come, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_mins(1);

pub fn hold(owner: &str) -> HoldOptions {
    HoldOptions { owner: owner.into(), ttl: TTL, ..Default::default() }
}

pub fn waiting(owner: &str) -> HoldOptions {
    HoldOptions { wait: Wait::Forever, ..hold(owner) }
}

/// Locks on any kind, over a wire, by a client that sends once.
pub fn locks(wire: &Wire, gvr: GroupVersionResource) -> KubeLock {
    let config = Config { client: wire.client(), gvr };
    KubeLock::new(config).unwrap().with_client_that_sends_once()
}

/// Holds in a task of its own.
pub fn spawn_hold(
    lock: &Lock,
    object: &str,
    options: HoldOptions,
) -> JoinHandle<Result<Guard, Error>> {
    let (lock, object) = (lock.clone(), object.to_owned());
    tokio::spawn(async move { lock.hold(&object, options).await })
}

/// Asks until the answer is yes.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What the wire calls a watch.
pub fn watch() -> Method {
    Method::from_bytes(b"WATCH").unwrap()
}

/// Waits until so many watches were sent; what was sent before is forgotten.
pub async fn until_watching(wire: &Wire, count: usize) {
    let mut seen = 0;
    eventually("a watch is opened", async || {
        seen += wire.take_sent().iter().filter(|sent| sent.is_watch()).count();
        seen >= count
    })
    .await;
}

/// Waits until the hold has been renewed once more.
pub async fn until_renewed(guard: &Guard) {
    let before = guard.record().created_at;
    eventually("the hold is renewed", async || guard.record().created_at != before).await;
}

/// The operations of a JSON Patch.
pub fn operations(operations: Value) -> Patch {
    serde_json::from_value(operations).unwrap()
}

/// A wall clock that somebody sets while it is in use.
#[derive(Default)]
pub struct Stepping {
    seconds: std::sync::atomic::AtomicI64,
}

impl Stepping {
    pub fn set_ahead(&self, seconds: i64) {
        self.seconds.store(seconds, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for Stepping {
    fn wall(&self) -> kubelock::Timestamp {
        let seconds = self.seconds.load(std::sync::atomic::Ordering::SeqCst);
        let nanos = i128::from(seconds) * 1_000_000_000;
        kubelock::SystemClock.wall().saturating_add_nanos(nanos)
    }

    fn boot(&self) -> Duration {
        kubelock::SystemClock.boot()
    }
}

/// One hold, by its holder's own word.
pub struct Stay {
    from: Instant,
    until: Instant,
    token: FencingToken,
    pub owner: String,
}

impl Stay {
    /// Holds for a moment, and gives back.
    pub async fn within(guard: Guard, moment: Duration) -> Self {
        let from = Instant::now();
        assert!(guard.is_valid(), "handed out, and over already");
        tokio::time::sleep(moment).await;
        // Read before the clock is: it was valid until then, at least.
        assert!(guard.is_valid(), "lost within a moment");
        let until = Instant::now();
        let (token, owner) = (guard.token().clone(), guard.record().owner);
        guard.release().await.unwrap();
        Self { from, until, token, owner }
    }

    /// No two overlapped, and the tokens grew from each to the next.
    pub fn check(stays: &mut [Self]) {
        stays.sort_by_key(|stay| stay.from);
        for pair in stays.windows(2) {
            let [earlier, later] = pair else { continue };
            let names = (&earlier.owner, &later.owner);
            assert!(earlier.until <= later.from, "two at once: {names:?}");
            assert!(earlier.token < later.token, "the token did not grow: {names:?}");
        }
    }
}
