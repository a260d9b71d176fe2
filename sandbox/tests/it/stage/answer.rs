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
    pub fn refused(&self, code: u16, reason: &str, message: &str, details: Value) {
        assert_eq!(self.json, refusal(code, reason, message, details), "{}", self.text());
        assert_eq!(self.code, code);
    }

    /// What a JSON Patch gets whose operations could not be done.
    #[track_caller]
    pub fn failed_patch(&self) {
        let message = "the server rejected our request due to an error in our request";
        self.refused(422, "Invalid", message, json!({}));
    }
}

/// The Status that says why not.
pub fn refusal(code: u16, reason: &str, message: &str, details: Value) -> Value {
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
