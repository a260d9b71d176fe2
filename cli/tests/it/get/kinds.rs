//! All kinds of objects, as far as one may list them.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::following::Watch;
use super::scripted::{Reply, Server, page};
use crate::process::{Kubelock, Outcome};
use crate::space::{Space, block_on};

const USER: [&str; 2] = ["--as", "lister"];

/// Lets the user list and watch these in the namespace, and nothing else.
fn allow(space: &Space, resources: &[&str]) {
    let verbs = ["list", "watch"];
    space.grant("lister", &json!({"apiGroups": ["*"], "resources": resources, "verbs": verbs}));
}

/// What was granted is known to the API server a moment later.
fn once_allowed(space: &Space, args: &[&str]) -> Outcome {
    let args = [args, &USER].concat();
    for _ in 0..100 {
        let outcome = space.run(&args);
        if outcome.code == Some(0) {
            return outcome;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    space.run(&args)
}

fn shown(outcome: &Outcome) -> Vec<String> {
    let list: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let items = list["items"].as_array().unwrap();
    items.iter().map(|lock| lock["on"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn all_kinds_are_built_in_ones_and_custom_ones_with_and_without_namespaces() {
    let Some(space) = Space::new("all-kinds") else { return };
    let (namespace, widget) = block_on(space.cluster.ensure_widget("all-kinds"));
    let space = Space { namespace, ..space };
    space.configmap("app", &[]);
    let lock = format!("only-{}", space.namespace);
    let widget = format!("widgets.kubelock-test.example.org/{widget}");
    for on in ["configmap/app", &widget] {
        let acquire = ["acquire", &lock, "--on", on, "--owner", "alice"];
        assert_eq!(space.run(&acquire).code, Some(0));
    }
    let on = format!("namespace/{}", space.namespace);
    let acquire = ["acquire", &lock, "--on", &on, "--owner", "alice"];
    let acquired = Kubelock::new(&acquire).env("KUBECONFIG", space.cluster.kubeconfig()).run();
    assert_eq!(acquired.code, Some(0), "{}", acquired.stderr);

    let within = space.run(&["get", &lock, "--all-kinds", "-o", "json", "-v"]);
    let everywhere = space.run(&["get", &lock, "--all-kinds", "-A", "-o", "json"]);

    let widget = "widget.kubelock-test.example.org/widget".to_owned();
    assert_eq!(shown(&within), ["configmap/app".to_owned(), widget.clone()]);
    assert_eq!(shown(&everywhere), ["configmap/app".to_owned(), on, widget]);
    let mut requests: Vec<_> =
        within.requests().iter().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
    let count = requests.len();
    requests.sort_unstable();
    requests.dedup();
    assert_eq!(requests.len(), count, "{}", within.stderr);
    assert!(requests.iter().any(|path| path.ends_with("/leases")), "{requests:?}");
    assert!(!requests.iter().any(|path| path.contains("events.k8s.io/v1/")), "{requests:?}");
}

#[test]
fn kinds_that_may_not_be_listed_are_skipped_and_named_once() {
    let Some(space) = Space::new("some-kinds") else { return };
    let record = r#"{"owner":"alice","createdAt":"2126-01-01T00:00:00Z","ttl":300000000000}"#;
    space.configmap("app", &[("kubelock.giantswarm.io/schema", record)]);
    allow(&space, &["configmaps"]);

    let by_name = once_allowed(&space, &["get", "--on", "cm", "-o", "name"]);
    let all = space.run(&["get", "--all-kinds", "-o", "name", USER[0], USER[1]]);
    let quiet = space.run(&["get", "--all-kinds", "-o", "name", "-q", USER[0], USER[1]]);

    assert_snapshot!(space.transcript(&by_name));
    assert_eq!((all.code, all.stdout.as_str()), (Some(0), "configmap/app\n"));
    let [line] = all.stderr.lines().collect::<Vec<_>>()[..] else { panic!("{}", all.stderr) };
    let skipped = line.strip_prefix("skipped, for you may not list them: ").unwrap();
    let skipped: Vec<_> = skipped.split(", ").collect();
    assert!(skipped.contains(&"leases.coordination.k8s.io") && skipped.contains(&"secrets"));
    assert!(!skipped.contains(&"configmaps"));
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("configmap/app\n", ""));
}

#[test]
fn a_kind_that_was_asked_for_and_may_not_be_listed_is_a_failure() {
    let Some(space) = Space::new("no-kinds") else { return };
    assert_snapshot!(space.play(&[
        (1, &["get", USER[0], USER[1]]),
        (1, &["get", "-A", USER[0], USER[1]]),
        (1, &["get", "--on", "cm", USER[0], USER[1], "-o", "json"]),
        (1, &["get", "--on", "cm", "-w", USER[0], USER[1]]),
    ]));
    let all = space.run(&["get", "--all-kinds", USER[0], USER[1]]);
    assert_eq!((all.code, all.stdout.as_str()), (Some(1), ""));
    assert!(all.stderr.starts_with("error: not allowed to list any of the "), "{}", all.stderr);
}

#[test]
fn a_lock_is_said_to_be_missing_only_where_it_was_looked_for() {
    let Some(space) = Space::new("seen-kinds") else { return };
    let list = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]);
    let user = space.user(&list);
    let outcome = space.run(&["get", "nobodys", "--all-kinds", "-q", "--as", &user]);
    assert_eq!(outcome.code, Some(12), "{}", outcome.stderr);
    let expected = "error: there is no lock \"nobodys\" on configmaps in namespace NS\n";
    assert_eq!(outcome.stderr.replace(&space.namespace, "NS"), expected);

    let failed = space.run(&["get", "nobodys", "--on", "secrets", "-q", "--as", &user]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert!(!failed.stderr.contains("there is no lock"), "{}", failed.stderr);
}

#[test]
fn kinds_that_may_be_listed_but_not_watched_are_named_and_the_others_are_followed() {
    let Some(space) = Space::new("watched-kinds") else { return };
    let record = r#"{"owner":"alice","createdAt":"2126-01-01T00:00:00Z","ttl":300000000000}"#;
    space.configmap("app", &[]);
    let leases = json!({
        "apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["list"],
    });
    let configmaps =
        json!({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["watch", "list"]});
    let user = space.user(&json!([configmaps, leases]));
    let watch = Watch::start(&space, &["--on", "configmaps", "--as", &user]);
    let place = format!("leases.coordination.k8s.io, configmaps in namespace {}", space.namespace);
    assert_eq!(watch.line(), format!("no locks yet on {place}"));
    let skipped = "not followed, for you may not watch them: leases.coordination.k8s.io";
    assert_eq!(watch.line(), skipped);
    space.annotate("app", "kubelock.giantswarm.io/schema", record);
    assert!(watch.line().starts_with("LOCK"));
    assert!(watch.line().starts_with("schema   configmap/app"));
}

#[test]
fn where_no_kind_may_be_watched_nothing_is_followed() {
    let Some(space) = Space::new("unwatched-kinds") else { return };
    let configmaps = json!({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]});
    let user = space.user(&json!([configmaps]));
    let outcome = space.run(&["get", "--all-kinds", "-w", "-q", "--as", &user]);
    assert_eq!(outcome.code, Some(1));
    let expected = "error: not allowed to watch any of these kinds\n";
    assert!(outcome.stderr.starts_with(expected), "{}", outcome.stderr);
}

#[test]
fn groups_whose_server_does_not_answer_are_named() {
    let groups =
        |items: Value| Reply::json(200, &json!({"kind": "APIGroupDiscoveryList", "items": items}));
    let configmaps = json!({
        "resource": "configmaps", "responseKind": {"kind": "ConfigMap"}, "scope": "Namespaced",
        "singularResource": "configmap", "verbs": ["get", "list", "patch", "watch"],
    });
    let core = json!({
        "metadata": {"name": ""},
        "versions": [{"version": "v1", "freshness": "Current", "resources": [configmaps]}],
    });
    let metrics = json!({
        "metadata": {"name": "metrics.k8s.io"},
        "versions": [{"version": "v1beta1", "freshness": "Stale"}],
    });
    let server = Server::new(vec![
        groups(json!([core])),
        groups(json!([metrics])),
        page("10", "", &[]),
        page("10", "", &[]),
    ]);
    let outcome =
        Kubelock::new(&["get", "--all-kinds"]).env("KUBECONFIG", server.kubeconfig()).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""));
    let [silent, none] = outcome.stderr.lines().collect::<Vec<_>>()[..] else {
        panic!("{}", outcome.stderr)
    };
    let expected =
        "skipped, for their servers do not answer the API server: metrics.k8s.io/v1beta1";
    assert_eq!(silent, expected);
    assert!(none.starts_with("no locks on leases"), "{none}");
    server.requests();
}
