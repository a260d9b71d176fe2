//! What there is to be served: how clients learn it.

mod aggregated;
mod groups;
mod listed;
mod openapi;

use http::{Method, header};
use serde_json::{Value, json};

use crate::accept::{self, Clause};
use crate::reply::Reply;
use crate::request::Request;
use crate::state::State;
use crate::status::Status;
use groups::Groups;

/// The aggregated form, which tells all of `/api` or `/apis` at once.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// What is answered to a `GET` of a path like `/api` or `/apis/apps/v1`; `None` of others.
pub(crate) fn answer(state: &State, request: &Request) -> Option<Reply> {
    let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let groups = Groups::of(state.kinds.iter());
    let found = match path.as_slice() {
        [root @ ("api" | "apis")] => Found::Root(root),
        ["api", version] => Found::Document(groups.version("", version).map(listed::version)?),
        ["apis", group] => Found::Document(groups.group(group).map(listed::group)?),
        ["apis", group, version] => {
            Found::Document(groups.version(group, version).map(listed::version)?)
        }
        ["openapi", "v2"] => return Some(Reply::refusal(&Status::unsupported("OpenAPI v2"))),
        ["openapi", "v3"] => Found::Document(openapi::paths(&groups)),
        ["openapi", "v3", "api", version] => {
            Found::Document(openapi::version(groups.version("", version)?))
        }
        ["openapi", "v3", "apis", group, version] => {
            Found::Document(openapi::version(groups.version(group, version)?))
        }
        [""] => Found::Document(listed::root_paths(&groups)),
        _ => return None,
    };
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return Some(Reply::refusal(&Status::method_not_allowed()));
    }
    Some(found.reply(&groups, request).unwrap_or_else(|status| Reply::refusal(&status)))
}

enum Found<'a> {
    /// `api` or `apis`, which have two forms.
    Root(&'a str),
    Document(Value),
}

impl Found<'_> {
    fn reply(&self, groups: &Groups, request: &Request) -> Result<Reply, Status> {
        let wanted = accept::clauses(request.header(header::ACCEPT));
        match self {
            Self::Document(document) if takes_json(&wanted) => {
                Ok(Reply::json(200, document.clone()))
            }
            Self::Document(_) => Err(nothing_else()),
            Self::Root(root) => root_reply(root, groups, &wanted, request.header(header::HOST)),
        }
    }
}

fn root_reply(root: &str, groups: &Groups, wanted: &[Clause], host: &str) -> Result<Reply, Status> {
    let list = |wanted: &Clause| {
        if is_aggregated(wanted) {
            Some(Reply::json_as(200, AGGREGATED, aggregated::list(groups, root == "api")))
        } else if !wanted.takes_json() || wanted.parameters.contains_key("as") {
            None
        } else {
            Some(Reply::json(200, plain_root(root, groups, host)))
        }
    };
    if wanted.is_empty() {
        return Ok(Reply::json(200, plain_root(root, groups, host)));
    }
    let told = "only the following media types are accepted: application/json";
    wanted.iter().find_map(list).ok_or_else(|| accept::not_acceptable(told))
}

fn plain_root(root: &str, groups: &Groups, host: &str) -> Value {
    if root == "api" { listed::core(host) } else { listed::groups(groups) }
}

fn is_aggregated(wanted: &Clause) -> bool {
    let is = |key: &str, value: &str| wanted.parameters.get(key).is_some_and(|is| is == value);
    wanted.takes_json()
        && is("g", "apidiscovery.k8s.io")
        && is("v", "v2")
        && is("as", "APIGroupDiscoveryList")
}

fn takes_json(wanted: &[Clause]) -> bool {
    wanted.is_empty() || wanted.iter().any(Clause::takes_json)
}

fn nothing_else() -> Status {
    accept::not_acceptable("406: Not Acceptable\n\nAvailable representations: application/json")
        .with_details(json!({}))
}
