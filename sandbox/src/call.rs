//! A request for a kind that is served, in a form that can be given.

use crate::accept::Form;
use crate::clock::Clock;
use crate::key::{Collection, Key};
use crate::kinds::{Kind, StatusSubresource};
use crate::path::ResourcePath;
use crate::request::Request;
use crate::status::Status;
use crate::verbs::write::Part;

/// What all verbs need to know.
pub(crate) struct Call<'a> {
    pub(crate) kind: Kind,
    pub(crate) path: &'a ResourcePath,
    pub(crate) request: &'a Request,
    pub(crate) form: Form,
    pub(crate) clock: Clock,
}

impl Call<'_> {
    /// Where the object is kept that the path names.
    pub(crate) fn key(&self) -> Key {
        let name = self.path.name.as_deref().unwrap_or_default();
        Key::new(&self.kind, self.namespace(), name)
    }

    /// Of the request; empty for kinds that know no namespaces.
    pub(crate) fn namespace(&self) -> &str {
        let namespace = self.path.namespace.as_deref().filter(|_| self.kind.namespaced);
        namespace.unwrap_or_default()
    }

    /// All objects of the kind that the path is about.
    pub(crate) fn collection(&self) -> Collection {
        let namespace = self.path.namespace.as_deref().filter(|_| self.kind.namespaced);
        Collection::new(&self.kind, namespace)
    }

    /// Which part of the object the path names.
    pub(crate) fn part(&self) -> Result<Part, Status> {
        match self.path.subresource.as_deref() {
            None => Ok(Part::Whole),
            Some("status") if self.kind.status != StatusSubresource::Absent => Ok(Part::Status),
            Some(_) => Err(Status::no_such_resource()),
        }
    }

    /// What cannot be done to a part of an object.
    pub(crate) fn no_such_action(&self, action: &str) -> Status {
        match self.part() {
            Err(no_such_part) => no_such_part,
            Ok(_) if self.kind.is_custom => Status::not_supported_on(&self.kind, action),
            Ok(_) => Status::method_not_allowed(),
        }
    }

    /// Objects are taken as JSON.
    pub(crate) fn check_body_type(&self) -> Result<(), Status> {
        if matches!(self.request.content_type(), "" | "application/json" | "application/yaml") {
            return Ok(());
        }
        Err(Status::new(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: \
             application/json, application/yaml, application/vnd.kubernetes.protobuf",
        ))
    }
}
