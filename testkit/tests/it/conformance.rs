//! The scripted server answers as the real one does, in what the lock protocol reads.

use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};
use testkit::scripted::ScriptedServer;
use testkit::wire::Wire;

use crate::talk::{Answer, Heard, Watch, send, send_text};

const KEY: &str = "/metadata/annotations/a~1b";

#[tokio::test]
async fn the_scripted_server_answers_as_the_real_one() {
    let Some(cluster) = testkit::cluster() else { return };
    cluster.ensure_crds().await;
    let namespace = cluster.namespace("conformance").await;
    let wire = Wire::new(cluster.client().await);
    let real = transcript(&wire.client(), &namespace).await;
    let server = ScriptedServer::new();
    server.put_object(&format!("/api/v1/namespaces/{namespace}"), json!({}));
    testkit::ensure_crds(&server.client()).await;
    let scripted = transcript(&server.client(), &namespace).await;
    let pairs = real.iter().zip(&scripted);
    let differing: Vec<_> = pairs.filter(|(real, scripted)| real != scripted).collect();
    assert!(differing.is_empty(), "{differing:#?}");
    assert_eq!(real.len(), scripted.len());
}

#[tokio::test]
async fn a_wire_breaks_the_watches_of_a_real_server_too() {
    let Some(cluster) = testkit::cluster() else { return };
    let namespace = cluster.namespace("conformance").await;
    let collection = format!("/api/v1/namespaces/{namespace}/configmaps");
    let wire = Wire::new(cluster.client().await);
    let client = wire.client();
    cluster.ensure_configmap(&namespace, "app").await;
    let mut watch = Watch::open(&client, &collection, "fieldSelector=metadata.name%3Dapp").await;
    assert_eq!(watch.hear().await.words(), "ADDED app");
    wire.cut_now();
    assert_eq!(watch.hear().await, Heard::Broken);
}

#[test]
fn a_real_server_tells_of_a_version_too_old_by_an_event_as_the_scripted_one() {
    let Some(control_plane) = testkit::control_plane() else { return };
    // What a server serves watches from, it forgets when it dies.
    control_plane.kill_api_server().unwrap();
    control_plane.start_api_server().unwrap();
    control_plane.wait_ready().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let kubeconfig = Kubeconfig::read_from(control_plane.kubeconfig()).unwrap();
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        let client = Client::try_from(config).unwrap();
        let configmaps = "/api/v1/namespaces/default/configmaps";
        let mut watch = Watch::open(&client, configmaps, "resourceVersion=1").await;
        assert_eq!((watch.code, watch.hear().await.words()), (200, "ERROR Expired".into()));
        assert_eq!(watch.hear().await, Heard::End);
    });
}

/// Everything that is asked, and what comes of it.
async fn transcript(client: &Client, namespace: &str) -> Vec<String> {
    let mut script = Script { client, namespace, lines: Vec::new() };
    script.reads_and_creates().await;
    script.patches().await;
    script.spellings().await;
    script.puts().await;
    script.patches_of_the_status().await;
    script.watches().await;
    script.lines
}

struct Script<'a> {
    client: &'a Client,
    namespace: &'a str,
    lines: Vec<String>,
}

