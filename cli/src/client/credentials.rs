//! A token that is kept good while requests are sent.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use http::{HeaderValue, StatusCode};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::renewal::{Renewal, Step, WAIT_MAX};
use super::token::Token;
use crate::failure::Failure;

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
        if state.renewal.can_do_without(SystemTime::now()) {
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
mod tests;
