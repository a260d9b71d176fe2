//! From a request to its answer.

use http::{Method, header};
use serde_json::{Value, json};

use crate::accept;
use crate::attributes::Attributes;
use crate::call::Call;
use crate::kinds::Kind;
use crate::path::ResourcePath;
use crate::reply::Reply;
use crate::request::Request;
use crate::sandbox::Sandbox;
use crate::state::State;
use crate::status::Status;
use crate::users::User;
use crate::verbs::{create, delete, delete_collection, get, list, patch, update, watch};
use crate::{discovery, names, rbac, reviews, users};

/// Where the real server tells its health.
const HEALTH: [&str; 3] = ["/healthz", "/livez", "/readyz"];

pub(crate) fn answer(server: &Sandbox, request: &Request) -> Reply {
    respond(server, request).unwrap_or_else(|status| Reply::refusal(&status))
}

fn respond(server: &Sandbox, request: &Request) -> Result<Reply, Status> {
    check_timeout(request)?;
    let attributes = Attributes::of(request);
    let user = permitted(&server.state(), request, &attributes)?;
    match &attributes.resource {
        Some(path) => resource(server, request, &user, path, &attributes.verb),
        None => elsewhere(&server.state(), request),
    }
}

/// As whom the request is answered: somebody who may.
fn permitted(state: &State, request: &Request, attributes: &Attributes) -> Result<User, Status> {
    let user = users::impersonated(state, &request.user, &request.headers, attributes)?;
    rbac::authorize(state, &user, attributes)?;
    Ok(user)
}

/// How long a request may take is a duration; there is nothing here that takes long.
fn check_timeout(request: &Request) -> Result<(), Status> {
    let timeout = request.query.get("timeout").unwrap_or_default();
    if timeout.is_empty() || is_duration(timeout) {
        return Ok(());
    }
    let why = format!("time: invalid duration {timeout:?}");
    Err(Status::bad_request(format!("invalid timeout specified in the request URL - {why}")))
}

/// As Go writes them: numbers with their units, `1m30s`.
fn is_duration(text: &str) -> bool {
    let mut rest = text.trim_start_matches(['+', '-']);
    while !rest.is_empty() && rest != "0" {
        let unit = rest.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
        let known = ["ns", "us", "µs", "ms", "s", "m", "h"];
        let lengths = known.iter().filter(|of| unit.starts_with(**of)).map(|of| of.len());
        match lengths.max() {
            Some(length) if unit.len() < rest.len() => rest = &unit[length..],
            _ => return false,
        }
    }
    true
}

fn elsewhere(state: &State, request: &Request) -> Result<Reply, Status> {
    let path = request.path.as_str();
    let is_health =
        HEALTH.iter().any(|health| path == *health || path.starts_with(&format!("{health}/")));
    if request.method != Method::GET {
        return Err(Status::method_not_allowed());
    }
    if is_health {
        return Ok(Reply::text(200, "ok"));
    }
    if path == "/version" {
        return Ok(Reply::json(200, version()));
    }
    let found = discovery::answer(state, request);
    Ok(found.unwrap_or_else(|| nothing_there(state, path)))
}

/// The real server answers below its own groups with a status, elsewhere with a line of text.
fn nothing_there(state: &State, path: &str) -> Reply {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match segments.as_slice() {
        ["api", ..] => Reply::refusal(&Status::no_such_resource()),
        ["apis", group, ..] if state.kinds.has_built_in_group(group) => {
            Reply::refusal(&Status::no_such_resource())
        }
        _ => Reply::text(404, "404 page not found\n"),
    }
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "37", "gitVersion": "v1.37.2+kubelock.sandbox",
        "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "", "compiler": "rustc", "platform": "memory",
        "emulationMajor": "1", "emulationMinor": "37",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "36",
    })
}

fn resource(
    server: &Sandbox,
    request: &Request,
    user: &User,
    path: &ResourcePath,
    verb: &str,
) -> Result<Reply, Status> {
    if request.method == Method::POST
        && let Some(review) = reviews::answer(&server.state(), request, user, path)
    {
        return review.map(|review| Reply::json(201, review));
    }
    let kind = server.state().kind_of(path).cloned().ok().filter(|kind| is_in_scope(kind, path));
    let Some(kind) = kind else {
        return Ok(nothing_there(&server.state(), &request.path));
    };
    check_name(path)?;
    let is_watch = verb == "watch";
    let form = accept::negotiate(request.header(header::ACCEPT), is_watch, kind.is_custom)?;
    let clock = server.state().clock.clone();
    let call = Call { kind, path, request, form, clock };
    match verb {
        "get" => get::get(&server.state(), &call),
        "list" => list::list(&server.state(), &call),
        "watch" => watch::watch(server, &call),
        "create" => server.change(|state| create::create(state, &call)),
        "update" => server.change(|state| update::update(state, &call)),
        "patch" => server.change(|state| patch::patch(state, &call)),
        "delete" => server.change(|state| delete::delete(state, &call)),
        "deletecollection" => {
            server.change(|state| delete_collection::delete_collection(state, &call))
        }
        _ => Err(Status::method_not_allowed()),
    }
}

/// Kinds without namespaces have no paths in them, others no objects outside.
fn is_in_scope(kind: &Kind, path: &ResourcePath) -> bool {
    let fits =
        if kind.namespaced { path.in_namespace || path.name.is_none() } else { !path.in_namespace };
    fits && path.rest.is_empty()
}

/// A name that is a step in a path would name something else.
fn check_name(path: &ResourcePath) -> Result<(), Status> {
    let name = path.name.as_deref().unwrap_or_default();
    match names::path_segment(name).first() {
        Some(why) => Err(Status::bad_request(format!("Name parameter invalid: {name:?}: {why}"))),
        None => Ok(()),
    }
}
