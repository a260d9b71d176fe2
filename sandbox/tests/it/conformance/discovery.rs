//! How clients learn what is served.

use serde_json::{Value, json};

use crate::stage::Stage;

cases![
    a_group_tells_its_versions,
    the_groups_are_listed_with_their_preferred_versions,
    a_version_tells_its_kinds,
    the_core_group_stands_apart,
    a_kind_with_a_status_has_it_as_a_subresource,
    a_custom_kind_is_told_as_any,
    reviews_can_only_be_created,
    everything_is_told_at_once_to_those_who_ask_so,
    a_custom_kind_is_aggregated_with_its_group_and_version,
    older_forms_of_the_aggregate_are_not_given,
    groups_stand_in_the_order_in_which_they_are_preferred,
    what_is_not_served_is_not_told_of,
    other_media_types_are_not_given,
    kubectl_learns_that_the_server_validates,
];

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const CUSTOM: &str = "kubelock-test.example.org";
const ALL: [&str; 8] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const ALL_OF_CUSTOM: [&str; 8] =
    ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

/// The entry of a list whose field says so.
fn entry(list: &Value, field: &str, value: &str) -> Value {
    let entry = list.as_array().unwrap().iter().find(|entry| entry[field] == value);
    let mut entry = entry.unwrap_or_else(|| panic!("no {value} in {list}")).clone();
    // The real server alone tells how it stores them.
    entry.as_object_mut().unwrap().remove("storageVersionHash");
    entry
}

async fn a_group_tells_its_versions(stage: &Stage) {
    let version = json!({ "groupVersion": "coordination.k8s.io/v1", "version": "v1" });
    assert_eq!(
        stage.read("/apis/coordination.k8s.io").await,
        json!({
            "kind": "APIGroup", "apiVersion": "v1", "name": "coordination.k8s.io",
            "versions": [version], "preferredVersion": version,
        })
    );
}

async fn the_groups_are_listed_with_their_preferred_versions(stage: &Stage) {
    let list = stage.read("/apis").await;
    assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("APIGroupList"), &json!("v1")));
    let version = json!({ "groupVersion": "apps/v1", "version": "v1" });
    assert_eq!(
        entry(&list["groups"], "name", "apps"),
        json!({ "name": "apps", "versions": [version], "preferredVersion": version })
    );
    assert!(list["groups"].as_array().unwrap().iter().all(|group| group["name"] != ""));
}

async fn a_version_tells_its_kinds(stage: &Stage) {
    let mut list = stage.read("/apis/coordination.k8s.io/v1").await;
    let leases = entry(&list["resources"], "name", "leases");
    assert_eq!(
        leases,
        json!({
            "name": "leases", "singularName": "lease", "namespaced": true, "kind": "Lease",
            "verbs": ALL,
        })
    );
    list.as_object_mut().unwrap().remove("resources");
    assert_eq!(
        list,
        json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "coordination.k8s.io/v1",
        })
    );
}

async fn the_core_group_stands_apart(stage: &Stage) {
    let mut versions = stage.read("/api").await;
    let reach = versions.as_object_mut().unwrap().remove("serverAddressByClientCIDRs").unwrap();
    assert_eq!(versions, json!({ "kind": "APIVersions", "versions": ["v1"] }));
    assert_eq!(reach[0]["clientCIDR"], "0.0.0.0/0");
    let mut list = stage.read("/api/v1").await;
    assert_eq!(
        entry(&list["resources"], "name", "configmaps"),
        json!({
            "name": "configmaps", "singularName": "configmap", "namespaced": true,
            "kind": "ConfigMap", "verbs": ALL, "shortNames": ["cm"],
        })
    );
    list.as_object_mut().unwrap().remove("resources");
    assert_eq!(list, json!({ "kind": "APIResourceList", "groupVersion": "v1" }));
}

async fn a_kind_with_a_status_has_it_as_a_subresource(stage: &Stage) {
    let resources = stage.read("/apis/apps/v1").await["resources"].take();
    assert_eq!(
        entry(&resources, "name", "deployments/status"),
        json!({
            "name": "deployments/status", "singularName": "", "namespaced": true,
            "kind": "Deployment", "verbs": ["get", "patch", "update"],
        })
    );
    let resources = stage.read("/api/v1").await["resources"].take();
    let has_status = |it: &Value| it["name"] == "configmaps/status";
    assert!(!resources.as_array().unwrap().iter().any(has_status));
    let namespaces = entry(&resources, "name", "namespaces");
    assert!(!namespaces["verbs"].as_array().unwrap().contains(&json!("deletecollection")));
}

async fn a_custom_kind_is_told_as_any(stage: &Stage) {
    let version = json!({ "groupVersion": format!("{CUSTOM}/v1"), "version": "v1" });
    let group = stage.read(&format!("/apis/{CUSTOM}")).await;
    assert_eq!(group["preferredVersion"], version);
    let resources = stage.read(&format!("/apis/{CUSTOM}/v1")).await["resources"].take();
    assert_eq!(
        entry(&resources, "name", "widgets"),
        json!({
            "name": "widgets", "singularName": "widget", "namespaced": true, "kind": "Widget",
            "verbs": ALL_OF_CUSTOM,
        })
    );
    assert_eq!(entry(&resources, "name", "gadgets")["namespaced"], false);
    assert_eq!(
        entry(&resources, "name", "widgets/status")["verbs"],
        json!(["get", "patch", "update"])
    );
}

