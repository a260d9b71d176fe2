//! The file that tells clients where the server is, and who they are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// A kubeconfig's text, with one user. It is a secret.
pub(crate) fn text(url: &str, authority_pem: &str, user: &str, token: &str) -> String {
    let authority = STANDARD.encode(authority_pem);
    // A string of JSON is one of YAML, whatever is in it.
    let (user, token) = (json!(user), json!(token));
    format!(
        "apiVersion: v1
kind: Config
current-context: sandbox
clusters:
- name: sandbox
  cluster:
    server: {url}
    certificate-authority-data: {authority}
users:
- name: {user}
  user:
    token: {token}
contexts:
- name: sandbox
  context:
    cluster: sandbox
    user: {user}
    namespace: default
"
    )
}
