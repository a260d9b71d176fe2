//! A list that is followed: what changes after it was walked.

use std::time::Duration;

use futures_util::{Stream, TryStreamExt};
use http::header::ACCEPT;
use http::{Request, StatusCode};
use kube::core::{ObjectMeta, WatchEvent};
use kubelock::Sighting;
use serde::Deserialize;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep, timeout};

use super::clock::{self, ServerClock};
use super::page::Status;
use super::trouble::Trouble;
use super::walk::Walk;
use crate::deadline::Deadline;
use crate::failure::Failure;

const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
/// The server ends a watch after so many seconds by itself.
const SERVER_TIMEOUT: &str = "290";
/// A watch that says nothing for longer than the server keeps one is dead.
const SILENCE_MAX: Duration = Duration::from_secs(320);
/// Before a watch that failed is opened again: at first, and at most.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// An object, by namespace and name.
pub(crate) type ObjectKey = (Option<String>, String);

/// What a watch shows of one source.
pub(crate) enum Change {
    /// All the locks that an object carries now.
    Seen(ObjectKey, Vec<Sighting>),
    /// The object is gone.
    Deleted(ObjectKey),
    /// All that there is now: the watch had missed something.
    Relisted(Vec<Sighting>, Option<ServerClock>),
    /// The server's clock, looked at once more.
    Clock(ServerClock),
    /// The server is away; it is tried again.
    Away(Failure),
    /// It is back.
    Back,
    /// This source cannot be followed.
    Over(Trouble),
}

#[derive(Deserialize, Clone)]
struct Object {
    metadata: ObjectMeta,
}

/// The events of a watch.
trait Events: Stream<Item = Result<WatchEvent<Object>, kube::Error>> {}

impl<S: Stream<Item = Result<WatchEvent<Object>, kube::Error>>> Events for S {}

/// Why a watch is over.
enum End {
    /// As it should: the next one goes on where it ended.
    Ended,
    /// What happened since is not to be had any more: the list must be read again.
    Forgotten,
    /// Something is wrong; it may pass.
    Troubled(Trouble),
    /// Nobody listens.
    Left,
}

/// A source that is followed.
pub(crate) struct Follow {
    pub(crate) walk: Walk,
    /// Where the next watch begins; without one, all is listed before.
    pub(crate) resource_version: Option<String>,
    pub(crate) clock: Option<ServerClock>,
    /// Whether that was told.
    pub(crate) is_away: bool,
    /// Which source this is to whoever takes the changes.
    pub(crate) index: usize,
    pub(crate) changes: Sender<(usize, Change)>,
}