async fn reviews_can_only_be_created(stage: &Stage) {
    let resources = stage.read("/apis/authorization.k8s.io/v1").await["resources"].take();
    let review = |name: &str, kind: &str, namespaced: bool| {
        json!({
            "name": format!("{name}s"), "singularName": name, "namespaced": namespaced,
            "kind": kind, "verbs": ["create"],
        })
    };
    let expected = json!([
        review("localsubjectaccessreview", "LocalSubjectAccessReview", true),
        review("selfsubjectaccessreview", "SelfSubjectAccessReview", false),
        review("selfsubjectrulesreview", "SelfSubjectRulesReview", false),
        review("subjectaccessreview", "SubjectAccessReview", false),
    ]);
    assert_eq!(resources, expected);
}

async fn aggregated(stage: &Stage, path: &str) -> Value {
    let answer = stage.ask("GET", path).accept(AGGREGATED).send().await;
    assert_eq!(answer.header("content-type"), AGGREGATED);
    let mut list = answer.ok();
    let groups = list["items"].take();
    assert_eq!(
        list,
        json!({
            "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {}, "items": null,
        })
    );
    groups
}

async fn everything_is_told_at_once_to_those_who_ask_so(stage: &Stage) {
    let groups = aggregated(stage, "/apis").await;
    let groups = groups.as_array().unwrap();
    let group = groups.iter().find(|it| it["metadata"]["name"] == "coordination.k8s.io").unwrap();
    let kind = json!({ "group": "", "version": "", "kind": "Lease" });
    assert_eq!(
        *group,
        json!({
            "metadata": { "name": "coordination.k8s.io" },
            "versions": [{
                "version": "v1", "freshness": "Current",
                "resources": [{
                    "resource": "leases", "responseKind": kind, "scope": "Namespaced",
                    "singularResource": "lease", "verbs": ALL,
                }],
            }],
        })
    );
    let core = aggregated(stage, "/api").await;
    assert_eq!(core.as_array().unwrap().len(), 1);
    assert_eq!(core[0]["metadata"], json!({}));
    let resources = &core[0]["versions"][0]["resources"];
    let namespaces = entry(resources, "resource", "namespaces");
    assert_eq!(
        (&namespaces["scope"], &namespaces["shortNames"]),
        (&json!("Cluster"), &json!(["ns"]))
    );
}

async fn a_custom_kind_is_aggregated_with_its_group_and_version(stage: &Stage) {
    let groups = aggregated(stage, "/apis").await;
    let groups = groups.as_array().unwrap();
    let group = groups.iter().find(|it| it["metadata"]["name"] == CUSTOM).unwrap();
    let kind = json!({ "group": CUSTOM, "version": "v1", "kind": "Widget" });
    assert_eq!(
        entry(&group["versions"][0]["resources"], "resource", "widgets"),
        json!({
            "resource": "widgets", "responseKind": kind, "scope": "Namespaced",
            "singularResource": "widget", "verbs": ALL_OF_CUSTOM,
            "subresources": [{
                "subresource": "status", "responseKind": kind, "verbs": ["get", "patch", "update"],
            }],
        })
    );
}

async fn older_forms_of_the_aggregate_are_not_given(stage: &Stage) {
    let beta = AGGREGATED.replace("v=v2", "v=v2beta1");
    let answer = stage.ask("GET", "/apis").accept(&beta).send().await;
    assert_eq!((answer.code, &answer.json["reason"]), (406, &json!("NotAcceptable")));
    let both = format!("{beta},application/json");
    assert_eq!(stage.ask("GET", "/apis").accept(&both).send().await.ok()["kind"], "APIGroupList");
    let new = format!("{AGGREGATED},{beta},application/json");
    let answer = stage.ask("GET", "/apis").accept(&new).send().await.ok();
    assert_eq!(answer["kind"], "APIGroupDiscoveryList");
}

async fn groups_stand_in_the_order_in_which_they_are_preferred(stage: &Stage) {
    let told = stage.read("/apis").await["groups"].take();
    let told: Vec<&str> =
        told.as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
    let order = [
        "apps",
        "events.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "networking.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "storage.k8s.io",
        "apiextensions.k8s.io",
        "scheduling.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        CUSTOM,
    ];
    let of_these: Vec<&str> = told.into_iter().filter(|group| order.contains(group)).collect();
    assert_eq!(of_these, order);
}

async fn what_is_not_served_is_not_told_of(stage: &Stage) {
    for path in ["/apis/nothing.example.org", "/apis/nothing.example.org/v1", "/openapi"] {
        let answer = stage.get(path).await;
        assert_eq!((answer.code, answer.text().as_str()), (404, "404 page not found\n"), "{path}");
    }
    let message = "the server could not find the requested resource";
    stage.get("/apis/apps/v7").await.refused(404, "NotFound", message, json!({}));
}

async fn other_media_types_are_not_given(stage: &Stage) {
    for path in ["/apis", "/apis/apps", "/apis/apps/v1"] {
        let answer = stage.ask("GET", path).accept("text/html").send().await;
        assert_eq!((answer.code, &answer.json["reason"]), (406, &json!("NotAcceptable")), "{path}");
    }
}

async fn kubectl_learns_that_the_server_validates(stage: &Stage) {
    let paths = stage.read("/openapi/v3").await["paths"].take();
    for (version, path) in [
        ("api/v1", "/api/v1/namespaces/{namespace}/configmaps/{name}"),
        ("apis/apps/v1", "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"),
        ("api/v1", "/api/v1/namespaces/{name}"),
    ] {
        let url = paths[version]["serverRelativeURL"].as_str().unwrap();
        let document = stage.read(url).await;
        let patch = &document["paths"][path]["patch"];
        let parameters = patch["parameters"].as_array().unwrap();
        let knows =
            parameters.iter().any(|it| it["name"] == "fieldValidation" && it["in"] == "query");
        assert!(knows, "{path}: {patch}");
        assert!(patch["x-kubernetes-group-version-kind"]["kind"].is_string());
    }
}
