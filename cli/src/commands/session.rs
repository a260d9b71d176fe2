//! What the commands share: a cluster, a deadline, and the way from names to a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::interrupts::Interrupts;
use kubelock::{CancellationToken, Config, Error, KubeLock, Lock, LockName, PathSegment, Prefix};

use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::args::lock::LockArgs;
use crate::client::{self, Connection};
use crate::deadline::Deadline;
use crate::discovery::AllKinds;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint::Flags;
use crate::kind::Kind;
use crate::list::source::Source;
use crate::list::walk::Walk;
use crate::nearby::{Missing, Nearby, Place};
use crate::output::{talk, text};
use crate::sentence::Situation;
use crate::target::{Carrier, Target, TypeName, check_scope, lock_name};
use crate::{discovery, kinds, sentence};

/// A cluster, and how long it may take to answer.
pub(crate) struct Session {
    pub(crate) deadline: Deadline,
    connection: Connection,
    flags: Flags,
    prefix: Option<String>,
    namespace_asked_for: Option<String>,
    quiet: bool,
    has_asked_nearby: AtomicBool,
    /// Whether the command waits while another has the lock.
    pub(crate) waits: bool,
}

impl Session {
    /// Checks what can be checked without a cluster, then prepares the client.
    pub(crate) fn open(
        carrier: &Carrier,
        lock: &LockArgs,
        cluster: &ClusterArgs,
        common: &CommonArgs,
    ) -> Result<Self, Failure> {
        check(carrier, lock, cluster)?;
        // Before the deadline: a credential plugin may ask a person.
        let connection = client::connect(cluster, common.verbose)?;
        Ok(Self {
            deadline: Deadline::after(cluster.request_timeout),
            connection,
            flags: Flags::new(lock, cluster),
            prefix: lock.prefix.clone(),
            namespace_asked_for: cluster.namespace.clone(),
            quiet: common.quiet,
            has_asked_nearby: AtomicBool::new(false),
            waits: false,
        })
    }

    /// The same for one lock, and where it is. From then on signals reach the command.
    pub(crate) async fn of(
        lock: &str,
        on: &LockArgs,
        cluster: &ClusterArgs,
        common: &CommonArgs,
    ) -> Result<(Self, Target, Interrupts), Failure> {
        let carrier = Carrier::parse(on.on.as_deref())?;
        let name = lock_name(lock, &carrier)?;
        let session = Self::open(&carrier, on, cluster, common)?;
        let mut interrupts = Interrupts::take_over()?;
        let kind = interrupts.at_once(session.kind(&carrier)).await?;
        let target = session.target(name, &carrier, kind);
        Ok((session, target, interrupts))
    }

    /// The kind of the lock's object; asks the cluster only for kinds that not every cluster has.
    pub(crate) async fn kind(&self, carrier: &Carrier) -> Result<Kind, Failure> {
        if let Some(kind) = carrier.known_kind() {
            return Ok(kind);
        }
        match carrier {
            Carrier::Lease => Ok(kinds::lease()),
            Carrier::Object(name, object) => {
                let on = Some(object.as_str());
                let kind = discovery::find(&self.connection, self.deadline, name, on).await?;
                check_scope(&kind, Some(object.as_str()), self.namespace_asked_for.as_deref())?;
                Ok(kind)
            }
        }
    }

    /// The client, for requests that are about no lock.
    pub(crate) fn client(&self) -> &kube::Client {
        &self.connection.client
    }

    /// A kind without an object.
    pub(crate) async fn kind_named(&self, name: &TypeName) -> Result<Kind, Failure> {
        match kinds::find(name) {
            Some(kind) => Ok(kind),
            None => discovery::find(&self.connection, self.deadline, name, None).await,
        }
    }

    /// All kinds that can carry locks.
    pub(crate) async fn all_kinds(&self) -> Result<AllKinds, Failure> {
        discovery::all(&self.connection, self.deadline).await
    }

    /// The namespace that counts, checked.
    pub(crate) fn namespace(&self) -> Result<String, Failure> {
        self.connection.checked_namespace()
    }

    /// What it takes to list these; the deadline is that of each request then.
    pub(crate) fn walks(&self, sources: Vec<Source>) -> Result<Vec<Walk>, Failure> {
        let prefix = self.prefix()?;
        let walk = |source: Source| {
            Ok(Walk {
                locks: self
                    .locks(&source.kind)
                    .map_err(|error| Failure::usage(text::paragraph(&error.to_string())))?,
                source: Arc::new(source),
                prefix: prefix.as_str().to_owned(),
                client: self.connection.client.clone(),
                endpoint: self.connection.endpoint.clone(),
                flags: self.flags.clone(),
                timeout: self.deadline.timeout(),
            })
        };
        sources.into_iter().map(walk).collect()
    }

    /// One lock on the object in question.
    pub(crate) fn target(&self, lock: LockName, carrier: &Carrier, kind: Kind) -> Target {
        Target::new(lock, carrier, kind, &self.connection.namespace)
    }

    /// The library's lock for a target.
    pub(crate) fn lock(&self, target: &Target) -> Result<Lock, Failure> {
        self.build(target).map_err(|error| self.explain("use", target, &error))
    }

    fn build(&self, target: &Target) -> Result<Lock, Error> {
        let lock = self.locks(&target.kind)?.lock(target.lock.as_str())?;
        match &target.namespace {
            Some(namespace) => lock.namespace(namespace),
            None => Ok(lock),
        }
    }

