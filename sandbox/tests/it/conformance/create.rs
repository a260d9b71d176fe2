//! POST on a collection.

use serde_json::{Value, json};

use crate::stage::{Stage, object};

cases![
    a_new_object_has_a_version_a_uid_and_a_time,
    an_object_that_exists_is_not_created_again,
    an_object_in_deletion_is_not_created_again_and_the_message_says_so,
    what_only_the_server_says_is_not_taken_from_a_new_object,
    a_generated_name_begins_as_it_was_asked,
    an_object_needs_a_name,
    a_version_is_nothing_to_create_with,
    the_namespace_must_be_the_one_of_the_path,
    a_namespace_that_is_not_there_is_not_found,
    a_namespace_in_deletion_takes_nothing_new,
    a_namespace_is_labelled_with_its_name,
    nothing_is_created_at_an_objects_own_path,
    a_body_may_leave_out_its_kind_for_built_in_kinds_alone,
    a_kind_of_another_collection_is_refused,
    a_body_that_is_no_json_is_a_bad_request,
    a_body_of_another_media_type_is_refused,
    a_body_may_be_yaml,
    values_of_another_type_are_a_bad_request,
    a_status_is_not_taken_from_a_new_custom_object,
    a_lease_is_created_by_put_too,
    a_leases_times_are_in_microseconds,
    a_leases_duration_is_positive,
    a_dry_run_creates_nothing_and_has_no_version,
];

fn named(name: &str) -> Value {
    json!({ "metadata": { "name": name } })
}

async fn a_new_object_has_a_version_a_uid_and_a_time(stage: &Stage) {
    for (resource, spec) in
        [("configmaps", Value::Null), ("leases", json!({})), ("widgets", Value::Null)]
    {
        let created = stage.create(resource, named("app")).await;
        let sent = object(resource, named("app"));
        assert_eq!(created["apiVersion"], sent["apiVersion"]);
        assert_eq!(created["kind"], sent["kind"]);
        assert_eq!(created["spec"], spec);
        let metadata = &created["metadata"];
        assert_eq!(metadata["name"], "app");
        assert_eq!(metadata["namespace"], stage.namespace());
        assert_eq!(metadata["uid"].as_str().unwrap().len(), 36);
        assert!(metadata["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap() > 0);
        assert!(metadata["creationTimestamp"].as_str().unwrap().ends_with('Z'));
        assert_eq!(stage.read(&format!("{resource}/app")).await, created);
    }
}

async fn an_object_that_exists_is_not_created_again(stage: &Stage) {
    stage.create_named("configmaps/app").await;
    stage.post("configmaps", &object("configmaps", named("app"))).await.refused(
        409,
        "AlreadyExists",
        "configmaps \"app\" already exists",
        json!({ "name": "app", "kind": "configmaps" }),
    );
    stage.create_named("leases/app").await;
    stage.post("leases", &object("leases", named("app"))).await.refused(
        409,
        "AlreadyExists",
        "leases.coordination.k8s.io \"app\" already exists",
        json!({ "name": "app", "group": "coordination.k8s.io", "kind": "leases" }),
    );
}

async fn an_object_in_deletion_is_not_created_again_and_the_message_says_so(stage: &Stage) {
    let kept = json!({ "metadata": { "name": "app", "finalizers": ["example.org/kept"] } });
    stage.create("configmaps", kept).await;
    stage.delete("configmaps/app").await.ok();
    stage.post("configmaps", &object("configmaps", named("app"))).await.refused(
        409,
        "AlreadyExists",
        "object is being deleted: configmaps \"app\" already exists",
        json!({ "name": "app", "kind": "configmaps" }),
    );
}

async fn what_only_the_server_says_is_not_taken_from_a_new_object(stage: &Stage) {
    let metadata = json!({
        "name": "app",
        "uid": "mine",
        "creationTimestamp": "2001-01-01T00:00:00Z",
        "deletionTimestamp": "2001-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": 7,
        "selfLink": "/mine",
    });
    let created = stage.create("configmaps", json!({ "metadata": metadata })).await;
    let metadata = &created["metadata"];
    assert_ne!(metadata["uid"], "mine");
    assert_ne!(metadata["creationTimestamp"], "2001-01-01T00:00:00Z");
    for absent in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        assert_eq!(metadata[absent], Value::Null, "{absent}");
    }
}

async fn a_generated_name_begins_as_it_was_asked(stage: &Stage) {
    let generated = json!({ "metadata": { "generateName": "app-" } });
    let first = stage.create("configmaps", generated.clone()).await;
    let second = stage.create("configmaps", generated).await;
    let name = first["metadata"]["name"].as_str().unwrap();
    let suffix = name.strip_prefix("app-").unwrap();
    assert_eq!(suffix.len(), 5);
    assert!(suffix.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte)), "{name}");
    assert_ne!(second["metadata"]["name"], name);
    assert_eq!(first["metadata"]["generateName"], "app-");
}

