//! The Leases of kubelock in a namespace, or in all: found, judged, deleted.

use std::time::Duration;

use form_urlencoded::Serializer;
use http::Request;
use http::request::Builder;
use kube::core::Status;
use kubelock::{IdleLease, OWN_LEASES, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::client::Connection;
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint::{Flags, Place, Wanted};
use crate::kinds;
use crate::output::{age, text};
use crate::patient;
use crate::sentence::{self, Denied};

/// So many in one answer.
const PAGE: &str = "500";

/// Where they are.
pub(super) struct Leases<'a> {
    pub(super) connection: &'a Connection,
    /// `None` for all.
    pub(super) namespace: Option<String>,
    /// Of each request.
    pub(super) timeout: Duration,
    pub(super) flags: &'a Flags,
}

/// What became of a Lease.
pub(super) enum Deleted {
    Gone,
    /// Somebody has changed it, or was faster.
    Kept,
    /// By a role or a policy: others may be deleted all the same.
    Refused(Failure),
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(default)]
    items: Vec<Value>,
}

#[derive(Deserialize, Default)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    next: String,
}

impl Leases<'_> {
    /// Those that nobody uses, page after page.
    pub(super) async fn idle(
        &self,
        now: Timestamp,
        older_than: Duration,
    ) -> Result<Vec<IdleLease>, Failure> {
        let mut idle = Vec::new();
        let mut next = String::new();
        loop {
            let page = self.page(&next).await?;
            let judged = page.items.iter().map(|lease| IdleLease::judge(lease, now, older_than));
            idle.extend(judged.filter_map(Result::ok));
            if page.metadata.next.is_empty() {
                return Ok(idle);
            }
            next = page.metadata.next;
        }
    }

    async fn page(&self, next: &str) -> Result<Page, Failure> {
        let mut query = vec![("labelSelector", OWN_LEASES), ("limit", PAGE)];
        if !next.is_empty() {
            query.push(("continue", next));
        }
        self.list(self.namespace.as_deref(), &query).await
    }

    async fn list(&self, namespace: Option<&str>, query: &[(&str, &str)]) -> Result<Page, Failure> {
        let query = Serializer::new(String::new()).extend_pairs(query).finish();
        let path = format!("{}?{query}", kinds::lease().path(namespace));
        match self.send(&built(Request::get(path), Vec::new())?).await {
            Ok(page) => Ok(page),
            Err(Trouble::Refused(status)) => Err(self.refused("list", namespace, &status)),
            Err(Trouble::Silent(failure)) => Err(failure),
        }
    }

    /// Deletes it as it was seen, and only so. Fails where no other could be deleted either.
    pub(super) async fn delete(&self, lease: &IdleLease) -> Result<Deleted, Failure> {
        let path = format!("{}/{}", kinds::lease().path(Some(&lease.namespace)), lease.name);
        let body = json!({
            "apiVersion": "v1", "kind": "DeleteOptions",
            "preconditions": { "uid": lease.uid, "resourceVersion": lease.resource_version },
        });
        let request = Request::delete(&path).header("content-type", "application/json");
        let request = built(request, body.to_string().into_bytes())?;
        let mut is_repeated = false;
        loop {
            return match self.send::<Value>(&request).await {
                Ok(_) => Ok(Deleted::Gone),
                // The first attempt did it: nothing of this UID can have come back.
                Err(Trouble::Refused(status)) if status.code == 404 && is_repeated => {
                    Ok(Deleted::Gone)
                }
                // Somebody has changed it, or made it anew after the first attempt did it.
                Err(Trouble::Refused(status)) if status.code == 409 && is_repeated => {
                    self.looked_after(lease).await
                }
                Err(Trouble::Refused(status)) if matches!(status.code, 404 | 409) => {
                    Ok(Deleted::Kept)
                }
                Err(Trouble::Refused(status)) => {
                    let failure = self.refused("delete", Some(&lease.namespace), &status);
                    if status.code == 401 { Err(failure) } else { Ok(Deleted::Refused(failure)) }
                }
                Err(Trouble::Silent(_)) if !is_repeated => {
                    is_repeated = true;
                    continue;
                }
                Err(Trouble::Silent(failure)) => Err(unknown(lease, failure)),
            };
        }
    }

    /// Whether the Lease of this UID is still there. Who may delete may list, but perhaps not get.
    async fn looked_after(&self, lease: &IdleLease) -> Result<Deleted, Failure> {
        let by_name = format!("metadata.name={}", lease.name);
        let page = self.list(Some(&lease.namespace), &[("fieldSelector", &by_name)]).await;
        let page = page.map_err(|failure| unknown(lease, failure))?;
        let is_same = |item: &Value| item["metadata"]["uid"] == lease.uid;
        Ok(if page.items.iter().any(is_same) { Deleted::Kept } else { Deleted::Gone })
    }

    /// Somebody did not want to wait for the last one.
    pub(super) fn broken_off(&self, older_than: Duration) -> Failure {
        let mut look = "gc --dry-run".to_owned();
        match &self.namespace {
            Some(namespace) => look.extend([" -n ", namespace]),
            None => look.push_str(" -A"),
        }
        let nanos = i64::try_from(older_than.as_nanos()).unwrap_or(i64::MAX);
        look.extend([" --older-than ", &age::exact(nanos)]);
        let message = "interrupted: a deletion that is under way may yet happen";
        Failure::new(Exit::Unknown, message)
            .hint(format!("look with: {}", self.flags.own_line(&look)))
    }

    /// Waits for a server that is busy, within the time of one request.
    async fn send<T: DeserializeOwned>(&self, request: &Request<Vec<u8>>) -> Result<T, Trouble> {
        let endpoint = &self.connection.endpoint;
        let deadline = Deadline::after(self.timeout);
        let sending = patient::request(&self.connection.client, request);
        match deadline.bound(sending).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(kube::Error::Api(status))) => Err(Trouble::Refused(status)),
            Ok(Err(error)) => Err(Trouble::Silent(sentence::unanswered(&error, endpoint))),
            Err(_) => Err(Trouble::Silent(sentence::too_slow(endpoint, deadline))),
        }
    }

    fn refused(&self, verb: &str, namespace: Option<&str>, status: &Status) -> Failure {
        let words = super::place(namespace);
        if status.code == 401 {
            return sentence::unauthorized(&self.connection.endpoint);
        }
        if status.code != 403 {
            let message = text::paragraph(&status.message);
            return Failure::failed(format!(
                "the API server refused to {verb} Leases {words} ({}): {message}",
                status.code
            ));
        }
        let denied = Denied {
            verbs: &[verb],
            resource: kinds::lease().resource(),
            object: None,
            message: &status.message,
        };
        let place = self.namespace.as_deref().map_or(Place::AllNamespaces, Place::Namespace);
        let wanted = Wanted { lock: None, on: None, place, commands: Some("gc") };
        denied.failure(&format!("Leases {words}"), &wanted, self.flags)
    }
}

fn built(request: Builder, body: Vec<u8>) -> Result<Request<Vec<u8>>, Failure> {
    request.body(body).map_err(|error| Failure::failed(error.to_string()))
}

/// Why there is no answer to work with.
enum Trouble {
    Refused(Box<Status>),
    Silent(Failure),
}

fn unknown(lease: &IdleLease, why: Failure) -> Failure {
    let IdleLease { namespace, name, .. } = lease;
    let message = format!(
        "it is unknown whether lease/{name} in namespace {namespace} was deleted: {}",
        why.message
    );
    Failure { exit: Exit::Unknown, message, ..why }.hint("run it again: what is gone stays gone")
}
