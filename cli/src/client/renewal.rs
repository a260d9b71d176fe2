//! When a token is renewed: decided on what is known of it and the time, nothing else.

use std::time::{Duration, SystemTime};

use super::token::Expiry;

/// A token that is about to end is renewed so long before. Plugins that keep their tokens may hand
/// out the same one until it has ended.
const EARLY: Duration = Duration::from_mins(2);
/// The pause after an attempt that brought nothing; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_secs(15);
/// A plugin may open a browser: a cluster that refuses everything must not make it a hundred.
const PAUSE_MAX: Duration = Duration::from_mins(5);

/// A request waits so long for a new token at most. Below what the library gives one attempt by
/// default: then it is known not to have been sent, and is tried again.
pub(super) const WAIT_MAX: Duration = Duration::from_secs(2);

/// What to do with a request that wants a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Send it with the token there is.
    Send,
    /// The same, and renew the token meanwhile.
    SendAndRenew,
    /// Let it wait for a new token; renew it, unless that is under way.
    RenewFirst,
    /// Do not send it: the token has ended, and there was no other just now.
    Withhold,
}

/// What is known of the token and of the attempts to renew it.
pub(super) struct Renewal {
    expiry: Expiry,
    /// The server did not accept the token.
    refused: bool,
    under_way: Option<SystemTime>,
    last: Attempt,
    /// Attempts since the server last accepted a token that an attempt had brought.
    vain: u32,
}

struct Attempt {
    begun: SystemTime,
    ended: SystemTime,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Another token, or the same for longer.
    News,
    /// The same token.
    Nothing,
    Failed,
}

impl Renewal {
    /// A first token, asked for at that time.
    pub(super) fn new(expiry: Expiry, begun: SystemTime, ended: SystemTime) -> Self {
        let last = Attempt { begun, ended, end: End::News };
        Self { expiry, refused: false, under_way: None, last, vain: 0 }
    }

    pub(super) fn decide(&self, now: SystemTime) -> Step {
        let ended = self.expiry.at().is_some_and(|at| now >= at);
        if ended || self.refused {
            return self.decide_without_a_good_token(ended, now);
        }
        if self.ends_soon(now) && self.under_way.is_none() && self.has_paused(now) {
            Step::SendAndRenew
        } else {
            Step::Send
        }
    }

    fn decide_without_a_good_token(&self, ended: bool, now: SystemTime) -> Step {
        // What was asked for before the end may rightly have been the same token.
        let not_asked_since = self.expiry.at().is_some_and(|at| self.last.begun < at);
        let first_refusal = self.refused && self.vain == 0;
        let may_renew = (ended && not_asked_since) || first_refusal || self.has_paused(now);
        if !ended && self.takes_long(now) {
            // A 401 may be a passing fault, and requests cannot wait for what hangs.
            Step::Send
        } else if may_renew || self.under_way.is_some() {
            Step::RenewFirst
        } else if self.last.end == End::Failed && !self.can_do_without(now) {
            Step::Withhold
        } else {
            // It may be good all the same: the server's word counts.
            Step::Send
        }
    }

    /// A token that may be good for longer is sent, whatever became of its renewal.
    pub(super) fn can_do_without(&self, now: SystemTime) -> bool {
        let ended = self.expiry.at().is_some_and(|at| now >= at);
        !ended || matches!(self.expiry, Expiry::Stale(_))
    }

    fn takes_long(&self, now: SystemTime) -> bool {
        let since = self.under_way.and_then(|begun| now.duration_since(begun).ok());
        since.is_some_and(|since| since >= WAIT_MAX)
    }

    fn ends_soon(&self, now: SystemTime) -> bool {
        matches!(self.expiry, Expiry::Ends(at) if now + EARLY >= at)
    }

    fn has_paused(&self, now: SystemTime) -> bool {
        let doublings = self.vain.saturating_sub(1);
        let pause = PAUSE_MIN.saturating_mul(2_u32.saturating_pow(doublings)).min(PAUSE_MAX);
        // A clock that was set back must not prolong it.
        !now.duration_since(self.last.ended).is_ok_and(|since| since < pause)
    }

    /// An attempt begins; false if one is under way already.
    pub(super) fn begin(&mut self, now: SystemTime) -> bool {
        let idle = self.under_way.is_none();
        self.under_way.get_or_insert(now);
        idle
    }

