//! What a command waits for, in words.

use std::time::{Duration, Instant, SystemTime};

use kubelock::{Held, Record, Timestamp};
use unicode_width::UnicodeWidthChar;

use super::{age, holder, text};
use crate::target::Target;

/// The clocks at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) wall: Timestamp,
    pub(super) at: Instant,
}

impl Now {
    pub(super) fn read() -> Self {
        Self { wall: Timestamp::from(SystemTime::now()), at: Instant::now() }
    }
}

/// The lock that a command waits for, and since when.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// `lock "deploy" on lease/deploy in namespace ci`.
    lock: String,
    /// The same for a line without much room: `deploy`, or `schema on configmap/app`.
    short: String,
    since: Instant,
}

/// What is in the way of it.
#[derive(Debug, Clone)]
pub(super) enum Obstacle {
    Holder {
        record: Box<Record>,
        /// Where nobody renews it, it is taken over then.
        free_at: Option<Instant>,
    },
    /// The API server, in its own words.
    Server(String),
}

impl Wanted {
    pub(super) fn new(target: &Target) -> Self {
        let lock = &target.lock;
        let short = if target.own_lease {
            lock.to_string()
        } else {
            format!("{lock} on {}", text::line(&target.on()))
        };
        Self { lock: target.describe(), short, since: Instant::now() }
    }

    /// Told once: `waiting for lock "deploy" …, held by alice (for 12s, expires in 18s): why`.
    pub(super) fn sentence(&self, obstacle: &Obstacle, now: Now) -> String {
        match obstacle {
            Obstacle::Holder { record, .. } => {
                format!("waiting for {}, held by {}", self.lock, obstacle.holder(record, now))
            }
            Obstacle::Server(message) => format!("waiting for the API server: {message}"),
        }
    }

    /// Told when that has lasted for long.
    pub(super) fn reminder(&self, obstacle: &Obstacle, now: Now) -> String {
        let waited = self.waited(now);
        match obstacle {
            Obstacle::Holder { record, .. } => {
                let holder = obstacle.holder(record, now);
                format!("still waiting after {waited} for {}, held by {holder}", self.lock)
            }
            Obstacle::Server(message) => {
                format!("still waiting after {waited} for the API server: {message}")
            }
        }
    }

    /// The line that counts: what changes first, what may be cut off last.
    pub(super) fn line(&self, obstacle: &Obstacle, now: Now, columns: usize) -> String {
        let (waited, lock) = (self.waited(now), &self.short);
        let line = match obstacle {
            Obstacle::Holder { record, .. } => {
                let (owner, since) = (text::owner(&record.owner), held_for(record, now));
                let left = obstacle.left(record, now);
                let reason = reason(record).map(|it| format!(" ({it})")).unwrap_or_default();
                format!("waiting {waited} for {lock}: {owner} for {since}, {left}{reason}")
            }
            Obstacle::Server(message) => {
                format!("waiting {waited} for {lock}, now for the API server: {message}")
            }
        };
        cut(&line, columns)
    }

    fn waited(&self, now: Now) -> String {
        age::human(now.at.saturating_duration_since(self.since))
    }
}

impl Obstacle {
    pub(super) fn of(held: &Held) -> Self {
        let free_at = held.free_after.and_then(|after| Instant::now().checked_add(after));
        Self::Holder { record: Box::new(held.record.clone()), free_at }
    }

    /// `alice@runner, hold 6f1c (for 12s, expires in 18s): why`.
    fn holder(&self, record: &Record, now: Now) -> String {
        let reason = reason(record).map(|it| format!(": {it}")).unwrap_or_default();
        holder::words_with(record, now.wall, &self.left(record, now)) + &reason
    }

    /// `expires in 18s`, `expired 3s ago: taken over in 27s`.
    fn left(&self, record: &Record, now: Now) -> String {
        let left = holder::left(record, now.wall);
        match self.free_in(now) {
            Some(free) if now.wall >= record.expires_at() => {
                format!("{left}: taken over in {}", age::human(free))
            }
            _ => left,
        }
    }

    fn free_in(&self, now: Now) -> Option<Duration> {
        let Self::Holder { free_at, .. } = self else { return None };
        let left = free_at.as_ref()?.saturating_duration_since(now.at);
        (left >= Duration::from_secs(1)).then_some(left)
    }
}

fn held_for(record: &Record, now: Now) -> String {
    age::human(holder::age_of(record, now.wall))
}

fn reason(record: &Record) -> Option<String> {
    record.reason.as_deref().filter(|reason| !reason.is_empty()).map(text::line)
}

/// No wider than so many columns, however wide its characters are.
fn cut(line: &str, columns: usize) -> String {
    if line.chars().map(width).sum::<usize>() <= columns {
        return line.to_owned();
    }
    let mut left = columns.saturating_sub(width('…'));
    let fits = |c: &char| {
        let fits = width(*c) <= left;
        left = left.saturating_sub(width(*c));
        fits
    };
    let mut cut: String = line.chars().take_while(fits).collect();
    if columns >= width('…') {
        cut.push('…');
    }
    cut
}

