//! Pods. Of init containers, how many have ended is told, and what they wait for.

use serde_json::{Value, json};

use super::age;
use super::cell::{NONE, condition, items, number, text, text_or};
use super::columns::{Column, age as age_column};
use crate::kinds::Kind;

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::text("Ready", |it, _| json!(ready(it))),
        Column::text("Status", |it, _| json!(status(it))),
        Column::text("Restarts", |it, now| {
            let restarts: i64 = statuses(it).map(|status| number(&status["restartCount"])).sum();
            let ends = statuses(it).map(|it| &it["lastState"]["terminated"]["finishedAt"]);
            let last = ends.filter_map(Value::as_str).max().filter(|_| restarts > 0);
            let ago = last.map(|last| format!(" ({} ago)", age::since(&json!(last), now)));
            json!(format!("{restarts}{}", ago.unwrap_or_default()))
        }),
        age_column(),
        Column::text("IP", |it, _| json!(address(it))).wide(),
        Column::text("Node", |it, _| json!(text_or(&it["spec"]["nodeName"], NONE))).wide(),
        Column::text("Nominated Node", |it, _| {
            json!(text_or(&it["status"]["nominatedNodeName"], NONE))
        })
        .wide(),
        Column::text("Readiness Gates", |it, _| json!(gates(it))).wide(),
    ]
}

/// Those that have ended are marked in their rows.
pub(super) fn end(kind: &Kind, pod: &Value) -> Option<Value> {
    if kind.plural != "pods" || !kind.group.is_empty() {
        return None;
    }
    let (reason, message) = match text(&pod["status"]["phase"]) {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!([{
        "type": "Completed", "status": "True", "reason": reason, "message": message,
    }]))
}

fn statuses(pod: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    items(&pod["status"]["containerStatuses"])
}

fn is_up(status: &Value) -> bool {
    status["ready"] == true && status["state"]["running"].is_object()
}

fn ready(pod: &Value) -> String {
    let up = statuses(pod).filter(|status| is_up(status)).count();
    format!("{up}/{}", items(&pod["spec"]["containers"]).count())
}

fn status(pod: &Value) -> String {
    let phase = text(&pod["status"]["phase"]);
    let is_over = phase == "Succeeded" || phase == "Failed";
    if !pod["metadata"]["deletionTimestamp"].is_null() && !is_over {
        return "Terminating".to_owned();
    }
    let told = text_or(&pod["status"]["reason"], phase);
    initializing(pod).unwrap_or_else(|| running(pod, told))
}

/// The first init container that has not ended well.
fn initializing(pod: &Value) -> Option<String> {
    if condition(pod, "Initialized") == Some("True") {
        return None;
    }
    let count = items(&pod["spec"]["initContainers"]).count();
    let mut inits = items(&pod["status"]["initContainerStatuses"]).enumerate();
    let (index, init) =
        inits.find(|(_, init)| init["state"]["terminated"]["exitCode"].as_i64() != Some(0))?;
    let why = ended(init).or_else(|| {
        let waits = text(&init["state"]["waiting"]["reason"]);
        (!waits.is_empty() && waits != "PodInitializing").then(|| waits.to_owned())
    });
    Some(format!("Init:{}", why.unwrap_or_else(|| format!("{index}/{count}"))))
}

/// What the first container that is not well says; else the pod's own word.
fn running(pod: &Value, told: &str) -> String {
    let reason = statuses(pod).find_map(|status| waits(status).or_else(|| ended(status)));
    let reason = reason.unwrap_or_else(|| told.to_owned());
    let some_run = statuses(pod).any(is_up);
    if reason != "Completed" || !some_run {
        return reason;
    }
    let is_ready = condition(pod, "Ready") == Some("True");
    if is_ready { "Running".to_owned() } else { "NotReady".to_owned() }
}

fn waits(status: &Value) -> Option<String> {
    let reason = text(&status["state"]["waiting"]["reason"]);
    (!reason.is_empty()).then(|| reason.to_owned())
}

fn ended(status: &Value) -> Option<String> {
    let end = status["state"]["terminated"].as_object().map(|_| &status["state"]["terminated"])?;
    let how = match (text(&end["reason"]), number(&end["signal"])) {
        ("", 0) => format!("ExitCode:{}", number(&end["exitCode"])),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    };
    Some(how)
}

fn address(pod: &Value) -> &str {
    let first = items(&pod["status"]["podIPs"]).next().map_or("", |it| text(&it["ip"]));
    if first.is_empty() { text_or(&pod["status"]["podIP"], NONE) } else { first }
}

fn gates(pod: &Value) -> String {
    let gates = items(&pod["spec"]["readinessGates"]);
    let open =
        gates.clone().filter(|gate| condition(pod, text(&gate["conditionType"])) == Some("True"));
    match gates.clone().count() {
        0 => NONE.to_owned(),
        count => format!("{}/{count}", open.count()),
    }
}
