//! What is to be done to the command's group, and when.
//!
//! Pure: whoever asks brings the clock. Both processes keep a plan, so that either can end the
//! group without the other.

use std::time::Duration;

use crate::boottime::Boottime;

/// Timers sleep through suspend, so the clock is looked at this often.
const TICK: Duration = Duration::from_millis(250);

/// Nobody who can be killed takes longer to die of it.
const OVERDUE: Duration = Duration::from_secs(2);

/// When the command must be asked to end, and when it must be dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Deadlines {
    pub(super) term_at: Boottime,
    pub(super) kill_at: Boottime,
}

impl Deadlines {
    /// The deadlines of a hold that ends at this instant, with the grace behind it.
    pub(super) fn new(term_at: Boottime, grace: Duration) -> Self {
        Self { term_at, kill_at: term_at.after(grace) }
    }
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask the group to end.
    Terminate,
    /// End it.
    Kill,
}

/// The deadlines that count, and how far the end has come.
#[derive(Debug)]
pub(super) struct Plan {
    deadlines: Deadlines,
    stage: Stage,
    /// When the group was first to be killed.
    killed_at: Option<Boottime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The deadlines may still move.
    Open,
    /// They no longer move.
    Ending,
    /// The group was asked to end.
    Terminated,
}

impl Plan {
    pub(super) fn new(deadlines: Deadlines) -> Self {
        Self { deadlines, stage: Stage::Open, killed_at: None }
    }

    /// Takes later deadlines; once the end has begun, nothing puts it off. Those of a hold that is
    /// over by now prolong nothing: they are no renewal.
    pub(super) fn extend(&mut self, newer: Deadlines, now: Boottime) {
        let is_later = newer.term_at > self.deadlines.term_at;
        if self.stage == Stage::Open && is_later && now < newer.term_at {
            self.deadlines = newer;
        }
    }

    /// Ends the group from this instant on, and by `kill_at` at the latest.
    pub(super) fn end(&mut self, term_at: Boottime, kill_at: Boottime) {
        self.deadlines.term_at = self.deadlines.term_at.min(term_at);
        self.deadlines.kill_at = self.deadlines.kill_at.min(kill_at);
        if self.stage == Stage::Open {
            self.stage = Stage::Ending;
        }
    }

    /// Somebody else has asked the group to end: once is enough.
    pub(super) fn terminated(&mut self) {
        self.stage = Stage::Terminated;
    }

    /// What is to be done now. Killing stays due: somebody may still join the group.
    pub(super) fn due(&mut self, now: Boottime) -> Option<Step> {
        if now >= self.deadlines.kill_at {
            self.stage = Stage::Terminated;
            self.killed_at.get_or_insert(now);
            return Some(Step::Kill);
        }
        if now >= self.deadlines.term_at && self.stage != Stage::Terminated {
            self.stage = Stage::Terminated;
            return Some(Step::Terminate);
        }
        None
    }

    /// Whether the end has not begun by this instant.
    pub(super) fn is_open(&self, now: Boottime) -> bool {
        self.stage == Stage::Open && now < self.deadlines.term_at
    }

    /// Whether somebody must have survived being killed.
    pub(super) fn is_overdue(&self, now: Boottime) -> bool {
        self.killed_at.is_some_and(|killed_at| now > killed_at.after(OVERDUE))
    }

