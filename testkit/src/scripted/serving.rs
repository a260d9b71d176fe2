//! One request, one answer.

use http::request::Parts;
use http::{Method, Request, Response, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use kube::client::Body;
use serde_json::{Value, json};
use tower::BoxError;

use super::query::Query;
use super::status::Status;
use super::target::Target;
use super::{ScriptedServer, State, StatusSubresource, patching, watching};

type Answer = Response<UnsyncBoxBody<Bytes, BoxError>>;

pub(super) async fn serve(
    server: ScriptedServer,
    request: Request<Body>,
) -> Result<Answer, BoxError> {
    let (parts, body) = request.into_parts();
    let body = body.collect_bytes().await?;
    travel(&server).await;
    let answer = answer(&server, &parts, &body)?;
    travel(&server).await;
    Ok(answer)
}

async fn travel(server: &ScriptedServer) {
    let half = server.state().latency / 2;
    if !half.is_zero() {
        tokio::time::sleep(half).await;
    }
}

fn answer(server: &ScriptedServer, parts: &Parts, body: &[u8]) -> Result<Answer, BoxError> {
    let query = Query::of(parts);
    let date = server.state().clock.http_date();
    let response = Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::DATE, date);
    let outcome = match Target::parse(parts.uri.path()) {
        None => Err(Status::no_such_path()),
        Some(target) if query.is_watch => match watching::open(server, &target, query) {
            Ok(stream) => return Ok(response.body(stream.boxed_unsync())?),
            Err(status) => Err(status),
        },
        Some(target) => server.control(|state| act(state, &target, parts, &query, body)),
    };
    let (code, json) = match outcome {
        Ok(object) if parts.method == Method::POST => (201, object),
        Ok(object) => (200, object),
        Err(status) => (status.code, status.to_json()),
    };
    let body = Full::from(json.to_string()).map_err(Into::into).boxed_unsync();
    Ok(response.status(code).body(body)?)
}

fn act(
    state: &mut State,
    target: &Target,
    parts: &Parts,
    query: &Query,
    body: &[u8],
) -> Result<Value, Status> {
    let object = match (&parts.method, &target.name) {
        (&Method::GET, None) => return Ok(list(state, target, query)),
        (&Method::GET, Some(_)) => state.store.get(target).cloned(),
        (&Method::POST, None) => create(state, target, body),
        (&Method::PATCH, Some(_)) => {
            let patched = patch(state, target, parts, body)?;
            update(state, target, patched)
        }
        (&Method::PUT, Some(_)) => update(state, target, parsed(body)?),
        (&Method::DELETE, Some(_)) => {
            let deleted = state.store.delete(target)?;
            return Ok(Status::deleted(target, &deleted["metadata"]["uid"]));
        }
        _ => Err(Status::new(405, "MethodNotAllowed", "the server does not allow this method")),
    }?;
    Ok(query.shaped(object))
}

fn list(state: &State, target: &Target, query: &Query) -> Value {
    let objects = state.store.list(&target.collection, query.name.as_deref());
    let items: Vec<Value> = objects.into_iter().map(|object| query.shaped(object)).collect();
    let (kind, api_version) = if query.wants_metadata {
        ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned())
    } else {
        (format!("{}List", target.kind()), target.api_version())
    };
    let metadata = json!({ "resourceVersion": state.store.version.to_string() });
    json!({ "kind": kind, "apiVersion": api_version, "metadata": metadata, "items": items })
}

fn create(state: &mut State, target: &Target, body: &[u8]) -> Result<Value, Status> {
    let object = parsed(body)?;
    let name = object["metadata"]["name"].as_str();
    let target = target.named(name.ok_or_else(|| Status::bad_request("name is required"))?);
    let created = state.clock.timestamp();
    state.store.create(&target, object, &created)
}

fn patch(state: &State, target: &Target, parts: &Parts, body: &[u8]) -> Result<Value, Status> {
    if target.subresource.is_some() && status_subresource(state, target).is_none() {
        return Err(Status::no_such_path());
    }
    let object = state.store.get(target)?;
    match parts.headers.get(header::CONTENT_TYPE).map(header::HeaderValue::as_bytes) {
        Some(b"application/json-patch+json") => patching::json_patch(object, body),
        Some(b"application/merge-patch+json") => patching::merge_patch(object, body),
        _ => Err(Status::new(415, "UnsupportedMediaType", "the body of the request was unknown")),
    }
}

/// Stores what a client sent; of that, a write to the status changes its part alone.
fn update(state: &mut State, target: &Target, sent: Value) -> Result<Value, Status> {
    if target.subresource.is_none() {
        return state.store.update(target, sent);
    }
    let does = status_subresource(state, target).ok_or_else(Status::no_such_path)?;
    let mut object = state.store.get(target)?.clone();
    if does == StatusSubresource::WithMetadata {
        object["metadata"] = sent["metadata"].clone();
    } else {
        // What was expected of the object is still checked.
        for precondition in ["resourceVersion", "uid"] {
            object["metadata"][precondition] = sent["metadata"][precondition].clone();
        }
    }
    if let Some(status) = sent.get("status") {
        object["status"] = status.clone();
    }
    state.store.update(target, object)
}

/// What it changes, or `None` where there is none.
fn status_subresource(state: &State, target: &Target) -> Option<StatusSubresource> {
    target.subresource.as_deref().filter(|subresource| *subresource == "status")?;
    let told = state.status_subresources.get(&target.resource).copied();
    let does = told.unwrap_or_else(|| usual_status_subresource(target));
    (does != StatusSubresource::Absent).then_some(does)
}

fn usual_status_subresource(target: &Target) -> StatusSubresource {
    let is_built_in = !target.group.contains('.') || target.group.ends_with(".k8s.io");
    match target.resource.as_str() {
        "configmaps" | "leases" | "secrets" => StatusSubresource::Absent,
        _ if is_built_in => StatusSubresource::WithMetadata,
        _ => StatusSubresource::StatusOnly,
    }
}

fn parsed(body: &[u8]) -> Result<Value, Status> {
    let object: Result<Value, _> = serde_json::from_slice(body);
    let object = object.ok().filter(Value::is_object);
    object.ok_or_else(|| Status::bad_request("the body is no object"))
}
