//! A token that is kept good while requests are sent.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::{HeaderValue, StatusCode};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::renewal::{Renewal, Step};
use super::token::Token;
use crate::failure::Failure;

/// A request waits so long for a new token at most. Below what the library gives one attempt by
/// default: then it is known not to have been sent, and is tried again.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// Where tokens come from.
pub(super) trait Source: Send + Sync {
    /// What to call it in a message.
    fn name(&self) -> String;

    /// Gets a token, without asking anybody; blocks.
    fn fetch(&self) -> Result<Token, Failure>;
}

/// A token with its source; clones share both.
#[derive(Clone)]
pub(crate) struct Credentials {
    source: Arc<dyn Source>,
    state: Arc<Mutex<State>>,
    /// Told of the end of each attempt.
    ends: watch::Sender<()>,
}

struct State {
    token: Token,
    /// Which token it is: an answer to an earlier one says nothing about this one.
    generation: u64,
    renewal: Renewal,
    /// Why the last attempt failed, if it did.
    trouble: Option<Failure>,
    /// Why the last request was not sent, if it was not.
    withheld: Option<Failure>,
}

/// What a request is sent with.
pub(super) struct Pass {
    pub(super) header: HeaderValue,
    generation: u64,
}

impl Credentials {
    /// Keeps a token that was asked for at that time, and is here now.
    pub(super) fn new(source: Arc<dyn Source>, token: Token, begun: SystemTime) -> Self {
        let renewal = Renewal::new(token.expiry, begun, SystemTime::now());
        let state = State { token, generation: 0, renewal, trouble: None, withheld: None };
        Self { source, state: Arc::new(Mutex::new(state)), ends: watch::Sender::new(()) }
    }

    /// Why the token could not be renewed, if so.
    pub(super) fn trouble(&self) -> Option<Failure> {
        self.state().trouble.clone()
    }

    /// Why the last request was not sent, if so.
    pub(super) fn withheld(&self) -> Option<Failure> {
        self.state().withheld.clone()
    }

    /// A token to send, a new one if need be.
    pub(super) async fn pass(&self) -> Result<Pass, Failure> {
        self.pass_until(Instant::now() + WAIT_MAX).await
    }

    async fn pass_until(&self, until: Instant) -> Result<Pass, Failure> {
        loop {
            // Before the decision, so that no end is missed.
            let mut ends = self.ends.subscribe();
            if let Some(pass) = self.pass_now() {
                return pass;
            }
            if timeout_at(until, ends.changed()).await.is_err() {
                return self.pass_late();
            }
        }
    }

    /// What the server thinks of a token. 403 and the like are answers to somebody it knows.
    pub(super) fn answered(&self, pass: &Pass, status: StatusCode) {
        let mut state = self.state();
        if pass.generation != state.generation {
            return;
        }
        match status {
            StatusCode::UNAUTHORIZED => state.renewal.refused(),
            _ if status.is_server_error() => {}
            _ => state.renewal.accepted(),
        }
    }

    /// `None` where a new token must be waited for; sees to it that it is on its way.
    fn pass_now(&self) -> Option<Result<Pass, Failure>> {
        let now = SystemTime::now();
        let mut state = self.state();
        let step = state.renewal.decide(now);
        if matches!(step, Step::SendAndRenew | Step::RenewFirst) && state.renewal.begin(now) {
            self.renew();
        }
        match step {
            Step::Send | Step::SendAndRenew => Some(Ok(state.pass())),
            Step::RenewFirst => None,
            Step::Withhold => {
                let trouble = state.trouble.clone();
                Some(Err(state.withhold(trouble.unwrap_or_else(|| self.no_answer_yet()))))
            }
        }
    }

    fn pass_late(&self) -> Result<Pass, Failure> {
        let mut state = self.state();
        if state.renewal.can_do_without() {
            return Ok(state.pass());
        }
        Err(state.withhold(self.no_answer_yet()))
    }

    fn no_answer_yet(&self) -> Failure {
        Failure::failed(format!("{} has not answered yet", self.source.name()))
    }

    /// Goes on when the request that wanted the token is given up.
    fn renew(&self) {
        let this = self.clone();
        tokio::spawn(async move {
            let source = this.source.clone();
            let fetched = tokio::task::spawn_blocking(move || source.fetch()).await;
            this.renewed(fetched.unwrap_or_else(|_| Err(this.no_answer_yet())));
            this.ends.send_replace(());
        });
    }

