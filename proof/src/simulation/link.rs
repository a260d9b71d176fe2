//! The way from one process to the API servers.

use std::io::{Error, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{Method, Request, Response, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use kube::Client;
use kube::client::Body;
use testkit::wire::refused;
use tokio::sync::oneshot;
use tower::BoxError;

use super::fate::{Fate, Hears};
use super::fault::Fault;
use super::front::Front;
use super::history::Author;
use super::outsiders;
use super::process::{Process, State};
use super::relay;
use super::request::{Effect, Step, short};
use super::webhook;
use super::world::World;

/// The body of an answer on its way.
pub(crate) type Carried = UnsyncBoxBody<Bytes, BoxError>;
type Answer = Result<Response<Carried>, BoxError>;

/// So often does a client that repeats requests by itself send one at most.
const COPIES_MAX: u32 = 4;

/// One process's way to the API servers.
#[derive(Clone)]
pub(crate) struct Link {
    process: Arc<Process>,
    /// Repeats requests by itself, as kube's client does unless it is told not to.
    repeats: bool,
}

/// One request as it was sent.
pub(crate) struct Sent {
    pub(crate) number: u64,
    pub(crate) step: Step,
    pub(crate) effect: Effect,
    pub(crate) call: u64,
    method: Method,
    uri: String,
    accept: Option<header::HeaderValue>,
    content_type: Option<header::HeaderValue>,
    body: Vec<u8>,
}

impl Link {
    /// A client of this process.
    pub(crate) fn client(process: &Arc<Process>, repeats: bool) -> Client {
        let link = Self { process: process.clone(), repeats };
        Client::new(tower::service_fn(move |request| link.clone().carry(request)), "default")
    }

    async fn carry(self, request: Request<Body>) -> Answer {
        let (parts, body) = request.into_parts();
        let body = body.collect_bytes().await?.to_vec();
        let mut copies = 1;
        loop {
            let answer = self.carry_once(&parts, &body).await;
            let retried =
                answer.as_ref().is_ok_and(|it| matches!(it.status().as_u16(), 429 | 503 | 504));
            if !self.repeats || !retried || copies == COPIES_MAX {
                return answer;
            }
            let pause = self.process.dice.millis(200, 3_000);
            self.process.sleep(pause).await;
            let step =
                self.process.world.judge().step_of(&self.process, &parts.method, &parts.uri, &body);
            self.process.world.coverage().note(Fault::Duplicate, step.0);
            copies += 1;
        }
    }

    /// Sends a copy on its way. It goes on, whether its sender waits for the answer or not.
    async fn carry_once(&self, parts: &Parts, body: &[u8]) -> Answer {
        let process = &self.process;
        let world = &process.world;
        let sent = {
            let mut judge = world.judge();
            let (step, effect) = judge.step_of(process, &parts.method, &parts.uri, body);
            let sent = Sent {
                number: judge.number(),
                step,
                effect,
                call: process.call(),
                method: parts.method.clone(),
                uri: parts.uri.to_string(),
                accept: parts.headers.get(header::ACCEPT).cloned(),
                content_type: parts.headers.get(header::CONTENT_TYPE).cloned(),
                body: body.to_vec(),
            };
            judge.sent(process, &sent);
            sent
        };
        let fate = Fate::draw(process, sent.step, self.repeats);
        let front = usize::try_from(process.dice.below(world.fronts.len() as u64)).unwrap_or(0);
        if let Some(fault) = fate.fault {
            world.coverage().note(fault, sent.step);
            let mut judge = world.judge();
            judge.spoiled(process);
            if matches!(fault, Fault::Silence | Fault::LateEvents) {
                judge.deafened(process);
            }
        }
        process.note(|| sent.describe(&fate));
        let struck = world.profile.traits().struck * if sent.step.is_rare() { 8 } else { 1 };
        if world.has_faults() && process.dice.chance(struck) {
            world.strike(process.number);
        }
        let (tell, told) = oneshot::channel();
        let exchange = Exchange { process: process.clone(), sent, fate, front };
        drop(tokio::spawn(exchange.run(tell)));
        match told.await {
            Ok(answer) => answer,
            // Whoever is to answer is gone: so is the connection.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Sent {
    fn describe(&self, fate: &Fate) -> String {
        let Effect { old, new, marker, .. } = &self.effect;
        let fault = fate.fault.map_or_else(String::new, |fault| format!(", meets {fault:?}"));
        let marker = marker.as_deref().map_or_else(String::new, |it| format!(" with {it}"));
        if !self.step.is_write() {
            return format!("#{} {:?}{fault}", self.number, self.step);
        }
        let (old, new) = (short(old.as_deref()), short(new.as_deref()));
        format!("#{} {:?} {old} => {new}{marker}{fault}", self.number, self.step)
    }

    fn request(&self, body: Vec<u8>) -> Result<Request<Vec<u8>>, BoxError> {
        let mut request = Request::builder().method(self.method.clone()).uri(&self.uri);
        if let Some(accept) = &self.accept {
            request = request.header(header::ACCEPT, accept);
        }
        if let Some(content_type) = &self.content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        Ok(request.body(body)?)
    }
}

/// One request on its way, and its answer.
struct Exchange {
    process: Arc<Process>,
    sent: Sent,
    fate: Fate,
    front: usize,
}

impl Exchange {
    async fn run(self, tell: oneshot::Sender<Answer>) {
        let world = self.process.world.clone();
        if let Some(after) = self.fate.restart {
            let span = self.process.dice.millis(10, 600);
            drop(tokio::spawn(restart(world.clone(), self.front, after, span)));
        }
        if self.fate.is_refused || self.front().is_down(world.now()) {
            if !self.fate.is_refused {
                self.met_restart();
            }
            self.tell(tell, Err(refused().await), "refused");
            return;
        }
        if let Some((hears, after)) = self.fate.instead {
            // Told at its own time, whenever the request arrives.
            let process = self.process.clone();
            let number = self.sent.number;
            drop(tokio::spawn(hear(process, number, hears, after, tell)));
            let _ = self.deliver().await;
            return;
        }
        let broken = self.front().connection();
        let answered = async {
            let answer = self.deliver().await;
            match self.fate.back {
                Some(back) => tokio::time::sleep(back).await,
                None => std::future::pending().await,
            }
            answer
        };
        tokio::pin!(answered);
        let answer = tokio::select! {
            biased;
            () = broken => None,
            answer = &mut answered => answer,
        };
        if let Some(answer) = answer {
            let what = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
            self.tell(tell, answer, &what.to_string());
        } else {
            self.met_restart();
            self.tell(tell, Err(cut()), "cut by a restart");
            // What is on its way arrives all the same.
            let _ = answered.await;
        }
    }

    fn met_restart(&self) {
        let world = &self.process.world;
        world.coverage().note(Fault::Restart, self.sent.step);
        world.judge().spoiled(&self.process);
    }

    fn front(&self) -> &Front {
        &self.process.world.fronts[self.front]
    }

    /// It arrives, if it does, and is served at once.
    async fn deliver(&self) -> Option<Answer> {
        tokio::time::sleep(self.fate.out?).await;
        Some(self.serve().await)
    }

    async fn serve(&self) -> Answer {
        let world = &self.process.world;
        let body = match self.fate.meddling {
            Some(how) => webhook::meddled(how, &self.sent.body),
            None => self.sent.body.clone(),
        };
        let request = self.sent.request(body)?;
        if world.is_over() {
            return Err(cut());
        }
        let is_late = matches!(self.fate.fault, Some(Fault::Late | Fault::LateGateway));
        if is_late && self.sent.step == Step::Acquire {
            outsiders::precede(world, &self.process.dice);
        }
        let before = world.truth();
        let mut answer = world.store.serve(request).await?;
        if self.sent.step.is_write() {
            let after = world.truth();
            let author = self.author();
            world.note("store", || {
                let code = answer.status().as_u16();
                format!("#{} {author}: {code}, {before} becomes {after}", self.sent.number)
            });
            let applied = answer.status().is_success();
            let mut judge = world.judge();
            if let (Some(_), Some(marker)) = (self.fate.meddling, &self.sent.effect.marker) {
                judge.meddled(marker);
            }
            judge.served(&self.sent, applied, &before);
            judge.landed(&author, &before, &after);
        }
        self.date(&mut answer);
        if self.sent.step == Step::Watch {
            let connection = self.front().connection();
            answer = relay::relayed(answer, connection, self.fate.watch, self.process.clone());
        }
        Ok(answer)
    }

    fn author(&self) -> Author {
        if self.fate.meddling.is_some() {
            return Author::Outsider("a webhook");
        }
        Author::Request {
            process: self.process.number,
            name: self.process.name.clone(),
            step: self.sent.step,
            call: self.sent.call,
        }
    }

    /// The `Date` is that of the server, cut to seconds.
    fn date(&self, answer: &mut Response<Carried>) {
        let time = self.process.world.time;
        let ahead = i128::from(self.front().ahead_millis) * 1_000_000;
        let now = time.stamp(time.now()).saturating_add_nanos(ahead);
        let date = now.to_system_time().map(httpdate::fmt_http_date);
        let date = date.and_then(|date| header::HeaderValue::from_str(&date).ok());
        if let Some(date) = date {
            answer.headers_mut().insert(header::DATE, date);
        }
    }

    fn tell(&self, tell: oneshot::Sender<Answer>, answer: Answer, what: &str) {
        told(&self.process, self.sent.number, tell, answer, what);
    }
}

async fn restart(world: Arc<World>, front: usize, after: Duration, span: Duration) {
    tokio::time::sleep(after).await;
    world.fronts[front].restart(world.now() + span);
}

async fn hear(
    process: Arc<Process>,
    number: u64,
    hears: Hears,
    after: Duration,
    tell: oneshot::Sender<Answer>,
) {
    tokio::time::sleep(after).await;
    match hears {
        Hears::Nothing => {
            // Its caller waits until it has waited long enough.
            let mut tell = tell;
            tell.closed().await;
            process.world.judge().heard(number, false);
        }
        Hears::Cut => told(&process, number, tell, Err(cut()), "cut"),
        Hears::Status(code) => told(&process, number, tell, status(code), &code.to_string()),
    }
}

fn told(process: &Process, number: u64, tell: oneshot::Sender<Answer>, answer: Answer, what: &str) {
    let is_good = answer.as_ref().is_ok_and(|answer| answer.status().is_success());
    process.world.judge().heard(number, is_good);
    if process.state() == State::Dead || tell.is_closed() {
        return;
    }
    process.note(|| format!("#{number} answered: {what}"));
    // Its caller may have given up meanwhile.
    let _ = tell.send(answer);
}

fn status(code: u16) -> Answer {
    let reason = match code {
        409 => "Conflict",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        _ => "Timeout",
    };
    let status = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "code": code, "reason": reason, "message": format!("injected {code}"),
    });
    let answer = Response::builder().status(code).header(header::CONTENT_TYPE, "application/json");
    let body = Full::from(serde_json::to_vec(&status)?);
    Ok(answer.body(body.map_err(|never| match never {}).boxed_unsync())?)
}

/// The connection broke.
pub(crate) fn cut() -> BoxError {
    Error::from(ErrorKind::ConnectionReset).into()
}
