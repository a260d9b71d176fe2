use http::HeaderMap;
use serde_json::{Value, json};

/// What a server said.
pub struct Answer {
    pub code: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// Null where the body is no JSON.
    pub json: Value,
}

impl Answer {
    pub(super) fn new(code: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Self { code, headers, body, json }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.code, 200, "{}", self.text());
        self.json
    }

    #[track_caller]
    pub fn created(self) -> Value {
        assert_eq!(self.code, 201, "{}", self.text());
        self.json
    }

    /// Checks the whole Status: `{}` for no details.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "callers write the details in place")]
    pub fn refused(&self, code: u16, reason: &str, message: &str, details: Value) {
        assert_eq!(self.json, refusal(code, reason, message, &details), "{}", self.text());
        assert_eq!(self.code, code);
    }

    /// What validation says of an object; each cause is a field, its reason and a message.
    #[track_caller]
    pub fn invalid(&self, kind: &str, name: &str, causes: &[[&str; 3]]) {
        let mut told = Vec::new();
        for [field, _, message] in causes {
            let text = format!("{field}: {message}");
            // What is found more than once is among the causes as often, and told once.
            if !told.contains(&text) {
                told.push(text);
            }
        }
        let told = if told.len() == 1 { told.concat() } else { format!("[{}]", told.join(", ")) };
        let causes: Vec<Value> = causes
            .iter()
            .map(|[field, reason, message]| {
                json!({ "reason": reason, "message": message, "field": field })
            })
            .collect();
        let details = details(name, kind, &json!(causes));
        self.refused(422, "Invalid", &format!("{kind} \"{name}\" is invalid: {told}"), details);
    }

    /// The Status of an object that is not there.
    #[track_caller]
    pub fn not_found(&self, kind: &str, name: &str) {
        let message = format!("{kind} \"{name}\" not found");
        self.refused(404, "NotFound", &message, details(name, kind, &Value::Null));
    }

    /// The Status of a write that came too late.
    #[track_caller]
    pub fn conflict(&self, kind: &str, name: &str, why: &str) {
        let message = format!("Operation cannot be fulfilled on {kind} \"{name}\": {why}");
        self.refused(409, "Conflict", &message, details(name, kind, &Value::Null));
    }

    /// What a JSON Patch gets whose operations could not be done.
    #[track_caller]
    pub fn failed_patch(&self) {
        let message = "the server rejected our request due to an error in our request";
        self.refused(422, "Invalid", message, json!({}));
    }
}

/// A kind or resource is followed by its group, if it has one: `leases.coordination.k8s.io`.
fn details(name: &str, kind: &str, causes: &Value) -> Value {
    let (kind, group) = kind.split_once('.').unwrap_or((kind, ""));
    let mut details = json!({ "name": name, "group": group, "kind": kind, "causes": causes });
    let fields = details.as_object_mut().unwrap();
    fields.retain(|_, value| !value.is_null() && value != "");
    details
}

/// The Status that says why not.
fn refusal(code: u16, reason: &str, message: &str, details: &Value) -> Value {
    let mut status = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": details,
        "code": code,
    });
    let fields = status.as_object_mut().unwrap();
    fields.retain(|_, value| !value.is_null() && value != "");
    status
}
