//! A list, walked page by page.

use std::sync::Arc;
use std::time::Duration;

use http::header::ACCEPT;
use http::response::Parts;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Bytes;
use kube::core::ObjectMeta;
use kubelock::{ExpiryRule, KubeLock, LockName, Sighting};
use tokio::sync::{mpsc, oneshot};

use super::clock::ServerClock;
use super::page::{self, ACCEPTED, Encoding, Head, Objects, Status};
use super::source::Source;
use super::trouble::{Scene, Trouble};
use crate::client::Endpoint;
use crate::deadline::Deadline;
use crate::hint::Flags;
use crate::patient;

/// As many objects as kubectl asks for at a time.
const LIMIT: &str = "500";
/// More than a page of the largest metadata that is stored by default: 500 times 256 KiB of
/// annotations and as much of the rest.
const BODY_MAX: usize = 256 * 1024 * 1024;
/// More names of a page than anybody reads.
const OTHERS: usize = 500;

/// The locks of one page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) sightings: Vec<Sighting>,
    /// Some names of locks that nobody asked for.
    pub(crate) others: Vec<LockName>,
    /// How many objects it shows, with or without locks.
    pub(crate) objects: usize,
    /// The list's, by the first page: what a watch may begin with.
    pub(crate) resource_version: String,
    pub(crate) clock: Option<ServerClock>,
}

/// What it takes to list one source.
#[derive(Clone)]
pub(crate) struct Walk {
    pub(crate) source: Arc<Source>,
    pub(crate) locks: KubeLock,
    pub(crate) prefix: String,
    pub(crate) client: kube::Client,
    pub(crate) endpoint: Endpoint,
    pub(crate) flags: Flags,
    /// That of each request.
    pub(crate) timeout: Duration,
}

/// A page as it arrived.
struct Arrived {
    body: Bytes,
    encoding: Encoding,
    clock: Option<ServerClock>,
}

impl Walk {
    /// Sends page after page, one ahead of whoever takes them. Ends with the list, at the first
    /// trouble, or when nobody takes them any more.
    pub(crate) fn start(self) -> mpsc::Receiver<Result<Page, Trouble>> {
        let (pages, taken) = mpsc::channel(1);
        tokio::spawn(async move {
            if let Err(trouble) = self.go(&pages).await {
                // Whoever has gone does not care.
                let _ = pages.send(Err(trouble)).await;
            }
        });
        taken
    }

    async fn go(&self, pages: &mpsc::Sender<Result<Page, Trouble>>) -> Result<(), Trouble> {
        let mut arrived = self.fetch("").await?;
        let mut first_version = None;
        loop {
            let clock = arrived.clock;
            let (head, objects) = self.read(arrived.body, arrived.encoding);
            // Without a head the page cannot be read, which is told by its objects.
            let head = head.await.unwrap_or_default();
            let version = first_version.get_or_insert(head.resource_version);
            let resource_version = version.clone();
            let next = async {
                if head.token.is_empty() {
                    Ok(None)
                } else {
                    self.fetch(&head.token).await.map(Some)
                }
            };
            let (objects, next) = tokio::join!(objects, next);
            let objects = objects?;
            let (sightings, others) = self.sightings(&objects.carriers, clock);
            let page = Page { sightings, others, objects: objects.count, resource_version, clock };
            if pages.send(Ok(page)).await.is_err() {
                return Ok(());
            }
            match next? {
                Some(page) => arrived = page,
                None => return Ok(()),
            }
        }
    }

    /// Reads a page on another thread: the next one is asked for meanwhile.
    fn read(
        &self,
        body: Bytes,
        encoding: Encoding,
    ) -> (oneshot::Receiver<Head>, impl Future<Output = Result<Objects, Trouble>>) {
        let (tell, head) = oneshot::channel();
        let prefix = self.prefix.clone();
        let reading = tokio::task::spawn_blocking(move || {
            page::read(&body, encoding, &prefix, |head| drop(tell.send(head)))
        });
        let objects = async {
            let read = reading.await.map_err(|error| error.to_string());
            read.and_then(|objects| objects).map_err(|why| self.scene().unreadable(&why))
        };
        (head, objects)
    }

    fn sightings(
        &self,
        objects: &[ObjectMeta],
        clock: Option<ServerClock>,
    ) -> (Vec<Sighting>, Vec<LockName>) {
        let wanted = |sighting: &Sighting| self.source.wants(&sighting.lock.name);
        let seen = objects.iter().flat_map(|object| self.seen(object, clock));
        let (sightings, others): (Vec<_>, Vec<_>) = seen.partition(wanted);
        let others = others.into_iter().take(OTHERS).map(|other| other.lock.name);
        (sightings, others.collect())
    }

    /// The locks of one object, now.
    pub(super) fn seen(&self, object: &ObjectMeta, clock: Option<ServerClock>) -> Vec<Sighting> {
        self.locks.sightings(object, ExpiryRule::BothClocks, clock.map(ServerClock::now))
    }

    async fn fetch(&self, token: &str) -> Result<Arrived, Trouble> {
        let deadline = Deadline::after(self.timeout);
        let mut token = token.to_owned();
        let attempts = async {
            loop {
                let (parts, body) = self.ask(&token).await?;
                let (code, encoding) = (parts.status, Encoding::of(&parts.headers));
                if code.is_success() {
                    return Ok(Arrived { body, encoding, clock: ServerClock::of(&parts.headers) });
                }
                let status = Status::read(&body, encoding);
                match code {
                    // The list took longer than its instant is kept: the rest is of a later one.
                    StatusCode::GONE if !status.metadata.token.is_empty() => {
                        token = status.metadata.token;
                    }
                    _ => return Err(self.scene().refused(code, &status)),
                }
            }
        };
        deadline.bound(attempts).await.unwrap_or_else(|_| Err(self.scene().too_slow(deadline)))
    }

    async fn ask(&self, token: &str) -> Result<(Parts, Bytes), Trouble> {
        let mut more = vec![("limit", LIMIT)];
        if !token.is_empty() {
            more.push(("continue", token));
        }
        let request = Request::get(self.source.uri(&more)).header(ACCEPT, ACCEPTED);
        let request = request
            .body(Vec::new())
            .map_err(|error| self.scene().unreadable(&error.to_string()))?;
        let answer = patient::send(&self.client, &request).await;
        let (parts, body) = answer.map_err(|error| self.scene().unanswered(&error))?.into_parts();
        let body = Limited::new(body, BODY_MAX).collect().await;
        let body = body.map_err(|error| self.scene().unreadable(&error.to_string()))?;
        Ok((parts, body.to_bytes()))
    }

    fn scene(&self) -> Scene<'_> {
        self.scene_of("list")
    }

    pub(super) fn scene_of(&self, verb: &'static str) -> Scene<'_> {
        Scene { verb, source: &self.source, endpoint: &self.endpoint, flags: &self.flags }
    }
}
