//! What a bare watch sees of a lock's record.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use futures_util::StreamExt;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{WatchEvent, WatchParams};
use kube::{Api, ResourceExt};
use serde_json::Value;
use testkit::beat::now_nanos;
use tokio::sync::oneshot;

use crate::space::{Space, block_on};

/// A record that was not there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) at_nanos: u64,
    /// Whose it is, by the owner's name; nobody's when there is none.
    pub(super) owner: Option<String>,
}

/// A watch, and what it has seen.
pub(super) struct Sightings {
    seen: Arc<Mutex<Vec<Sighting>>>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sightings {
    /// Watches the lease of a lock, which need not be there yet.
    pub(super) fn start(space: &Space, lock: &str) -> Self {
        let seen = Arc::default();
        let (end, ended) = oneshot::channel();
        let (cluster, namespace) = (space.cluster, space.namespace.clone());
        let (lock, notes) = (lock.to_owned(), Arc::clone(&seen));
        let thread = thread::spawn(move || {
            block_on(async {
                let leases = Api::namespaced(cluster.client().await, &namespace);
                tokio::select! {
                    () = watch(&leases, &lock, &notes) => {}
                    _ = ended => {}
                }
            });
        });
        Self { seen, end: Some(end), thread: Some(thread) }
    }

    /// All so far.
    pub(super) fn seen(&self) -> Vec<Sighting> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whose record was seen last, if there is one.
    pub(super) fn owner(&self) -> Option<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.last().and_then(|seen| seen.owner.clone())
    }
}

impl Drop for Sightings {
    fn drop(&mut self) {
        drop(self.end.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Each owner whose record was followed by another's with nothing between them, and that one.
pub(super) fn takeovers(seen: &[Sighting]) -> Vec<(&str, &str)> {
    let owners = seen.windows(2).map(|pair| (pair[0].owner.as_deref(), pair[1].owner.as_deref()));
    let both = owners.filter_map(|(one, next)| Some((one?, next?)));
    both.filter(|(one, next)| one != next).collect()
}

/// Notes each change of the record, for as long as it is let.
async fn watch(leases: &Api<Lease>, lock: &str, notes: &Mutex<Vec<Sighting>>) {
    let (mut version, mut last) = ("0".to_owned(), None);
    loop {
        let params = WatchParams::default().fields(&format!("metadata.name={lock}"));
        let mut events = pin!(leases.watch(&params, &version).await.unwrap());
        while let Some(Ok(WatchEvent::Added(lease) | WatchEvent::Modified(lease))) =
            events.next().await
        {
            version = lease.resource_version().unwrap();
            let record =
                lease.annotations().get(&format!("kubelock.giantswarm.io/{lock}")).cloned();
            if record != last {
                let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
                notes.push(Sighting { at_nanos: now_nanos(), owner: record.as_deref().map(owner) });
                last = record;
            }
        }
    }
}

fn owner(record: &str) -> String {
    let record: Value = serde_json::from_str(record).unwrap();
    record["owner"].as_str().unwrap().to_owned()
}
