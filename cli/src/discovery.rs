//! Kinds that not every cluster has: looked up with one request.

mod listing;
mod unknown;

use kube::core::GroupVersionResource;
use serde::de::DeserializeOwned;

use crate::client::Connection;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::kind::{self, Kind};
use crate::output::text;
use crate::query::{Query, Refusal};
use crate::target::TypeName;
use crate::{kinds, sentence};
use listing::{Group, GroupList, Offered, Resource, ResourceList};
use unknown::Unknown;

/// All groups with all their kinds in one answer; an older server sends the plain list of groups.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
                          application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,\
                          application/json";

/// Asks the cluster which kind a word means: with group and version for that
/// version's kinds, else for all. The object is for words that look like them.
pub(crate) async fn find(
    connection: &Connection,
    deadline: Deadline,
    name: &TypeName,
    object: Option<&str>,
) -> Result<Kind, Failure> {
    let (group, version) = (name.group.as_deref().unwrap_or_default(), name.version.as_deref());
    let offered = match version {
        Some(version) => of_version(connection, deadline, group, version).await?,
        None => everything(connection, deadline, name).await?,
    };
    // What is called otherwise could not be locked, and is not fit to be shown.
    let offered: Vec<_> = offered.into_iter().filter(Offered::is_well_formed).collect();
    choose(&offered, &Unknown { name, object, flags: &connection.flags })
}

/// All that a server offers, as far as it knows.
#[derive(Default)]
pub(crate) struct AllKinds {
    pub(crate) kinds: Vec<Kind>,
    /// Groups, each with its version, of servers behind it that do not answer it.
    pub(crate) silent: Vec<String>,
}

/// All kinds whose objects can be listed and carry locks, each at the version that the server
/// prefers. Two requests.
pub(crate) async fn all(connection: &Connection, deadline: Deadline) -> Result<AllKinds, Failure> {
    let mut all = AllKinds::default();
    for path in ["/api", "/apis"] {
        let list: Option<GroupList> = fetch(connection, deadline, aggregated(path)).await?;
        let Some(list) = list.filter(|list| list.kind == "APIGroupDiscoveryList") else {
            let message = "this API server is too old to tell all its kinds at once";
            return Err(Failure::usage(message).hint("name them: --on configmaps --on deployments"));
        };
        all.silent.extend(list.items.iter().flat_map(Group::silent));
        for offered in list.items.into_iter().flat_map(Group::offered) {
            add(&mut all.kinds, &offered);
        }
    }
    Ok(all)
}

/// Adds a kind that can be listed, unless a version of it that counts more is there.
fn add(kinds: &mut Vec<Kind>, offered: &Offered) {
    let is_listed = offered.resource.verbs.iter().any(|verb| verb == "list");
    if !is_listed || !offered.is_well_formed() || offered.is_alias() {
        return;
    }
    let Ok(kind) = offered.lockable() else { return };
    let same = |known: &Kind| {
        (&known.gvr.group, &known.gvr.resource) == (&kind.gvr.group, &kind.gvr.resource)
    };
    if !kinds.iter().any(same) {
        let Offered { group, version, resource } = offered;
        kinds.push(kinds::known(group, version, &resource.plural).unwrap_or(kind));
    }
}

async fn of_version(
    connection: &Connection,
    deadline: Deadline,
    group: &str,
    version: &str,
) -> Result<Vec<Offered>, Failure> {
    let query = Query::get(kind::root(group, version));
    let list: Option<ResourceList> = fetch(connection, deadline, query).await?;
    let resources = list.into_iter().flat_map(ResourceList::resources);
    let offered =
        |resource| Offered { group: group.to_owned(), version: version.to_owned(), resource };
    Ok(resources.map(offered).collect())
}

async fn everything(
    connection: &Connection,
    deadline: Deadline,
    name: &TypeName,
) -> Result<Vec<Offered>, Failure> {
    let list: Option<GroupList> = fetch(connection, deadline, aggregated("/apis")).await?;
    match list {
        Some(list) if list.kind == "APIGroupDiscoveryList" => {
            Ok(list.items.into_iter().flat_map(Group::offered).collect())
        }
        _ => Err(Failure::usage(format!(
            "this API server is too old to look up \"{}\" in one call",
            name.spelled
        ))
        .hint("name version and group, too: --on widgets.v1.example.org/w1")),
    }
}

fn aggregated(path: &str) -> Query {
    Query::get(path).accepting(AGGREGATED)
}

/// `None` is what the server does not have.
async fn fetch<T: DeserializeOwned>(
    connection: &Connection,
    deadline: Deadline,
    query: Query,
) -> Result<Option<T>, Failure> {
    let path = query.path().to_owned();
    match query.send(connection, deadline).await?.answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Refusal { code: 404, .. }) => Ok(None),
        Err(refusal) => Err(refused(&path, &refusal, connection)),
    }
}

/// Everybody who is logged in may see what there is, unless somebody saw to it.
fn refused(path: &str, Refusal { code, message }: &Refusal, connection: &Connection) -> Failure {
    let failure = Failure::failed(format!(
        "the API server refused to list its kinds ({code}): {}",
        text::paragraph(message)
    ));
    match code {
        401 => sentence::unauthorized(&connection.endpoint),
        403 => sentence::impersonation(message, &connection.flags).unwrap_or_else(|| {
            failure.hint(format!(
                "the verb get on the URL {path} is needed: the ClusterRole system:discovery has it"
            ))
        }),
        _ => failure,
    }
}

