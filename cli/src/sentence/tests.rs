//! Every error in words, for those that no server brings about at a test's wish.

use std::convert::Infallible;
use std::time::Duration;

use http::{Request, Response};
use insta::assert_snapshot;
use kube::client::Body;
use kube::core::ObjectMeta;
use kubelock::{Config, ExpiryRule, KubeLock, LockName, LockRef};

use super::*;
use crate::client::reach::{Milestone, Reach, Setback};
use crate::kinds;
use crate::target::{Carrier, TypeName};

const LIMIT: Duration = Duration::from_secs(10);

/// What a person sees.
fn words(failure: &Failure) -> String {
    let hints = failure.hints.iter().map(|hint| format!("hint: {hint}\n"));
    format!("{} [{}]\n{}", failure.message, failure.exit.code(), hints.collect::<String>())
}

fn target(on: Option<&str>) -> Target {
    let carrier = Carrier::parse(on).unwrap();
    let kind = match on {
        Some(on) => kinds::find(&TypeName::parse(on.split('/').next().unwrap()).unwrap()).unwrap(),
        None => kinds::lease(),
    };
    Target::new(LockName::new("deploy").unwrap(), &carrier, kind, "ci")
}

/// The library alone makes these: it tells the lock that it saw.
fn lock_ref() -> Box<LockRef> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _inside = runtime.enter();
    let nobody = tower::service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    let client = kube::Client::new(nobody, "ci");
    let locks = KubeLock::new(Config { client, gvr: kinds::lease().gvr }).unwrap();
    let key = "kubelock.giantswarm.io/deploy".to_owned();
    let object = ObjectMeta {
        name: Some("deploy".to_owned()),
        namespace: Some("ci".to_owned()),
        annotations: Some([(key, "nonsense".to_owned())].into()),
        ..ObjectMeta::default()
    };
    let [sighting] = &locks.sightings(&object, ExpiryRule::default(), None)[..] else {
        panic!("there is one lock on it");
    };
    Box::new(sighting.lock.clone())
}

