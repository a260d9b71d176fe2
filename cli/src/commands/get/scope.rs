//! Which locks are asked for, and where they are looked for.

use std::sync::Arc;

use kubelock::{LockName, PathSegment};

use super::PlaceArgs;
use crate::args::CommonArgs;
use crate::commands::session::Session;
use crate::discovery::AllKinds;
use crate::failure::Failure;
use crate::kind::Kind;
use crate::kinds;
use crate::list::source::Source;
use crate::once::once;
use crate::output::{talk, text};
use crate::target::{Carrier, TypeName, check_scope, lock_name};

/// What the command line asks for.
pub(super) struct Scope {
    pub(super) locks: Arc<[LockName]>,
    pub(super) all_namespaces: bool,
    on: Vec<On>,
    all_kinds: bool,
    labels: Option<String>,
    /// `-n`.
    namespace: Option<String>,
}

/// One `--on`.
enum On {
    /// `TYPE/NAME`.
    Object(Carrier),
    /// `TYPE`.
    Kind(TypeName),
}

impl On {
    fn parse(on: &str) -> Result<Self, Failure> {
        if on.contains('/') {
            return Carrier::parse(Some(on)).map(Self::Object);
        }
        Ok(Self::Kind(TypeName::parse(on)?))
    }
}

impl Scope {
    /// Checks what can be checked without a cluster.
    pub(super) fn parse(
        locks: &[String],
        place: PlaceArgs,
        namespace: Option<&str>,
    ) -> Result<Self, Failure> {
        let on = place.on.iter().map(|on| On::parse(on)).collect::<Result<Vec<_>, _>>()?;
        let mut scope = Self {
            locks: Arc::default(),
            all_namespaces: place.all_namespaces,
            on,
            all_kinds: place.all_kinds,
            labels: place.selector,
            // As kubectl: all namespaces are all, whatever -n says.
            namespace: namespace.filter(|_| !place.all_namespaces).map(str::to_owned),
        };
        scope.check_objects(&place.on)?;
        // Without an object a lock's name is that of a Lease.
        let carrier = if scope.is_by_lease() { Some(Carrier::Lease) } else { None };
        let name = |lock: &String| match &carrier {
            Some(carrier) => lock_name(lock, carrier),
            None => Ok(LockName::new(lock)?),
        };
        scope.locks = locks.iter().map(name).collect::<Result<_, Failure>>()?;
        Ok(scope)
    }

    /// An object that is named is in one place, and is the one whatever its labels.
    fn check_objects(&self, spelled: &[String]) -> Result<(), Failure> {
        for (on, spelled) in self.on.iter().zip(spelled) {
            let On::Object(carrier) = on else { continue };
            if self.all_namespaces {
                return Err(one_object(spelled, "-A looks in all namespaces"));
            }
            if self.labels.is_some() {
                return Err(one_object(spelled, "-l selects by label"));
            }
            if let (Carrier::Object(_, object), Some(kind)) = (carrier, carrier.known_kind()) {
                check_scope(&kind, Some(object.as_str()), self.namespace.as_deref())?;
            }
        }
        Ok(())
    }

    /// Whether each lock is looked for on the Lease of its name.
    fn is_by_lease(&self) -> bool {
        self.on.is_empty() && !self.all_kinds && !self.all_namespaces && self.labels.is_none()
    }

    /// The objects of the locks, where both are named.
    pub(super) fn carriers(&self) -> Option<Vec<Carrier>> {
        if self.locks.is_empty() || self.all_kinds {
            return None;
        }
        if self.is_by_lease() {
            return Some(vec![Carrier::Lease]);
        }
        let carrier = |on: &On| match on {
            On::Object(carrier) => Some(carrier.clone()),
            On::Kind(_) => None,
        };
        let carriers: Vec<_> = self.on.iter().map(carrier).collect::<Option<_>>()?;
        Some(carriers).filter(|carriers| !carriers.is_empty())
    }

    /// Where to look, leases first, at each once.
    pub(super) async fn sources(
        &self,
        session: &Session,
        common: &CommonArgs,
    ) -> Result<Vec<Source>, Failure> {
        if self.is_by_lease() && !self.locks.is_empty() {
            let sources = self.locks.iter().map(|lock| self.own_lease(session, lock));
            return Ok(once(sources.collect::<Result<Vec<_>, _>>()?));
        }
        let mut sources = Vec::new();
        for on in &self.on {
            match on {
                On::Object(carrier) => sources.push(self.object(session, carrier).await?),
                On::Kind(name) => {
                    let kind = session.kind_named(name).await?;
                    self.check_kind(&kind)?;
                    sources.push(self.kind(session, kind, false)?);
                }
            }
        }
        if self.all_kinds {
            sources.extend(self.everything(session, common).await?);
        }
        self.add_leases(session, &mut sources)?;
        Ok(wholes_first(once(sources)))
    }

