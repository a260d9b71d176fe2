//! What can be wrong with a list, and what it means to whoever asked for it.

use http::StatusCode;
use kubelock::PathSegment;

use super::page::Status;
use super::source::Source;
use crate::client::Endpoint;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::hint::{Flags, Place, Wanted};
use crate::kinds;
use crate::output::text;
use crate::sentence::{self, Denied};

/// Why a list did not come to its end.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// This kind may not be listed, or not watched, by this user; or there is none such.
    Denied(Failure),
    /// The server fails at it.
    Failed(Failure),
    /// The server cannot be reached, or knows us not: no other list would do better.
    Unreachable(Failure),
}

impl Trouble {
    pub(crate) fn into_failure(self) -> Failure {
        match self {
            Self::Denied(failure) | Self::Failed(failure) | Self::Unreachable(failure) => failure,
        }
    }
}

/// Who asks, and what.
pub(super) struct Scene<'a> {
    /// `list` or `watch`.
    pub(super) verb: &'static str,
    pub(super) source: &'a Source,
    pub(super) endpoint: &'a Endpoint,
    pub(super) flags: &'a Flags,
}

impl Scene<'_> {
    /// An answer that is no success.
    pub(super) fn refused(&self, code: StatusCode, status: &Status) -> Trouble {
        match code {
            StatusCode::UNAUTHORIZED => Trouble::Unreachable(sentence::unauthorized(self.endpoint)),
            StatusCode::FORBIDDEN => Trouble::Denied(self.forbidden(status)),
            StatusCode::METHOD_NOT_ALLOWED => Trouble::Denied(self.not_offered()),
            StatusCode::NOT_FOUND => {
                Trouble::Denied(sentence::unknown_kind(&self.source.kind, self.flags))
            }
            StatusCode::BAD_REQUEST => Trouble::Failed(self.bad_request(status)),
            _ => Trouble::Failed(self.failed(code, status)),
        }
    }

    /// No answer, and the reason that kube gives.
    pub(super) fn unanswered(&self, error: &kube::Error) -> Trouble {
        Trouble::Unreachable(sentence::unanswered(error, self.endpoint))
    }

    pub(super) fn too_slow(&self, deadline: Deadline) -> Trouble {
        Trouble::Unreachable(sentence::too_slow(self.endpoint, deadline))
    }

    /// An answer that broke off, or that is not one.
    pub(super) fn unreadable(&self, why: &str) -> Trouble {
        let what = self.source.describe();
        Trouble::Failed(Failure::failed(format!(
            "cannot read the list of {what}: {}",
            text::paragraph(why)
        )))
    }

    fn forbidden(&self, status: &Status) -> Failure {
        let Source { kind, object, namespace, .. } = self.source;
        let denied = Denied {
            verbs: &[self.verb],
            resource: kind.resource(),
            object: object.as_ref().map(PathSegment::as_str),
            message: &status.message,
        };
        let failure = denied.failure(&self.source.describe(), &self.wanted(), self.flags);
        if namespace.is_none() && kind.namespaced {
            return failure.hint("or look in one namespace: -n NAMESPACE instead of -A");
        }
        failure
    }

    /// What `get` needs there: `list`, and `watch` for `-w`.
    fn wanted(&self) -> Wanted<'_> {
        let Source { kind, object, namespace, locks, .. } = self.source;
        let own_lease = match (&**locks, object) {
            ([lock], Some(object)) if *kind == kinds::lease() => {
                Some(lock.as_str()).filter(|lock| *lock == object.as_str())
            }
            _ => None,
        };
        let on = match object {
            Some(object) => Some(format!("{}/{object}", kind.shown)),
            None if *kind == kinds::lease() => None,
            None => Some(kind.shown.clone()),
        };
        let place = match namespace {
            Some(namespace) => Place::Namespace(namespace),
            None if kind.namespaced => Place::AllNamespaces,
            None => Place::Cluster,
        };
        let on = on.filter(|_| own_lease.is_none());
        Wanted { lock: own_lease, on, place, commands: Some("get") }
    }

    /// Its kind is not for lists, or not for watches.
    fn not_offered(&self) -> Failure {
        let (verb, what) = (self.verb, self.source.kind.resource());
        Failure::failed(format!("the API server cannot {verb} {what}"))
            .hint("a lock on one of them goes by its name: --on TYPE/NAME")
    }

    /// A selector is the only thing in the request that a person typed.
    fn bad_request(&self, status: &Status) -> Failure {
        let message = text::paragraph(&status.message);
        match &self.source.labels {
            Some(labels) => {
                Failure::usage(format!("-l \"{}\" is no selector: {message}", text::line(labels)))
                    .hint("as kubectl takes it: -l app=web, -l 'team in (a, b)', -l '!legacy'")
            }
            None => self.failed(StatusCode::BAD_REQUEST, status),
        }
    }

    fn failed(&self, code: StatusCode, status: &Status) -> Failure {
        let (verb, what) = (self.verb, self.source.describe());
        let reason = match status.reason.as_str() {
            "" => String::new(),
            reason => format!(" {}", text::line(reason)),
        };
        let message = text::paragraph(&status.message);
        Failure::failed(format!(
            "the API server refused to {verb} {what} ({}{reason}): {message}",
            code.as_u16()
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use insta::assert_snapshot;
    use kubelock::LockName;

    use super::*;
    use crate::client::reach::{Milestone, Reach};

    fn leases(namespace: Option<&str>) -> Source {
        Source {
            kind: kinds::lease(),
            namespace: namespace.map(str::to_owned),
            labels: None,
            object: None,
            locks: Arc::default(),
            by_the_way: false,
        }
    }

    fn words(trouble: Trouble) -> String {
        let failure = trouble.into_failure();
        let hints = failure.hints.iter().map(|hint| format!("hint: {hint}\n"));
        format!("{} [{}]\n{}", failure.message, failure.exit.code(), hints.collect::<String>())
    }

    fn refused(verb: &'static str, code: u16, message: &str, source: &Source) -> String {
        let endpoint = Endpoint::of(Reach::of(Some(Milestone::Open), None), None);
        let scene = Scene { verb, source, endpoint: &endpoint, flags: &Flags::none() };
        let status = Status { message: message.to_owned(), ..Status::default() };
        words(scene.refused(StatusCode::from_u16(code).unwrap(), &status))
    }

    #[test]
    fn a_list_that_is_refused_says_what_was_asked_and_the_way_out() {
        let (here, all) = (leases(Some("ci")), leases(None));
        let labelled = Source { labels: Some("a=".to_owned()), ..leases(Some("ci")) };
        let forbidden = r#"leases is forbidden: User "zoe" cannot list resource "leases""#;
        assert_snapshot!(
            [
                refused("list", 401, "Unauthorized", &here),
                refused("list", 403, forbidden, &here),
                refused("watch", 403, "no, says the policy", &all),
                refused("watch", 405, "the server does not allow this method", &here),
                refused("list", 404, "the server could not find the requested resource", &here),
                refused("list", 400, "unable to parse requirement", &labelled),
                refused("list", 400, "the request is odd", &here),
                refused("list", 500, "etcd is away", &all),
            ]
            .join("\n")
        );
    }

    #[test]
    fn a_role_is_printed_for_what_was_to_be_listed() {
        let grant = |source: &Source| {
            let said = refused("list", 403, r#"User "zoe" cannot list"#, source);
            let line = said.lines().find_map(|line| Some(line.split_once("grants it with: ")?.1));
            line.and_then(|line| line.split(" | ").next()).unwrap().to_owned()
        };
        let own = |lock: &str| Source {
            object: Some(PathSegment::object("deploy").unwrap()),
            locks: Arc::new([LockName::new(lock).unwrap()]),
            ..leases(Some("ci"))
        };
        let nodes = crate::target::TypeName::parse("nodes").unwrap();
        let nodes = Source { kind: kinds::find(&nodes).unwrap(), ..leases(None) };

        assert_eq!(grant(&leases(None)), "kubelock rbac -A --for get --user zoe");
        assert_eq!(grant(&own("deploy")), "kubelock rbac deploy -n ci --for get --user zoe");
        assert_eq!(
            grant(&own("other")),
            "kubelock rbac --on lease/deploy -n ci --for get --user zoe"
        );
        assert_eq!(grant(&nodes), "kubelock rbac --on node --for get --user zoe");
    }
}
