//! Variables stand for options, and what is typed counts before them.

use crate::process::{Kubelock, Outcome};
use crate::space::Space;

fn run(args: &[&str], variables: &[(&str, &str)]) -> Outcome {
    let start = Kubelock::new(args);
    variables.iter().fold(start, |run, (name, value)| run.env(name, value)).run()
}

#[test]
fn a_value_from_a_variable_that_is_refused_names_the_variable() {
    for (command, variable, value) in [
        ("get", "KUBELOCK_REQUEST_TIMEOUT", "soon"),
        ("acquire", "KUBELOCK_TTL", "1d"),
        ("acquire", "KUBELOCK_WAIT", "long"),
        ("get", "KUBELOCK_OUTPUT", "xml"),
        ("doctor", "KUBELOCK_OUTPUT", "xml"),
    ] {
        let outcome = run(&[command, "deploy"], &[(variable, value)]);
        assert_eq!(outcome.code, Some(2), "{variable}");
        let named = format!("hint: the value comes from the variable {variable}\n");
        assert!(outcome.stderr.contains(&named), "{}", outcome.stderr);
    }
    let typed = run(&["get", "deploy", "-o", "xml"], &[("KUBELOCK_TTL", "1m")]);
    assert!(!typed.stderr.contains("variable"), "{}", typed.stderr);
}

/// Each option that takes one of some values, or a duration, refuses this one.
const NONSENSE: &str = "no-such-value";

#[test]
fn every_option_whose_values_are_checked_has_a_variable_that_is() {
    let lines: &[(&str, &[&str])] = &[
        ("KUBELOCK_REQUEST_TIMEOUT", &["version"]),
        ("KUBELOCK_OUTPUT", &["acquire", "deploy"]),
        ("KUBELOCK_OUTPUT", &["renew", "deploy"]),
        ("KUBELOCK_OUTPUT", &["get"]),
        ("KUBELOCK_OUTPUT", &["gc"]),
        ("KUBELOCK_OUTPUT", &["doctor"]),
        ("KUBELOCK_OUTPUT", &["version"]),
        ("KUBELOCK_TTL", &["acquire", "deploy"]),
        ("KUBELOCK_TTL", &["renew", "deploy"]),
        ("KUBELOCK_WAIT", &["acquire", "deploy"]),
        ("KUBELOCK_SORT_BY", &["get"]),
        ("KUBELOCK_OLDER_THAN", &["gc"]),
        ("KUBELOCK_FOR", &["rbac", "-n", "ci"]),
        #[cfg(unix)]
        ("KUBELOCK_TTL", &["run", "deploy", "true"]),
        #[cfg(unix)]
        ("KUBELOCK_WAIT", &["run", "deploy", "true"]),
        #[cfg(unix)]
        ("KUBELOCK_CONFLICT_EXIT_CODE", &["run", "deploy", "true"]),
        #[cfg(unix)]
        ("KUBELOCK_REQUEST_TIMEOUT", &["run", "deploy", "true"]),
        #[cfg(unix)]
        ("KUBELOCK_REQUEST_TIMEOUT", &["sandbox", "--", "true"]),
    ];
    for (variable, line) in lines {
        let outcome = run(line, &[(*variable, NONSENSE)]);
        let usage = if matches!(line[0], "run" | "sandbox") { 125 } else { 2 };
        assert_eq!(outcome.code, Some(usage), "{variable} {line:?}: {}", outcome.stderr);
        let named = format!("hint: the value comes from the variable {variable}\n");
        assert!(outcome.stderr.contains(&named), "{line:?}: {}", outcome.stderr);
    }
}

#[test]
fn every_option_whose_values_are_free_has_a_variable_that_counts() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let text = "{clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}], \
                contexts: [{name: x, context: {cluster: c}}], current-context: x}";
    std::fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let rows: [(&str, &str, &[&str], &str); 8] = [
        ("KUBELOCK_CONTEXT", "other", &["get", "deploy"], "no context \"other\""),
        ("KUBELOCK_KUBECONFIG", "/nonexistent/x", &["get"], "no kubeconfig /nonexistent/x"),
        ("KUBELOCK_AS_GROUP", "g", &["get", "deploy"], "--as-group needs --as"),
        ("KUBELOCK_PREFIX", "Not.A.Prefix", &["get", "deploy"], "invalid annotation prefix"),
        ("KUBELOCK_VERBOSE", "1", &["get", "deploy"], "GET /apis/"),
        ("KUBELOCK_ALL_KINDS", "1", &["get", "-v"], "GET /api no answer"),
        ("KUBELOCK_CLIENT", "1", &["version"], "Client Version: "),
        ("KUBELOCK_SELECTOR", "a=b", &["get", "deploy", "-v"], "/leases no answer"),
    ];
    for (variable, value, line, evidence) in rows {
        let outcome = run(line, &[("KUBECONFIG", config), (variable, value)]);
        let said = outcome.stdout + &outcome.stderr;
        assert!(said.contains(evidence), "{variable} {line:?}: {said}");
        let without = run(line, &[("KUBECONFIG", config)]);
        let said = without.stdout + &without.stderr;
        let is_told_anyway = variable == "KUBELOCK_CLIENT";
        assert!(
            is_told_anyway || !said.contains(evidence),
            "{variable} counts for nothing: {said}"
        );
    }
}

