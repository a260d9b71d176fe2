//! Who breaks a lock: as the API server knows them, and as they call themselves.

use http::Request;
use serde::Deserialize;
use serde_json::json;

use crate::commands::session::Session;
use crate::output::text;

/// The user that the API server sees, and the owner label.
pub(super) struct Who {
    /// `None` where the server does not tell: before Kubernetes 1.28, or where that is forbidden.
    user: Option<String>,
    label: String,
}

#[derive(Deserialize)]
struct Review {
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    user_info: UserInfo,
}

#[derive(Deserialize)]
struct UserInfo {
    username: String,
}

impl Who {
    /// Asks the API server. A label alone could be anybody's, but it is better than nobody.
    pub(super) async fn find(session: &Session, label: String) -> Self {
        let body = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "SelfSubjectReview",
        });
        let request = Request::post("/apis/authentication.k8s.io/v1/selfsubjectreviews")
            .header("content-type", "application/json")
            .body(body.to_string().into_bytes());
        let Ok(request) = request else { return Self { user: None, label } };
        let answer = session.deadline.bound(session.client().request::<Review>(request)).await;
        let user = answer.ok().and_then(Result::ok).map(|review| review.status.user_info.username);
        Self { user, label }
    }

    /// `admin (zoe@laptop)`.
    pub(super) fn words(&self) -> String {
        let label = text::owner(&self.label);
        match &self.user {
            // Whole: what tells one person from another often stands at its end.
            Some(user) => format!("{} ({label})", text::paragraph(user)),
            None => label,
        }
    }

    /// The label alone, as an instance of this program.
    pub(super) fn label(&self) -> String {
        text::owner(&self.label)
    }
}
