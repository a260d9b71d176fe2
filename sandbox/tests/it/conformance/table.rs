//! Objects as `kubectl get` prints them.

use serde_json::{Value, json};

use crate::stage::{Answer, Heard, Stage};

cases![
    a_config_map_is_told_with_how_much_it_holds,
    a_secret_is_told_without_what_it_holds,
    a_lease_is_told_with_its_holder,
    a_namespace_is_told_with_its_phase,
    a_service_account_is_told_with_its_age,
    a_deployment_is_told_with_how_many_are_ready,
    a_pod_that_runs_is_told_as_running,
    a_pod_that_fails_is_told_with_why,
    a_node_is_told_with_its_condition_and_roles,
    a_binding_is_told_with_its_role_and_subjects,
    a_role_is_told_with_its_time,
    a_custom_object_is_told_with_its_age,
    a_definition_tells_the_columns_of_its_kind,
    a_list_is_a_table_with_the_lists_metadata,
    a_row_carries_as_much_of_its_object_as_is_wanted,
    nothing_else_may_be_included,
    a_watch_tells_the_columns_once,
    a_creation_is_answered_with_a_table,
    refusals_and_deletions_are_no_tables,
    the_first_form_of_several_that_can_be_given_is,
];

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

async fn table(stage: &Stage, what: &str) -> Value {
    asked(stage, what).await.ok()
}

async fn asked(stage: &Stage, what: &str) -> Answer {
    stage.ask("GET", what).accept(TABLE).send().await
}

/// `Name` is shown always, `Node*` with `-o wide`; a type that is no string stands behind a colon.
fn columns(table: &Value) -> Vec<String> {
    let column = |column: &Value| {
        let wide = if column["priority"] == 1 { "*" } else { "" };
        let name = column["name"].as_str().unwrap();
        match column["type"].as_str().unwrap() {
            "string" => format!("{name}{wide}"),
            other => format!("{name}{wide}:{other}"),
        }
    };
    table["columnDefinitions"].as_array().unwrap().iter().map(column).collect()
}

/// The cells of the only row, without what time does to them.
fn cells(table: &Value) -> Value {
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{table}");
    let cell = |cell: &Value| match cell.as_str() {
        Some(text) if is_age(text) => json!("AGE"),
        Some(text) if text.starts_with("20") && text.ends_with('Z') => json!("TIME"),
        _ => cell.clone(),
    };
    rows[0]["cells"].as_array().unwrap().iter().map(cell).collect()
}

fn is_age(text: &str) -> bool {
    text.strip_suffix('s').is_some_and(|seconds| seconds.parse::<u32>().is_ok())
}

async fn is_told(stage: &Stage, what: &str, told: &[&str], row: Value) {
    let table = table(stage, what).await;
    assert_eq!(columns(&table), told, "{what}");
    assert_eq!(cells(&table), row, "{what}");
    let name =
        table["columnDefinitions"].as_array().unwrap().iter().find(|it| it["name"] == "Name");
    assert_eq!(name.unwrap()["format"], "name");
}

async fn a_config_map_is_told_with_how_much_it_holds(stage: &Stage) {
    let data = json!({ "metadata": { "name": "app" }, "data": { "a": "1", "b": "" }, "binaryData": { "c": "YQ==" } });
    stage.create("configmaps", data).await;
    is_told(stage, "configmaps/app", &["Name", "Data", "Age"], json!(["app", 3, "AGE"])).await;
}

async fn a_secret_is_told_without_what_it_holds(stage: &Stage) {
    let secret =
        json!({ "metadata": { "name": "app" }, "type": "Opaque", "data": { "a": "YQ==" } });
    stage.create("secrets", secret).await;
    let columns = ["Name", "Type", "Data", "Age"];
    is_told(stage, "secrets/app", &columns, json!(["app", "Opaque", 1, "AGE"])).await;
}

async fn a_lease_is_told_with_its_holder(stage: &Stage) {
    stage.create_named("leases/free").await;
    let spec = json!({ "holderIdentity": "me" });
    stage.create("leases", json!({ "metadata": { "name": "held" }, "spec": spec })).await;
    let columns = ["Name", "Holder", "Age"];
    is_told(stage, "leases/free", &columns, json!(["free", "", "AGE"])).await;
    is_told(stage, "leases/held", &columns, json!(["held", "me", "AGE"])).await;
}

