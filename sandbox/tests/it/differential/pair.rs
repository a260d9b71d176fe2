use std::cell::Cell;
use std::fmt;

use serde_json::Value;

use super::generator::Input;
use crate::stage::{Answer, Stage};

/// Both servers, with the same objects on each.
pub struct Pair {
    stages: [Stage; 2],
    asked: Cell<usize>,
    accepted: Cell<usize>,
}

/// What came of a patch, without what differs from server to server. The real one falls over
/// some patches and closes the connection; the sandbox says so, with a 500.
#[derive(PartialEq)]
pub struct Outcome {
    code: u16,
    body: Value,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.code, self.body)
    }
}

impl Pair {
    /// `None` where the environment asks for no tests on a real server.
    pub async fn new(name: &str) -> Option<Self> {
        let stages = [Stage::real(name).await?, Stage::sandbox(name).await];
        Some(Self { stages, asked: Cell::new(0), accepted: Cell::new(0) })
    }

    /// The real server's, and the sandbox's.
    pub async fn outcomes(&self, content_type: &str, input: &Input) -> [Outcome; 2] {
        self.asked.set(self.asked.get() + 1);
        let name = format!("app-{}", self.asked.get());
        let [real, sandbox] = &self.stages;
        let outcomes = [
            patched(real, &name, content_type, input).await,
            patched(sandbox, &name, content_type, input).await,
        ];
        if outcomes[0].code == 200 {
            self.accepted.set(self.accepted.get() + 1);
        }
        outcomes
    }

    pub fn accepted_percent(&self) -> usize {
        self.accepted.get() * 100 / self.asked.get()
    }
}

async fn patched(stage: &Stage, name: &str, content_type: &str, input: &Input) -> Outcome {
    let object = format!(
        r#"{{"apiVersion":"kubelock-test.example.org/v1","kind":"Widget","metadata":{{"name":"{name}","annotations":{{"k":"v"}}}},"spec":{}}}"#,
        input.spec
    );
    let ask = stage.ask("POST", "widgets").content_type("application/json");
    let created = ask.body(object.as_bytes()).send().await;
    if created.code != 201 {
        return outcome(stage, &created);
    }
    let ask = stage.ask("PATCH", &format!("widgets/{name}")).content_type(content_type);
    let answer = ask.body(input.patch.as_bytes()).try_send().await;
    let Some(answer) = answer.ok().filter(|answer| answer.code != 500) else {
        return Outcome { code: 500, body: Value::Null };
    };
    let mut outcome = outcome(stage, &answer);
    let metadata = &created.json["metadata"];
    for field in ["uid", "creationTimestamp"] {
        mask(&mut outcome.body, metadata[field].as_str().unwrap(), field);
    }
    outcome
}

fn outcome(stage: &Stage, answer: &Answer) -> Outcome {
    let mut body = answer.json.clone();
    if let Some(metadata) = body["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        metadata.remove("resourceVersion");
    }
    mask(&mut body, stage.namespace(), "namespace");
    without_quotes(&mut body);
    Outcome { code: answer.code, body }
}

/// A refusal may quote the patched object, spelt as the patch spelt it, with those who manage
/// its fields: all but that is compared.
fn without_quotes(value: &mut Value) {
    each_string(value, &|text| {
        let Some((before, rest)) = text.split_once(r#"Invalid value: "{"#) else { return };
        let Some((_, after)) = rest.rsplit_once(r#"}": "#) else { return };
        *text = format!("{before}Invalid value: {after}");
    });
}

/// In messages, too.
fn mask(value: &mut Value, text: &str, field: &str) {
    each_string(value, &|string| *string = string.replace(text, field));
}

fn each_string(value: &mut Value, change: &impl Fn(&mut String)) {
    match value {
        Value::String(string) => change(string),
        Value::Array(values) => values.iter_mut().for_each(|value| each_string(value, change)),
        Value::Object(fields) => fields.values_mut().for_each(|value| each_string(value, change)),
        _ => {}
    }
}
