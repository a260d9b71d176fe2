//! Kinds that not every cluster has: one request more, and words for what is not there.

use std::io::{Read, Write};
use std::net::TcpListener;

use insta::assert_snapshot;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use serde_json::json;

use crate::process::Kubelock;
use crate::space::{Space, block_on};

fn widget(space: &Space, name: &str) {
    block_on(space.cluster.ensure_crds());
    let kind =
        ApiResource::from_gvk(&GroupVersionKind::gvk("kubelock-test.example.org", "v1", "Widget"));
    let object = json!({"apiVersion": "kubelock-test.example.org/v1", "kind": "Widget", "metadata": {"name": name}});
    let object: DynamicObject = serde_json::from_value(object).unwrap();
    space.with(async |client| {
        let api: Api<DynamicObject> = Api::namespaced_with(client, &space.namespace, &kind);
        api.create(&PostParams::default(), &object).await.unwrap();
    });
}

#[test]
fn a_custom_kind_costs_one_request_more_whatever_its_spelling() {
    let Some(space) = Space::new("custom-kind") else { return };
    widget(&space, "w1");
    let count = |on: &str| {
        // With its lock: without, there is a look at what may have been meant.
        let outcome = space.run(&["get", "deploy", "--on", on, "-v"]);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        outcome.requests().len()
    };

    space.configmap("app", &[]);
    for on in ["widget/w1", "cm/app"] {
        space.play(&[(0, &["acquire", "deploy", "--on", on, "--owner", "alice"])]);
    }
    for on in [
        "widgets.kubelock-test.example.org/w1",
        "widget/w1",
        "Widget.kubelock/w1",
        "widgets.v1.kubelock-test.example.org/w1",
        "widget.v1.kubelock-test.example.org/w1",
        "Widget.v1.kubelock-test.example.org/w1",
    ] {
        assert_eq!(count(on), 2, "{on}");
    }
    assert_eq!(count("cm/app"), 1);
}

#[test]
fn a_custom_kind_is_shown_with_its_group() {
    let Some(space) = Space::new("custom-shown") else { return };
    widget(&space, "w1");
    assert_snapshot!(space.play(&[
        (0, &["acquire", "deploy", "--on", "widget/w1", "--owner", "alice", "--ttl", "90m"]),
        (
            11,
            &[
                "acquire",
                "deploy",
                "--on",
                "widgets.v1.kubelock-test.example.org/w1",
                "--owner",
                "bob"
            ]
        ),
        (0, &["get", "deploy", "--on", "widgets.kubelock-test.example.org/w1", "-o", "name"]),
        (
            0,
            &[
                "release",
                "deploy",
                "--on",
                "widgets.kubelock-test.example.org/w1",
                "--owner",
                "alice",
                "-v"
            ]
        ),
    ]));
}

#[test]
fn a_custom_kind_without_namespaces_takes_none() {
    let Some(space) = Space::new("custom-scope") else { return };
    block_on(space.cluster.ensure_crds());
    let outcome = space.run(&["get", "deploy", "--on", "gadgets.kubelock-test.example.org/g1"]);

    assert_eq!(outcome.code, Some(2));
    assert_snapshot!(space.transcript(&outcome));
}

/// Answers one request with this, whatever it asks.
fn server_that_says(body: &'static str) -> (TcpListener, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let accepting = listener.try_clone().unwrap();
    let served = std::thread::spawn(move || {
        let (mut connection, _) = accepting.accept().unwrap();
        let mut request = [0; 4096];
        let read = connection.read(&mut request).unwrap();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        connection.write_all((head + body).as_bytes()).unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    (listener, served)
}

#[test]
fn a_server_without_aggregated_discovery_asks_for_the_version() {
    let (listener, served) =
        server_that_says(r#"{"kind":"APIGroupList","apiVersion":"v1","groups":[]}"#);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let cluster = format!("cluster: {{server: 'http://{}'}}", listener.local_addr().unwrap());
    let text = format!(
        "{{clusters: [{{name: c, {cluster}}}], contexts: [{{name: x, context: {{cluster: c}}}}], current-context: x}}"
    );
    std::fs::write(&config, text).unwrap();

    let outcome =
        Kubelock::new(&["get", "deploy", "--on", "widget/w1"]).env("KUBECONFIG", &config).run();

    assert_eq!(outcome.code, Some(2));
    assert_snapshot!(outcome.transcript());
    let request = served.join().unwrap().to_ascii_lowercase();
    assert!(
        request.contains(concat!("user-agent: kubelock/", env!("CARGO_PKG_VERSION"))),
        "{request}"
    );
}

#[test]
fn an_unknown_kind_comes_with_those_that_look_like_it() {
    let Some(space) = Space::new("unknown-kind") else { return };
    assert_snapshot!(space.play(&[
        (2, &["acquire", "deploy", "--on", "deploymnt/web"]),
        (2, &["acquire", "deploy", "--on", "confgimap/app"]),
        (2, &["acquire", "deploy", "--on", "zzz/app"]),
        (2, &["acquire", "deploy", "--on", "widgets.nowhere.example.org/w1"]),
        (2, &["acquire", "deploy", "--on", "deployments.v1.nowhere.example.org/web"]),
        (2, &["acquire", "deploy", "--on", "tokenreview/app"]),
    ]));
}