async fn a_namespace_is_told_with_its_phase(stage: &Stage) {
    let what = format!("namespaces/{}", stage.namespace());
    let row = json!([stage.namespace(), "Active", "AGE"]);
    is_told(stage, &what, &["Name", "Status", "Age"], row).await;
}

async fn a_service_account_is_told_with_its_age(stage: &Stage) {
    stage.create_named("serviceaccounts/app").await;
    is_told(stage, "serviceaccounts/app", &["Name", "Age"], json!(["app", "AGE"])).await;
}

async fn a_deployment_is_told_with_how_many_are_ready(stage: &Stage) {
    stage.create_named("deployments/app").await;
    let columns =
        ["Name", "Ready", "Up-to-date", "Available", "Age", "Containers*", "Images*", "Selector*"];
    let row = json!(["app", "0/1", 0, 0, "AGE", "app", "app", "app=app"]);
    is_told(stage, "deployments/app", &columns, row).await;
    let status =
        json!({ "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1 });
    stage.merge_patch("deployments/app/status", &json!({ "status": status })).await.ok();
    let row = json!(["app", "1/1", 1, 1, "AGE", "app", "app", "app=app"]);
    is_told(stage, "deployments/app", &columns, row).await;
}

const POD: [&str; 9] = [
    "Name",
    "Ready",
    "Status",
    "Restarts",
    "Age",
    "IP*",
    "Node*",
    "Nominated Node*",
    "Readiness Gates*",
];

/// A pod with one container, in this state.
async fn pod(stage: &Stage, phase: &str, is_ready: bool, restarts: u32, state: Value) {
    let spec = json!({ "containers": [{ "name": "c", "image": "i" }] });
    stage.create("pods", json!({ "metadata": { "name": "app" }, "spec": spec })).await;
    let container = json!({
        "name": "c", "image": "i", "imageID": "i", "ready": is_ready, "restartCount": restarts,
        "state": state,
    });
    let status = json!({
        "phase": phase, "podIP": "10.1.2.3", "podIPs": [{ "ip": "10.1.2.3" }],
        "containerStatuses": [container],
    });
    stage.merge_patch("pods/app/status", &json!({ "status": status })).await.ok();
}

async fn a_pod_that_runs_is_told_as_running(stage: &Stage) {
    pod(stage, "Running", true, 0, json!({ "running": {} })).await;
    let row =
        json!(["app", "1/1", "Running", "0", "AGE", "10.1.2.3", "<none>", "<none>", "<none>"]);
    is_told(stage, "pods/app", &POD, row).await;
}

async fn a_pod_that_fails_is_told_with_why(stage: &Stage) {
    let waiting = json!({ "waiting": { "reason": "CrashLoopBackOff" } });
    pod(stage, "Running", false, 3, waiting).await;
    let row = json!([
        "app",
        "0/1",
        "CrashLoopBackOff",
        "3",
        "AGE",
        "10.1.2.3",
        "<none>",
        "<none>",
        "<none>",
    ]);
    is_told(stage, "pods/app", &POD, row).await;
}

async fn a_node_is_told_with_its_condition_and_roles(stage: &Stage) {
    let labels = json!({ "node-role.kubernetes.io/worker": "" });
    let name = stage.namespace();
    stage.create("nodes", json!({ "metadata": { "name": name, "labels": labels } })).await;
    let status = json!({
        "conditions": [{ "type": "Ready", "status": "True" }],
        "addresses": [{ "type": "InternalIP", "address": "10.1.2.3" }],
        "nodeInfo": {
            "kubeletVersion": "v1.37.0", "osImage": "Linux", "kernelVersion": "7.0",
            "containerRuntimeVersion": "containerd://3", "architecture": "", "bootID": "",
            "kubeProxyVersion": "", "machineID": "", "operatingSystem": "", "systemUUID": "",
        },
    });
    stage.merge_patch(&format!("nodes/{name}/status"), &json!({ "status": status })).await.ok();
    let columns = [
        "Name",
        "Status",
        "Roles",
        "Age",
        "Version",
        "Internal-IP*",
        "External-IP*",
        "OS-Image*",
        "Kernel-Version*",
        "Container-Runtime*",
    ];
    let row = json!([
        name,
        "Ready",
        "worker",
        "AGE",
        "v1.37.0",
        "10.1.2.3",
        "<none>",
        "Linux",
        "7.0",
        "containerd://3",
    ]);
    is_told(stage, &format!("nodes/{name}"), &columns, row).await;
    stage.delete(&format!("nodes/{name}")).await.ok();
}

async fn a_binding_is_told_with_its_role_and_subjects(stage: &Stage) {
    let group = "rbac.authorization.k8s.io";
    let binding = json!({
        "metadata": { "name": "app" },
        "roleRef": { "apiGroup": group, "kind": "Role", "name": "reader" },
        "subjects": [
            { "apiGroup": group, "kind": "User", "name": "alice" },
            { "apiGroup": group, "kind": "User", "name": "bob" },
            { "apiGroup": group, "kind": "Group", "name": "team" },
            { "kind": "ServiceAccount", "name": "robot", "namespace": "ci" },
        ],
    });
    stage.create("rolebindings", binding).await;
    let columns = ["Name", "Role", "Age", "Users*", "Groups*", "ServiceAccounts*"];
    let row = json!(["app", "Role/reader", "AGE", "alice, bob", "team", "ci/robot"]);
    is_told(stage, "rolebindings/app", &columns, row).await;
}

async fn a_role_is_told_with_its_time(stage: &Stage) {
    stage.create("roles", json!({ "metadata": { "name": "app" }, "rules": [] })).await;
    is_told(stage, "roles/app", &["Name", "Created At:date"], json!(["app", "TIME"])).await;
}

async fn a_custom_object_is_told_with_its_age(stage: &Stage) {
    stage.create_named("widgets/app").await;
    is_told(stage, "widgets/app", &["Name", "Age:date"], json!(["app", "AGE"])).await;
}

async fn a_definition_tells_the_columns_of_its_kind(stage: &Stage) {
    let columns = json!([
        { "name": "Size", "type": "integer", "jsonPath": ".spec.size", "description": "how big" },
        { "name": "Note", "type": "string", "jsonPath": ".spec.note", "priority": 1 },
        { "name": "List", "type": "string", "jsonPath": ".spec.list[1]" },
        { "name": "Ready", "type": "string",
          "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status" },
        { "name": "Wrong", "type": "integer", "jsonPath": ".spec.note" },
    ]);
    let version = json!({ "name": "v1", "storage": true, "additionalPrinterColumns": columns });
    let kind = stage.define("columns.example.org", vec![version]).await;
    let path = kind.path("v1");
    let mut object = kind.object("v1", "app");
    object["spec"] = json!({ "size": 3, "note": "n", "list": ["a", "b"] });
    object["status"] = json!({ "conditions": [
        { "type": "Other", "status": "False" }, { "type": "Ready", "status": "True" },
    ] });
    stage.post(&path, &object).await.created();
    let table = table(stage, &format!("{path}/app")).await;
    assert_eq!(
        self::columns(&table),
        ["Name", "Size:integer", "Note*", "List", "Ready", "Wrong:integer"]
    );
    assert_eq!(cells(&table), json!(["app", 3, "n", "b", "True", null]));
    assert_eq!(table["columnDefinitions"][1]["description"], "how big");
    assert_eq!(
        table["columnDefinitions"][2]["description"],
        "Custom resource definition column (in JSONPath format): .spec.note"
    );
}

async fn a_list_is_a_table_with_the_lists_metadata(stage: &Stage) {
    for name in ["a", "b", "c"] {
        stage.create_named(&format!("leases/{name}")).await;
    }
    let table = table(stage, "leases?limit=2").await;
    assert_eq!((&table["kind"], &table["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1")));
    assert_eq!(table["rows"].as_array().unwrap().len(), 2);
    assert_eq!(table["rows"][1]["cells"][0], "b");
    assert_eq!(table["metadata"]["remainingItemCount"], 1);
    assert!(
        table["metadata"]["continue"].is_string()
            && table["metadata"]["resourceVersion"].is_string()
    );
    let none = asked(stage, "configmaps?labelSelector=no%3Dbody").await.ok();
    assert_eq!((&none["rows"], columns(&none).len()), (&json!([]), 3));
}

async fn a_row_carries_as_much_of_its_object_as_is_wanted(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let object = stage.read("configmaps/app").await;
    let row = async |query: &str| {
        table(stage, &format!("configmaps/app{query}")).await["rows"][0]["object"].take()
    };
    for query in ["", "?includeObject=Metadata"] {
        let mut metadata = row(query).await;
        metadata["metadata"].as_object_mut().unwrap().remove("managedFields");
        let mut expected = object["metadata"].clone();
        expected.as_object_mut().unwrap().remove("managedFields");
        assert_eq!(
            metadata,
            json!({
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": expected,
            })
        );
    }
    assert_eq!(row("?includeObject=None").await, Value::Null);
    assert_eq!(row("?includeObject=Object").await, object);
}

async fn nothing_else_may_be_included(stage: &Stage) {
    let message = "Unable to convert to Table as requested: includeObject: Invalid value: \"All\": \
                   must be 'Metadata', 'Object', 'None', or empty";
    let answer = asked(stage, "configmaps?includeObject=All").await;
    answer.refused(400, "BadRequest", message, Value::Null);
}

async fn a_watch_tells_the_columns_once(stage: &Stage) {
    stage.create_named("leases/a").await;
    let mut watch = stage.watch_as("leases", TABLE).await;
    let first = watch.object("ADDED").await;
    assert_eq!((first["kind"].as_str(), columns(&first).len()), (Some("Table"), 3));
    stage.create_named("leases/b").await;
    let second = watch.object("ADDED").await;
    assert_eq!(
        (&second["columnDefinitions"], cells(&second)),
        (&Value::Null, json!(["b", "", "AGE"]))
    );
    let metadata = &second["rows"][0]["object"]["metadata"];
    assert_eq!(second["metadata"], json!({ "resourceVersion": metadata["resourceVersion"] }));
    stage.delete("leases/b").await.ok();
    let Heard::Event(deleted) = watch.next().await else { panic!("no event") };
    assert_eq!(
        (&deleted["type"], &deleted["object"]["kind"]),
        (&json!("DELETED"), &json!("Table"))
    );
}

async fn a_creation_is_answered_with_a_table(stage: &Stage) {
    let object = crate::stage::object("configmaps", json!({ "metadata": { "name": "app" } }));
    let answer = stage.ask("POST", "configmaps").json(&object).accept(TABLE).send().await.created();
    assert_eq!(cells(&answer), json!(["app", 0, "AGE"]));
    let patch = stage.ask("PATCH", "configmaps/app").json_patch("[]").accept(TABLE).send().await;
    assert_eq!(cells(&patch.ok()), json!(["app", 0, "AGE"]));
}

async fn refusals_and_deletions_are_no_tables(stage: &Stage) {
    asked(stage, "configmaps/app").await.not_found("configmaps", "app");
    stage.create_named("configmaps/app").await;
    let deleted = stage.ask("DELETE", "configmaps/app").accept(TABLE).send().await.ok();
    assert_eq!(deleted["kind"], "Status");
}

async fn the_first_form_of_several_that_can_be_given_is(stage: &Stage) {
    let beta = TABLE.replace("v=v1", "v=v1beta1");
    let kind = async |accept: &str| {
        let answer = stage.ask("GET", "configmaps").accept(accept).send().await.ok();
        (answer["kind"].clone(), answer["apiVersion"].clone())
    };
    let as_kubectl = format!("{TABLE},{beta},application/json");
    assert_eq!(kind(&as_kubectl).await, (json!("Table"), json!("meta.k8s.io/v1")));
    assert_eq!(kind(&beta).await, (json!("Table"), json!("meta.k8s.io/v1beta1")));
    let unknown = TABLE.replace("v=v1", "v=v2");
    let list = kind(&format!("{unknown},application/json")).await;
    assert_eq!(list, (json!("ConfigMapList"), json!("v1")));
    assert_eq!(stage.ask("GET", "configmaps").accept(&unknown).send().await.code, 406);
}
