//! From a request to its answer.

use http::{Method, header};
use serde_json::json;

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
use crate::verbs::{create, delete, delete_collection, get, list, patch, update, watch};
use crate::{discovery, rbac, reviews};

/// Where the real server tells its health.
const HEALTH: [&str; 3] = ["/healthz", "/livez", "/readyz"];

pub(crate) fn answer(server: &Sandbox, request: &Request) -> Reply {
    respond(server, request).unwrap_or_else(|status| Reply::refusal(&status))
}

fn respond(server: &Sandbox, request: &Request) -> Result<Reply, Status> {
    let attributes = Attributes::of(request);
    rbac::authorize(&server.state(), &request.user, &attributes)?;
    match &attributes.resource {
        Some(path) => resource(server, request, path, &attributes.verb),
        None => Ok(elsewhere(&server.state(), request)),
    }
}

fn elsewhere(state: &State, request: &Request) -> Reply {
    let path = request.path.as_str();
    if HEALTH.iter().any(|health| path == *health || path.starts_with(&format!("{health}/"))) {
        return Reply::text(200, "ok");
    }
    if path == "/version" {
        return Reply::json(200, &version());
    }
    let found = discovery::answer(state, request);
    found.unwrap_or_else(|| nothing_there(state, path))
}

/// The real server answers below its own groups with a status, elsewhere with a line of text.
fn nothing_there(state: &State, path: &str) -> Reply {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match segments.as_slice() {
        ["api", ..] => Reply::refusal(&Status::no_such_resource()),
        ["apis", group, ..] if state.kinds.has_group(group) => {
            Reply::refusal(&Status::no_such_resource())
        }
        _ => Reply::text(404, "404 page not found\n"),
    }
}

fn version() -> serde_json::Value {
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
    path: &ResourcePath,
    verb: &str,
) -> Result<Reply, Status> {
    if request.method == Method::POST
        && let Some(review) = reviews::answer(&server.state(), request, path)
    {
        return review.map(|review| Reply::json(201, &review));
    }
    let Ok(kind) = server.state().kind_of(path).cloned() else {
        return Ok(nothing_there(&server.state(), &request.path));
    };
    check_scope(&kind, path)?;
    let form = accept::negotiate(request.header(header::ACCEPT))?;
    let call = Call { kind, path, request, form };
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
fn check_scope(kind: &Kind, path: &ResourcePath) -> Result<(), Status> {
    let is_namespace = kind.plural == "namespaces" && kind.group.is_empty();
    let fits = match &path.namespace {
        Some(_) => kind.namespaced || is_namespace,
        None => !kind.namespaced || path.name.is_none(),
    };
    if fits && path.rest.is_empty() { Ok(()) } else { Err(Status::no_such_resource()) }
}
