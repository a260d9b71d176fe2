//! What is called like what is not there: a page of names, asked for after an error.
//!
//! It is a courtesy: whatever keeps it from coming about is told to nobody, and the error does
//! not wait for it for long. What it finds is shown, and never used.

use std::time::Duration;

use kubelock::{Error, LockName, PathSegment};

use crate::alike;
use crate::client::Connection;
use crate::deadline::Deadline;
use crate::glance::{self, Object};
use crate::hint::quoted;
use crate::kind::Kind;
use crate::kinds;
use crate::target::Target;

/// So long an error is kept back for it at most.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was looked for in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The object is there, and the lock is not on it.
    Lock,
    /// The lock's own Lease: perhaps there is no such namespace, either.
    OwnLease,
    /// The object that `--on` names.
    Object,
    /// That of a Lease which was to be made.
    Namespace,
}

impl Missing {
    /// Nothing, where what was named is there, or something else went wrong.
    pub(crate) fn of(error: &Error, target: &Target) -> Option<Self> {
        match error {
            Error::NotFound { expired: None, .. } => Some(Self::Lock),
            Error::ObjectMissing { .. } if target.own_lease => Some(Self::OwnLease),
            Error::ObjectMissing { .. } => Some(Self::Object),
            Error::Refused { code: 404, .. } if target.own_lease => Some(Self::Namespace),
            _ => None,
        }
    }
}

/// Where it was looked for.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) kind: &'a Kind,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) object: &'a str,
    pub(crate) lock: &'a str,
}

impl<'a> Place<'a> {
    pub(crate) fn of(target: &'a Target) -> Self {
        let Target { lock, kind, namespace, object, .. } = target;
        Self { kind, namespace: namespace.as_deref(), object, lock: lock.as_str() }
    }

    fn is_own_lease(self) -> bool {
        *self.kind == kinds::lease() && self.object == self.lock
    }
}

/// Who asks, and what about.
pub(crate) struct Nearby<'a> {
    connection: &'a Connection,
    /// Of the annotations.
    prefix: &'a str,
    place: Place<'a>,
    deadline: Deadline,
}

impl<'a> Nearby<'a> {
    /// No longer than the command has, either.
    pub(crate) fn new(
        connection: &'a Connection,
        prefix: &'a str,
        place: Place<'a>,
        deadline: Deadline,
    ) -> Self {
        let deadline = Deadline::after(PATIENCE.min(deadline.left()));
        Self { connection, prefix, place, deadline }
    }

    /// A question, if there is anything to ask.
    pub(crate) async fn hint(&self, missing: Missing) -> Option<String> {
        match missing {
            Missing::Lock if self.place.is_own_lease() => self.locks_of(&self.list().await?),
            Missing::Lock => self.locks_on_it().await,
            Missing::OwnLease => self.locks_of_leases().await,
            Missing::Object => self.objects().await,
            Missing::Namespace => self.namespaces().await,
        }
    }

    async fn locks_on_it(&self) -> Option<String> {
        let Place { kind, object, .. } = self.place;
        let object =
            glance::one(kind, self.namespace(), object, self.connection, self.deadline).await?;
        question(self.place.lock, object.locks(self.prefix).map(|(lock, _)| lock))
    }

    async fn locks_of_leases(&self) -> Option<String> {
        let leases = self.list().await?;
        if leases.is_empty() {
            return self.namespaces().await;
        }
        self.locks_of(&leases)
    }

    /// Those that a Lease of their own carries.
    fn locks_of(&self, leases: &[Object]) -> Option<String> {
        let has_own =
            |lease: &&Object| lease.locks(self.prefix).any(|(lock, _)| lock == lease.metadata.name);
        let names = leases.iter().filter(has_own).map(|lease| lease.metadata.name.as_str());
        question(self.place.lock, names)
    }

    async fn objects(&self) -> Option<String> {
        let objects = self.list().await?;
        if objects.is_empty() {
            return self.namespaces().await;
        }
        let names = objects.iter().map(|object| object.metadata.name.as_str());
        let names = names.filter(|name| PathSegment::object(name).is_ok());
        let alike = alike::closest(self.place.object, names);
        alike::question(&alike.iter().map(|name| self.spelled(name)).collect::<Vec<_>>())
    }

    /// As it goes behind `--on`, in a shell.
    fn spelled(&self, object: &str) -> String {
        quoted(&format!("{}/{object}", self.place.kind.shown))
    }

    /// Where nothing of a kind is in a namespace, there may be no such namespace.
    async fn namespaces(&self) -> Option<String> {
        let namespace = self.place.namespace?;
        let kind = kinds::namespace();
        let namespaces = glance::list(&kind, "", self.connection, self.deadline).await?;
        let names = || namespaces.iter().map(|namespace| namespace.metadata.name.as_str());
        if names().any(|name| name == namespace) {
            return None;
        }
        let names = names().filter(|name| PathSegment::namespace(name).is_ok());
        let alike = alike::closest(namespace, names);
        let question =
            alike::question(&alike.iter().map(|name| format!("-n {name}")).collect::<Vec<_>>())?;
        Some(format!("there may be no namespace {namespace}: {question}"))
    }

    async fn list(&self) -> Option<Vec<Object>> {
        glance::list(self.place.kind, self.namespace(), self.connection, self.deadline).await
    }

    fn namespace(&self) -> &str {
        self.place.namespace.unwrap_or_default()
    }
}

/// About locks. What cannot be a name is not shown: others wrote it.
pub(crate) fn question<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let names = names.filter(|name| *name != word && LockName::new(name).is_ok());
    alike::question(&alike::closest(word, names).into_iter().map(quoted).collect::<Vec<_>>())
}