    /// The attempt brought a token: the same as before, or another.
    pub(super) fn succeeded(&mut self, expiry: Expiry, same: bool, now: SystemTime) {
        let longer = expiry.at() > self.expiry.at();
        self.expiry = expiry;
        self.refused &= same;
        self.end(if same && !longer { End::Nothing } else { End::News }, now);
    }

    pub(super) fn failed(&mut self, now: SystemTime) {
        self.end(End::Failed, now);
    }

    fn end(&mut self, end: End, now: SystemTime) {
        let begun = self.under_way.take().unwrap_or(now);
        self.last = Attempt { begun, ended: now, end };
        self.vain = self.vain.saturating_add(1);
    }

    /// The server answered 401 to the token.
    pub(super) fn refused(&mut self) {
        self.refused = true;
    }

    /// The server knew whose token it is.
    pub(super) fn accepted(&mut self) {
        self.refused = false;
        if self.last.end == End::News {
            self.vain = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    fn ends(seconds: u64) -> Expiry {
        Expiry::Ends(at(seconds))
    }

    /// Asked for at 0, and got at once.
    fn got(expiry: Expiry) -> Renewal {
        Renewal::new(expiry, at(0), at(0))
    }

    fn fails(renewal: &mut Renewal, seconds: u64) {
        assert!(renewal.begin(at(seconds)));
        renewal.failed(at(seconds));
    }

    fn brings(renewal: &mut Renewal, seconds: u64, expiry: Expiry, same: bool) {
        assert!(renewal.begin(at(seconds)));
        renewal.succeeded(expiry, same, at(seconds));
    }

    #[test]
    fn a_token_without_an_end_is_never_renewed_by_time() {
        assert_eq!(got(Expiry::Never).decide(at(1_000_000_000)), Step::Send);
    }

    #[test]
    fn a_token_is_renewed_beside_the_requests_shortly_before_its_end() {
        let mut renewal = got(ends(900));
        assert_eq!(renewal.decide(at(779)), Step::Send);
        assert_eq!(renewal.decide(at(780)), Step::SendAndRenew);

        assert!(renewal.begin(at(780)));
        assert_eq!(renewal.decide(at(899)), Step::Send, "one attempt at a time");

        renewal.succeeded(ends(1_680), false, at(782));
        assert_eq!(renewal.decide(at(900)), Step::Send);
    }

    #[test]
    fn a_token_that_was_refused_once_is_sent_again_while_its_renewal_hangs() {
        let mut renewal = got(ends(3_600));
        renewal.refused();
        assert_eq!(renewal.decide(at(10)), Step::RenewFirst);
        assert!(renewal.begin(at(10)));
        assert_eq!(renewal.decide(at(11)), Step::RenewFirst);
        assert_eq!(renewal.decide(at(12)), Step::Send);
        assert!(renewal.can_do_without(at(12)) && !renewal.can_do_without(at(3_600)));
    }

    #[test]
    fn a_request_waits_only_once_the_token_has_ended() {
        let mut renewal = got(ends(900));
        assert_eq!(renewal.decide(at(900)), Step::RenewFirst);
        assert!(renewal.begin(at(900)));
        assert!(!renewal.begin(at(901)), "one attempt at a time");
        assert_eq!(renewal.decide(at(901)), Step::RenewFirst);
    }

    #[test]
    fn a_token_that_soon_ends_when_it_is_got_is_not_asked_for_again_at_once() {
        let renewal = got(ends(60));
        assert_eq!(renewal.decide(at(14)), Step::Send);
        assert_eq!(renewal.decide(at(15)), Step::SendAndRenew);
    }

    #[test]
    fn a_plugin_that_keeps_its_token_to_the_end_is_asked_again_then() {
        let mut renewal = got(ends(900));
        brings(&mut renewal, 895, ends(900), true);
        assert_eq!(renewal.decide(at(899)), Step::Send);
        assert_eq!(renewal.decide(at(900)), Step::RenewFirst);
    }

    #[test]
    fn a_token_that_had_ended_when_it_was_got_is_sent_all_the_same() {
        let mut renewal = got(ends(0));
        assert_eq!(renewal.decide(at(1)), Step::Send);
        assert_eq!(renewal.decide(at(15)), Step::RenewFirst);

        brings(&mut renewal, 15, ends(10), false);
        assert_eq!(renewal.decide(at(16)), Step::Send);
    }

    #[test]
    fn after_the_end_nothing_is_sent_while_renewals_fail_and_they_come_ever_more_seldom() {
        let mut renewal = got(ends(900));
        for (tried, pause) in [
            (900, 15),
            (915, 30),
            (945, 60),
            (1_005, 120),
            (1_125, 240),
            (1_365, 300),
            (1_665, 300),
        ] {
            assert_eq!(renewal.decide(at(tried)), Step::RenewFirst);
            fails(&mut renewal, tried);
            assert_eq!(renewal.decide(at(tried + pause - 1)), Step::Withhold);
        }
        brings(&mut renewal, 1_965, ends(3_000), false);
        assert_eq!(renewal.decide(at(1_966)), Step::Send);
    }

    #[test]
    fn a_refused_token_is_renewed_once_before_the_next_request() {
        let mut renewal = got(Expiry::Never);
        renewal.refused();
        assert_eq!(renewal.decide(at(1)), Step::RenewFirst);

        brings(&mut renewal, 1, Expiry::Never, false);
        assert_eq!(renewal.decide(at(2)), Step::Send);
    }

    #[test]
    fn a_cluster_that_refuses_every_token_does_not_start_a_plugin_in_a_loop() {
        let mut renewal = got(Expiry::Never);
        let mut runs = Vec::new();
        for second in 0..1_000 {
            renewal.refused();
            if renewal.decide(at(second)) == Step::RenewFirst {
                brings(&mut renewal, second, Expiry::Never, false);
                runs.push(second);
            }
        }
        assert_eq!(runs, [0, 15, 45, 105, 225, 465, 765]);
    }

    #[test]
    fn a_token_that_is_accepted_makes_the_next_refusal_a_first_one() {
        let mut renewal = got(Expiry::Never);
        renewal.refused();
        brings(&mut renewal, 1, Expiry::Never, false);
        renewal.accepted();

        renewal.refused();
        assert_eq!(renewal.decide(at(2)), Step::RenewFirst);
    }

    #[test]
    fn the_same_token_again_is_no_answer_to_a_refusal() {
        let mut renewal = got(Expiry::Never);
        renewal.refused();
        brings(&mut renewal, 1, Expiry::Never, true);
        assert_eq!(renewal.decide(at(2)), Step::Send, "the server is asked again meanwhile");
        assert_eq!(renewal.decide(at(16)), Step::RenewFirst);

        renewal.accepted();
        assert_eq!(renewal.decide(at(100)), Step::Send, "it was a mood");
    }

    #[test]
    fn a_refused_token_whose_renewal_failed_is_sent_for_the_server_has_the_last_word() {
        let mut renewal = got(ends(900));
        renewal.refused();
        fails(&mut renewal, 1);
        assert_eq!(renewal.decide(at(2)), Step::Send);
    }

    #[test]
    fn a_file_is_read_again_before_a_request_once_its_minute_is_over() {
        let stale = |seconds| Expiry::Stale(at(seconds));
        let mut renewal = got(stale(60));
        assert_eq!(renewal.decide(at(59)), Step::Send);
        assert_eq!(renewal.decide(at(60)), Step::RenewFirst);

        brings(&mut renewal, 60, stale(120), true);
        assert_eq!(renewal.decide(at(119)), Step::Send);
        assert_eq!(renewal.decide(at(120)), Step::RenewFirst);
    }

    #[test]
    fn a_file_that_cannot_be_read_leaves_the_last_token_good() {
        let mut renewal = got(Expiry::Stale(at(60)));
        fails(&mut renewal, 60);
        assert_eq!(renewal.decide(at(61)), Step::Send);
        assert_eq!(renewal.decide(at(75)), Step::RenewFirst);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_prolong_a_pause() {
        let mut renewal = got(ends(900));
        fails(&mut renewal, 800);
        assert_eq!(renewal.decide(at(790)), Step::SendAndRenew);
    }

    #[test]
    fn a_laptop_that_slept_through_the_end_notices_at_the_next_request() {
        let renewal = got(ends(900));
        assert_eq!(renewal.decide(at(50_000)), Step::RenewFirst);
    }
}
