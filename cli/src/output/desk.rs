//! What is said on stderr, one thing after the other, and the line that counts between them.

use std::time::{Duration, Instant};

use super::obstacle::{Now, Obstacle, Wanted};

/// Where there is no line that counts, whoever waits for the same thing says so once in a while.
const REMIND: Duration = Duration::from_mins(1);

/// What a desk writes on.
pub(super) trait Paper {
    /// A line that stays.
    fn line(&mut self, words: &str);

    /// What is drawn, and moves the cursor.
    fn draw(&mut self, text: &str);

    /// How many columns a line that counts may have, where there can be one at present.
    fn room(&self) -> Option<usize>;
}

/// Says all, in order.
pub(super) struct Desk<P> {
    paper: P,
    waits: Option<Waits>,
    /// Whether the line that counts is there.
    is_drawn: bool,
    /// Nothing is drawn while the program stops.
    is_paused: bool,
}

struct Waits {
    wanted: Wanted,
    obstacle: Obstacle,
    /// When it was last told of, in a line that stays or in one that counts.
    told_at: Instant,
}

impl<P: Paper> Desk<P> {
    pub(super) fn new(paper: P) -> Self {
        Self { paper, waits: None, is_drawn: false, is_paused: false }
    }

    /// Says a line between two looks at the one that counts.
    pub(super) fn say(&mut self, words: &str, now: Now) {
        self.clear();
        self.paper.line(words);
        self.tick(now);
    }

    /// Something is in the way, which may be news.
    pub(super) fn wait(&mut self, wanted: Wanted, obstacle: Obstacle, is_news: bool, now: Now) {
        let told_at = self.waits.take().map_or(now.at, |waits| waits.told_at);
        let told_at = if is_news { now.at } else { told_at };
        if is_news && self.room().is_none() {
            self.paper.line(&wanted.sentence(&obstacle, now));
        }
        self.waits = Some(Waits { wanted, obstacle, told_at });
        self.tick(now);
    }

    /// Nothing is waited for any more.
    pub(super) fn over(&mut self) {
        self.clear();
        self.waits = None;
    }

    /// Whether there is anything that counts.
    pub(super) fn is_waiting(&self) -> bool {
        self.waits.is_some()
    }

    /// Takes the line away until it is [resumed](Self::resume).
    pub(super) fn pause(&mut self) {
        self.clear();
        self.is_paused = true;
    }

    pub(super) fn resume(&mut self, now: Now) {
        self.is_paused = false;
        self.tick(now);
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Now) {
        let room = self.room();
        let Some(waits) = &mut self.waits else { return };
        match room {
            Some(columns) => {
                let line = waits.wanted.line(&waits.obstacle, now, columns);
                waits.told_at = now.at;
                // The cursor stays in front: what is typed meanwhile does not wrap it.
                self.paper.draw(&format!("\r\x1b[K{line}\r"));
                self.is_drawn = true;
            }
            None if now.at.saturating_duration_since(waits.told_at) >= REMIND => {
                waits.told_at = now.at;
                let reminder = waits.wanted.reminder(&waits.obstacle, now);
                self.paper.line(&reminder);
            }
            None => {}
        }
    }

