//! Watches: streams of what happens to a collection.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{Stream, stream};
use http_body_util::StreamBody;
use hyper::body::{Body, Bytes, Frame};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tower::BoxError;

use super::query::Query;
use super::status::Status;
use super::store::Store;
use super::target::Target;
use super::{ScriptedServer, State, shape};

const BOOKMARK_INTERVAL: Duration = Duration::from_mins(1);

/// How a watch from a version too old is told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooOld {
    /// By an event on a stream that is opened, as the API server does.
    Event,
    /// By the answer to the request.
    Answer,
}

/// What tests do to watches.
pub(super) struct Watches {
    /// The number of the next one.
    next: u64,
    pub(super) open: usize,
    ended_below: u64,
    cut_below: u64,
    pub(super) are_silent: bool,
    pub(super) have_bookmarks: bool,
    pub(super) too_old: TooOld,
}

impl Watches {
    pub(super) fn new() -> Self {
        Self {
            next: 0,
            open: 0,
            ended_below: 0,
            cut_below: 0,
            are_silent: false,
            have_bookmarks: true,
            too_old: TooOld::Event,
        }
    }

    pub(super) fn end(&mut self) {
        self.ended_below = self.next;
    }

    pub(super) fn cut(&mut self) {
        self.cut_below = self.next;
    }

    /// All that are open now are numbered below.
    pub(super) fn next(&self) -> u64 {
        self.next
    }
}

/// One open watch.
struct Watch {
    server: ScriptedServer,
    number: u64,
    collection: String,
    query: Query,
    kind: String,
    api_version: String,
    /// What precedes the log.
    backlog: VecDeque<Next>,
    /// How much of the log it has seen.
    position: usize,
    ends_at: Instant,
    bookmark_at: Instant,
    changed: watch::Receiver<()>,
    is_over: bool,
}

enum Next {
    Line(Value),
    LastLine(Value),
    End,
    Cut,
    /// Nothing, before this moment or a change.
    Wait(Option<Instant>),
}

/// Opens a watch; fails where the answer itself says that the version is too old.
pub(super) fn open(
    server: &ScriptedServer,
    target: &Target,
    query: Query,
) -> Result<impl Body<Data = Bytes, Error = BoxError> + use<>, Status> {
    let mut state = server.state();
    let (backlog, position) = beginning(&state, target, &query)?;
    let number = state.watches.next;
    state.watches.next += 1;
    state.watches.open += 1;
    let now = Instant::now();
    let watch = Watch {
        server: server.clone(),
        number,
        collection: target.collection.clone(),
        kind: target.kind(),
        api_version: target.api_version(),
        backlog,
        position,
        ends_at: now + query.timeout,
        bookmark_at: now + BOOKMARK_INTERVAL,
        changed: server.subscribe(),
        query,
        is_over: false,
    };
    Ok(StreamBody::new(watch.into_stream()))
}

/// What is told first, and where the log is taken up.
fn beginning(
    state: &State,
    target: &Target,
    query: &Query,
) -> Result<(VecDeque<Next>, usize), Status> {
    let Store { log, oldest, .. } = &state.store;
    let Some(from) = query.resource_version else {
        let found = state.store.list(&target.collection, query.name.as_deref());
        let added = |object| Next::Line(event("ADDED", &query.shaped(object)));
        return Ok((found.into_iter().map(added).collect(), log.len()));
    };
    if from >= *oldest {
        return Ok((VecDeque::new(), log.partition_point(|entry| entry.version <= from)));
    }
    let status = Status::too_old(from, *oldest);
    match state.watches.too_old {
        TooOld::Answer => Err(status),
        TooOld::Event => {
            let error = Next::LastLine(event("ERROR", &status.to_json()));
            Ok((VecDeque::from([error]), log.len()))
        }
    }
}

fn event(kind: &str, object: &Value) -> Value {
    json!({ "type": kind, "object": object })
}

impl Watch {
    fn into_stream(self) -> impl Stream<Item = Result<Frame<Bytes>, BoxError>> {
        stream::unfold(self, |mut watch| async move { Some((watch.frame().await?, watch)) })
    }

    async fn frame(&mut self) -> Option<Result<Frame<Bytes>, BoxError>> {
        while !self.is_over {
            match self.look() {
                Next::Line(line) => return Some(Ok(frame(&line))),
                Next::LastLine(line) => {
                    self.close();
                    return Some(Ok(frame(&line)));
                }
                Next::End => self.close(),
                Next::Cut => {
                    self.close();
                    let reset = std::io::ErrorKind::ConnectionReset;
                    return Some(Err(std::io::Error::from(reset).into()));
                }
                Next::Wait(until) => self.wait(until).await,
            }
        }
        None
    }

    fn close(&mut self) {
        if !self.is_over {
            self.is_over = true;
            self.server.state().watches.open -= 1;
        }
    }

    async fn wait(&mut self, until: Option<Instant>) {
        let until = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // It never closes: this watch itself keeps the server.
            _ = self.changed.changed() => {}
            () = until => {}
        }
    }

    fn look(&mut self) -> Next {
        let server = self.server.clone();
        let state = server.state();
        let watches = &state.watches;
        if !watches.are_silent {
            let next = self.backlog.pop_front().or_else(|| self.read(&state.store));
            if let Some(next) = next {
                return next;
            }
        }
        if self.number < watches.cut_below {
            return Next::Cut;
        }
        if self.number < watches.ended_below {
            return Next::End;
        }
        if watches.are_silent { Next::Wait(None) } else { self.tell_time(&state) }
    }

    fn read(&mut self, store: &Store) -> Option<Next> {
        while let Some(entry) = store.log.get(self.position) {
            self.position += 1;
            if let Some(below) = entry.only_below {
                if self.number < below {
                    return Some(Next::LastLine(event(entry.kind, &entry.object)));
                }
            } else if entry.collection == self.collection && self.query.selects(&entry.object) {
                let object = self.query.shaped(entry.object.clone());
                return Some(Next::Line(event(entry.kind, &object)));
            }
        }
        None
    }

    fn tell_time(&mut self, state: &State) -> Next {
        let now = Instant::now();
        if now >= self.ends_at {
            return Next::End;
        }
        let has_bookmarks = state.watches.have_bookmarks && self.query.allows_bookmarks;
        if now >= self.bookmark_at {
            self.bookmark_at = now + BOOKMARK_INTERVAL;
            if has_bookmarks {
                return Next::Line(self.bookmark(state.store.version));
            }
        }
        Next::Wait(Some(self.ends_at.min(self.bookmark_at)))
    }

    fn bookmark(&self, version: u64) -> Value {
        let metadata = json!({ "resourceVersion": version.to_string() });
        let object =
            json!({ "kind": self.kind, "apiVersion": self.api_version, "metadata": metadata });
        event("BOOKMARK", &shape(object, self.query.wants_metadata))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.close();
    }
}

fn frame(line: &Value) -> Frame<Bytes> {
    Frame::data(Bytes::from(format!("{line}\n")))
}