#[test]
fn who_is_granted_something_and_why_a_lock_is_broken_is_said_each_time() {
    let granted = run(
        &["rbac", "deploy", "-n", "ci"],
        &[
            ("KUBELOCK_USER", "zoe"),
            ("KUBELOCK_GROUP", "on-call"),
            ("KUBELOCK_SERVICEACCOUNT", "ci:runner"),
            ("KUBELOCK_NAME", "other"),
        ],
    );
    assert_eq!(granted.stdout, run(&["rbac", "deploy", "-n", "ci"], &[]).stdout);
    let broken = run(&["break", "deploy", "--yes"], &[("KUBELOCK_REASON", "as ever")]);
    assert_eq!(broken.code, Some(2));
    assert!(broken.stderr.contains("--reason <TEXT>"), "{}", broken.stderr);
}

#[test]
#[cfg(unix)]
fn a_pipeline_may_say_why_it_holds_all_of_its_locks() {
    let Some(space) = Space::new("variable-reason") else { return };
    let ours = env!("CARGO_BIN_EXE_kubelock");
    let namespace = ["-n", &space.namespace];
    let line = ["run", "deploy", "--", ours, "get", "deploy", "-o", "json"];
    let outcome = Kubelock::new(&[&namespace[..], &line, &namespace].concat())
        .env("KUBECONFIG", space.cluster.kubeconfig())
        .env("KUBELOCK_REASON", "nightly build 7")
        .run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let lock: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(lock["reason"], "nightly build 7");

    space.play(&[
        (0, &["acquire", "idle", "--owner", "alice"]),
        (0, &["release", "idle", "--owner", "alice"]),
    ]);
    let planned = space.kubelock(&["gc", "--older-than", "0"]).env("KUBELOCK_DRY_RUN", "1").run();
    assert!(planned.stderr.contains("would delete "), "{}", planned.stderr);
    space.lease("idle");
}