    fn room(&self) -> Option<usize> {
        self.paper.room().filter(|_| !self.is_paused)
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            self.paper.draw("\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use kubelock::{LockName, Record, Timestamp, Ttl};

    use super::*;
    use crate::kinds;
    use crate::target::{Carrier, Target};

    /// A terminal, as far as its last line goes, and what stays above.
    #[derive(Clone, Default)]
    struct Sheet {
        lines: Rc<RefCell<Vec<String>>>,
        last: Rc<RefCell<String>>,
        room: Rc<Cell<Option<usize>>>,
    }

    impl Paper for Sheet {
        fn line(&mut self, words: &str) {
            assert_eq!(*self.last.borrow(), "", "said into the line that counts");
            self.lines.borrow_mut().push(words.to_owned());
        }

        fn draw(&mut self, text: &str) {
            let line = text.strip_prefix("\r\x1b[K").unwrap();
            *self.last.borrow_mut() = line.trim_end_matches('\r').to_owned();
        }

        fn room(&self) -> Option<usize> {
            self.room.get()
        }
    }

    impl Sheet {
        fn take(&self) -> Vec<String> {
            self.lines.borrow_mut().drain(..).collect()
        }

        fn last(&self) -> String {
            self.last.borrow().clone()
        }
    }

    struct Stage {
        desk: Desk<Sheet>,
        sheet: Sheet,
        began: Instant,
    }

    impl Stage {
        fn new(room: Option<usize>) -> Self {
            let sheet = Sheet::default();
            sheet.room.set(room);
            Self { desk: Desk::new(sheet.clone()), sheet, began: Instant::now() }
        }

        fn at(&self, seconds: u64) -> Now {
            let span = Duration::from_secs(seconds);
            Now { wall: Timestamp::from(std::time::UNIX_EPOCH + span), at: self.began + span }
        }

        fn held_by(&mut self, owner: &str, is_news: bool, seconds: u64) {
            let ttl = Ttl::new(Duration::from_secs(90)).unwrap();
            let record = Record::new(owner, self.at(seconds).wall, ttl);
            let held = Obstacle::Holder { record: Box::new(record), free_at: None };
            self.wait(held, is_news, seconds);
        }

        fn wait(&mut self, obstacle: Obstacle, is_news: bool, seconds: u64) {
            let lock = LockName::new("deploy").unwrap();
            let target = Target::new(lock, &Carrier::Lease, kinds::lease(), "ci");
            let now = self.at(seconds);
            self.desk.wait(Wanted::new(&target), obstacle, is_news, now);
        }

        fn tick(&mut self, seconds: u64) {
            let now = self.at(seconds);
            self.desk.tick(now);
        }
    }

    #[test]
    fn without_a_terminal_a_holder_is_told_once_then_once_a_minute_and_the_next_one_at_once() {
        let mut stage = Stage::new(None);
        stage.held_by("alice", true, 0);
        let told = stage.sheet.take();
        assert!(told.len() == 1 && told[0].starts_with("waiting for lock \"deploy\""), "{told:?}");
        for seconds in 1..60 {
            stage.held_by("alice", false, seconds);
            stage.tick(seconds);
        }
        assert!(stage.sheet.take().is_empty());
        stage.tick(60);
        let told = stage.sheet.take();
        assert!(told.len() == 1 && told[0].starts_with("still waiting after "), "{told:?}");
        assert!(told[0].contains(", held by alice (for "), "{told:?}");
        stage.held_by("bob", true, 61);
        (62..121).for_each(|seconds| stage.tick(seconds));
        let told = stage.sheet.take();
        assert!(told.len() == 1 && told[0].contains(", held by bob "), "{told:?}");
        stage.tick(121);
        assert_eq!(stage.sheet.take().len(), 1);
        stage.desk.over();
        (122..300).for_each(|seconds| stage.tick(seconds));
        assert!(stage.sheet.take().is_empty());
    }

    #[test]
    fn on_a_terminal_one_line_counts_and_nothing_of_it_stays() {
        let mut stage = Stage::new(Some(70));
        stage.tick(0);
        assert_eq!(stage.sheet.last(), "", "nothing is waited for");
        stage.held_by("alice", true, 0);
        assert!(stage.sheet.last().ends_with("deploy: alice for 0s, expires in 90s"));
        stage.tick(7);
        assert!(stage.sheet.last().ends_with("deploy: alice for 7s, expires in 83s"));
        stage.held_by("bob", true, 8);
        assert!(stage.sheet.last().ends_with("deploy: bob for 0s, expires in 90s"));
        stage.wait(Obstacle::Server("no answer".into()), true, 9);
        assert!(stage.sheet.last().ends_with("now for the API server: no answer"));
        (10..200).for_each(|seconds| stage.tick(seconds));
        stage.desk.over();
        assert_eq!((stage.sheet.last(), stage.sheet.take()), (String::new(), Vec::new()));
    }

    #[test]
    fn what_else_is_said_stands_above_the_line_that_counts() {
        let mut stage = Stage::new(Some(70));
        stage.held_by("alice", true, 0);
        let now = stage.at(3);
        stage.desk.say("GET /api 200 3ms", now);
        assert_eq!(stage.sheet.take(), ["GET /api 200 3ms"]);
        assert!(stage.sheet.last().ends_with("alice for 3s, expires in 87s"));
        stage.desk.over();
        stage.desk.say("acquired", now);
        assert_eq!(
            (stage.sheet.take(), stage.sheet.last()),
            (vec!["acquired".into()], String::new())
        );
    }

    #[test]
    fn a_program_that_stops_takes_its_line_away_and_draws_it_anew_when_it_goes_on() {
        let mut stage = Stage::new(Some(70));
        stage.held_by("alice", true, 0);
        stage.desk.pause();
        stage.tick(1);
        assert_eq!(stage.sheet.last(), "");
        let now = stage.at(40);
        stage.desk.resume(now);
        assert!(stage.sheet.last().ends_with("alice for 40s, expires in 50s"));
        assert!(stage.sheet.take().is_empty());
    }

    #[test]
    fn in_the_background_nothing_is_drawn_and_a_reminder_comes_once_a_minute() {
        let mut stage = Stage::new(Some(70));
        stage.held_by("alice", true, 0);
        stage.desk.pause();
        stage.sheet.room.set(None);
        let now = stage.at(5);
        stage.desk.resume(now);
        (5..60).for_each(|seconds| stage.tick(seconds));
        assert_eq!((stage.sheet.last(), stage.sheet.take()), (String::new(), Vec::new()));
        stage.tick(60);
        assert_eq!(stage.sheet.take().len(), 1);
        stage.sheet.room.set(Some(70));
        stage.tick(61);
        assert!(stage.sheet.last().ends_with("alice for 61s, expires in 29s"));
    }
}
