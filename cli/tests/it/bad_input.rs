//! Wrong usage: refused with status 2 before anything is sent. There is no cluster in sight here.

use insta::assert_snapshot;

use crate::process::Kubelock;

/// Runs each line; all must be refused as wrong usage.
fn refused(lines: &[&[&str]]) -> String {
    let mut transcript = String::new();
    for line in lines {
        let outcome = Kubelock::new(line).run();
        transcript.push_str(&outcome.transcript());
        transcript.push('\n');
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{transcript}");
    }
    transcript
}

#[test]
fn names_of_locks_are_checked() {
    let long = "x".repeat(64);
    assert_snapshot!(refused(&[
        &["acquire"],
        &["acquire", ""],
        &["acquire", "--on", "cm/app", ""],
        &["acquire", "--on", "cm/app", &long],
        &["acquire", "--on", "cm/app", "-deploy"],
        &["acquire", "--on", "cm/app", "--", "-deploy"],
        &["acquire", "--on", "cm/app", "a/b"],
        &["acquire", "--on", "cm/app", "über"],
        &["get", "ok", "not ok"],
    ]));
}

#[test]
fn without_on_a_lock_is_named_as_a_lease_can_be() {
    assert_snapshot!(refused(&[
        &["acquire", "Deploy"],
        &["acquire", "deploy_prod"],
        &["release", "a..b"],
        &["get", "Deploy_Prod"],
    ]));
}

#[test]
fn objects_are_spelled_as_kubectl_does() {
    assert_snapshot!(refused(&[
        &["acquire", "deploy", "--on", "app"],
        &["acquire", "deploy", "--on", ""],
        &["acquire", "deploy", "--on", "/app"],
        &["acquire", "deploy", "--on", "cm/"],
        &["acquire", "deploy", "--on", "cm/app/status"],
        &["acquire", "deploy", "--on", "cm/app?dryRun=All"],
        &["acquire", "deploy", "--on", "cm/.."],
        &["acquire", "deploy", "--on", "c?m/app"],
        &["acquire", "deploy", "--on", "cm/app\nerror: forged"],
    ]));
}

#[test]
fn a_kind_without_namespaces_takes_none() {
    assert_snapshot!(refused(&[
        &["acquire", "deploy", "--on", "ns/team", "-n", "ci"],
        &["-n", "ci", "get", "deploy", "--on", "node/n1"],
    ]));
}

#[test]
fn durations_name_what_was_typed_and_what_is_meant() {
    assert_snapshot!(refused(&[
        &["acquire", "deploy", "--ttl", "-1s"],
        &["acquire", "deploy", "--ttl=-1s"],
        &["acquire", "deploy", "--ttl", "99999999h"],
        &["acquire", "deploy", "--ttl", ""],
        &["acquire", "deploy", "--ttl", "5"],
        &["acquire", "deploy", "--ttl", "1d"],
        &["acquire", "deploy", "--ttl", "soon"],
        &["get", "deploy", "--request-timeout", "0"],
    ]));
}

#[test]
fn other_values_are_checked_too() {
    assert_snapshot!(refused(&[
        &["acquire", "deploy", "-n", "Not_A_Namespace"],
        &["acquire", "deploy", "-n", ""],
        &["acquire", "deploy", "--owner", ""],
        &["get", "deploy", "--prefix", "Not.A.Prefix"],
        &["get", "deploy", "-o", "xml"],
        &["get", "deploy", "-q", "-v"],
        &["get", "deploy", "--wait"],
        &["aquire", "deploy"],
        &["release"],
    ]));
}

#[test]
fn what_looks_like_a_slip_of_the_finger_comes_with_what_may_be_meant() {
    let lines: [(&str, &[&str]); 10] = [
        ("'acquire'", &["aquire", "deploy"]),
        ("'release'", &["relase", "deploy"]),
        ("'--on'", &["acquire", "deploy", "--onn", "cm/app"]),
        ("'--request-timeout'", &["get", "--request-timeuot", "1s"]),
        ("'--all-namespaces'", &["get", "--all-namespace"]),
        ("'yaml'", &["get", "deploy", "-o", "yml"]),
        ("'json'", &["doctor", "-o", "jsn"]),
        ("'expires'", &["get", "--sort-by", "expire"]),
        ("'acquire'", &["rbac", "-n", "ci", "--for", "aquire"]),
        ("'bash'", &["completion", "bsh"]),
    ];
    let transcript = refused(&lines.map(|(_, line)| line));
    for ((meant, line), said) in lines.iter().zip(transcript.split("$ kubelock ").skip(1)) {
        let tip = said.lines().find(|said| said.trim_start().starts_with("tip: "));
        assert!(tip.is_some_and(|tip| tip.ends_with(meant)), "{line:?}: {said}");
    }
    assert_snapshot!(transcript);
}
