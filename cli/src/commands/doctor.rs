//! `kubelock doctor`: what would go wrong here, before it does.

mod admission;
mod clock;
mod diagnosis;
mod document;
mod finding;
mod latency;
mod object;
mod permissions;
mod report;
mod server;

use std::time::Duration;

use super::session::Session;
use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::args::lock::LockArgs;
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hint::{Place, Wanted};
use crate::output::{self, DocumentFormat, talk, text};
use crate::target::{Carrier, Target, lock_name};
use diagnosis::Diagnosis;

/// Tell what would go wrong with a lock here, and the remedy
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    /// Name of the lock to look at; without one, any in the namespace
    #[arg(value_name = "LOCK")]
    lock: Option<String>,
    /// Print a document: json or yaml
    #[arg(short, long, value_name = "FORMAT", hide_possible_values = true)]
    output: Option<DocumentFormat>,
    #[command(flatten)]
    on: LockArgs,
}

const EXAMPLES: &str = "\
Examples:
  kubelock doctor -n ci
  kubelock doctor schema --on configmap/app
  kubelock doctor deploy -n ci --as system:serviceaccount:ci:runner
  kubelock doctor -o json

Looks at permissions, the clock, the server's version, admission and latency. All that it writes
are dry runs: nothing is stored, and no lock is taken.
Exit status: 0 nothing would go wrong (there may be warnings), 1 something would";

/// The name of a lock where none is named, or where the one that is named is held.
const STAND_IN: &str = "kubelock-doctor";

pub(crate) async fn run(
    args: DoctorArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let carrier = Carrier::parse(args.on.on.as_deref())?;
    let name = lock_name(args.lock.as_deref().unwrap_or(STAND_IN), &carrier)?;
    let session = Session::open(&carrier, &args.on, cluster, common)?;
    let target = session.target(name, &carrier, session.kind(&carrier).await?);
    let has_lock = args.lock.is_some();
    let is_named = has_lock || args.on.on.is_some();
    let subject = Subject { session, target, has_lock, is_named, timeout: cluster.request_timeout };

    let diagnosis = subject.examine().await;
    match args.output {
        Some(format) => output::any(format, &document::of(&diagnosis, &subject.target))?,
        None => output::print(&report::lines(&diagnosis))?,
    }
    talk::note(common, &report::summary(&diagnosis));
    Ok(if diagnosis.has_problems() { Exit::Failed } else { Exit::Done })
}

/// What is looked at.
struct Subject {
    session: Session,
    target: Target,
    /// Whether a lock was named.
    has_lock: bool,
    /// Whether a lock or an object was named: else it is any Lease of the namespace.
    is_named: bool,
    timeout: Duration,
}

impl Subject {
    /// One thing after the other; what a server that is away would tell is left out.
    async fn examine(&self) -> Diagnosis {
        let mut diagnosis = Diagnosis::default();
        if !server::examine(self, &mut diagnosis).await {
            return diagnosis;
        }
        let sight = object::examine(self, &mut diagnosis).await;
        let access = permissions::examine(self, sight, &mut diagnosis).await;
        clock::examine(&mut diagnosis);
        if !access.may_write() {
            admission::skip(&mut diagnosis);
        } else if admission::examine(self, sight, &mut diagnosis).await {
            latency::examine(self, sight, &mut diagnosis).await;
        }
        diagnosis
    }

    /// Each request has the whole time.
    fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout)
    }

    /// What is to be granted, and the command that does it for this user.
    fn grant(&self, verb: &str, diagnosis: &Diagnosis) -> String {
        let Target { lock, namespace, own_lease, kind, .. } = &self.target;
        let wanted = Wanted {
            lock: self.has_lock.then_some(lock.as_str()),
            on: (!own_lease).then(|| self.target.on()),
            place: Place::of(namespace.as_deref()),
            commands: None,
        };
        // What had to be escaped cannot be typed.
        let user = diagnosis.server.user.as_deref().filter(|user| text::is_plain(user));
        let command = self.session.flags().grant(&wanted, user);
        format!("grant {verb} on {}: {command}", kind.resource())
    }
}
