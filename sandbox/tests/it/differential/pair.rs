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

/// What came of a patch, without what differs from server to server.
#[derive(PartialEq)]
pub struct Outcome {
    code: u16,
    warnings: Vec<String>,
    body: Value,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {:?}", self.code, self.body, self.warnings)
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
    let mut outcome = outcome(stage, &ask.body(input.patch.as_bytes()).send().await);
    let metadata = &created.json["metadata"];
    for field in ["uid", "resourceVersion", "creationTimestamp"] {
        mask(&mut outcome.body, metadata[field].as_str().unwrap(), field);
    }
    outcome
}

fn outcome(stage: &Stage, answer: &Answer) -> Outcome {
    let warnings = answer.headers.get_all("warning").iter();
    let mut body = answer.json.clone();
    if let Some(metadata) = body["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        metadata.remove("resourceVersion");
    }
    mask(&mut body, stage.namespace(), "namespace");
    Outcome {
        code: answer.code,
        warnings: warnings
            .map(|text| String::from_utf8_lossy(text.as_bytes()).into_owned())
            .collect(),
        body,
    }
}

/// In messages, too: they quote whole objects.
fn mask(value: &mut Value, text: &str, field: &str) {
    match value {
        Value::String(string) => *string = string.replace(text, field),
        Value::Array(values) => values.iter_mut().for_each(|value| mask(value, text, field)),
        Value::Object(fields) => fields.values_mut().for_each(|value| mask(value, text, field)),
        _ => {}
    }
}
