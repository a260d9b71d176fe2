//! The API server's clock, as its answers show it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{HeaderMap, Request};
use kube::client::Body;
use kubelock::Timestamp;
use tower::service_fn;

use crate::query;

/// What it showed, and what has passed since: it goes on, whatever this machine's is set to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerClock {
    /// Cut to seconds and older than the answer that bore it: it was so late, or later.
    date: Timestamp,
    read_at: Steady,
}

/// What a clock shows that nobody sets. Suspend counts, where the system can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Steady(Duration);

impl Steady {
    #[cfg(unix)]
    pub(crate) fn now() -> Self {
        use crate::boottime::Boottime;
        Self(Duration::from_nanos(Boottime::now().nanos()))
    }

    #[cfg(not(unix))]
    pub(crate) fn now() -> Self {
        use std::sync::LazyLock;
        use std::time::Instant;
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        Self(START.elapsed())
    }
}

impl ServerClock {
    /// That of an answer that has just come, if it bears a date.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        Some(Self { date: query::date(headers)?, read_at: Steady::now() })
    }

    /// The server's time then, or an earlier one.
    pub(crate) fn at(self, then: Steady) -> Timestamp {
        self.date.saturating_add(then.0.saturating_sub(self.read_at.0))
    }

    pub(crate) fn now(self) -> Timestamp {
        self.at(Steady::now())
    }
}

/// A client for one request whose answer kube reads, and the clock that the answer shows.
pub(super) fn noting(client: &kube::Client) -> (kube::Client, Arc<OnceLock<ServerClock>>) {
    let shown = Arc::new(OnceLock::new());
    let (client, clock) = (client.clone(), Arc::clone(&shown));
    let service = service_fn(move |request: Request<Body>| {
        let (client, clock) = (client.clone(), Arc::clone(&clock));
        async move {
            let response = client.send(request).await?;
            if let Some(read) = ServerClock::of(response.headers()) {
                // Only the first answer is of this request.
                let _ = clock.set(read);
            }
            Ok::<_, kube::Error>(response)
        }
    });
    (kube::Client::new(service, String::new()), shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_clock_goes_on_from_what_it_showed_by_a_clock_that_nobody_sets() {
        let at = |seconds: i128| Timestamp::from_unix_nanos(seconds * 1_000_000_000);
        let steady = |seconds| Steady(Duration::from_secs(seconds));
        let clock = ServerClock { date: at(1_000), read_at: steady(7) };

        assert_eq!(clock.at(steady(7)), at(1_000));
        assert_eq!(clock.at(steady(10)), at(1_003));
    }
}