    /// Names what cannot be looked at, for nobody knows which kinds it has.
    async fn everything(
        &self,
        session: &Session,
        common: &CommonArgs,
    ) -> Result<Vec<Source>, Failure> {
        let AllKinds { kinds, silent } = session.all_kinds().await?;
        if !silent.is_empty() {
            let silent = text::paragraph(&silent.join(", "));
            let words =
                format!("skipped, for their servers do not answer the API server: {silent}");
            talk::note(common, &words);
        }
        let kinds = kinds.into_iter().filter(|it| it.namespaced || self.namespace.is_none());
        kinds.map(|kind| self.kind(session, kind, true)).collect()
    }

    /// Leases carry locks without anybody saying so.
    fn add_leases(&self, session: &Session, sources: &mut Vec<Source>) -> Result<(), Failure> {
        let lease = kinds::lease();
        let is_lease = |source: &Source| source.kind.gvr == lease.gvr;
        let names_object = sources.iter().any(|source| source.object.is_some());
        if let Some(place) = sources.iter().position(is_lease) {
            sources[..=place].rotate_right(1);
        } else if !names_object {
            let by_the_way = !sources.is_empty();
            sources.insert(0, self.kind(session, lease, by_the_way)?);
        }
        Ok(())
    }

    /// `get LOCK -n ci`: how to look at one lock there.
    pub(super) fn get_one(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("get LOCK -n {namespace}"),
            None if self.all_namespaces => "get LOCK -n NAMESPACE".to_owned(),
            None => "get LOCK".to_owned(),
        }
    }

    fn own_lease(&self, session: &Session, lock: &LockName) -> Result<Source, Failure> {
        let source = self.kind(session, kinds::lease(), false)?;
        let object = Some(PathSegment::object(lock.as_str())?);
        Ok(Source { object, locks: Arc::new([lock.clone()]), ..source })
    }

    async fn object(&self, session: &Session, carrier: &Carrier) -> Result<Source, Failure> {
        let source = self.kind(session, session.kind(carrier).await?, false)?;
        let Carrier::Object(_, object) = carrier else { return Ok(source) };
        Ok(Source { object: Some(object.clone()), ..source })
    }

    fn kind(&self, session: &Session, kind: Kind, by_the_way: bool) -> Result<Source, Failure> {
        let in_namespace = kind.namespaced && !self.all_namespaces;
        let namespace = if in_namespace { Some(session.namespace()?) } else { None };
        let (labels, locks) = (self.labels.clone(), self.locks.clone());
        Ok(Source { kind, namespace, labels, object: None, locks, by_the_way })
    }

    fn check_kind(&self, kind: &Kind) -> Result<(), Failure> {
        match &self.namespace {
            Some(namespace) if !kind.namespaced => {
                let message = format!(
                    "{} live in no namespace, but -n {namespace} was given",
                    kind.resource()
                );
                Err(Failure::usage(message).hint("leave -n out"))
            }
            _ => Ok(()),
        }
    }
}

/// For each source: which one lists its object as well, with all of the kind.
pub(super) fn wholes(sources: &[Source]) -> Vec<Option<usize>> {
    let whole = |source: &Source| {
        source.object.as_ref()?;
        let whole = Source { object: None, ..source.clone() };
        sources.iter().position(|source| *source == whole)
    };
    sources.iter().map(whole).collect()
}

/// Whoever shows an object must know what became of the list of its whole kind.
fn wholes_first(sources: Vec<Source>) -> Vec<Source> {
    let wholes = wholes(&sources).into_iter();
    let (parts, rest): (Vec<_>, Vec<_>) =
        wholes.zip(sources).partition(|(whole, _)| whole.is_some());
    rest.into_iter().chain(parts).map(|(_, source)| source).collect()
}

fn one_object(spelled: &str, but: &str) -> Failure {
    let spelled = text::line(spelled);
    let kind = spelled.split('/').next().unwrap_or_default();
    Failure::usage(format!("--on {spelled} names one object, but {but}"))
        .hint(format!("name the kind alone: --on {kind}"))
}
