//! What would go wrong, told before it does.

mod policy;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use insta::assert_snapshot;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::ListParams;
use serde_json::{Value, json};
use testkit::webhook::Webhook;

use crate::process::{Kubelock, Outcome};
use crate::space::Space;
use policy::Policy;

/// Name and status of each finding, in their order.
fn findings(diagnosis: &Value) -> Vec<(&str, &str)> {
    let findings = diagnosis["findings"].as_array().unwrap().iter();
    findings.map(|it| (it["check"].as_str().unwrap(), it["status"].as_str().unwrap())).collect()
}

fn finding<'a>(diagnosis: &'a Value, check: &str) -> &'a Value {
    let mut findings = diagnosis["findings"].as_array().unwrap().iter();
    findings.find(|finding| finding["check"] == check).unwrap()
}

fn status<'a>(diagnosis: &'a Value, check: &str) -> &'a str {
    finding(diagnosis, check)["status"].as_str().unwrap()
}

fn diagnosis(outcome: &Outcome, code: i32) -> Value {
    assert_eq!(outcome.code, Some(code), "{}{}", outcome.stdout, outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn examine(space: &Space, code: i32, args: &[&str]) -> Value {
    let args: Vec<&str> = ["doctor", "-o", "json"].iter().chain(args).copied().collect();
    diagnosis(&space.run(&args), code)
}

/// What is measured, replaced.
fn without_figures(text: &str) -> String {
    let line = |line: &str| match line.split_once("  clock ") {
        Some((before, _)) => format!("{before}  clock       …"),
        None if line.contains("  latency ") => {
            let kind = line.rsplit(' ').next().unwrap();
            format!("{}  latency     … {kind}", line.split("  latency").next().unwrap())
        }
        None if line.contains("  server ") => {
            let server = line.split("  server").next().unwrap();
            format!("{server}  server      …")
        }
        None => line.to_owned(),
    };
    text.lines().flat_map(|it| [line(it), "\n".to_owned()]).collect()
}

#[test]
fn where_all_is_well_each_check_says_so_and_nothing_is_stored() {
    let Some(space) = Space::new("doctor") else { return };
    space.configmap("app", &[]);
    let leases = || {
        space.with(async |client| {
            let api: Api<Lease> = Api::namespaced(client, &space.namespace);
            api.list(&ListParams::default()).await.unwrap().items
        })
    };
    let mut all = String::new();
    for line in [&["doctor"][..], &["doctor", "deploy"], &["doctor", "schema", "--on", "cm/app"]] {
        let outcome = space.run(line);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
        all.push_str(&without_figures(&space.transcript(&outcome)));
    }
    assert_snapshot!(all);
    assert_eq!(leases(), []);
    assert_eq!(space.run(&["get", "schema", "--on", "cm/app"]).code, Some(12));
}

#[test]
fn a_diagnosis_costs_a_request_for_each_question_and_twenty_for_the_latency() {
    let Some(space) = Space::new("doctor-calls") else { return };
    space.configmap("app", &[("team", "a")]);
    let outcome = space.run(&["doctor", "schema", "--on", "cm/app", "-v"]);
    let count = |start: &str| {
        outcome.requests().iter().filter(|request| request.starts_with(start)).count()
    };
    assert_eq!(count("GET "), 2, "the version and the object: {}", outcome.stderr);
    assert_eq!(count("POST /apis/authentication.k8s.io"), 1);
    assert_eq!(count("POST /apis/authorization.k8s.io"), 4);
    assert_eq!(count("PATCH "), 21);
    assert_eq!(outcome.requests().len(), 28);

    let requests = |line: &[&str]| {
        let outcome = space.run(&[&["doctor", "-v"], line].concat());
        assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
        outcome.requests().len()
    };
    assert_eq!(requests(&["deploy"]), 50, "a Lease that is not there");
    space.run(&["acquire", "deploy"]);
    space.run(&["release", "deploy"]);
    assert_eq!(requests(&["deploy"]), 29, "a Lease");
    space.configmap("bare", &[]);
    assert_eq!(requests(&["schema", "--on", "cm/bare"]), 49, "nothing is annotated");
}

#[test]
fn the_figures_behind_the_findings_are_data() {
    let Some(space) = Space::new("doctor-data") else { return };
    let found = examine(&space, 0, &["deploy"]);
    assert_eq!(found["kind"], "Diagnosis");
    assert_eq!((found["problems"].as_u64(), found["warnings"].as_u64()), (Some(0), Some(0)));
    assert_eq!(found["latency"]["samples"], 20);
    let micros = |name: &str| found["latency"][name].as_u64().unwrap();
    assert!(
        0 < micros("p50Microseconds") && micros("p50Microseconds") <= micros("p95Microseconds")
    );
    let bound = |name: &str| found["clockAhead"][name].as_i64().unwrap();
    assert!(bound("leastMilliseconds") <= bound("mostMilliseconds"));
    let checks: Vec<&str> = findings(&found).iter().map(|(check, _)| *check).collect();
    let permissions = ["get", "patch", "update", "watch", "create"];
    assert_eq!(checks[..3], ["server", "tokens", "object"]);
    assert_eq!(checks[3..8], permissions);
    assert_eq!(checks[8..], ["clock", "admission", "latency"]);
}

#[test]
fn who_may_nothing_is_told_what_to_grant_verb_by_verb() {
    let Some(space) = Space::new("doctor-nobody") else { return };
    let outcome = space.run(&["doctor", "deploy", "--as", "zoe"]);
    assert_eq!(outcome.code, Some(1));
    assert_snapshot!(without_figures(&space.transcript(&outcome)));
}

#[test]
fn the_command_of_a_remedy_prints_a_role_as_it_stands() {
    let Some(space) = Space::new("doctor-remedy") else { return };
    for what in [&["deploy"][..], &["--on", "configmap/app"], &[]] {
        let found = examine(&space, 1, &[what, &["--as", "zoe"]].concat());
        let remedy = finding(&found, "patch")["remedies"][0].as_str().unwrap();
        let command = remedy.split_once(": kubelock ").unwrap().1;
        let words: Vec<_> = command.split(" | ").next().unwrap().split(' ').collect();

        let printed = Kubelock::new(&words).run();

        assert_eq!(printed.code, Some(0), "{remedy}: {}", printed.stderr);
        assert!(printed.stdout.contains("kind: RoleBinding"), "{}", printed.stdout);
        assert!(printed.stdout.contains("name: zoe"), "{}", printed.stdout);
    }
}

#[test]
fn remedies_are_for_the_same_cluster_and_the_same_user() {
    let Some(space) = Space::new("doctor-flags") else { return };
    let path = space.cluster.kubeconfig().to_str().unwrap();
    let config: Value = serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let context = config["current-context"].as_str().unwrap();
    let malformed = ("kubelock.giantswarm.io/schema", "nonsense");
    space.configmap("app", &[malformed]);
    let cluster = ["-n", &space.namespace, "--context", context, "--kubeconfig", path];
    let lines: [&[&str]; 2] =
        [&["doctor", "deploy", "--as", "zoe"], &["doctor", "schema", "--on", "cm/app"]];
    let mut commands = Vec::new();
    for line in lines {
        let line = [line, &cluster[..], &["-o", "json"]].concat();
        let found = diagnosis(&Kubelock::new(&line).run(), 1);
        let findings = found["findings"].as_array().unwrap().iter();
        let remedies =
            findings.flat_map(|it| it["remedies"].as_array().cloned().unwrap_or_default());
        commands.extend(remedies.map(|it| it.as_str().unwrap().to_owned()).filter(|it| {
            ["kubelock rbac ", "kubectl "].iter().any(|program| it.contains(program))
        }));
    }
    assert_eq!(commands.len(), 5, "{commands:#?}");
    let flags = format!("--context {context} --kubeconfig {path}");
    for command in commands {
        for part in command.split(" | ") {
            assert!(part.contains(&flags), "{part}");
        }
        assert!(!command.contains("rbac") || command.contains("--user zoe"), "{command}");
    }
}

/// Asks until the API server has taken note of the role, or the policy.
fn until(space: &Space, args: &[&str], fits: impl Fn(&Value) -> bool) -> Value {
    let args: Vec<&str> = ["doctor", "-o", "json"].iter().chain(args).copied().collect();
    let mut last = Value::Null;
    for _ in 0..100 {
        last = serde_json::from_str(&space.run(&args).stdout).unwrap();
        if fits(&last) {
            return last;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(fits(&last), "it was not taken note of within ten seconds: {last:#}");
    last
}

#[test]
fn who_may_not_look_as_another_is_told_so_and_nothing_else() {
    let Some(space) = Space::new("doctor-as") else { return };
    let args = ["doctor", "deploy", "-o", "json", "--as", "zoe", "-n", &space.namespace];
    let alice = space.cluster.kubeconfig_for(testkit::ALICE);
    if !space.cluster.is_ours() {
        return; // There, alice herself is an impersonated one.
    }
    let found = diagnosis(&Kubelock::new(&args).env("KUBECONFIG", alice).run(), 1);
    assert_eq!(findings(&found), [("server", "problem")]);
    let words = finding(&found, "server")["message"].as_str().unwrap();
    assert!(words.contains("cannot impersonate"), "{words}");
}

#[test]
fn what_can_be_done_without_is_a_warning_and_the_dry_run_goes_the_other_way() {
    let Some(space) = Space::new("doctor-update") else { return };
    space.grant(
        "updater",
        &json!({
            "apiGroups": ["coordination.k8s.io"], "resources": ["leases"],
            "verbs": ["get", "update", "create"],
        }),
    );
    let found = until(&space, &["deploy", "--as", "updater"], |it| status(it, "get") == "ok");
    assert_eq!(status(&found, "patch"), "warning");
    assert_eq!(status(&found, "watch"), "warning");
    assert_eq!((status(&found, "update"), status(&found, "create")), ("ok", "ok"));
    assert_eq!(found["problems"], 0);

    space.run(&["acquire", "deploy", "--owner", "alice"]);
    let found = examine(&space, 0, &["deploy", "--as", "updater"]);
    assert_eq!(found["latency"]["verb"], "update", "{found:#}");
    let without_create = finding(&found, "object")["message"].as_str().unwrap();
    assert!(without_create.contains("is held by alice"), "{without_create}");
}

#[test]
fn a_policy_that_denies_or_alters_the_annotation_is_found_by_a_dry_run() {
    let Some(space) = Space::new("doctor-policy") else { return };
    if !space.cluster.is_ours() {
        return; // Policies are the whole cluster's.
    }
    space.configmap("app", &[("team", "a")]);
    let on = ["schema", "--on", "cm/app"];

    let policy = Policy::that_denies(&space);
    let denied = until(&space, &on, |it| status(it, "admission") == "problem");
    let words = finding(&denied, "admission")["message"].as_str().unwrap();
    assert!(words.contains("the policy says no") && words.contains("422"), "{words}");
    let remedy = finding(&denied, "admission")["remedies"][0].as_str().unwrap();
    assert!(remedy.contains("kubelock.giantswarm.io/"), "{remedy}");
    policy.delete(&space);

    let policy = Policy::that_alters(&space);
    let altered = until(&space, &on, |it| {
        let words = finding(it, "admission")["message"].as_str().unwrap();
        words.contains("alters the annotation")
    });
    assert_eq!(status(&altered, "admission"), "problem");
    policy.delete(&space);
}

#[test]
fn webhooks_that_deny_or_alter_the_annotation_are_found_by_a_dry_run() {
    let Some(space) = Space::new("doctor-webhook") else { return };
    space.configmap("app", &[("team", "a")]);
    let on = ["schema", "--on", "cm/app"];
    let words = |found: &Value| finding(found, "admission")["message"].as_str().unwrap().to_owned();

    let webhook = space.with(async |client| Webhook::validating(&client, &space.namespace).await);
    webhook.deny(451);
    let denied = examine(&space, 1, &on);
    assert_eq!(status(&denied, "admission"), "problem");
    assert!(words(&denied).contains("(451): ") && words(&denied).contains("the webhook says no"));
    webhook.allow();
    assert_eq!(status(&examine(&space, 0, &on), "admission"), "ok");
    space.with(async |client| webhook.stop(&client).await);

    let key = "kubelock.giantswarm.io/schema";
    let webhook =
        space.with(async |client| Webhook::mutating(&client, &space.namespace, key).await);
    let altered = examine(&space, 1, &on);
    assert!(words(&altered).contains("alters the annotation"), "{altered:#}");
    space.with(async |client| webhook.stop(&client).await);
}

#[test]
fn an_object_that_is_not_there_and_a_record_that_is_malformed_are_problems() {
    let Some(space) = Space::new("doctor-object") else { return };
    let missing = examine(&space, 1, &["schema", "--on", "cm/app"]);
    assert_eq!((status(&missing, "object"), status(&missing, "admission")), ("problem", "skipped"));

    space.configmap("app", &[("kubelock.giantswarm.io/schema", "nonsense")]);
    let malformed = examine(&space, 1, &["schema", "--on", "cm/app"]);
    assert_eq!(status(&malformed, "object"), "problem");
    assert_eq!(status(&malformed, "admission"), "ok", "another lock could be taken");

    let nowhere = ["doctor", "deploy", "-o", "json", "-n", "no-such-namespace"];
    let nowhere = Kubelock::new(&nowhere).env("KUBECONFIG", space.cluster.kubeconfig()).run();
    let nowhere = diagnosis(&nowhere, 1);
    let remedy = finding(&nowhere, "admission")["remedies"][0].as_str().unwrap();
    assert!(remedy.contains("create the namespace first"), "{remedy}");
}

/// A server of its own time and version, which has nothing else.
fn serve(date: SystemTime, version: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let date = httpdate::fmt_http_date(date);
    let version =
        json!({ "major": "1", "minor": version, "gitVersion": format!("v1.{version}.0") });
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = [0; 8192];
            let read = connection.read(&mut request).unwrap_or(0);
            let is_version = request[..read].starts_with(b"GET /version ");
            let (status, body) = if is_version {
                ("200 OK", version.to_string())
            } else {
                ("404 Not Found", json!({ "kind": "Status", "code": 404 }).to_string())
            };
            let head = format!(
                "HTTP/1.1 {status}\r\ndate: {date}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = connection.write_all((head + &body).as_bytes());
        }
    });
    format!("http://{address}")
}

fn at_server(server: &str) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let text = format!(
        "{{clusters: [{{name: c, cluster: {{server: '{server}'}}}}], \
          contexts: [{{name: x, context: {{cluster: c}}}}], current-context: x}}"
    );
    std::fs::write(&config, text).unwrap();
    Kubelock::new(&["doctor", "deploy", "-o", "json", "--request-timeout", "1s"])
        .env("KUBECONFIG", &config)
        .run()
}

#[test]
fn a_clock_that_is_off_is_told_with_what_it_means_and_by_how_much() {
    for (date, verdict, words) in [
        (SystemTime::now() + Duration::from_mins(10), "problem", "behind the server's"),
        (SystemTime::now() - Duration::from_mins(10), "problem", "ahead of the server's"),
        (SystemTime::now() + Duration::from_secs(40), "warning", "behind the server's"),
    ] {
        let found = diagnosis(&at_server(&serve(date, "37")), 1);
        assert_eq!(status(&found, "clock"), verdict, "{found:#}");
        let clock = finding(&found, "clock");
        assert!(clock["message"].as_str().unwrap().contains(words), "{clock}");
        assert!(clock["remedies"][0].as_str().unwrap().contains("NTP"), "{clock}");
    }
}

#[test]
fn a_server_that_promises_no_order_is_a_warning_about_tokens() {
    let now = SystemTime::now();
    assert_eq!(status(&diagnosis(&at_server(&serve(now, "34")), 1), "tokens"), "warning");
    assert_eq!(status(&diagnosis(&at_server(&serve(now, "35")), 1), "tokens"), "ok");
}

#[test]
fn a_server_that_is_away_is_the_one_problem() {
    let found = diagnosis(&at_server("http://127.0.0.1:1"), 1);
    assert_eq!(findings(&found), [("server", "problem")]);
    let words = finding(&found, "server")["message"].as_str().unwrap();
    assert!(words.contains("http://127.0.0.1:1") && words.contains("refused"), "{words}");
}
