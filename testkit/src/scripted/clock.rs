//! The server's time.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// The first second of 2026, when every scripted server starts.
const START_UNIX_SECONDS: u64 = 1_767_225_600;

/// True time from a fixed moment on, and a server's clock that may differ from it.
pub(super) struct ServerClock {
    started: Instant,
    skew_millis: i64,
    source: Option<Box<dyn Fn() -> SystemTime + Send>>,
}

impl ServerClock {
    pub(super) fn start() -> Self {
        Self { started: Instant::now(), skew_millis: 0, source: None }
    }

    pub(super) fn set_skew_millis(&mut self, skew_millis: i64) {
        self.skew_millis = skew_millis;
    }

    pub(super) fn set_source(&mut self, source: Box<dyn Fn() -> SystemTime + Send>) {
        self.source = Some(source);
    }

    pub(super) fn true_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(START_UNIX_SECONDS) + self.started.elapsed()
    }

    pub(super) fn read(&self) -> SystemTime {
        let time = self.source.as_ref().map_or_else(|| self.true_time(), |source| source());
        let skew = Duration::from_millis(self.skew_millis.unsigned_abs());
        if self.skew_millis < 0 { time - skew } else { time + skew }
    }
}
