//! The least that some commands need, rule by rule.

use super::need::Need;
use crate::kind::Kind;

/// Who may do what with which objects.
pub(super) struct Grant {
    /// The objects that carry the locks; none means all of the kind.
    pub(super) objects: Vec<String>,
    pub(super) kind: Kind,
    /// Whether they are the Leases of the locks' own names, which are made when they are missing.
    pub(super) own_leases: bool,
    pub(super) place: Place,
    pub(super) needs: Vec<Need>,
}

/// Where a rule holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Namespace(String),
    /// In all namespaces, and for what has none.
    Everywhere,
}

/// One rule of a Role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) group: String,
    pub(super) resource: String,
    /// None means all.
    pub(super) names: Vec<String>,
    pub(super) verbs: Vec<&'static str>,
}

/// In the order of the Kubernetes docs.
const VERBS: [&str; 6] = ["get", "list", "watch", "create", "patch", "delete"];
const COORDINATION: &str = "coordination.k8s.io";
/// Where the Events of objects without a namespace live.
const DEFAULT: &str = "default";

impl Grant {
    /// All rules, each with its place; none of them says what another says.
    pub(super) fn rules(&self) -> Vec<(Place, Rule)> {
        let mut rules: Vec<(Place, Rule)> = Vec::new();
        for (place, rule) in [self.on_objects(), self.on_leases(), self.on_events()] {
            if rule.verbs.is_empty() {
                continue;
            }
            let same = |(known, old): &&mut (Place, Rule)| {
                *known == place
                    && (&old.group, &old.resource, &old.names)
                        == (&rule.group, &rule.resource, &rule.names)
            };
            match rules.iter_mut().find(same) {
                Some((_, old)) => old.verbs = sorted(old.verbs.iter().chain(&rule.verbs)),
                None => rules.push((place, rule)),
            }
        }
        rules
    }

    /// What carries the locks.
    fn on_objects(&self) -> (Place, Rule) {
        let verbs = self.needs.iter().flat_map(|need| need.on_object());
        let place = if self.kind.namespaced { self.place.clone() } else { Place::Everywhere };
        let rule = Rule {
            group: self.kind.gvr.group.clone(),
            resource: self.kind.gvr.resource.clone(),
            names: self.objects.clone(),
            verbs: sorted(verbs),
        };
        (place, rule)
    }

    /// What RBAC cannot tie to a name: an object that is not there has none yet, nor has a list.
    fn on_leases(&self) -> (Place, Rule) {
        let create = self.own_leases && self.needs.iter().any(|need| need.makes_leases());
        let sweeps = self.needs.contains(&Need::Gc);
        let verbs = create.then_some("create").into_iter();
        let verbs = verbs.chain(sweeps.then_some(["list", "delete"]).into_iter().flatten());
        let verbs: Vec<_> = verbs.collect();
        (self.place.clone(), rule(COORDINATION, "leases", sorted(&verbs)))
    }

    fn on_events(&self) -> (Place, Rule) {
        let place = if self.kind.namespaced {
            self.place.clone()
        } else {
            Place::Namespace(DEFAULT.to_owned())
        };
        let verbs: &[&str] = if self.needs.contains(&Need::Break) { &["create"] } else { &[] };
        (place, rule("events.k8s.io", "events", sorted(verbs)))
    }
}

fn rule(group: &str, resource: &str, verbs: Vec<&'static str>) -> Rule {
    Rule { group: group.to_owned(), resource: resource.to_owned(), names: Vec::new(), verbs }
}

fn sorted<'a>(verbs: impl IntoIterator<Item = &'a &'static str>) -> Vec<&'static str> {
    let verbs: Vec<_> = verbs.into_iter().collect();
    VERBS.into_iter().filter(|verb| verbs.contains(&verb)).collect()
}
