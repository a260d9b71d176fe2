//! Whole kinds of objects, page by page: only their metadata, and of that only the locks.

mod page;
pub(crate) mod source;
pub(crate) mod trouble;
pub(crate) mod walk;
pub(crate) mod watch;

use kubelock::Timestamp;

/// How far the API server's clock is ahead of this machine's, or more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ahead {
    nanos: i128,
}

impl Ahead {
    /// The server's `Date` is cut to seconds and older than its answer: it is ahead by more.
    fn of(date: Timestamp, local: Timestamp) -> Self {
        Self { nanos: date.unix_nanos() - local.unix_nanos() }
    }

    #[cfg(test)]
    pub(crate) fn by_seconds(seconds: i128) -> Self {
        Self { nanos: seconds * 1_000_000_000 }
    }

    /// The server's time, or an earlier one, when it is `local` here.
    pub(crate) fn at(self, local: Timestamp) -> Timestamp {
        local.saturating_add_nanos(self.nanos)
    }

    /// When the server's time is `server`, or later, by this machine's clock.
    pub(crate) fn until(self, server: Timestamp) -> Timestamp {
        server.saturating_add_nanos(-self.nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_clock_is_told_from_this_one_by_how_far_it_is_ahead() {
        let at = |seconds: i128| Timestamp::from_unix_nanos(seconds * 1_000_000_000);
        let ahead = Ahead::of(at(100), at(97));

        assert_eq!(ahead.at(at(200)), at(203));
        assert_eq!(ahead.until(at(203)), at(200));
    }
}
