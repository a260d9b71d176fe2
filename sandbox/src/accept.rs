//! In which form an answer is wanted.

use std::collections::BTreeMap;

use serde_json::json;

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

/// In which language an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Json,
    Yaml,
}

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
const KNOWN: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
const STREAMS: &str =
    "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

impl Clause {
    /// Whether JSON would do.
    pub(crate) fn takes_json(&self) -> bool {
        matches!(self.media_type.as_str(), "application/json" | "application/*" | "*/*")
    }

    fn language(&self) -> Option<Language> {
        match self.media_type.as_str() {
            "application/yaml" => Some(Language::Yaml),
            _ => self.takes_json().then_some(Language::Json),
        }
    }

    fn parameter(&self, key: &str) -> &str {
        self.parameters.get(key).map_or("", String::as_str)
    }

    fn form(&self) -> Option<Form> {
        if self.language().is_none() || !matches!(self.parameter("stream"), "" | "watch") {
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
pub(crate) fn negotiate(header: &str, is_watch: bool, is_custom: bool) -> Result<Form, Status> {
    if header.is_empty() {
        return Ok(Form::Whole);
    }
    let clauses = clauses(header);
    let can_be = |clause: &Clause| {
        let known = ["application/json", "application/yaml", PROTOBUF, "*/*"];
        known.contains(&clause.media_type.as_str())
    };
    if !is_custom && !clauses.iter().any(can_be) {
        let streams = if is_watch { format!(", {STREAMS}") } else { String::new() };
        let message = format!("406: Not Acceptable\n\nAvailable representations: {KNOWN}{streams}");
        return Err(not_acceptable(&message).with_details(json!({})));
    }
    let found = clauses.iter().find_map(|clause| Some((clause, clause.form()?)));
    match found {
        Some((clause, _)) if is_watch && clause.language() == Some(Language::Yaml) => {
            Err(only(STREAMS))
        }
        Some((_, form)) => Ok(form),
        None if clauses.iter().any(|clause| clause.media_type == PROTOBUF) => {
            Err(not_acceptable(&format!("kubelock sandbox: {PROTOBUF} alone is not supported")))
        }
        None => Err(only(if is_watch { STREAMS } else { KNOWN })),
    }
}

fn only(media_types: &str) -> Status {
    not_acceptable(&format!("only the following media types are accepted: {media_types}"))
}

/// The language that goes with it.
pub(crate) fn language(header: &str) -> Language {
    let clauses = clauses(header);
    let found = clauses.iter().find(|clause| clause.form().is_some());
    found.and_then(Clause::language).unwrap_or(Language::Json)
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
        let form = |header: &str| negotiate(header, false, false).ok();
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
