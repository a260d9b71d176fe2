//! The sandbox over HTTPS: who gets in, and what bad clients can do.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use ::sandbox::{Sandbox, Server, User};
use http::Request;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

const APP: &str = "/api/v1/namespaces/default/configmaps/app";

/// A server and the sandbox behind it.
fn server() -> (Sandbox, Server) {
    let sandbox = Sandbox::new();
    (sandbox.clone(), Server::start(sandbox).unwrap())
}

async fn client_of(server: &Server, user: &str) -> Client {
    testkit::client(&server.kubeconfig_for(user).unwrap()).await.unwrap()
}

/// A client that shows this instead of its own token.
fn client_with(server: &Server, authorization: Option<&str>) -> Client {
    let mut config = kube::Config::new(server.url().parse().unwrap());
    config.root_cert = Some(vec![authority(server)]);
    config.default_retry = false;
    if let Some(authorization) = authorization {
        let value = authorization.parse().unwrap();
        config.headers.push((http::header::AUTHORIZATION, value));
    }
    Client::try_from(config).unwrap()
}

/// As DER.
fn authority(server: &Server) -> Vec<u8> {
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(server.authority_pem().as_bytes()).unwrap().to_vec()
}

async fn answer(client: &Client, method: &str, path: &str) -> (u16, Value) {
    asked(client, Request::builder().method(method).uri(path)).await
}

async fn asked(client: &Client, request: http::request::Builder) -> (u16, Value) {
    let response = client.send(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect_bytes().await.unwrap();
    (parts.status.as_u16(), serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn the_administrator_reads_what_is_there() {
    let (_, server) = server();
    let client = client_of(&server, User::ADMINISTRATOR).await;
    let (code, app) = answer(&client, "GET", APP).await;
    assert_eq!((code, &app["data"]["greeting"]), (200, &json!("hello")));
}

#[tokio::test]
async fn a_user_may_what_a_role_allows() {
    let (sandbox, server) = server();
    sandbox.add_user("bob", &["team"]);
    let bob = client_of(&server, "bob").await;
    let (code, refusal) = answer(&bob, "GET", APP).await;
    assert_eq!(code, 403);
    assert_eq!(
        refusal["message"],
        "configmaps \"app\" is forbidden: User \"bob\" cannot get resource \"configmaps\" in API \
         group \"\" in the namespace \"default\""
    );

    let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    let rule = json!({ "verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"] });
    sandbox.put(&format!("{rbac}/roles/reader"), json!({ "rules": [rule] })).unwrap();
    let group = "rbac.authorization.k8s.io";
    let binding = json!({
        "subjects": [{ "apiGroup": group, "kind": "Group", "name": "team" }],
        "roleRef": { "apiGroup": group, "kind": "Role", "name": "reader" },
    });
    sandbox.put(&format!("{rbac}/rolebindings/readers"), binding).unwrap();

    assert_eq!(answer(&bob, "GET", APP).await.0, 200);
    assert_eq!(answer(&bob, "DELETE", APP).await.0, 403);
}

#[tokio::test]
async fn a_wrong_token_is_nobodys() {
    let (_, server) = server();
    for authorization in ["Bearer wrong", "Bearer 00000000000000000000000000000000"] {
        let client = client_with(&server, Some(authorization));
        let expected = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "Unauthorized", "reason": "Unauthorized", "code": 401,
        });
        assert_eq!(answer(&client, "GET", "/version").await, (401, expected));
    }
}

#[tokio::test]
async fn without_a_token_one_sees_what_everybody_may() {
    let (_, server) = server();
    let client = client_with(&server, None);
    assert_eq!(answer(&client, "GET", "/version").await.0, 200);
    let (code, refusal) = answer(&client, "GET", "/api").await;
    let message = "forbidden: User \"system:anonymous\" cannot get path \"/api\"";
    assert_eq!((code, &refusal["message"]), (403, &json!(message)));
}

#[tokio::test]
async fn who_may_not_impersonate_is_told_so() {
    let (sandbox, server) = server();
    sandbox.add_user("bob", &[]);
    let bob = client_of(&server, "bob").await;
    for (user, mode) in [
        ("alice", "user-info"),
        ("bob", "user-info"),
        ("system:serviceaccount:ci:runner", "serviceaccount"),
    ] {
        let request = Request::get("/api").header("impersonate-user", user);
        let (code, refusal) = asked(&bob, request).await;
        let message =
            format!("forbidden: User \"bob\" cannot impersonate-on:{mode}:get path \"/api\"");
        assert_eq!((code, &refusal["message"]), (403, &json!(message)));
    }
}

