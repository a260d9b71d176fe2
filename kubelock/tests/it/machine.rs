//! A machine whose clocks, timers and tasks do as a test tells them.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubelock::{BoxFuture, Clock, KubeLock, Runtime, Timestamp, TokioRuntime};
use testkit::scripted::ScriptedServer;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Clones are the same machine.
#[derive(Clone)]
pub struct Machine {
    inner: Arc<Inner>,
}

struct Inner {
    server: ScriptedServer,
    started: Instant,
    ahead_nanos: i128,
    /// So much of its time passes in a hundred seconds of true time.
    seconds_in_hundred: u32,
    suspended_millis: AtomicU64,
    /// The clocks are read so many times, and then once more: in a panic.
    fuse: AtomicI64,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Machine {
    /// One whose clocks go as tokio's does.
    pub fn new(server: &ScriptedServer) -> Self {
        Self::with_clocks(server, 0, 100)
    }

    /// Its wall clock is ahead by so many seconds, and all its clocks go at this rate.
    pub fn with_clocks(server: &ScriptedServer, ahead: i64, seconds_in_hundred: u32) -> Self {
        let inner = Inner {
            server: server.clone(),
            started: Instant::now(),
            ahead_nanos: i128::from(ahead) * 1_000_000_000,
            seconds_in_hundred,
            suspended_millis: AtomicU64::new(0),
            fuse: AtomicI64::new(i64::MAX),
            tasks: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The same locks, on this machine.
    pub fn run(&self, kube_lock: KubeLock) -> KubeLock {
        kube_lock.with_clock(Arc::new(self.clone())).with_runtime(Arc::new(self.clone()))
    }

    /// It was suspended for so long: its timers and the monotonic clock stood still.
    pub fn suspend(&self, span: Duration) {
        let millis = span.as_millis().try_into().unwrap();
        self.inner.suspended_millis.fetch_add(millis, Ordering::Relaxed);
    }

    /// The clocks can be read so often yet; the next reading panics, and later ones don't.
    pub fn light_fuse(&self, readings: i64) {
        self.inner.fuse.store(readings, Ordering::Relaxed);
    }

    /// Whether it has panicked.
    pub fn has_blown(&self) -> bool {
        self.inner.fuse.load(Ordering::Relaxed) < 0
    }

    /// Drops all tasks, as a runtime that shuts down.
    pub fn kill_tasks(&self) {
        for task in self.inner.tasks.lock().unwrap().drain(..) {
            task.abort();
        }
    }

    /// How many tasks are running.
    pub fn task_count(&self) -> usize {
        let mut tasks = self.inner.tasks.lock().unwrap();
        tasks.retain(|task| !task.is_finished());
        tasks.len()
    }

    fn elapsed(&self) -> Duration {
        if self.inner.fuse.fetch_sub(1, Ordering::Relaxed) == 0 {
            // Without a word on stderr.
            std::panic::resume_unwind(Box::new("the fuse has blown"));
        }
        self.inner.started.elapsed() * self.inner.seconds_in_hundred / 100
    }
}

impl Clock for Machine {
    fn wall(&self) -> Timestamp {
        let drift = self.inner.started.elapsed() * self.inner.seconds_in_hundred / 100;
        let drift = i128::try_from(drift.as_nanos()).unwrap()
            - i128::try_from(self.inner.started.elapsed().as_nanos()).unwrap();
        let ahead = self.inner.ahead_nanos + drift;
        Timestamp::from(self.inner.server.now()).saturating_add_nanos(ahead)
    }

    fn boot(&self) -> Duration {
        let suspended = self.inner.suspended_millis.load(Ordering::Relaxed);
        self.elapsed() + Duration::from_millis(suspended)
    }

    fn monotonic(&self) -> Duration {
        self.elapsed()
    }
}

impl Runtime for Machine {
    fn sleep(&self, span: Duration) -> BoxFuture<()> {
        // Rounded up: a timer that is early would be set again and again.
        let span = span * 100 / self.inner.seconds_in_hundred + Duration::from_nanos(1);
        Box::pin(tokio::time::sleep(span))
    }

    fn spawn(&self, task: BoxFuture<()>) {
        self.inner.tasks.lock().unwrap().push(tokio::spawn(task));
    }

    fn random(&self) -> u64 {
        TokioRuntime::default().random()
    }
}
