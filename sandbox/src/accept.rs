//! In which form an answer is wanted.

use std::collections::BTreeMap;

use crate::status::Status;

/// One of what a client would take.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clause {
    media_type: String,
    quality: f32,
    pub(crate) parameters: BTreeMap<String, String>,
}

/// What the answers look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// The objects themselves.
    Whole,
    /// Their metadata alone, in this version of `meta.k8s.io`.
    Metadata { version: String },
    /// The same of a list.
    MetadataList { version: String },
    /// A table for people.
    Table { version: String },
}

/// The clauses of a header `Accept`, the most wanted first.
pub(crate) fn clauses(header: &str) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = header.split(',').filter_map(clause).collect();
    let rank = |clause: &Clause| match clause.media_type.as_str() {
        "*/*" => 2,
        other if other.ends_with("/*") => 1,
        _ => 0,
    };
    clauses.sort_by(|one, other| {
        other.quality.total_cmp(&one.quality).then(rank(one).cmp(&rank(other)))
    });
    clauses
}

fn clause(text: &str) -> Option<Clause> {
    let mut parts = text.split(';').map(str::trim);
    let media_type = match parts.next()? {
        "*" => "*/*",
        other if other.split('/').count() == 2 => other,
        _ => return None,
    };
    let pairs = parts.filter_map(|part| part.split_once('='));
    let mut parameters: BTreeMap<String, String> =
        pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect();
    let quality = parameters.remove("q").map_or(1.0, |quality| quality.parse().unwrap_or(0.0));
    Some(Clause { media_type: media_type.to_owned(), quality, parameters })
}

impl Clause {
    /// Whether JSON would do.
    pub(crate) fn takes_json(&self) -> bool {
        matches!(self.media_type.as_str(), "application/json" | "application/*" | "*/*")
    }

    fn parameter(&self, key: &str) -> &str {
        self.parameters.get(key).map_or("", String::as_str)
    }

    fn form(&self) -> Option<Form> {
        if !self.takes_json() || !matches!(self.parameter("stream"), "" | "watch") {
            return None;
        }
        let (group, version) = (self.parameter("g"), self.parameter("v").to_owned());
        let is_meta = group == "meta.k8s.io" && matches!(version.as_str(), "v1" | "v1beta1");
        match self.parameter("as") {
            "" if group.is_empty() && version.is_empty() => Some(Form::Whole),
            "PartialObjectMetadata" if is_meta => Some(Form::Metadata { version }),
            "PartialObjectMetadataList" if is_meta => Some(Form::MetadataList { version }),
            "Table" if is_meta => Some(Form::Table { version }),
            _ => None,
        }
    }
}

/// The form that is wanted most of those that can be given.
pub(crate) fn negotiate(header: &str) -> Result<Form, Status> {
    if header.is_empty() {
        return Ok(Form::Whole);
    }
    let form = clauses(header).iter().find_map(Clause::form);
    form.ok_or_else(|| {
        not_acceptable("only the following media types are accepted: application/json")
    })
}

pub(crate) fn not_acceptable(message: &str) -> Status {
    Status::new(406, "NotAcceptable", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v1() -> String {
        "v1".into()
    }

    #[test]
    fn the_first_form_that_can_be_given_is() {
        let metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
        let form = |header: &str| negotiate(header).ok();
        assert_eq!(form(""), Some(Form::Whole));
        assert_eq!(form(&format!("{metadata},*/*")), Some(Form::Metadata { version: v1() }));
        assert_eq!(form("application/vnd.kubernetes.protobuf,application/json"), Some(Form::Whole));
        assert_eq!(
            form("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
            Some(Form::Table { version: v1() })
        );
        assert_eq!(form("application/json;as=Table;v=v2;g=meta.k8s.io, */*"), Some(Form::Whole));
        assert_eq!(form("application/vnd.kubernetes.protobuf"), None);
        assert_eq!(form("text/html"), None);
    }

    #[test]
    fn more_wanted_comes_first_and_the_more_exact_before_the_less() {
        let order = |header: &str| {
            let clauses = clauses(header).into_iter();
            clauses.map(|clause| clause.media_type).collect::<Vec<_>>()
        };
        assert_eq!(order("a/a;q=0.5, b/b, */*, c/*"), ["b/b", "c/*", "*/*", "a/a"]);
    }
}
