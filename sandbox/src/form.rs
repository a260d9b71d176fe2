//! Objects and lists in the form that is wanted.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::accept::{Form, not_acceptable};
use crate::call::Call;
use crate::reply::Reply;
use crate::status::Status;
use crate::table;

fn partial(object: &Value, version: &str) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": object["metadata"],
    })
}

impl Call<'_> {
    /// An answer with one object.
    pub(crate) fn object_reply(&self, code: u16, object: &Arc<Value>) -> Result<Reply, Status> {
        Ok(Reply::json(code, &self.shown(object, true)?))
    }

    /// One object in the form that is wanted. Of the tables of a watch, the first is whole.
    pub(crate) fn shown(&self, object: &Arc<Value>, is_first: bool) -> Result<Value, Status> {
        let object = self.kind.served(object);
        match &self.form {
            Form::Whole => Ok(Arc::unwrap_or_clone(object)),
            Form::Metadata { version } => Ok(partial(&object, version)),
            Form::MetadataList { .. } => Err(not_acceptable(&format!(
                "you requested PartialObjectMetadataList, but the requested object is not a list \
                 ({})",
                self.go_type(&self.kind.kind)
            ))),
            Form::Table { version } => Ok(self.table(version)?.event(&object, is_first)),
        }
    }

    /// A list in the form that is wanted.
    pub(crate) fn list_shown(
        &self,
        items: &[Arc<Value>],
        metadata: &Value,
    ) -> Result<Value, Status> {
        let list = |kind: &str, api_version: &str, items: Vec<Value>| json!({ "kind": kind, "apiVersion": api_version, "metadata": metadata, "items": items });
        let items: Vec<Arc<Value>> = items.iter().map(|item| self.kind.served(item)).collect();
        match &self.form {
            Form::Whole => {
                let items = items.iter().map(|item| self.listed(item)).collect();
                Ok(list(&self.kind.list, &self.kind.api_version(), items))
            }
            Form::MetadataList { version } => {
                let items = items.iter().map(|item| partial(item, version)).collect();
                let api_version = format!("meta.k8s.io/{version}");
                Ok(list("PartialObjectMetadataList", &api_version, items))
            }
            Form::Metadata { .. } => Err(not_acceptable(&format!(
                "you requested PartialObjectMetadata, but the requested object is a list ({})",
                self.go_type(&self.kind.list)
            ))),
            Form::Table { version } => Ok(self.table(version)?.list(&items, metadata)),
        }
    }

    fn table<'a>(&'a self, version: &'a str) -> Result<table::Form<'a>, Status> {
        let include = self.request.query.get("includeObject").unwrap_or_default();
        let include = table::Include::parse(include)?;
        Ok(table::Form { kind: &self.kind, version, include, now: self.clock.now() })
    }

    /// As the real server's own code calls what it has at hand.
    fn go_type(&self, name: &str) -> String {
        match (self.kind.is_custom, name.ends_with("List")) {
            (true, true) => "*unstructured.UnstructuredList".to_owned(),
            (true, false) => "*unstructured.Unstructured".to_owned(),
            (false, _) => format!("*{}.{name}", self.kind.internal_group()),
        }
    }

    /// In lists of built-in kinds, the objects do not say what they are.
    fn listed(&self, item: &Arc<Value>) -> Value {
        let mut item = Value::clone(item);
        if let (false, Value::Object(members)) = (self.kind.is_custom, &mut item) {
            members.remove("kind");
            members.remove("apiVersion");
        }
        item
    }
}
