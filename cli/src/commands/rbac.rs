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
use crate::kinds;
use crate::once::once;
use crate::output;
use crate::target::{Carrier, TypeName, check_scope, lock_name};
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

The commands are acquire, renew, release, run, get, break and gc; --on TYPE is any object of a kind.
Kubernetes grants objects, not annotations: who may take a lock may change all of its object.";

pub(crate) async fn run(
    args: RbacArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let on = On::parse(args.on.on.as_deref())?;
    let names = args.locks.iter().map(|lock| on.lock_name(lock));
    let names = once(names.collect::<Result<Vec<_>, _>>()?);
    let kind = on.kind(&args, cluster, common).await?;
    let needs = needs(&args);
    let place = place(&args, &kind, &needs, cluster)?;
    let own_leases = matches!(on, On::Object(Carrier::Lease));
    let objects = on.objects(names);
    let grant = Grant { objects, kind, own_leases, place, needs };
    let name = match &args.name {
        Some(name) => PathSegment::checked("--name", name)?.to_string(),
        None => default_name(&args, &grant)?,
    };
    let subjects = subjects(&args);
    let binding = match &args.name {
        Some(_) => name.clone(),
        None => binding_name(&name, &subjects)?,
    };
    output::print(&manifest::yaml(
        &manifest::Names { role: &name, binding: &binding },
        &grant,
        &subjects,
    )?)?;
    Ok(Exit::Done)
}

/// What `--on` names.
enum On {
    /// An object, or the Leases of the locks' names.
    Object(Carrier),
    /// All objects of a kind.
    Kind(TypeName),
}

impl On {
    fn parse(on: Option<&str>) -> Result<Self, Failure> {
        match on {
            Some(on) if !on.contains('/') => Ok(Self::Kind(TypeName::parse(on)?)),
            on => Carrier::parse(on).map(Self::Object),
        }
    }

    fn lock_name(&self, lock: &str) -> Result<String, Failure> {
        match self {
            Self::Object(carrier) => lock_name(lock, carrier).map(|name| name.to_string()),
            Self::Kind(_) => Ok(LockName::new(lock)?.to_string()),
        }
    }

    /// Asks the cluster only for kinds that not every cluster has.
    async fn kind(
        &self,
        args: &RbacArgs,
        cluster: &ClusterArgs,
        common: &CommonArgs,
    ) -> Result<Kind, Failure> {
        let namespace = cluster.namespace.as_deref();
        namespace.map(PathSegment::namespace).transpose()?;
        let known = match self {
            Self::Object(carrier) => carrier.known_kind(),
            Self::Kind(name) => kinds::find(name),
        };
        let open = |carrier| Session::open(carrier, &args.on, cluster, common);
        let kind = match (self, known) {
            (_, Some(kind)) => kind,
            (Self::Object(carrier), None) => open(carrier)?.kind(carrier).await?,
            (Self::Kind(name), None) => open(&Carrier::Lease)?.kind_named(name).await?,
        };
        match self {
            Self::Object(Carrier::Object(_, object)) => {
                check_scope(&kind, Some(object.as_str()), namespace)?;
            }
            Self::Object(Carrier::Lease) => {}
            Self::Kind(_) => check_scope(&kind, None, namespace)?,
        }
        Ok(kind)
    }

    /// Those that carry the locks; none means all of their kind.
    fn objects(&self, locks: Vec<String>) -> Vec<String> {
        match self {
            Self::Object(Carrier::Object(_, object)) => vec![object.to_string()],
            Self::Object(Carrier::Lease) => locks,
            Self::Kind(_) => Vec::new(),
        }
    }
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

/// `kubelock-break-deploy:zoe`: the same role for others is bound beside it, never in its place.
fn binding_name(role: &str, subjects: &[Subject]) -> Result<String, Failure> {
    if subjects.is_empty() {
        return Ok(role.to_owned());
    }
    let words: Vec<String> = subjects.iter().map(Subject::part_of_name).collect();
    named(&format!("{role}:{}", words.join("+")))
}

/// `kubelock-break-deploy`: another set of commands or locks is another Role.
fn default_name(args: &RbacArgs, grant: &Grant) -> Result<String, Failure> {
    let needs = grant.needs.iter().filter(|_| !args.needs.is_empty());
    let needs = needs.map(|need| need.word().to_owned());
    let kind = args.on.on.is_some().then(|| grant.kind.shown.clone());
    let parts = needs.chain(kind).chain(grant.objects.iter().cloned());
    let name = std::iter::once("kubelock".to_owned()).chain(parts).collect::<Vec<_>>().join("-");
    named(&name)
}

fn named(name: &str) -> Result<String, Failure> {
    PathSegment::checked("--name", name)
        .map(|name| name.to_string())
        .map_err(|error| Failure::from(error).hint("choose a shorter one with --name"))
}
