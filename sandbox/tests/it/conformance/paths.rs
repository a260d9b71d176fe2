//! Paths and methods that are served, and those that are not.

use serde_json::{Value, json};

use crate::stage::Stage;

cases![over_https:
    resources_that_are_not_served_are_not_found,
    groups_that_are_not_served_have_no_page,
    objects_of_a_namespace_are_not_at_the_clusters_paths,
    objects_of_the_cluster_are_not_in_a_namespace,
    other_methods_are_not_allowed,
    an_escaped_slash_separates_as_any,
    a_name_that_cannot_be_is_not_found,
    dots_are_no_name,
    a_slash_at_the_end_changes_nothing,
    unknown_parameters_are_ignored,
    a_timeout_must_be_a_duration,
    a_field_manager_has_at_most_128_bytes,
    options_are_checked,
    the_server_says_that_it_is_well,
    the_server_says_its_version,
];

const NOT_FOUND: &str = "the server could not find the requested resource";
const NOT_ALLOWED: &str = "the server does not allow this method on the requested resource";

async fn has_no_resource(stage: &Stage, path: &str) {
    stage.get(path).await.refused(404, "NotFound", NOT_FOUND, json!({}));
}

async fn has_no_page(stage: &Stage, path: &str) {
    let answer = stage.get(path).await;
    assert_eq!((answer.code, answer.text().as_str()), (404, "404 page not found\n"), "{path}");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
}

async fn resources_that_are_not_served_are_not_found(stage: &Stage) {
    for path in [
        "/api/v1/nothings",
        "/api/v1/namespaces/default/nothings",
        "/api/v1/namespaces/default/nothings/app",
        "/api/v2/namespaces",
        "/apis/apps/v2/deployments",
        "/apis/apps/v1/namespaces/default/configmaps",
    ] {
        has_no_resource(stage, path).await;
    }
}

async fn groups_that_are_not_served_have_no_page(stage: &Stage) {
    for path in [
        "/nothing",
        "/apis/nothing.example.org",
        "/apis/nothing.example.org/v1/namespaces/default/nothings",
        "/apis/kubelock-test.example.org/v1/nothings",
        "/apis/kubelock-test.example.org/v2/widgets",
    ] {
        has_no_page(stage, path).await;
    }
}

async fn objects_of_a_namespace_are_not_at_the_clusters_paths(stage: &Stage) {
    has_no_resource(stage, "/api/v1/configmaps/app").await;
    has_no_page(stage, "/apis/kubelock-test.example.org/v1/widgets/app").await;
}

async fn objects_of_the_cluster_are_not_in_a_namespace(stage: &Stage) {
    has_no_resource(stage, "/api/v1/namespaces/default/nodes").await;
    has_no_resource(stage, "/api/v1/namespaces/default/namespaces/default").await;
    has_no_page(stage, "/apis/kubelock-test.example.org/v1/namespaces/default/gadgets").await;
}

async fn other_methods_are_not_allowed(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    for (method, what) in [
        ("OPTIONS", "configmaps/app"),
        ("TRACE", "configmaps/app"),
        ("MOVE", "configmaps/app"),
        ("POST", "configmaps/app"),
        ("PATCH", "configmaps"),
        ("PUT", "configmaps"),
        ("DELETE", "/api"),
        ("POST", "/version"),
    ] {
        let answer = stage.ask(method, what).send().await;
        answer.refused(405, "MethodNotAllowed", NOT_ALLOWED, json!({}));
    }
    assert_eq!(stage.ask("HEAD", "configmaps/app").send().await.code, 405);
}

async fn an_escaped_slash_separates_as_any(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    has_no_resource(stage, "configmaps/app%2Fstatus").await;
    stage.read("configmaps/a%70p").await;
}

async fn a_name_that_cannot_be_is_not_found(stage: &Stage) {
    for name in ["App", "a_b", "a:b"] {
        stage.get(&format!("configmaps/{name}")).await.not_found("configmaps", name);
    }
}