async fn an_object_needs_a_name(stage: &Stage) {
    let required = "Required value: name or generateName is required";
    for body in [object("configmaps", json!({ "metadata": {} })), json!({})] {
        let answer = stage.post("configmaps", &body).await;
        answer.invalid("ConfigMap", "", &[["metadata.name", "FieldValueRequired", required]]);
    }
}

async fn a_version_is_nothing_to_create_with(stage: &Stage) {
    let versioned = json!({ "metadata": { "name": "app", "resourceVersion": "1" } });
    let answer = stage.post("configmaps", &object("configmaps", versioned)).await;
    let message = "resourceVersion should not be set on objects to be created";
    answer.refused(500, "", message, Value::Null);
}

async fn the_namespace_must_be_the_one_of_the_path(stage: &Stage) {
    let elsewhere = json!({ "metadata": { "name": "app", "namespace": "elsewhere" } });
    let answer = stage.post("configmaps", &object("configmaps", elsewhere)).await;
    let message =
        "the namespace of the provided object does not match the namespace sent on the request";
    answer.refused(400, "BadRequest", message, Value::Null);
}

async fn a_namespace_that_is_not_there_is_not_found(stage: &Stage) {
    let path = "/api/v1/namespaces/is-not-there/configmaps";
    let answer = stage.post(path, &object("configmaps", named("app"))).await;
    answer.not_found("namespaces", "is-not-there");
}

async fn a_namespace_in_deletion_takes_nothing_new(stage: &Stage) {
    let namespace = stage.namespace();
    let path = format!("namespaces/{namespace}");
    let deleted = stage.delete(&path).await.ok();
    assert_eq!(deleted["status"], json!({ "phase": "Terminating" }));
    assert!(deleted["metadata"]["deletionTimestamp"].is_string());
    stage.post("configmaps", &object("configmaps", named("app"))).await.refused(
        403,
        "Forbidden",
        &format!(
            "configmaps \"app\" is forbidden: unable to create new content in namespace \
             {namespace} because it is being terminated"
        ),
        json!({
            "name": "app",
            "kind": "configmaps",
            "causes": [{
                "reason": "NamespaceTerminating",
                "message": format!("namespace {namespace} is being terminated"),
                "field": "metadata.namespace",
            }],
        }),
    );
}

async fn a_namespace_is_labelled_with_its_name(stage: &Stage) {
    let namespace = stage.read(&format!("namespaces/{}", stage.namespace())).await;
    let labels = &namespace["metadata"]["labels"];
    assert_eq!(labels["kubernetes.io/metadata.name"], stage.namespace());
    assert_eq!(namespace["spec"], json!({ "finalizers": ["kubernetes"] }));
    assert_eq!(namespace["status"], json!({ "phase": "Active" }));
}

async fn nothing_is_created_at_an_objects_own_path(stage: &Stage) {
    let answer = stage.post("configmaps/app", &object("configmaps", named("app"))).await;
    let message = "the server does not allow this method on the requested resource";
    answer.refused(405, "MethodNotAllowed", message, json!({}));
}

async fn a_body_may_leave_out_its_kind_for_built_in_kinds_alone(stage: &Stage) {
    stage.post("configmaps", &named("app")).await.created();
    stage.post("leases", &named("app")).await.created();
    stage.post("widgets", &named("app")).await.refused(
        400,
        "BadRequest",
        "the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing in \
         '{\"metadata\":{\"name\":\"app\"}}' ({\"metadata\":{\"name\":\"app\"}})",
        Value::Null,
    );
}

async fn a_kind_of_another_collection_is_refused(stage: &Stage) {
    stage.post("configmaps", &object("secrets", named("app"))).await.refused(
        400,
        "BadRequest",
        "Secret in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Secret) to \
         (core.ConfigMap): unknown conversion",
        Value::Null,
    );
    let answer = stage.post("widgets", &object("gadgets", named("app"))).await;
    answer.invalid(
        "Gadget.kubelock-test.example.org",
        "app",
        &[["kind", "FieldValueInvalid", "Invalid value: \"Gadget\": must be Widget"]],
    );
}

async fn a_body_that_is_no_json_is_a_bad_request(stage: &Stage) {
    let unrecognized = "the object provided is unrecognized (must be of type ConfigMap): \
                        couldn't get version/kind; json parse error:";
    let no_struct = "Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; \
                     Kind string \"json:\\\"kind,omitempty\\\"\" }";
    for (body, why) in [
        ("", "unexpected end of JSON input (<empty>)".into()),
        ("{", "unexpected end of JSON input ({)".into()),
        ("[]", format!("json: cannot unmarshal array into {no_struct} (5b5d)")),
        ("\"x\"", format!("json: cannot unmarshal string into {no_struct} (227822)")),
    ] {
        let question = stage.ask("POST", "configmaps").content_type("application/json");
        let answer = question.body(body.as_bytes()).send().await;
        answer.refused(400, "BadRequest", &format!("{unrecognized} {why}"), Value::Null);
    }
}