#[test]
fn what_cannot_be_used_is_named_with_the_variable_that_it_came_from() {
    let lines: [(&str, &str, &[&str]); 5] = [
        ("KUBELOCK_CONTEXT", "zz", &["get"]),
        ("KUBELOCK_KUBECONFIG", "/nope", &["get"]),
        ("KUBELOCK_PREFIX", "X_", &["get"]),
        ("KUBELOCK_OLDER_THAN", "-1s", &["gc"]),
        #[cfg(unix)]
        ("KUBELOCK_TTL", "2s", &["run", "deploy", "--", "true"]),
    ];
    for (variable, value, line) in lines {
        let outcome = run(line, &[(variable, value)]);
        let named = format!("comes from the variable {variable}\n");
        assert!(outcome.stderr.contains(&named), "{variable}: {}", outcome.stderr);
        assert!(!run(line, &[]).stderr.contains("variable"), "{variable}");
    }
    let both = run(&["renew", "deploy"], &[("KUBELOCK_QUIET", "1"), ("KUBELOCK_VERBOSE", "1")]);
    for variable in ["KUBELOCK_QUIET", "KUBELOCK_VERBOSE"] {
        assert!(both.stderr.contains(&format!("the variable {variable}\n")), "{}", both.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_named() {
    let odd = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff");
    let odd: &std::ffi::OsStr = odd;
    let outcome = Kubelock::new(&["acquire", "deploy"]).env("KUBELOCK_OWNER", odd).run();
    assert_eq!(outcome.code, Some(2));
    let named = "hint: the variable KUBELOCK_OWNER is not UTF-8\n";
    assert!(outcome.stderr.contains(named), "{}", outcome.stderr);
}

#[test]
fn what_is_typed_counts_before_a_variable_that_makes_no_sense() {
    let typed = ["version", "--client", "--request-timeout", "3s"];
    let outcome = run(&typed, &[("KUBELOCK_REQUEST_TIMEOUT", "1x")]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let before = ["--request-timeout", "3s", "version", "--client"];
    let outcome = run(&before, &[("KUBELOCK_REQUEST_TIMEOUT", "1x")]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let one = ["get", "deploy", "--on", "lease/deploy", "--kubeconfig", "/nope"];
    let outcome = run(&one, &[("KUBELOCK_SELECTOR", "a=b")]);
    assert!(outcome.stderr.contains("there is no kubeconfig"), "{}", outcome.stderr);
}

#[cfg(unix)]
#[test]
fn variables_of_another_cluster_mean_nothing_to_a_sandbox() {
    let others = [
        ("KUBELOCK_CONTEXT", "prod"),
        ("KUBELOCK_KUBECONFIG", "/nope"),
        ("KUBELOCK_AS", "zoe"),
        ("KUBELOCK_AS_GROUP", "admins"),
    ];
    let outcome =
        run(&["sandbox", "--", env!("CARGO_BIN_EXE_kubelock"), "acquire", "deploy"], &others);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let typed = run(&["sandbox", "--context", "prod", "--", "true"], &[]);
    assert_eq!(typed.code, Some(125), "{}", typed.stderr);
}

#[test]
fn a_value_that_only_other_commands_take_is_none_of_ones_own() {
    let version = |format| run(&["version", "--client"], &[("KUBELOCK_OUTPUT", format)]);
    let plain = run(&["version", "--client"], &[]);
    for format in ["table", "wide", "name"] {
        let outcome = version(format);
        assert_eq!((outcome.code, &outcome.stdout), (Some(0), &plain.stdout), "{}", outcome.stderr);
    }
    assert!(version("json").stdout.starts_with('{'));
    let typed = run(&["version", "--client", "-o", "wide"], &[]);
    assert_eq!(typed.code, Some(2), "{}", typed.stdout);
}

#[test]
fn an_empty_variable_is_none() {
    let outcome = run(&["version", "--client"], &[("KUBELOCK_OUTPUT", "")]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
}

#[test]
fn variables_stand_for_what_is_not_typed() {
    let Some(space) = Space::new("variables") else { return };
    let run = |args: &[&str], variables: &[(&str, &str)]| {
        let start = space.kubelock(args);
        variables.iter().fold(start, |run, (name, value)| run.env(name, value)).run()
    };
    let acquired = run(
        &["acquire", "deploy"],
        &[("KUBELOCK_OWNER", "alice"), ("KUBELOCK_TTL", "90m"), ("KUBELOCK_QUIET", "true")],
    );
    assert_eq!((acquired.code, acquired.stderr.as_str()), (Some(0), ""));

    let shown = run(&["get", "deploy"], &[("KUBELOCK_OUTPUT", "name")]);
    assert_eq!(shown.stdout, "lease/deploy\n");
    let typed = run(&["get", "deploy", "-o", "table"], &[("KUBELOCK_OUTPUT", "name")]);
    assert!(typed.stdout.contains("alice"), "{}", typed.stdout);
    let prefix = run(&["get", "deploy"], &[("KUBELOCK_PREFIX", "locks.example.org")]);
    assert_eq!(prefix.code, Some(12));
    let impersonated = run(&["get", "deploy"], &[("KUBELOCK_AS", "zoe")]);
    assert!(impersonated.stderr.contains("User \"zoe\" cannot get"), "{}", impersonated.stderr);
    let waited = run(
        &["acquire", "deploy", "--owner", "bob"],
        &[("KUBELOCK_WAIT", "50ms"), ("KUBELOCK_OWNER", "alice")],
    );
    assert_eq!(waited.code, Some(11));
    assert!(waited.stderr.contains("waiting for lock"), "{}", waited.stderr);
}

#[test]
fn what_is_typed_counts_against_the_variable_of_what_it_contradicts() {
    let Some(space) = Space::new("contradicts") else { return };
    space.run(&["acquire", "deploy", "--owner", "alice", "--ttl", "90m"]);
    let loud = space.kubelock(&["get", "deploy", "-v"]).env("KUBELOCK_QUIET", "1").run();
    assert_eq!((loud.code, loud.requests().len()), (Some(0), 1), "{}", loud.stderr);
    let silent = space.kubelock(&["get", "deploy", "-q"]).env("KUBELOCK_VERBOSE", "1").run();
    assert_eq!((silent.code, silent.stderr.as_str()), (Some(0), ""));
    let at_once = space
        .kubelock(&["acquire", "deploy", "--owner", "bob", "--no-wait"])
        .env("KUBELOCK_WAIT", "1h")
        .run();
    assert_eq!(at_once.code, Some(11), "{}", at_once.stderr);
    assert!(!at_once.stderr.contains("waiting"), "{}", at_once.stderr);
}

#[test]
fn what_run_tells_its_command_decides_nothing_of_the_next_lock() {
    let Some(space) = Space::new("told") else { return };
    let outcome = space
        .kubelock(&["acquire", "other", "--owner", "alice"])
        .env("KUBELOCK_ON", "configmap/app")
        .env("KUBELOCK_NAMESPACE", "elsewhere")
        .env("KUBELOCK_HOLD", "6f1c2d03a4b5c6d7")
        .run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    space.lease("other");
}