    fn locks(&self, kind: &Kind) -> Result<KubeLock, Error> {
        let client = self.connection.client.clone();
        let locks =
            KubeLock::new(Config { client, gvr: kind.gvr.clone() })?.with_client_that_sends_once();
        match &self.prefix {
            Some(prefix) => locks.with_prefix(prefix),
            None => Ok(locks),
        }
    }

    /// What an error of the library means to the person who typed the command.
    pub(crate) fn explain(&self, verb: &'static str, target: &Target, error: &Error) -> Failure {
        sentence::failure(error, &self.situation(verb, target))
    }

    /// Somebody did not want to wait for what was under way: what was to be done may be done.
    pub(crate) fn broken_off(&self, done: &str, target: &Target) -> Failure {
        let message =
            format!("interrupted: it is unknown whether {} was {done}", target.describe());
        let look = self.flags.command("get", target);
        Failure::new(Exit::Unknown, message).hint(format!("look with: {look}"))
    }

    /// Says what became of an interrupted call, unless nothing was written.
    pub(crate) fn say_if_it_matters(&self, made: Result<(), Failure>) {
        if let Err(failure) = made
            && self.may_have_written()
        {
            talk::failure(&failure);
        }
    }

    /// Whether anything can have been changed.
    pub(crate) fn may_have_written(&self) -> bool {
        self.connection.endpoint.reach.may_have_written()
    }

    /// What comes of work that is stopped at once as long as it has changed nothing.
    pub(crate) async fn unless_stopped<T>(
        &self,
        stop: &CancellationToken,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let stopped = async {
            stop.cancelled().await;
            if self.may_have_written() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = stopped => None,
            done = work => Some(done),
        }
    }

    /// The same of a call's outcome, with what is called like what is not there.
    pub(crate) async fn explained<T>(
        &self,
        verb: &'static str,
        target: &Target,
        outcome: Result<T, Error>,
    ) -> Result<T, Failure> {
        match outcome {
            Ok(done) => Ok(done),
            Err(error) => {
                let failure = self.explain(verb, target, &error);
                Err(self.with_nearby(&error, target, failure).await)
            }
        }
    }

    /// A lock that nobody holds, likewise.
    pub(crate) async fn not_held(&self, verb: &'static str, target: &Target) -> Failure {
        let failure = sentence::not_held(&self.situation(verb, target), None);
        self.nearby(Missing::Lock, Place::of(target)).await.into_iter().fold(failure, Failure::hint)
    }

    /// Asks what is called so, if the error is of that kind.
    pub(crate) async fn with_nearby(
        &self,
        error: &Error,
        target: &Target,
        failure: Failure,
    ) -> Failure {
        let Some(missing) = Missing::of(error, target) else { return failure };
        self.nearby(missing, Place::of(target)).await.into_iter().fold(failure, Failure::hint)
    }

    /// What is called like what is not there; asked once, however much is missing. Scripts that
    /// look again and again are quiet, and do without.
    pub(crate) async fn nearby(&self, missing: Missing, place: Place<'_>) -> Option<String> {
        if self.quiet || self.has_asked_nearby.swap(true, Ordering::Relaxed) {
            return None;
        }
        let prefix = self.prefix().ok()?;
        let nearby = Nearby::new(&self.connection, prefix.as_str(), place, self.deadline);
        // Seldom, and large.
        Box::pin(nearby.hint(missing)).await
    }

    fn prefix(&self) -> Result<Prefix, Failure> {
        Ok(self.prefix.as_deref().map(Prefix::new).transpose()?.unwrap_or_default())
    }

    /// The options that hints repeat.
    pub(super) fn flags(&self) -> &Flags {
        &self.flags
    }

    /// The connection itself, for what is no call of a lock.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn situation<'a>(&'a self, verb: &'static str, target: &'a Target) -> Situation<'a> {
        Situation {
            verb,
            command: verb,
            target,
            endpoint: &self.connection.endpoint,
            flags: &self.flags,
            deadline: self.deadline,
            has_waited: self.waits,
        }
    }

    /// Finds the words for an object that may not be watched, which is waited for nevertheless.
    pub(crate) fn unwatched(
        &self,
        command: &'static str,
        target: &Target,
    ) -> impl Fn(&Error) -> Failure + Send + Sync + 'static {
        let (endpoint, flags) = (self.connection.endpoint.clone(), self.flags.clone());
        let (target, deadline, has_waited) = (target.clone(), self.deadline, self.waits);
        move |error| {
            let at = Situation {
                verb: "watch",
                command,
                target: &target,
                endpoint: &endpoint,
                flags: &flags,
                deadline,
                has_waited,
            };
            let mut failure = sentence::failure(error, &at);
            failure.message = format!("its release is seen up to 3s late: {}", failure.message);
            failure
        }
    }
}

fn check(carrier: &Carrier, lock: &LockArgs, cluster: &ClusterArgs) -> Result<(), Failure> {
    let namespace = cluster.namespace.as_deref();
    lock.prefix.as_deref().map(Prefix::new).transpose()?;
    namespace.map(PathSegment::namespace).transpose()?;
    match (carrier, carrier.known_kind()) {
        (Carrier::Object(_, object), Some(kind)) => {
            check_scope(&kind, Some(object.as_str()), namespace)
        }
        _ => Ok(()),
    }
}