    fn renewed(&self, fetched: Result<Token, Failure>) {
        let now = SystemTime::now();
        let mut state = self.state();
        match fetched {
            Ok(token) => state.replace(token, now),
            Err(failure) => {
                state.renewal.failed(now);
                state.trouble = Some(failure);
            }
        }
    }

    /// Nothing that holds it can panic halfway.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pass(&mut self) -> Pass {
        self.withheld = None;
        Pass { header: self.token.header.clone(), generation: self.generation }
    }

    fn withhold(&mut self, why: Failure) -> Failure {
        self.withheld = Some(why.clone());
        why
    }

    fn replace(&mut self, token: Token, now: SystemTime) {
        let same = token.header == self.token.header;
        self.renewal.succeeded(token.expiry, same, now);
        self.generation += u64::from(!same);
        self.token = token;
        self.trouble = None;
    }
}

/// For those who print what holds it.
impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Credentials").field(&self.source.name()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::super::token::Expiry;
    use super::*;

    /// Hands out what the test gives it, and blocks until there is something.
    struct Scripted {
        answers: Mutex<Receiver<Result<Token, Failure>>>,
        asked: Sender<()>,
    }

    impl Source for Scripted {
        fn name(&self) -> String {
            "the script".to_owned()
        }

        fn fetch(&self) -> Result<Token, Failure> {
            self.asked.send(()).unwrap();
            self.answers.lock().unwrap().recv().unwrap_or_else(|_| Err(broken()))
        }
    }

    struct Script {
        credentials: Credentials,
        answers: Sender<Result<Token, Failure>>,
        asked: Receiver<()>,
    }

    impl Script {
        /// A first token that was got long ago.
        fn new(expiry: Expiry) -> Self {
            let (answers, given) = channel();
            let (tell, asked) = channel();
            let source = Arc::new(Scripted { answers: Mutex::new(given), asked: tell });
            let then = SystemTime::now() - Duration::from_hours(1);
            let credentials = Credentials::new(source, token("first", expiry), then);
            credentials.state().renewal = Renewal::new(expiry, then, then);
            Self { credentials, answers, asked }
        }

        fn runs(&self) -> usize {
            self.asked.try_iter().count()
        }

        async fn sent(&self) -> String {
            let header = self.credentials.pass().await.unwrap().header;
            header.to_str().unwrap().trim_start_matches("Bearer ").to_owned()
        }

        async fn is_answered(&self, status: StatusCode) {
            let pass = self.credentials.pass().await.unwrap();
            self.credentials.answered(&pass, status);
        }

        /// Until the attempt that is under way has ended.
        async fn has_ended(&self, end: impl Fn(&State) -> bool) {
            let mut ends = self.credentials.ends.subscribe();
            while !end(&self.credentials.state()) {
                ends.changed().await.unwrap();
            }
        }
    }

    fn token(text: &str, expiry: Expiry) -> Token {
        Token::new(text, expiry).unwrap()
    }

    fn broken() -> Failure {
        Failure::failed("the script is broken").hint("mend it")
    }

    fn ends_in(span: Duration) -> Expiry {
        Expiry::Ends(SystemTime::now() + span)
    }

    fn ended() -> Expiry {
        Expiry::Ends(SystemTime::now() - Duration::from_mins(1))
    }

    #[tokio::test]
    async fn a_token_that_is_good_asks_nobody() {
        let script = Script::new(ends_in(Duration::from_hours(1)));
        for _ in 0..100 {
            assert_eq!(script.sent().await, "first");
            script.is_answered(StatusCode::OK).await;
        }
        assert_eq!(script.runs(), 0);
    }

    #[tokio::test]
    async fn a_renewal_keeps_no_request_waiting_while_the_old_token_is_good() {
        let script = Script::new(ends_in(Duration::from_mins(1)));
        for _ in 0..100 {
            assert_eq!(script.sent().await, "first");
        }
        script.answers.send(Ok(token("second", ends_in(Duration::from_hours(1))))).unwrap();
        script.has_ended(|state| state.generation == 1).await;

        assert_eq!(script.sent().await, "second");
        assert_eq!(script.runs(), 1);
    }

    #[tokio::test]
    async fn all_requests_wait_for_one_renewal_once_the_token_has_ended() {
        let script = Script::new(ended());
        script.answers.send(Ok(token("second", ends_in(Duration::from_hours(1))))).unwrap();

        let sent = tokio::join!(script.sent(), script.sent(), script.sent());

        assert_eq!(sent, ("second".into(), "second".into(), "second".into()));
        assert_eq!(script.runs(), 1);
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_does_not_stop_the_renewal() {
        let script = Script::new(ended());
        let given_up = tokio::time::timeout(Duration::from_millis(10), script.sent()).await;
        assert!(given_up.is_err());

        script.answers.send(Ok(token("second", ends_in(Duration::from_hours(1))))).unwrap();

        assert_eq!(script.sent().await, "second");
        assert_eq!(script.runs(), 1);
    }

    #[tokio::test]
    async fn a_source_that_hangs_lets_the_request_go_and_is_called_by_name() {
        let script = Script::new(ended());

        let why = script.credentials.pass_until(Instant::now()).await.err().unwrap();

        assert_eq!(why.message, "the script has not answered yet");
        assert_eq!(script.credentials.withheld().unwrap().message, why.message);
        drop(script.answers);
    }

    #[tokio::test]
    async fn a_token_that_has_ended_is_not_sent_when_there_is_no_other() {
        let script = Script::new(ended());
        script.answers.send(Err(broken())).unwrap();

        for _ in 0..3 {
            let why = script.credentials.pass().await.err().unwrap();
            assert_eq!((why.message.as_str(), why.hints.len()), ("the script is broken", 1));
        }
        assert_eq!(script.runs(), 1);
    }

    #[tokio::test]
    async fn a_refused_token_is_renewed_before_the_next_request() {
        let script = Script::new(Expiry::Never);
        script.is_answered(StatusCode::UNAUTHORIZED).await;
        assert_eq!(script.runs(), 0, "not before there is a next request");

        script.answers.send(Ok(token("second", Expiry::Never))).unwrap();

        assert_eq!(script.sent().await, "second");
        assert_eq!(script.runs(), 1);
    }

    #[tokio::test]
    async fn a_server_that_refuses_every_token_does_not_start_a_plugin_in_a_loop() {
        let script = Script::new(Expiry::Never);
        for count in 0..100 {
            script.answers.send(Ok(token(&count.to_string(), Expiry::Never))).unwrap();
            script.is_answered(StatusCode::UNAUTHORIZED).await;
        }
        assert_eq!(script.runs(), 1);
    }

    #[tokio::test]
    async fn an_answer_to_an_earlier_token_says_nothing_about_this_one() {
        let script = Script::new(Expiry::Never);
        let early = script.credentials.pass().await.unwrap();
        script.is_answered(StatusCode::UNAUTHORIZED).await;
        script.answers.send(Ok(token("second", Expiry::Never))).unwrap();
        script.is_answered(StatusCode::OK).await;

        script.credentials.answered(&early, StatusCode::UNAUTHORIZED);

        assert_eq!(script.sent().await, "second");
        assert_eq!(script.runs(), 1);
    }

    #[tokio::test]
    async fn a_renewal_that_failed_is_remembered_until_one_succeeds() {
        let script = Script::new(ends_in(Duration::from_mins(1)));
        script.answers.send(Err(broken())).unwrap();
        assert_eq!(script.sent().await, "first");
        script.has_ended(|state| state.trouble.is_some()).await;

        assert_eq!(script.sent().await, "first");
        assert_eq!(script.credentials.trouble().unwrap().message, "the script is broken");
        assert!(script.credentials.withheld().is_none());
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_leaves_the_last_token() {
        let script = Script::new(Expiry::Stale(SystemTime::now()));
        script.answers.send(Err(broken())).unwrap();

        assert_eq!(script.sent().await, "first");
        assert_eq!(script.runs(), 1);
    }

    #[test]
    fn debug_shows_where_a_token_is_from_and_not_the_token() {
        let script = Script::new(Expiry::Never);
        assert_eq!(format!("{:?}", script.credentials), "Credentials(\"the script\")");
    }
}
