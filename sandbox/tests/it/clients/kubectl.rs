//! kubectl, as people type it.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};

use serde_json::json;

use super::reached::Reached;

/// Calls and what comes of them; what a call reads stands before ` | `.
const TRANSCRIPT: &str = include_str!("kubectl.txt");

#[tokio::test]
async fn kubectl_says_the_same_on_a_real_server() {
    let Some(reached) = Reached::real("kubectl").await else { return };
    assert_eq!(transcript(&reached), TRANSCRIPT);
}

#[tokio::test]
async fn kubectl_says_the_same_on_the_sandbox() {
    assert_eq!(transcript(&Reached::sandbox("kubectl").await), TRANSCRIPT);
}

/// The same calls anew.
fn transcript(reached: &Reached) -> String {
    let calls = TRANSCRIPT.lines().filter_map(|line| line.strip_prefix("$ "));
    calls.flat_map(|call| [format!("$ {call}\n"), said(reached, call)]).collect()
}

/// What one call prints, without what differs from run to run.
fn said(reached: &Reached, call: &str) -> String {
    let call = call.replace("NAMESPACE", reached.stage.namespace());
    let (input, arguments) = call.split_once(" | ").unwrap_or(("", &call));
    let mut command = reached.kubectl();
    command.args(arguments.split(' '));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    let mut said = String::new();
    for text in [output.stdout, output.stderr] {
        for line in String::from_utf8(text).unwrap().lines() {
            writeln!(said, "{}", masked(line, reached.stage.namespace())).unwrap();
        }
    }
    if !output.status.success() {
        writeln!(said, "({})", output.status).unwrap();
    }
    said
}

fn masked(line: &str, namespace: &str) -> String {
    let line = line.replace(namespace, "NAMESPACE");
    let columns = line.split("   ").map(str::trim).filter(|column| !column.is_empty());
    let columns = columns.map(|column| if is_age(column) { "AGE" } else { column });
    columns.collect::<Vec<_>>().join("   ")
}

/// As `5s` or `2m30s`.
fn is_age(text: &str) -> bool {
    let of_a_number = |character: char| character.is_ascii_digit();
    text.starts_with(of_a_number)
        && text.ends_with(['s', 'm', 'h'])
        && text.chars().all(|character| of_a_number(character) || "smh".contains(character))
}

#[tokio::test]
async fn kubectl_watches_a_real_server() {
    let Some(reached) = Reached::real("kubectl-watch").await else { return };
    watches(&reached).await;
}

#[tokio::test]
async fn kubectl_watches_the_sandbox() {
    watches(&Reached::sandbox("kubectl-watch").await).await;
}

async fn watches(reached: &Reached) {
    reached.stage.create_named("configmaps/app").await;
    let mut command: Command = reached.kubectl();
    command.args(["get", "configmaps", "--watch", "--output=name"]).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "configmap/app");
    let patch = json!({ "metadata": { "annotations": { "a": "1" } } });
    reached.stage.merge_patch("configmaps/app", &patch).await.ok();
    assert_eq!(lines.next().unwrap().unwrap(), "configmap/app");
    reached.stage.create_named("configmaps/other").await;
    assert_eq!(lines.next().unwrap().unwrap(), "configmap/other");
    process.kill().unwrap();
    process.wait().unwrap();
}
