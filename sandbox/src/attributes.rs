//! What a request wants, in the words of access control.

use http::Method;

use crate::path::ResourcePath;
use crate::request::Request;

/// Of a resource or, where there is no `resource`, of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attributes {
    /// Such as `get`, `list` or `deletecollection`.
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) resource: Option<ResourcePath>,
    /// The only name that a list or a watch selects.
    pub(crate) selected: Option<String>,
}

impl Attributes {
    pub(crate) fn of(request: &Request) -> Self {
        let resource = ResourcePath::parse(&request.path);
        let verb = match &resource {
            Some(resource) if resource.is_watch => "watch".to_owned(),
            Some(resource) => resource_verb(request, resource.name.is_some()),
            None => request.method.as_str().to_lowercase(),
        };
        let selector = request.query.get("fieldSelector").unwrap_or_default();
        Self { verb, path: request.path.clone(), resource, selected: selected_name(selector) }
    }
}

fn selected_name(selector: &str) -> Option<String> {
    let mut terms = selector.split(',').filter_map(|term| term.split_once('='));
    let (_, name) = terms.find(|(field, _)| *field == "metadata.name")?;
    Some(name.strip_prefix('=').unwrap_or(name).to_owned())
}

fn resource_verb(request: &Request, has_name: bool) -> String {
    let verb = match request.method {
        Method::GET if has_name => "get",
        Method::GET if request.query.is_true("watch") => "watch",
        Method::GET => "list",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE if has_name => "delete",
        Method::DELETE => "deletecollection",
        _ => "",
    };
    verb.to_owned()
}
