//! Whether the API server answers, as whom it knows us, and what its version means.

use serde::Deserialize;
use serde_json::json;

use super::Subject;
use super::diagnosis::Diagnosis;
use super::finding::Finding;
use crate::failure::Failure;
use crate::output::text;
use crate::query::{Query, Refusal, Reply};
use crate::sentence;
use crate::server_version::ServerVersion;

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct Server {
    pub(super) version: Option<String>,
    /// As the server spells it, for it is to be granted something.
    pub(super) user: Option<String>,
}

/// What a `SelfSubjectReview` answers.
#[derive(Deserialize)]
struct SelfSubjectReview {
    status: ReviewStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReviewStatus {
    user_info: UserInfo,
}

#[derive(Deserialize)]
struct UserInfo {
    #[serde(default)]
    username: String,
}

/// False if it does not answer: then nothing else can be looked at.
pub(super) async fn examine(subject: &Subject, diagnosis: &mut Diagnosis) -> bool {
    match version(subject, diagnosis).await {
        Ok(version) => {
            match user(subject, diagnosis).await {
                Ok(user) => diagnosis.server.user = user,
                Err(message) => {
                    diagnosis.add(not_as_that_user(&message, subject));
                    return false;
                }
            }
            let told = version.as_ref().ok();
            diagnosis.server.version = told.map(|it| text::line(&it.git_version));
            diagnosis.add(Finding::ok("server", who(subject, &diagnosis.server)));
            diagnosis.add(tokens(&version));
            true
        }
        Err(failure) => {
            diagnosis.add(Finding::failure("server", failure));
            false
        }
    }
}

/// Or why it does not tell.
async fn version(
    subject: &Subject,
    diagnosis: &mut Diagnosis,
) -> Result<Result<ServerVersion, Refusal>, Failure> {
    let connection = subject.session.connection();
    let Reply { answer, glimpse } = ServerVersion::ask(connection, subject.deadline()).await?;
    diagnosis.saw(glimpse);
    match answer {
        Err(Refusal { code: 401, .. }) => Err(sentence::unauthorized(&connection.endpoint)),
        Err(refusal) if refusal.is_passing() => {
            Err(sentence::failing(&refusal.words(), &connection.endpoint))
        }
        told => Ok(told),
    }
}

/// Servers before 1.28 do not tell. The error is a refusal of `--as`, in the server's words.
async fn user(subject: &Subject, diagnosis: &mut Diagnosis) -> Result<Option<String>, String> {
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let query = Query::post("/apis/authentication.k8s.io/v1/selfsubjectreviews", body);
    let asked =
        query.send::<SelfSubjectReview>(subject.session.connection(), subject.deadline()).await;
    let Ok(Reply { answer, glimpse }) = asked else { return Ok(None) };
    diagnosis.saw(glimpse);
    match answer {
        Ok(review) => Ok(Some(review.status.user_info.username)),
        Err(refusal) if refusal.code == 403 && refusal.message.contains(" cannot impersonate") => {
            Err(refusal.message)
        }
        Err(_) => Ok(None),
    }
}

fn not_as_that_user(message: &str, subject: &Subject) -> Finding {
    let failure = sentence::impersonation(message, subject.session.flags());
    Finding::failure("server", failure.unwrap_or_else(|| Failure::failed(text::paragraph(message))))
}

/// `Kubernetes v1.37.2 at https://10.0.0.1:6443 (context "dev"), as alice`.
fn who(subject: &Subject, server: &Server) -> String {
    let endpoint = &subject.session.connection().endpoint;
    let version = server.version.as_deref().unwrap_or("of a version that it does not tell");
    let user = server.user.as_deref().map(|user| format!(", as {}", text::line(user)));
    let user = user.unwrap_or_default();
    format!("Kubernetes {version} at {} ({}){user}", endpoint.address, endpoint.origin)
}

/// KEP-5504 made resourceVersions comparable in 1.35.
fn tokens(version: &Result<ServerVersion, Refusal>) -> Finding {
    let check = "tokens";
    let unknown = "whether fencing tokens can be compared is not known";
    match version {
        Ok(version) if version.is_at_least(1, 35) => Finding::ok(
            check,
            "fencing tokens can be compared: resourceVersions are ordered since Kubernetes 1.35",
        ),
        Ok(_) => Finding::warning(
            check,
            "fencing tokens are in order as long as the server keeps its objects in etcd, \
             which Kubernetes promises from 1.35 on",
        )
        .remedy("upgrade to 1.35, or keep to kinds that no aggregated API serves"),
        Err(Refusal { code: 403, .. }) => Finding::warning(check, unknown)
            .remedy("grant get on the URL /version (the ClusterRole system:public-info-viewer)"),
        Err(refusal) => Finding::warning(
            check,
            format!("{unknown}: it answers {}", text::paragraph(&refusal.words())),
        ),
    }
}