#[tokio::test]
async fn who_may_impersonate_one_may_be_that_one_alone() {
    let (sandbox, server) = server();
    sandbox.add_user("boss", &[]);
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let rule = json!({
        "verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"],
        "resourceNames": ["bob"],
    });
    sandbox.put(&format!("{rbac}/clusterroles/boss"), json!({ "rules": [rule] })).unwrap();
    let group = "rbac.authorization.k8s.io";
    let binding = json!({
        "subjects": [{ "apiGroup": group, "kind": "User", "name": "boss" }],
        "roleRef": { "apiGroup": group, "kind": "ClusterRole", "name": "boss" },
    });
    sandbox.put(&format!("{rbac}/clusterrolebindings/boss"), binding).unwrap();
    let boss = client_of(&server, "boss").await;
    let code = async |user: &str, group: Option<&str>| {
        let mut request = Request::get("/apis").header("impersonate-user", user);
        if let Some(group) = group {
            request = request.header("impersonate-group", group);
        }
        asked(&boss, request).await.0
    };
    assert_eq!(code("bob", None).await, 200);
    assert_eq!(code("alice", None).await, 403);
    assert_eq!(code("bob", Some("system:masters")).await, 403);
}

#[test]
fn kubeconfigs_are_private_and_gone_with_the_server() {
    let (sandbox, server) = server();
    sandbox.add_user("system:serviceaccount:ci:runner", &[]);
    let paths: Vec<PathBuf> = [User::ADMINISTRATOR, "system:serviceaccount:ci:runner"]
        .map(|user| server.kubeconfig_for(user).unwrap())
        .into();
    for path in &paths {
        let mode =
            |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(path), mode(path.parent().unwrap())), (0o600, 0o700));
    }
    let error = server.kubeconfig_for("stranger").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    drop(server);
    assert!(paths.iter().all(|path| !path.parent().unwrap().exists()));
}

#[test]
fn nothing_that_is_logged_has_a_token_in_it() {
    let (sandbox, server) = server();
    let token = sandbox.add_user("bob", &[]);
    assert!(!format!("{server:?}").contains(&token));
}

#[tokio::test]
async fn a_server_is_not_taken_for_another() {
    let ((_, one), (_, other)) = (server(), server());
    let mut config = kube::Config::new(other.url().parse().unwrap());
    config.root_cert = Some(vec![authority(&one)]);
    config.default_retry = false;
    let client = Client::try_from(config).unwrap();
    assert!(client.apiserver_version().await.is_err());
}

#[tokio::test]
async fn clients_that_say_nothing_or_nonsense_harm_nobody() {
    let (_, server) = server();
    let address = server.url().replace("https://", "");
    let silent: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for nonsense in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &[0; 1000], b"\x16\x03\x01\xff\xff"]
    {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(nonsense).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        // It is told what is wrong, or nothing; then the connection ends.
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let client = client_of(&server, User::ADMINISTRATOR).await;
    assert_eq!(answer(&client, "GET", APP).await.0, 200);
    drop(silent);
}

#[tokio::test]
async fn watches_end_with_the_server() {
    let (_, server) = server();
    let client = client_of(&server, User::ADMINISTRATOR).await;
    let path = "/api/v1/namespaces/default/configmaps?watch=true";
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = client.send(request).await.unwrap();

    let ending = tokio::task::spawn_blocking(move || drop(server));
    let told = response.into_body().collect_bytes().await;

    assert!(String::from_utf8(told.unwrap().to_vec()).unwrap().contains("\"ADDED\""));
    tokio::time::timeout(Duration::from_secs(30), ending).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_the_client_goes_on() {
    let (_, server) = server();
    let client = client_of(&server, User::ADMINISTRATOR).await;
    let body = Body::from(vec![b' '; 4 * 1024 * 1024]);
    let request = Request::post("/api/v1/namespaces/default/configmaps")
        .header("content-type", "application/json")
        .body(body)
        .unwrap();
    assert_eq!(client.send(request).await.unwrap().status(), 413);
    assert_eq!(answer(&client, "GET", APP).await.0, 200);
}