/// What is said of a lock at an endpoint.
fn told(
    verb: &'static str,
    target: &Target,
    endpoint: &Endpoint,
    tell: impl FnOnce(&Situation<'_>) -> Failure,
) -> String {
    let flags = &Flags::none();
    let deadline = Deadline::after(LIMIT);
    let has_waited = false;
    words(&tell(&Situation { verb, command: verb, target, endpoint, flags, deadline, has_waited }))
}

fn said_at(error: &Error, verb: &'static str, target: &Target, endpoint: &Endpoint) -> String {
    told(verb, target, endpoint, |at| failure(error, at))
}

/// One that is reached.
fn reached() -> Endpoint {
    Endpoint::of(Reach::of(Some(Milestone::Open), None), None)
}

/// The same where the server was reached.
fn said(error: &Error, verb: &'static str, target: &Target) -> String {
    said_at(error, verb, target, &reached())
}

fn refusal(code: u16, reason: &str, message: &str) -> Error {
    let (reason, message) = (reason.to_owned(), message.to_owned());
    Error::Refused { lock: lock_ref(), code, reason, message }
}

fn forbidden(verbs: &[&'static str], message: &str) -> Error {
    Error::Forbidden { lock: lock_ref(), verbs: verbs.to_vec(), message: message.to_owned() }
}

#[test]
fn errors_of_the_object_name_it_and_the_way_out() {
    let (own, app) = (target(None), target(Some("cm/app")));
    let (node, lock) = (target(Some("node/n1")), lock_ref());
    let missing = Error::ObjectMissing { lock: lock.clone() };
    assert_snapshot!(
        [
            said(&missing, "acquire", &own),
            said(&missing, "release", &own),
            said(&missing, "release", &app),
            said(&missing, "acquire", &node),
            said(&Error::ObjectTerminating { lock: lock.clone() }, "acquire", &app),
            said(&Error::Unordered { lock: lock.clone() }, "acquire", &app),
            said(&Error::Altered { lock: lock.clone() }, "acquire", &app),
            said(&Error::Contended { lock, deadline: LIMIT }, "renew", &app),
        ]
        .join("\n")
    );
}

#[test]
fn refusals_say_who_refused_what_and_the_way_out() {
    let (own, node) = (target(None), target(Some("node/n1")));
    let rbac = |verb: &str| format!(r#"User "zoe" cannot {verb} resource "leases""#);
    let anonymous = r#"User "system:anonymous" cannot get resource "leases""#;
    let groups = r#"groups "ops" is forbidden: User "zoe" cannot impersonate resource "groups" in API group """#;
    assert_snapshot!(
        [
            said(&refusal(401, "Unauthorized", "Unauthorized"), "get", &own),
            said(&refusal(404, "NotFound", "namespaces \"ci\" not found"), "acquire", &own),
            said(&refusal(422, "Invalid", "the policy says no"), "acquire", &node),
            said(&refusal(429, "", "slow down\n\u{1b}[2J"), "renew", &own),
            said(&forbidden(&["patch", "update"], &rbac("patch")), "release", &own),
            said(&forbidden(&["create"], &rbac("create")), "acquire", &own),
            said(&forbidden(&["get"], "no, says somebody"), "get", &node),
            said(&forbidden(&["get"], anonymous), "get", &own),
            said(&forbidden(&["get"], groups), "get", &own),
            said(&Error::InvalidConfig("ttl is too long".to_owned()), "acquire", &own),
        ]
        .join("\n")
    );
}

#[test]
fn what_was_in_the_way_is_told_with_the_way_out() {
    let own = target(None);
    let error =
        |message: &str| Error::Unavailable { lock: lock_ref(), message: message.to_owned() };
    let setbacks = [
        (Setback::NoName, "Name or service not known"),
        (Setback::Refused, "Connection refused (os error 111)"),
        (Setback::NoRoute, "No route to host (os error 113)"),
        (Setback::Untrusted, "invalid peer certificate: UnknownIssuer"),
        (Setback::OtherName, "invalid peer certificate: certificate not valid for name \"a\""),
        (Setback::OutOfDate, "invalid peer certificate: certificate expired"),
        (Setback::NoTls, "received corrupt message of type InvalidContentType"),
        (Setback::Other, "Connection reset by peer (os error 104)"),
    ];
    let at = |setback, proxy| Endpoint::of(Reach::of(None, Some(setback)), proxy);
    let mut all = setbacks
        .map(|(setback, message)| said_at(&error(message), "acquire", &own, &at(setback, None)))
        .to_vec();
    let proxy = Some("the proxy http://10.0.0.2:3128 (HTTPS_PROXY)");
    for (setback, message) in [
        (Setback::NoName, "Name or service not known"),
        (Setback::Refused, "Connection refused (os error 111)"),
        (Setback::ProxyLogin, "tunnel error: proxy authorization required"),
        (Setback::ProxyRefusal, "tunnel error: unsuccessful"),
    ] {
        all.push(said_at(&error(message), "acquire", &own, &at(setback, proxy)));
    }
    all.push(said_at(&error("connection closed"), "acquire", &own, &reached()));
    assert_snapshot!(all.join("\n"));
}

#[test]
fn silence_is_told_by_how_far_the_way_was_gone() {
    let own = target(None);
    let silence =
        Error::Unavailable { lock: lock_ref(), message: "no answer within 10 s".to_owned() };
    let unknown = Error::OutcomeUnknown {
        lock: lock_ref(),
        settled_at: Timestamp::from_unix_nanos(0),
        message: "no answer within 10 s".to_owned(),
    };
    let ways = [None, Some(Milestone::Accepted), Some(Milestone::Open)];
    let mut all = ways
        .map(|way| said_at(&silence, "get", &own, &Endpoint::of(Reach::of(way, None), None)))
        .to_vec();
    all.push(said_at(&unknown, "acquire", &own, &Endpoint::of(Reach::default(), None)));
    all.extend(["acquire", "renew", "release", "break"].map(|verb| said(&unknown, verb, &own)));
    all.push(words(&unreadable(&Endpoint::of(Reach::of(Some(Milestone::Open), None), None))));
    assert_snapshot!(all.join("\n"));
}

#[test]
fn a_server_that_answers_with_a_failure_is_reached_and_is_asked_again() {
    let own = target(None);
    let proxied = Endpoint::of(Reach::of(Some(Milestone::Open), None), Some("the proxy http://p"));
    let unavailable =
        |message: &str| Error::Unavailable { lock: lock_ref(), message: message.to_owned() };
    let settled_at = Timestamp::from_unix_nanos(0);
    let message = "503 Service Unavailable: etcd is away".to_owned();
    let unknown = Error::OutcomeUnknown { lock: lock_ref(), settled_at, message };
    assert_snapshot!(
        [
            said(
                &unavailable("500 Internal Server Error: etcdserver: leader changed"),
                "get",
                &own
            ),
            said(&unavailable("503 Service Unavailable"), "renew", &own),
            said(&unavailable("429 Too Many Requests: slow down\n\u{1b}[2J"), "get", &own),
            said_at(&unavailable("502 Bad Gateway: <html>"), "get", &own, &proxied),
            said(&unknown, "acquire", &own),
        ]
        .join("\n")
    );
}

#[test]
fn a_version_that_the_server_does_not_have_is_told_from_what_refuses() {
    let (own, app) = (target(None), target(Some("cm/app")));
    let unknown = refusal(404, "NotFound", "the server could not find the requested resource");
    let says = "the API server has no configmaps of version v1 [1]\n\
                hint: kubectl api-resources lists the kinds there are\n";
    assert_eq!(said(&unknown, "get", &app), says);
    assert_eq!(said(&unknown, "acquire", &app), says);
    assert!(said(&unknown, "get", &own).starts_with("the API server has no leases.coordination."));
    let denied = refusal(404, "", "admission webhook \"w\" denied the request: no");
    for target in [&own, &app] {
        let said = said(&denied, "acquire", target);
        assert!(said.starts_with("the API server refused to acquire lock \"deploy\" "), "{said}");
    }
}

/// As it stands, of a hold or of nobody in particular.
fn record(owner: &str, hold: Option<&str>) -> Record {
    let hold = hold.map(|hold| format!(",\"hold\":{hold:?}")).unwrap_or_default();
    let created = "2020-03-25T10:00:00Z";
    Record::decode(&format!(
        "{{\"owner\":{owner:?},\"createdAt\":{created:?},\"ttl\":300000000000{hold}}}"
    ))
    .unwrap()
}

/// The ways out where this record stands in the way.
fn ways_out(verb: &'static str, record: &Record, has_waited: bool) -> Vec<String> {
    let (own, seen_at) = (target(None), record.created_at);
    let mut hints = Vec::new();
    told(verb, &own, &reached(), |at| {
        let at = Situation { has_waited, ..*at };
        let failure = if verb == "acquire" && record.owner == "me" {
            held_already(record, seen_at, &at)
        } else {
            held_by_other(record, seen_at, &at)
        };
        hints.clone_from(&failure.hints);
        failure
    });
    hints
}

#[test]
fn whoever_has_a_lock_already_gives_it_back_by_what_it_goes_by() {
    assert_eq!(
        ways_out("acquire", &record("me", None), false),
        ["give it back with: kubelock release deploy -n ci --owner me"]
    );
    assert_eq!(
        ways_out("acquire", &record("me", Some("h-1")), false),
        [
            "the record belongs to hold h-1, not to its owner's name",
            "only whoever knows that its holder is gone should use: \
             kubelock release deploy -n ci --hold h-1",
        ]
    );
}

#[test]
fn an_owner_is_no_option_whatever_it_begins_with() {
    assert_eq!(
        ways_out("release", &record("-x", None), false),
        ["if that is you: kubelock release deploy -n ci --owner=-x"]
    );
    assert_eq!(
        ways_out("release", &record("x", Some("-1")), false)[1],
        "only whoever knows that its holder is gone should use: \
         kubelock release deploy -n ci --hold=-1"
    );
}

#[test]
fn whoever_has_waited_is_not_told_to_wait() {
    let look = "see who: kubelock get deploy -n ci";
    assert_eq!(
        ways_out("acquire", &record("alice", None), false),
        [format!("wait with --wait 5m, or {look}")]
    );
    assert_eq!(ways_out("acquire", &record("alice", None), true), [look]);
}