impl Script<'_> {
    fn collection(&self, resource: &str) -> String {
        let base = match resource {
            "leases" => "/apis/coordination.k8s.io/v1",
            "widgets" => "/apis/kubelock-test.example.org/v1",
            _ => "/api/v1",
        };
        format!("{base}/namespaces/{}/{resource}", self.namespace)
    }

    async fn ask(&mut self, method: &str, what: &str, body: Value) -> Answer {
        let (resource, rest) = what.split_at(what.find('/').unwrap_or(what.len()));
        let uri = format!("{}{rest}", self.collection(resource));
        let answer = send(self.client, method, &uri, &body).await;
        self.lines.push(format!("{method} {what} {body}: {}", words(&answer)));
        answer
    }

    async fn reads_and_creates(&mut self) {
        for resource in ["configmaps", "leases", "widgets"] {
            self.ask("GET", &format!("{resource}/app"), Value::Null).await;
            self.ask("PATCH", &format!("{resource}/app"), json!([])).await;
        }
        self.ask("POST", "leases", named("coordination.k8s.io/v1", "Lease")).await;
        self.ask("POST", "leases", named("coordination.k8s.io/v1", "Lease")).await;
        self.ask("POST", "widgets", named("kubelock-test.example.org/v1", "Widget")).await;
        self.ask("POST", "resourcequotas", named("v1", "ResourceQuota")).await;
        self.ask("POST", "configmaps", named("v1", "ConfigMap")).await;
        self.ask("POST", "configmaps", named("v1", "ConfigMap")).await;
        self.ask("GET", "configmaps/app", Value::Null).await;
    }

    async fn patches(&mut self) {
        let no_map = json!({ "op": "test", "path": "/metadata/annotations", "value": null });
        let no_key = json!({ "op": "test", "path": KEY, "value": null });
        let key_is = |value| json!({ "op": "test", "path": KEY, "value": value });
        let not_deleted =
            json!({ "op": "test", "path": "/metadata/deletionTimestamp", "value": null });
        let map = json!({ "op": "add", "path": "/metadata/annotations", "value": { "a/b": "1" } });
        let add = |value| json!({ "op": "add", "path": KEY, "value": value });
        let replace = |value| json!({ "op": "replace", "path": KEY, "value": value });
        let remove = json!({ "op": "remove", "path": KEY });
        for app in ["configmaps/app", "widgets/app"] {
            for patch in [
                json!([no_key]),
                json!([add("1")]),
                json!([replace("1")]),
                json!([remove]),
                json!([not_deleted, no_map, map]),
                json!([no_map, map]),
                json!([no_key, add("2")]),
                json!([key_is("1"), replace("2")]),
                json!([key_is("1"), replace("3")]),
                json!([key_is("2"), replace("2")]),
                json!([{ "op": "test", "path": "/metadata/uid", "value": "x" }]),
                json!([{ "op": "replace", "path": "/metadata/resourceVersion", "value": "1" }]),
                json!([key_is("2"), remove]),
                json!([no_map]),
                json!({ "metadata": { "annotations": { "c": "1" } } }),
                json!({ "metadata": { "annotations": { "c": null } } }),
            ] {
                self.ask("PATCH", app, patch).await;
            }
        }
    }

    /// A tested string is compared as it is spelt.
    async fn spellings(&mut self) {
        for app in ["configmaps/app", "widgets/app"] {
            let value =
                json!({ "metadata": { "annotations": { "s": "<&>é\u{2028}\u{7f}\u{1}\t" } } });
            self.ask("PATCH", app, value).await;
            let uri = format!("{}/app", self.collection(app.trim_end_matches("/app")));
            for spelt in [
                "\\u003c\\u0026\\u003eé\\u2028\u{7f}\\u0001\\t",
                "\\u003C\\u0026\\u003eé\\u2028\u{7f}\\u0001\\t",
                "<&>é\\u2028\u{7f}\\u0001\\t",
            ] {
                let body = format!(
                    r#"[{{"op":"test","path":"/metadata/annotations/s","value":"{spelt}"}}]"#
                );
                let json_patch = "application/json-patch+json";
                let answer = send_text(self.client, "PATCH", &uri, json_patch, body).await;
                self.lines.push(format!("{app} as {spelt}: {}", words(&answer)));
            }
            self.ask("PATCH", app, json!({ "metadata": { "annotations": null } })).await;
        }
    }

    async fn puts(&mut self) {
        for app in ["configmaps/app", "leases/app", "widgets/app"] {
            let mut object = self.ask("GET", app, Value::Null).await.json;
            object["metadata"]["annotations"] = json!({ "a": "1" });
            self.ask_masked("PUT", app, object.clone()).await;
            self.ask_masked("PUT", app, object.clone()).await;
        }
        let mut gone = self.ask("GET", "configmaps/app", Value::Null).await.json;
        gone["metadata"]["name"] = json!("gone");
        self.ask_masked("PUT", "configmaps/gone", gone).await;
    }

    /// The same for bodies that no two servers have in common.
    async fn ask_masked(&mut self, method: &str, what: &str, body: Value) {
        let (resource, rest) = what.split_at(what.find('/').unwrap_or(what.len()));
        let uri = format!("{}{rest}", self.collection(resource));
        let answer = send(self.client, method, &uri, &body).await;
        self.lines.push(format!("{method} {what}: {}", words(&answer)));
    }

    async fn patches_of_the_status(&mut self) {
        let both = json!({
            "metadata": { "annotations": { "s": "1" } }, "status": { "used": { "pods": "1" } },
        });
        for status in ["configmaps/app/status", "resourcequotas/app/status", "widgets/app/status"] {
            self.ask("PATCH", status, both.clone()).await;
            self.ask("GET", status.trim_end_matches("/status"), Value::Null).await;
        }
    }

    async fn watches(&mut self) {
        let app = self.ask("GET", "configmaps/app", Value::Null).await.json;
        let version = app["metadata"]["resourceVersion"].as_str().unwrap();
        self.ask("PATCH", "configmaps/app", json!({ "metadata": { "labels": { "l": "1" } } }))
            .await;
        self.ask("DELETE", "configmaps/app", Value::Null).await;
        self.ask("POST", "configmaps", named("v1", "ConfigMap")).await;
        let of_app = "fieldSelector=metadata.name%3Dapp&timeoutSeconds=1";
        self.watch(&format!("{of_app}&resourceVersion={version}"), 4).await;
        self.watch(of_app, 2).await;
        self.watch(&format!("{of_app}&resourceVersion=0"), 2).await;
    }

    async fn watch(&mut self, query: &str, lines: usize) {
        let mut watch = Watch::open(self.client, &self.collection("configmaps"), query).await;
        self.lines.push(format!("watch: {}", watch.code));
        for _ in 0..lines {
            let heard = watch.hear_for(Duration::from_secs(10)).await;
            self.lines.push(format!("watch: {}", heard.words()));
        }
    }
}

fn named(api_version: &str, kind: &str) -> Value {
    json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": "app" } })
}

/// What the library reads of an answer, without what differs from server to server.
fn words(answer: &Answer) -> String {
    let Answer { code, headers, json } = answer;
    let dated = if headers.contains_key("date") { "dated" } else { "undated" };
    if json["kind"] == "Status" {
        let mut details = json["details"].clone();
        // A deleted object's name comes with its UID.
        details.as_object_mut().map(|details| details.remove("uid"));
        return format!("{code} {dated} {} {} {details}", json["reason"], json["message"]);
    }
    let metadata = &json["metadata"];
    let known =
        ["uid", "resourceVersion", "creationTimestamp"].map(|field| metadata[field].is_string());
    format!(
        "{code} {dated} {} {} {} {known:?}",
        json["kind"], metadata["annotations"], json["status"]["used"]
    )
}
