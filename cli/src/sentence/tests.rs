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

fn said_at(error: &Error, verb: &'static str, target: &Target, endpoint: &Endpoint) -> String {
    let flags = Flags::none();
    let deadline = Deadline::after(LIMIT);
    words(&failure(
        error,
        &Situation { verb, command: verb, target, endpoint, flags: &flags, deadline },
    ))
}

/// The same where the server was reached.
fn said(error: &Error, verb: &'static str, target: &Target) -> String {
    said_at(error, verb, target, &Endpoint::of(Reach::of(Some(Milestone::Open), None), None))
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
    let reached = Endpoint::of(Reach::of(Some(Milestone::Open), None), None);
    all.push(said_at(&error("connection closed"), "acquire", &own, &reached));
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