    /// How long nothing need be looked at.
    pub(super) fn rest(&self, now: Boottime) -> Duration {
        let next = match self.stage {
            Stage::Terminated => self.deadlines.kill_at,
            Stage::Open | Stage::Ending => self.deadlines.term_at.min(self.deadlines.kill_at),
        };
        // Past the last deadline there is a group to wait for, and nothing else.
        if now >= next { TICK } else { next.since(now).min(TICK) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Boottime {
        Boottime::from_nanos(seconds * 1_000_000_000)
    }

    fn deadlines(term_at: u64, kill_at: u64) -> Deadlines {
        Deadlines { term_at: at(term_at), kill_at: at(kill_at) }
    }

    fn plan() -> Plan {
        Plan::new(deadlines(20, 27))
    }

    #[test]
    fn a_group_is_asked_to_end_at_the_deadline_and_killed_after_the_grace() {
        let mut plan = plan();
        assert_eq!(plan.due(at(19)), None);
        assert_eq!(plan.due(at(20)), Some(Step::Terminate));
        assert_eq!(plan.due(at(26)), None);
        assert_eq!(plan.due(at(27)), Some(Step::Kill));
        assert_eq!(plan.due(at(28)), Some(Step::Kill));
    }

    #[test]
    fn a_group_that_slept_through_both_deadlines_is_killed_at_once() {
        assert_eq!(plan().due(at(500)), Some(Step::Kill));
    }

    #[test]
    fn a_renewal_puts_the_deadlines_off() {
        let mut plan = plan();
        plan.extend(deadlines(30, 37), at(10));
        assert_eq!(plan.due(at(29)), None);
        assert_eq!(plan.due(at(30)), Some(Step::Terminate));
    }

    #[test]
    fn deadlines_never_come_nearer_by_an_older_message() {
        let mut plan = plan();
        plan.extend(deadlines(10, 17), at(9));
        assert_eq!(plan.due(at(19)), None);
    }

    #[test]
    fn a_renewal_that_is_heard_of_late_counts_and_a_hold_that_is_over_gets_no_new_grace() {
        let mut late = plan();
        late.extend(deadlines(30, 37), at(25));
        assert_eq!(late.due(at(25)), None);

        let mut over = plan();
        over.extend(deadlines(500, 507), at(500));
        assert_eq!(over.due(at(500)), Some(Step::Kill));
    }

    #[test]
    fn an_end_that_has_begun_is_not_put_off() {
        let mut asked = plan();
        assert_eq!(asked.due(at(20)), Some(Step::Terminate));
        asked.extend(deadlines(30, 37), at(20));
        assert_eq!(asked.due(at(27)), Some(Step::Kill));

        let mut ended = plan();
        ended.end(at(5), at(12));
        ended.extend(deadlines(30, 37), at(5));
        assert_eq!(ended.due(at(5)), Some(Step::Terminate));
        assert_eq!(ended.due(at(12)), Some(Step::Kill));
    }

    #[test]
    fn an_early_end_never_reaches_beyond_the_deadline() {
        let mut plan = plan();
        plan.end(at(19), at(100));
        assert_eq!(plan.due(at(26)), Some(Step::Terminate));
        assert_eq!(plan.due(at(27)), Some(Step::Kill));
    }

    #[test]
    fn who_was_asked_already_is_not_asked_twice() {
        let mut plan = plan();
        plan.terminated();
        assert_eq!(plan.due(at(20)), None);
        assert_eq!(plan.due(at(27)), Some(Step::Kill));
    }

    #[test]
    fn the_clock_is_looked_at_four_times_a_second_and_at_each_deadline() {
        let mut plan = plan();
        assert_eq!(plan.rest(at(3)), TICK);
        let just_before = Boottime::from_nanos(at(20).nanos() - 5_000_000);
        assert_eq!(plan.rest(just_before), Duration::from_millis(5));
        plan.due(at(20));
        assert_eq!(plan.rest(at(20)), TICK);
        plan.due(at(27));
        assert_eq!(plan.rest(at(27)), TICK);
    }

    #[test]
    fn whoever_outlives_the_kill_by_seconds_cannot_be_killed() {
        let mut plan = plan();
        // After a sleep of the machine: nobody was killed yet.
        assert!(!plan.is_overdue(at(500)));
        assert_eq!(plan.due(at(500)), Some(Step::Kill));
        assert!(!plan.is_overdue(at(502)));
        assert!(plan.is_overdue(at(503)));
    }

    #[test]
    fn a_hold_is_open_until_its_deadline_or_its_end() {
        let mut plan = plan();
        assert!(plan.is_open(at(19)));
        assert!(!plan.is_open(at(20)));
        plan.end(at(5), at(12));
        assert!(!plan.is_open(at(4)));
    }
}
