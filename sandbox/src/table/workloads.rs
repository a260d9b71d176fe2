//! What makes pods: the groups `apps` and `batch`.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::age;
use super::cell::{NONE, condition, containers, items, labels, number, selector, text_or};
use super::columns::{Column, age as age_column, created_at};

pub(super) fn columns(plural: &str) -> Vec<Column> {
    match plural {
        "deployments" => joined([deployments(), pods(), selected()]),
        "statefulsets" => joined([stateful_sets(), pods()]),
        "daemonsets" => joined([daemon_sets(), pods(), selected()]),
        "replicasets" => joined([replica_sets(), pods(), selected()]),
        "controllerrevisions" => revisions(),
        "jobs" => joined([jobs(), pods(), selected()]),
        "cronjobs" => cron_jobs(),
        _ => vec![created_at()],
    }
}

fn joined<const N: usize>(parts: [Vec<Column>; N]) -> Vec<Column> {
    parts.into_iter().flatten().collect()
}

fn template(object: &Value) -> &Value {
    &object["spec"]["template"]["spec"]
}

fn pods() -> Vec<Column> {
    vec![
        Column::text("Containers", |it, _| containers(template(it), "name")).wide(),
        Column::text("Images", |it, _| containers(template(it), "image")).wide(),
    ]
}

fn selected() -> Vec<Column> {
    vec![Column::text("Selector", |it, _| json!(selector(&it["spec"]["selector"]))).wide()]
}

fn ready_of_wanted(object: &Value) -> Value {
    let wanted = object["spec"]["replicas"].as_i64().unwrap_or(1);
    json!(format!("{}/{wanted}", number(&object["status"]["readyReplicas"])))
}

fn deployments() -> Vec<Column> {
    vec![
        Column::text("Ready", |it, _| ready_of_wanted(it)),
        Column::text("Up-to-date", |it, _| told(it, "updatedReplicas")),
        Column::text("Available", |it, _| told(it, "availableReplicas")),
        age_column(),
    ]
}

/// A number of the status.
fn told(object: &Value, field: &str) -> Value {
    json!(number(&object["status"][field]))
}

fn stateful_sets() -> Vec<Column> {
    vec![Column::text("Ready", |it, _| ready_of_wanted(it)), age_column()]
}

fn daemon_sets() -> Vec<Column> {
    vec![
        Column::integer("Desired", |it, _| told(it, "desiredNumberScheduled")),
        Column::integer("Current", |it, _| told(it, "currentNumberScheduled")),
        Column::integer("Ready", |it, _| told(it, "numberReady")),
        Column::integer("Up-to-date", |it, _| told(it, "updatedNumberScheduled")),
        Column::integer("Available", |it, _| told(it, "numberAvailable")),
        Column::text("Node Selector", |it, _| json!(labels(&template(it)["nodeSelector"]))),
        age_column(),
    ]
}

fn replica_sets() -> Vec<Column> {
    vec![
        Column::integer("Desired", |it, _| json!(it["spec"]["replicas"].as_i64().unwrap_or(1))),
        Column::integer("Current", |it, _| told(it, "replicas")),
        Column::integer("Ready", |it, _| told(it, "readyReplicas")),
        age_column(),
    ]
}

fn revisions() -> Vec<Column> {
    vec![
        Column::text("Controller", |it, _| json!(controller(it))),
        Column::text("Revision", |it, _| json!(number(&it["revision"]))),
        age_column(),
    ]
}

fn controller(object: &Value) -> String {
    let mut owners = items(&object["metadata"]["ownerReferences"]);
    let owner = owners.find(|owner| owner["controller"] == true);
    let group = |owner: &Value| {
        let version = text_or(&owner["apiVersion"], "");
        version.split_once('/').map(|(group, _)| format!(".{group}")).unwrap_or_default()
    };
    owner.map_or(NONE.to_owned(), |owner| {
        let kind = text_or(&owner["kind"], "").to_lowercase();
        format!("{kind}{}/{}", group(owner), text_or(&owner["name"], ""))
    })
}

fn jobs() -> Vec<Column> {
    vec![
        Column::text("Status", |it, _| json!(job_status(it))),
        Column::text("Completions", |it, _| json!(completions(it))),
        Column::text("Duration", |it, now| json!(duration(it, now))),
        age_column(),
    ]
}

fn job_status(job: &Value) -> &'static str {
    let is = |kind| condition(job, kind) == Some("True");
    match () {
        () if is("Complete") => "Complete",
        () if is("Failed") => "Failed",
        () if !job["metadata"]["deletionTimestamp"].is_null() => "Terminating",
        () if is("Suspended") => "Suspended",
        () if is("FailureTarget") => "FailureTarget",
        () if is("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

fn completions(job: &Value) -> String {
    let succeeded = number(&job["status"]["succeeded"]);
    match (job["spec"]["completions"].as_i64(), number(&job["spec"]["parallelism"])) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, parallel) if parallel > 1 => format!("{succeeded}/1 of {parallel}"),
        (None, _) => format!("{succeeded}/1"),
    }
}

fn duration(job: &Value, now: SystemTime) -> String {
    let (start, end) = (&job["status"]["startTime"], &job["status"]["completionTime"]);
    match (start.is_null(), end.is_null()) {
        (true, _) => String::new(),
        (false, true) => age::since(start, now),
        (false, false) => age::between(start, end).unwrap_or_default(),
    }
}

fn cron_jobs() -> Vec<Column> {
    vec![
        Column::text("Schedule", |it, _| json!(text_or(&it["spec"]["schedule"], ""))),
        Column::text("Timezone", |it, _| json!(text_or(&it["spec"]["timeZone"], NONE))),
        Column::of("boolean", "Suspend", |it, _| {
            json!(if it["spec"]["suspend"] == true { "True" } else { "False" })
        }),
        Column::integer("Active", |it, _| json!(items(&it["status"]["active"]).count())),
        Column::text("Last Schedule", |it, now| {
            let last = &it["status"]["lastScheduleTime"];
            json!(if last.is_null() { NONE.to_owned() } else { age::since(last, now) })
        }),
        age_column(),
        Column::text("Containers", |it, _| containers(job_template(it), "name")).wide(),
        Column::text("Images", |it, _| containers(job_template(it), "image")).wide(),
        Column::text("Selector", |it, _| {
            json!(selector(&it["spec"]["jobTemplate"]["spec"]["selector"]))
        })
        .wide(),
    ]
}

fn job_template(cron_job: &Value) -> &Value {
    template(&cron_job["spec"]["jobTemplate"])
}