impl Follow {
    /// Follows until nobody listens, or the source cannot be followed.
    pub(crate) async fn run(mut self) {
        let mut pause = PAUSE;
        loop {
            let opened = Instant::now();
            let mut end = self.watch().await;
            if matches!(end, End::Forgotten) {
                end = self.relist().await;
            }
            if opened.elapsed() > PAUSE_MAX {
                pause = PAUSE;
            }
            match end {
                End::Left => return,
                End::Troubled(trouble @ Trouble::Denied(_)) => {
                    self.tell(Change::Over(trouble)).await;
                    return;
                }
                End::Troubled(trouble) => {
                    self.is_away = true;
                    self.tell(Change::Away(trouble.into_failure())).await;
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                // A server that ends watches at once is not to be asked in a loop.
                End::Ended | End::Forgotten if opened.elapsed() < PAUSE => sleep(PAUSE).await,
                End::Ended | End::Forgotten => {}
            }
        }
    }

    async fn tell(&self, change: Change) -> bool {
        self.changes.send((self.index, change)).await.is_ok()
    }

    /// A watch that opens may have nothing but an error to tell: the server is back when it
    /// answers what it was asked for.
    async fn tell_back(&mut self) {
        if std::mem::take(&mut self.is_away) {
            self.tell(Change::Back).await;
        }
    }

    async fn watch(&mut self) -> End {
        let (mut events, clock) = match self.open().await {
            Ok((events, clock)) => (Box::pin(events), clock),
            Err(end) => return end,
        };
        if let Some(clock) = clock {
            self.clock = Some(clock);
            self.tell(Change::Clock(clock)).await;
        }
        loop {
            match timeout(SILENCE_MAX, events.try_next()).await {
                Ok(Ok(Some(event))) => {
                    if let Some(end) = self.take(event).await {
                        return end;
                    }
                }
                Ok(Ok(None)) => return End::Ended,
                // It broke off, cannot be read, or died unnoticed.
                Ok(Err(_)) | Err(_) => return End::Forgotten,
            }
        }
    }

    /// Passes one event on; returns the end of the watch if it is one.
    async fn take(&mut self, event: WatchEvent<Object>) -> Option<End> {
        if !matches!(event, WatchEvent::Error(_)) {
            self.tell_back().await;
        }
        let change = match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                self.saw(object.metadata.resource_version.as_deref());
                let sightings = self.walk.seen(&object.metadata, self.clock);
                Change::Seen(key(object.metadata), self.wanted(sightings))
            }
            WatchEvent::Deleted(object) => {
                self.saw(object.metadata.resource_version.as_deref());
                Change::Deleted(key(object.metadata))
            }
            WatchEvent::Bookmark(mark) => {
                self.saw(Some(&mark.metadata.resource_version));
                return None;
            }
            WatchEvent::Error(_) => return Some(End::Forgotten),
        };
        if self.tell(change).await { None } else { Some(End::Left) }
    }

    fn wanted(&self, sightings: Vec<Sighting>) -> Vec<Sighting> {
        let wanted = |sighting: &Sighting| self.walk.source.wants(&sighting.lock.name);
        sightings.into_iter().filter(wanted).collect()
    }

    fn saw(&mut self, resource_version: Option<&str>) {
        if let Some(version) = resource_version {
            self.resource_version = Some(version.to_owned());
        }
    }

    async fn open(&self) -> Result<(impl Events + use<>, Option<ServerClock>), End> {
        let Some(resource_version) = &self.resource_version else { return Err(End::Forgotten) };
        let uri = self.walk.source.uri(&[
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", resource_version),
            ("timeoutSeconds", SERVER_TIMEOUT),
        ]);
        let scene = self.walk.scene_of("watch");
        let request = Request::get(uri)
            .header(ACCEPT, METADATA)
            .body(Vec::new())
            .map_err(|error| End::Troubled(scene.unreadable(&error.to_string())))?;
        let deadline = Deadline::after(self.walk.timeout);
        let (client, clock) = clock::noting(&self.walk.client);
        match deadline.bound(client.request_events::<Object>(request)).await {
            Ok(Ok(events)) => Ok((events, clock.get().copied())),
            Ok(Err(kube::Error::Api(status))) if status.code == StatusCode::GONE.as_u16() => {
                Err(End::Forgotten)
            }
            Ok(Err(kube::Error::Api(status))) => {
                let code = StatusCode::from_u16(status.code).unwrap_or_default();
                let kube::core::Status { message, reason, .. } = *status;
                let status = Status { message, reason, ..Status::default() };
                Err(End::Troubled(scene.refused(code, &status)))
            }
            Ok(Err(error)) => Err(End::Troubled(scene.unanswered(&error))),
            Err(_) => Err(End::Troubled(scene.too_slow(deadline))),
        }
    }

    /// Reads all of it again, and tells it at once.
    async fn relist(&mut self) -> End {
        let mut pages = self.walk.clone().start();
        let (mut all, mut version, mut clock) = (Vec::new(), None, self.clock);
        while let Some(page) = pages.recv().await {
            match page {
                Ok(page) => {
                    all.extend(page.sightings);
                    version = Some(page.resource_version);
                    clock = page.clock.or(clock);
                }
                // The next watch begins where the last one ended: half a list tells nothing.
                Err(trouble) => return End::Troubled(trouble),
            }
        }
        self.saw(version.as_deref());
        self.clock = clock;
        self.tell_back().await;
        if self.tell(Change::Relisted(all, clock)).await { End::Forgotten } else { End::Left }
    }
}

fn key(object: ObjectMeta) -> ObjectKey {
    (object.namespace, object.name.unwrap_or_default())
}