async fn dots_are_no_name(stage: &Stage) {
    for (name, what) in [("%2E%2E", ".."), ("%2E", ".")] {
        let answer = stage.get(&format!("configmaps/{name}")).await;
        let message = format!("Name parameter invalid: \"{what}\": may not be '{what}'");
        answer.refused(400, "BadRequest", &message, Value::Null);
    }
}

async fn a_slash_at_the_end_changes_nothing(stage: &Stage) {
    let app = stage.create_named("configmaps/app").await;
    assert_eq!(stage.read("configmaps/app/").await, app);
    assert_eq!(stage.read("configmaps/").await["kind"], "ConfigMapList");
}

async fn unknown_parameters_are_ignored(stage: &Stage) {
    let app = stage.create_named("configmaps/app").await;
    assert_eq!(stage.read("configmaps/app?whatever=1").await, app);
    assert_eq!(stage.json_patch("configmaps/app?whatever=1", &json!([])).await.ok(), app);
}

async fn a_timeout_must_be_a_duration(stage: &Stage) {
    let app = stage.create_named("configmaps/app").await;
    assert_eq!(stage.read("configmaps/app?timeout=10s").await, app);
    let message = "invalid timeout specified in the request URL - time: invalid duration \"x\"";
    let answer = stage.get("configmaps/app?timeout=x").await;
    answer.refused(400, "BadRequest", message, Value::Null);
}

async fn a_field_manager_has_at_most_128_bytes(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    let path = |length| format!("configmaps/app?fieldManager={}", "x".repeat(length));
    stage.json_patch(&path(128), &json!([])).await.ok();
    let message = "Too long: may not be more than 128 bytes";
    let cause = ["fieldManager", "FieldValueTooLong", message];
    let answer = stage.json_patch(&path(129), &json!([])).await;
    answer.invalid("PatchOptions.meta.k8s.io", "", &[cause]);
}

async fn options_are_checked(stage: &Stage) {
    let app = stage.create_named("configmaps/app").await;
    let unsupported = "FieldValueNotSupported";
    for (query, cause) in [
        (
            "dryRun=Some",
            ["dryRun", unsupported, "Unsupported value: [\"Some\"]: supported values: \"All\""],
        ),
        (
            "fieldValidation=Some",
            [
                "fieldValidation",
                unsupported,
                "Unsupported value: \"Some\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
            ],
        ),
        (
            "force=true",
            ["force", "FieldValueForbidden", "Forbidden: may not be specified for non-apply patch"],
        ),
    ] {
        let answer = stage.json_patch(&format!("configmaps/app?{query}"), &json!([])).await;
        answer.invalid("PatchOptions.meta.k8s.io", "", &[cause]);
    }
    let answer = stage.put("configmaps/app?dryRun=Some", &app).await;
    let message = "Unsupported value: [\"Some\"]: supported values: \"All\"";
    answer.invalid("UpdateOptions.meta.k8s.io", "", &[["dryRun", unsupported, message]]);
    let answer = stage.post("configmaps?dryRun=Some", &app).await;
    answer.invalid("CreateOptions.meta.k8s.io", "", &[["dryRun", unsupported, message]]);
    let answer = stage.delete("configmaps/app?dryRun=Some").await;
    answer.invalid("DeleteOptions.meta.k8s.io", "", &[["dryRun", unsupported, message]]);
}

async fn the_server_says_that_it_is_well(stage: &Stage) {
    for path in ["/healthz", "/livez", "/readyz"] {
        let answer = stage.get(path).await;
        assert_eq!((answer.code, answer.text().as_str()), (200, "ok"));
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    }
}

async fn the_server_says_its_version(stage: &Stage) {
    let version = stage.read("/version").await;
    assert_eq!(version["major"], "1");
    let git_version = version["gitVersion"].as_str().unwrap();
    let minor = version["minor"].as_str().unwrap();
    assert!(git_version.starts_with(&format!("v1.{minor}.")), "{git_version}");
}