/// The most columns that a terminal may give it: where Chinese, Japanese or Korean is written,
/// Greek letters and `…` may have two. What makes a narrow character wide counts, too.
fn width(c: char) -> usize {
    if c == '\u{fe0f}' { 1 } else { c.width_cjk().unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use kubelock::{HoldId, LockName, Ttl};
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::kinds;
    use crate::target::Carrier;

    fn clock(seconds: u64, began: Instant) -> Now {
        let wall = Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 + seconds));
        Now { wall, at: began + Duration::from_secs(seconds) }
    }

    fn wanted(on: Option<&str>) -> Wanted {
        let carrier = Carrier::parse(on).unwrap();
        let kind = carrier.known_kind().unwrap_or_else(kinds::lease);
        Wanted::new(&Target::new(LockName::new("deploy").unwrap(), &carrier, kind, "ci"))
    }

    /// Taken at 988 s, renewed at 1000, and dead for everybody at 1030.
    fn held(owner: &str, reason: Option<&str>, began: Instant) -> Obstacle {
        let ttl = Ttl::new(Duration::from_secs(18)).unwrap();
        let stamp =
            |seconds| Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let mut record = Record::new(owner, stamp(1_000), ttl);
        record.acquired_at = Some(stamp(988));
        record.hold = Some(HoldId::new("6f1c".to_owned()).unwrap());
        record.reason = reason.map(str::to_owned);
        let free_at = Some(began + Duration::from_secs(30));
        Obstacle::Holder { record: Box::new(record), free_at }
    }

    #[test]
    fn the_line_counts_how_long_it_waits_how_long_the_lock_is_held_and_what_comes_next() {
        let wanted = wanted(None);
        let began = wanted.since;
        let obstacle = held("alice", Some("schema 7"), began);
        let lines = [0, 12, 17, 18, 21, 29, 30, 45]
            .map(|seconds| wanted.line(&obstacle, clock(seconds, began), 100));
        assert_eq!(
            lines,
            [
                "waiting 0s for deploy: alice for 12s, expires in 18s (schema 7)",
                "waiting 12s for deploy: alice for 24s, expires in 6s (schema 7)",
                "waiting 17s for deploy: alice for 29s, expires in 1s (schema 7)",
                "waiting 18s for deploy: alice for 30s, expired 0s ago: taken over in 12s (schema 7)",
                "waiting 21s for deploy: alice for 33s, expired 3s ago: taken over in 9s (schema 7)",
                "waiting 29s for deploy: alice for 41s, expired 11s ago: taken over in 1s (schema 7)",
                "waiting 30s for deploy: alice for 42s, expired 12s ago (schema 7)",
                "waiting 45s for deploy: alice for 57s, expired 27s ago (schema 7)",
            ]
        );
    }

    #[test]
    fn where_there_is_no_terminal_whole_sentences_are_told() {
        let wanted = wanted(Some("cm/app"));
        let began = wanted.since;
        let obstacle = held("alice", Some("schema 7"), began);
        assert_eq!(
            wanted.sentence(&obstacle, clock(0, began)),
            "waiting for lock \"deploy\" on configmap/app in namespace ci, held by alice, hold 6f1c (for 12s, expires in 18s): schema 7"
        );
        assert_eq!(
            wanted.reminder(&obstacle, clock(60, began)),
            "still waiting after 60s for lock \"deploy\" on configmap/app in namespace ci, held by alice, hold 6f1c (for 72s, expired 42s ago): schema 7"
        );
        let away = Obstacle::Server("no answer".into());
        assert_eq!(
            wanted.sentence(&away, clock(0, began)),
            "waiting for the API server: no answer"
        );
        assert_eq!(
            wanted.line(&away, clock(7, began), 100),
            "waiting 7s for deploy on configmap/app, now for the API server: no answer"
        );
    }

    #[test]
    fn no_owner_and_no_reason_is_wider_than_the_terminal_or_moves_its_cursor() {
        let wanted = wanted(None);
        let began = wanted.since;
        let owners =
            ["alice", "\x1b[2J\r\n\t", "日本語日本語", "Ωμέγα±", "❤\u{fe0f}❤\u{fe0f}", "👩‍👩‍👧", ""];
        for (owner, reason) in owners.iter().flat_map(|it| owners.map(|reason| (*it, reason))) {
            let obstacle = held(owner, Some(reason), began);
            let whole = wanted.line(&obstacle, clock(5, began), 1_000);
            assert!(!whole.chars().any(char::is_control), "{whole:?}");
            for columns in 0..90 {
                let line = wanted.line(&obstacle, clock(5, began), columns);
                assert!(line.chars().map(width).sum::<usize>() <= columns, "{columns}: {line:?}");
                assert!(line.width_cjk() <= columns, "{columns}: {line:?}");
                let kept = line.strip_suffix('…').unwrap_or(&line);
                assert!(whole.starts_with(kept), "{line:?} of {whole:?}");
            }
        }
    }
}