async fn a_body_of_another_media_type_is_refused(stage: &Stage) {
    for media_type in ["text/plain", "application/json-patch+json"] {
        let question = stage.ask("POST", "configmaps").json(&named("app"));
        let answer = question.content_type(media_type).send().await;
        let message = "the body of the request was in an unknown format - accepted media types \
                       include: application/json, application/yaml, \
                       application/vnd.kubernetes.protobuf";
        answer.refused(415, "UnsupportedMediaType", message, Value::Null);
    }
    // Without any, it is JSON.
    let body = object("configmaps", named("app")).to_string();
    stage.ask("POST", "configmaps").body(body.as_bytes()).send().await.created();
}

async fn a_body_may_be_yaml(stage: &Stage) {
    let question = stage.ask("POST", "configmaps").content_type("application/yaml");
    let yaml = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\ndata: {a: '1'}\n";
    let created = question.body(yaml).send().await.created();
    assert_eq!(created["data"], json!({ "a": "1" }));
}

async fn values_of_another_type_are_a_bad_request(stage: &Stage) {
    for (resource, kind, fields, field) in [
        (
            "configmaps",
            "ConfigMap",
            json!({ "metadata": { "name": "app" }, "data": { "a": 1 } }),
            "ConfigMap.data",
        ),
        (
            "configmaps",
            "ConfigMap",
            json!({ "metadata": { "name": "app", "annotations": { "a": 1 } } }),
            "ObjectMeta.metadata.annotations",
        ),
        (
            "widgets",
            "Widget",
            json!({ "metadata": { "name": "app", "annotations": { "a": 1 } } }),
            "ObjectMeta.annotations",
        ),
    ] {
        let answer = stage.post(resource, &object(resource, fields)).await;
        let message = format!(
            "{kind} in version \"v1\" cannot be handled as a {kind}: \
             json: cannot unmarshal number into Go struct field {field} of type string"
        );
        answer.refused(400, "BadRequest", &message, Value::Null);
    }
}

async fn a_status_is_not_taken_from_a_new_custom_object(stage: &Stage) {
    let fields = json!({ "metadata": { "name": "app" }, "spec": { "a": 1 }, "status": { "b": 1 } });
    let created = stage.create("widgets", fields).await;
    assert_eq!(created["spec"], json!({ "a": 1 }));
    assert_eq!(created["status"], Value::Null);
    assert_eq!(created["metadata"]["generation"], 1);
}

async fn a_lease_is_created_by_put_too(stage: &Stage) {
    let lease = object("leases", named("app"));
    let created = stage.put("leases/app", &lease).await.created();
    assert_eq!(stage.read("leases/app").await, created);
    stage
        .put("widgets/app", &object("widgets", named("app")))
        .await
        .not_found("widgets.kubelock-test.example.org", "app");
}

async fn a_leases_times_are_in_microseconds(stage: &Stage) {
    let spec = json!({
        "holderIdentity": "me",
        "leaseDurationSeconds": 15,
        "acquireTime": "2020-01-01T00:00:00.000000Z",
        "renewTime": "2020-01-01T01:00:00.123456+01:00",
        "leaseTransitions": 0,
    });
    let fields = json!({ "metadata": { "name": "app" }, "spec": spec });
    let mut expected = spec.clone();
    expected["renewTime"] = json!("2020-01-01T00:00:00.123456Z");
    assert_eq!(stage.create("leases", fields).await["spec"], expected);
    let fields =
        json!({ "metadata": { "name": "other" }, "spec": { "renewTime": "2020-01-01T00:00:00Z" } });
    stage.post("leases", &object("leases", fields)).await.refused(
        400,
        "BadRequest",
        "Lease in version \"v1\" cannot be handled as a Lease: parsing time \
         \"2020-01-01T00:00:00Z\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"Z\" as \
         \".000000\"",
        Value::Null,
    );
}

async fn a_leases_duration_is_positive(stage: &Stage) {
    let fields = json!({ "metadata": { "name": "app" }, "spec": { "leaseDurationSeconds": 0 } });
    let field = "spec.leaseDurationSeconds";
    stage.post("leases", &object("leases", fields)).await.invalid(
        "Lease.coordination.k8s.io",
        "app",
        &[[field, "FieldValueInvalid", "Invalid value: 0: must be greater than 0"]],
    );
}

async fn a_dry_run_creates_nothing_and_has_no_version(stage: &Stage) {
    let answer = stage.post("configmaps?dryRun=All", &object("configmaps", named("app"))).await;
    let created = answer.created();
    assert_eq!(created["metadata"]["resourceVersion"], Value::Null);
    assert!(created["metadata"]["uid"].is_string());
    stage.get("configmaps/app").await.not_found("configmaps", "app");
}
