//! The server's time.

use std::sync::Arc;
use std::time::SystemTime;

/// Where the time comes from.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    pub(crate) fn new(source: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.0)()
    }

    /// As the header `Date` has it, cut to seconds.
    pub(crate) fn http_date(&self) -> String {
        let now = self.now();
        // The format knows no time before 1970.
        httpdate::fmt_http_date(now.max(SystemTime::UNIX_EPOCH))
    }

    /// As objects have it, cut to seconds.
    pub(crate) fn timestamp(&self) -> String {
        let since = self.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
    }
}