/// A resource's own name counts before a short name of another, a whole group
/// before the beginning of one, as in kubectl.
fn choose(offered: &[Offered], sought: &Unknown<'_>) -> Result<Kind, Failure> {
    let name = sought.name;
    let whole = |kind: &Offered| name.group.as_ref().is_none_or(|group| kind.group == *group);
    let begun = |kind: &Offered| {
        name.group.as_ref().is_some_and(|group| kind.group.starts_with(group.as_str()))
    };
    let called = |kind: &Offered| kind.resource.is_called(&name.resource);
    let short = |kind: &Offered| kind.resource.is_short(&name.resource);

    let meanings: [&dyn Fn(&Offered) -> bool; 3] =
        [&|kind| whole(kind) && called(kind), &|kind| whole(kind) && short(kind), &|kind| {
            begun(kind) && (called(kind) || short(kind))
        }];
    for means in meanings {
        let mut found = offered.iter().filter(|kind| means(kind));
        if let Some(first) = found.next() {
            return only(first, found, name);
        }
    }
    Err(sought.failure(offered))
}

/// kubectl would take any of several groups: two people could then lock two different objects.
fn only<'a>(
    first: &Offered,
    mut rest: impl Iterator<Item = &'a Offered>,
    name: &TypeName,
) -> Result<Kind, Failure> {
    // Further versions of the same kind follow the preferred one.
    match rest.find(|kind| kind.full_name() != first.full_name()) {
        None => first.lockable(),
        Some(other) => {
            let message = format!("several groups have a kind \"{}\"", text::line(&name.spelled));
            Err(Failure::usage(message).hint(format!(
                "name one: {} or {}",
                first.full_name(),
                other.full_name()
            )))
        }
    }
}

impl Offered {
    /// Whether all its names are such as the API server demands of custom resources.
    fn is_well_formed(&self) -> bool {
        let Resource { plural, singular, kind, .. } = &self.resource;
        let fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        [&self.group, &self.version, plural, singular, kind]
            .iter()
            .all(|name| name.chars().all(fit))
    }

    /// Events are served by two groups: the same objects, with the same annotations.
    fn is_alias(&self) -> bool {
        self.group == "events.k8s.io" && self.resource.plural == "events"
    }

    /// `widgets.example.org`.
    fn full_name(&self) -> String {
        kind::of_group(&self.resource.plural, &self.group)
    }

    /// `widget.example.org`.
    fn shown(&self) -> String {
        kind::of_group(&self.resource.singular(), &self.group)
    }

    fn lockable(&self) -> Result<Kind, Failure> {
        let Self { group, version, resource } = self;
        let can = |verb: &str| resource.verbs.iter().any(|offered| offered == verb);
        if !can("get") || !(can("patch") || can("update")) {
            let message =
                format!("{} cannot carry a lock: its objects cannot be changed", self.full_name());
            return Err(Failure::usage(message));
        }
        Ok(Kind {
            gvr: GroupVersionResource::gvr(group, version, &resource.plural),
            name: resource.kind.clone(),
            shown: self.shown(),
            namespaced: resource.namespaced,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hint::Flags;

    /// `GROUP/VERSION/PLURAL` of a kind called so, with a short name.
    fn offered(group: &str, version: &str, plural: &str, short: &str) -> Offered {
        let verbs = ["get", "patch"].map(String::from).to_vec();
        let (singular, kind) = (plural.trim_end_matches('s').to_owned(), String::new());
        let resource = Resource {
            plural: plural.to_owned(),
            singular,
            kind,
            short: vec![short.to_owned()],
            namespaced: true,
            verbs,
        };
        Offered { group: group.to_owned(), version: version.to_owned(), resource }
    }

    fn chosen(offers: &[Offered], spelled: &str) -> Result<String, String> {
        let (name, flags) = (TypeName::parse(spelled).unwrap(), Flags::none());
        let kind = choose(offers, &Unknown { name: &name, object: None, flags: &flags })
            .map_err(|failure| failure.message)?;
        Ok(format!("{}/{}/{}", kind.gvr.group, kind.gvr.version, kind.gvr.resource))
    }

    #[test]
    fn the_preferred_version_comes_first() {
        let offers =
            [offered("a.org", "v2", "widgets", "wd"), offered("a.org", "v1", "widgets", "wd")];
        for spelled in ["widgets", "Widget", "wd", "widgets.a.org", "wd.a"] {
            assert_eq!(chosen(&offers, spelled).as_deref(), Ok("a.org/v2/widgets"), "{spelled}");
        }
    }

    #[test]
    fn a_word_of_two_groups_is_refused_until_the_group_is_named() {
        let offers =
            [offered("a.org", "v1", "widgets", "wd"), offered("b.org", "v1", "widgets", "wd")];
        assert_eq!(
            chosen(&offers, "widgets").unwrap_err(),
            "several groups have a kind \"widgets\""
        );
        assert_eq!(chosen(&offers, "widgets.b.org").as_deref(), Ok("b.org/v1/widgets"));
    }

    #[test]
    fn a_name_counts_before_anothers_short_name() {
        let offers = [offered("a.org", "v1", "widgets", "wd"), offered("b.org", "v1", "wds", "x")];
        assert_eq!(chosen(&offers, "wd").as_deref(), Ok("b.org/v1/wds"));
    }
}
