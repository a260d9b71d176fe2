//! `kubelock rbac`: print the Role that the users of a lock need.

mod grant;
mod manifest;
mod need;
mod subject;

use clap::builder::NonEmptyStringValueParser;
use kubelock::{LockName, PathSegment};

use super::session::Session;
use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::args::lock::LockArgs;
use crate::client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::kind::Kind;
use crate::once::once;
use crate::output;
use crate::target::{Carrier, check_scope, lock_name};
use grant::{Grant, Place};
use need::Need;
use subject::{ServiceAccount, Subject};

/// Print the Role that the users of a lock need, for kubectl apply
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RbacArgs {
    /// Names of the locks [default: all]
    #[arg(value_name = "LOCK")]
    locks: Vec<String>,
    /// Commands that they use [default: all but break and gc]
    #[arg(long = "for", value_name = "COMMAND,…", value_delimiter = ',')]
    #[arg(hide_possible_values = true)]
    needs: Vec<Need>,
    /// In all namespaces, by a cluster role
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// User to bind it to, repeatable
    #[arg(long = "user", value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
    users: Vec<String>,
    /// Group to bind it to, repeatable
    #[arg(long = "group", value_name = "GROUP", value_parser = NonEmptyStringValueParser::new())]
    groups: Vec<String>,
    /// Service account to bind it to, repeatable
    #[arg(long = "serviceaccount", value_name = "NAMESPACE:NAME")]
    service_accounts: Vec<ServiceAccount>,
    /// Name of the role [default: kubelock-COMMAND-LOCK]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    on: LockArgs,
}

const EXAMPLES: &str = "\
Examples:
  kubelock rbac deploy -n ci --serviceaccount ci:runner | kubectl apply -f -
  kubelock rbac schema --on configmap/app --for run --user migration
  kubelock rbac deploy -n ci --for break --group on-call
  kubelock rbac -A --for gc --serviceaccount ops:janitor

The commands are acquire, renew, release, run, get, break and gc. Kubernetes grants objects, not
annotations: who may take one lock on an object may change all of that object.";

pub(crate) async fn run(
    args: RbacArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let carrier = Carrier::parse(args.on.on.as_deref())?;
    let names = args.locks.iter().map(|lock| lock_name(lock, &carrier));
    let names: Vec<LockName> = once(names.collect::<Result<Vec<_>, _>>()?);
    let kind = kind(&args, &carrier, cluster, common).await?;
    let needs = needs(&args);
    let place = place(&args, &kind, &needs, cluster)?;
    let own_leases = matches!(carrier, Carrier::Lease);
    let objects = objects(&carrier, &names);
    let grant = Grant { objects, kind, own_leases, place, needs };
    let name = match &args.name {
        Some(name) => PathSegment::checked("--name", name)?.to_string(),
        None => default_name(&args, &grant)?,
    };
    output::print(&manifest::yaml(&name, &grant, &subjects(&args))?)?;
    Ok(Exit::Done)
}

/// Asks the cluster only for kinds that not every cluster has.
async fn kind(
    args: &RbacArgs,
    carrier: &Carrier,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Kind, Failure> {
    let namespace = cluster.namespace.as_deref();
    namespace.map(PathSegment::namespace).transpose()?;
    let Some(kind) = carrier.known_kind() else {
        return Session::open(carrier, &args.on, cluster, common)?.kind(carrier).await;
    };
    if let Carrier::Object(_, object) = carrier {
        check_scope(&kind, object.as_str(), namespace)?;
    }
    Ok(kind)
}

fn place(
    args: &RbacArgs,
    kind: &Kind,
    needs: &[Need],
    cluster: &ClusterArgs,
) -> Result<Place, Failure> {
    let needs_namespace = kind.namespaced || needs.contains(&Need::Gc);
    if args.all_namespaces || !needs_namespace {
        return Ok(Place::Everywhere);
    }
    client::namespace(cluster).map(Place::Namespace)
}

/// The objects that carry the locks; none means all of their kind.
fn objects(carrier: &Carrier, locks: &[LockName]) -> Vec<String> {
    match carrier {
        Carrier::Object(_, object) => vec![object.to_string()],
        Carrier::Lease => locks.iter().map(ToString::to_string).collect(),
    }
}

fn needs(args: &RbacArgs) -> Vec<Need> {
    let named = args.needs.iter().copied();
    if args.needs.is_empty() { Need::USUAL.to_vec() } else { once(named) }
}

fn subjects(args: &RbacArgs) -> Vec<Subject> {
    let users = args.users.iter().cloned().map(Subject::User);
    let groups = args.groups.iter().cloned().map(Subject::Group);
    let accounts = args.service_accounts.iter().cloned().map(Subject::ServiceAccount);
    once(users.chain(groups).chain(accounts))
}

/// `kubelock-break-deploy`: another set of commands or locks is another Role.
fn default_name(args: &RbacArgs, grant: &Grant) -> Result<String, Failure> {
    let needs = grant.needs.iter().filter(|_| !args.needs.is_empty());
    let needs = needs.map(|need| need.word().to_owned());
    let kind = args.on.on.is_some().then(|| grant.kind.shown.clone());
    let parts = needs.chain(kind).chain(grant.objects.iter().cloned());
    let name = std::iter::once("kubelock".to_owned()).chain(parts).collect::<Vec<_>>().join("-");
    PathSegment::checked("--name", &name)
        .map(|name| name.to_string())
        .map_err(|error| Failure::from(error).hint("choose a shorter one with --name"))
}
