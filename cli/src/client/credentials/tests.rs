//! A token that is kept good, with a source that the test plays.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

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
