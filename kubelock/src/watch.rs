//! A watch of one object.

use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, TryStreamExt};
use http::{Request, StatusCode, header};
use kube::core::{Status, WatchEvent};
use kubelock_core::answer::Sight;

use crate::api::{Api, METADATA, USER_AGENT, words};
use crate::error::Error;
use crate::kube_lock::KubeLock;
use crate::lock_ref::LockRef;
use crate::status::Object;

/// The server ends a watch after this by itself.
const SERVER_TIMEOUT: Duration = Duration::from_secs(290);
/// A watch that is not open by then is not going to be.
const OPEN_MAX: Duration = Duration::from_secs(10);

type Events = Pin<Box<dyn Stream<Item = Result<WatchEvent<Object>, kube::Error>> + Send>>;

/// An open watch. One connection, for as long as it lives.
pub(crate) struct Watch {
    events: Events,
}

/// What a watch tells.
#[derive(Debug)]
pub(crate) enum Event {
    /// The object as it is now, or was a moment ago.
    Seen(Sight),
    /// It is gone.
    Deleted,
    /// Nothing has changed; the watch is alive.
    Alive,
    /// The watch is over, or tells errors: what it missed is for a read to find out.
    Over(String),
}

/// Why there is no watch.
#[derive(Debug)]
pub(crate) enum NoWatch {
    /// This user may not watch, or nobody can.
    Denied(Error),
    /// Anything else.
    Failed(String),
}

impl Watch {
    /// Watches the lock's object from this version on.
    pub(crate) async fn open(
        locks: &KubeLock,
        lock: &LockRef,
        resource_version: &str,
    ) -> Result<Self, NoWatch> {
        let request = request(locks, lock, resource_version)
            .map_err(|error| NoWatch::Failed(error.to_string()))?;
        tokio::select! {
            biased;
            events = locks.client.request_events::<Object>(request) => match events {
                Ok(events) => Ok(Self { events: Box::pin(events) }),
                Err(error) => Err(no_watch(&error, lock)),
            },
            () = locks.runtime.sleep(OPEN_MAX) => Err(NoWatch::Failed("no answer".into())),
        }
    }

    /// The next thing that it tells.
    ///
    /// # Cancel safety
    /// No event is lost.
    pub(crate) async fn next(&mut self, lock: &LockRef) -> Event {
        match self.events.try_next().await {
            Ok(Some(WatchEvent::Added(object) | WatchEvent::Modified(object))) => {
                Event::Seen(object.sight(lock, None))
            }
            Ok(Some(WatchEvent::Deleted(_))) => Event::Deleted,
            Ok(Some(WatchEvent::Bookmark(_))) => Event::Alive,
            Ok(Some(WatchEvent::Error(status))) => Event::Over(status.message.clone()),
            Ok(None) => Event::Over("the server ended it".into()),
            Err(error) => Event::Over(words(&error)),
        }
    }
}

fn request(
    locks: &KubeLock,
    lock: &LockRef,
    resource_version: &str,
) -> Result<Request<Vec<u8>>, http::Error> {
    let path = Api { kube_lock: locks, lock }.collection_path();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("watch", "true")
        .append_pair("allowWatchBookmarks", "true")
        .append_pair("fieldSelector", &format!("metadata.name={}", escaped(lock.object.as_str())))
        .append_pair("resourceVersion", resource_version)
        .append_pair("timeoutSeconds", &SERVER_TIMEOUT.as_secs().to_string())
        .finish();
    Request::get(format!("{path}?{query}"))
        .header(header::ACCEPT, METADATA)
        .header(header::USER_AGENT, USER_AGENT)
        .body(Vec::new())
}

/// A value as field selectors take it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=")
}

fn no_watch(error: &kube::Error, lock: &LockRef) -> NoWatch {
    let lock = || Box::new(lock.clone());
    match error {
        kube::Error::Api(status) if status.code == StatusCode::FORBIDDEN.as_u16() => {
            let message = status.message.clone();
            NoWatch::Denied(Error::Forbidden { lock: lock(), verbs: vec!["watch"], message })
        }
        kube::Error::Api(status) if status.code == StatusCode::METHOD_NOT_ALLOWED.as_u16() => {
            let Status { code, reason, message, .. } = (**status).clone();
            NoWatch::Denied(Error::Refused { lock: lock(), code, reason, message })
        }
        other => NoWatch::Failed(words(other)),
    }
}
