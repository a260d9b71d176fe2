//! What a request wants, in the words of access control.

use http::Method;

use crate::path::ResourcePath;
use crate::request::Request;
use crate::selector;

/// Of a resource or, where there is no `resource`, of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attributes {
    /// Such as `get`, `list` or `deletecollection`.
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) resource: Option<ResourcePath>,
}

impl Attributes {
    pub(crate) fn of(request: &Request) -> Self {
        let resource = ResourcePath::parse(&request.path);
        let verb = match &resource {
            Some(resource) if resource.is_watch => "watch".to_owned(),
            Some(resource) => resource_verb(request, resource.name.is_some()),
            None => request.method.as_str().to_lowercase(),
        };
        let mut attributes = Self { verb, path: request.path.clone(), resource };
        attributes.name_by_selector(request);
        attributes
    }

    /// The same where an update has to create.
    pub(crate) fn creating(self) -> Self {
        Self { verb: "create".to_owned(), ..self }
    }

    /// Who lists or watches one name wants no more than that.
    fn name_by_selector(&mut self, request: &Request) {
        let selector = request.query.get("fieldSelector").unwrap_or_default();
        if let (Some(resource @ ResourcePath { name: None, .. }), "list" | "watch") =
            (&mut self.resource, self.verb.as_str())
        {
            resource.name = selector::only_name(selector);
        }
    }
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
