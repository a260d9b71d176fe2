//! What a Tab key brings.

#[cfg(target_os = "linux")]
mod plugins;
mod shells;
mod typist;

use crate::get::scripted::{Reply, Server, lease, page};
use crate::process::{Kubelock, Outcome};
use crate::space::Space;

/// The candidates, less their descriptions, and the directive.
fn completed(outcome: &Outcome) -> (Vec<&str>, &str) {
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    let (lines, directive) = outcome.stdout.trim_end().rsplit_once(':').unwrap();
    (lines.lines().map(|line| line.split('\t').next().unwrap()).collect(), directive)
}

/// How often a Tab is pressed by somebody whose machine may have much else to do.
const PRESSES: usize = 20;

/// What is offered by a cluster that may be too late for the first Tab.
fn ask(space: &Space, words: &[&str]) -> Outcome {
    let words: Vec<&str> = std::iter::once("__complete").chain(words.iter().copied()).collect();
    let press = || Kubelock::new(&words).env("KUBECONFIG", space.cluster.kubeconfig()).run();
    let mut presses = (1..PRESSES).map(|_| press());
    presses.find(|outcome| !outcome.stdout.starts_with(':')).unwrap_or_else(press)
}

#[test]
fn locks_are_offered_to_those_who_can_do_something_with_them() {
    let Some(space) = Space::new("complete-locks") else { return };
    let (ns, all) = (space.namespace.as_str(), ["deploy", "docs", "schema"]);
    for lock in all {
        space.run(&["acquire", lock, "--owner", "alice"]);
    }
    space.run(&["release", "docs", "--owner", "alice"]);

    assert_eq!(completed(&ask(&space, &["acquire", "-n", ns, ""])), (all.to_vec(), "4"));
    let held = vec!["deploy", "schema"];
    assert_eq!(completed(&ask(&space, &["release", "-n", ns, ""])), (held, "4"));
    assert_eq!(completed(&ask(&space, &["-n", ns, "get", "d"])), (vec!["deploy", "docs"], "4"));
    let described = ask(&space, &["get", "-n", ns, "dep"]).stdout;
    assert_eq!(described, "deploy\talice\n:4\n", "the owner describes the lock");
}

#[test]
fn locks_of_an_object_and_objects_of_a_kind_are_offered() {
    let Some(space) = Space::new("complete-objects") else { return };
    let ns = space.namespace.as_str();
    space.configmap("app", &[("team", "a")]);
    space.configmap("apt", &[]);
    space.run(&["acquire", "schema", "--on", "cm/app", "--owner", "alice"]);

    let on = ask(&space, &["get", "--on", "cm/app", "-n", ns, ""]);
    assert_eq!(completed(&on), (vec!["schema"], "4"));
    let objects = ask(&space, &["get", "-n", ns, "--on", "cm/ap"]);
    assert_eq!(completed(&objects), (vec!["cm/app", "cm/apt"], "4"));
    let joined = ask(&space, &["get", "-n", ns, "--on=configmap/apt"]);
    assert_eq!(completed(&joined), (vec!["--on=configmap/apt"], "4"));
}

#[test]
fn objects_are_offered_page_by_page_as_far_as_these_come() {
    let first = || page("1", "t/1", &[lease("a-1", "alice", "1"), lease("a 2", "bob", "2")]);
    let second = page("1", "", &[lease("b", "bob", "3"), lease("a-3", "bob", "4")]);
    let failure = Reply::json(500, &serde_json::json!({"kind": "Status", "code": 500}));
    for (next, expected) in [(second, vec!["lease/a-1", "lease/a-3"]), (failure, vec!["lease/a-1"])]
    {
        let server = Server::new(vec![first(), next]);
        let outcome = Kubelock::new(&["__complete", "get", "--on", "lease/a"])
            .env("KUBECONFIG", server.kubeconfig())
            .run();
        assert_eq!(completed(&outcome), (expected, "4"));
        assert!(server.requests()[1].ends_with("&continue=t%2F1"));
    }
}

#[test]
fn namespaces_and_contexts_are_offered() {
    let Some(space) = Space::new("complete-namespaces") else { return };
    let namespaces = ask(&space, &["get", "deploy", "-n", &space.namespace]);
    assert_eq!(completed(&namespaces), (vec![space.namespace.as_str()], "4"));
    let by_variable = Kubelock::new(&["__complete", "get", "deploy", "-n", &space.namespace])
        .env("KUBELOCK_KUBECONFIG", space.cluster.kubeconfig())
        .run();
    assert_eq!(by_variable.stdout, namespaces.stdout, "variables count here, too");
    let config = std::fs::read_to_string(space.cluster.kubeconfig()).unwrap();
    let config: serde_json::Value = serde_saphyr::from_str(&config).unwrap();
    let contexts = ask(&space, &["get", "--context", ""]);
    let context = config["contexts"][0]["name"].as_str().unwrap();
    assert!(completed(&contexts).0.contains(&context), "{}", contexts.stdout);
}

#[test]
fn whatever_fails_offers_nothing_and_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("plugin");
    std::fs::write(&plugin, "#!/bin/sh\necho hush-hush >&2; exec sleep 1000\n").unwrap();
    std::fs::set_permissions(&plugin, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let with = |user: &str, server: &str| {
        let config = folder.path().join("config");
        let text = format!(
            "{{clusters: [{{name: c, cluster: {{server: '{server}'}}}}], users: [{{name: u, user: {user}}}], \
              contexts: [{{name: x, context: {{cluster: c, user: u}}}}], current-context: x}}"
        );
        std::fs::write(&config, text).unwrap();
        Kubelock::new(&["__complete", "get", ""]).env("KUBECONFIG", &config).run()
    };
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    let exec = format!(
        "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: '{}', interactiveMode: Never}}}}",
        plugin.display()
    );
    for outcome in [
        Kubelock::new(&["__complete", "get", ""]).run(),
        Kubelock::new(&["__complete"]).run(),
        with("{}", "http://127.0.0.1:1"),
        with("{}", &silent),
        with(&exec, &silent),
        with("nonsense", &silent),
    ] {
        let (candidates, directive) = completed(&outcome);
        let names = candidates.iter().filter(|word| !word.starts_with("--"));
        let commands = ["run", "acquire", "version"];
        assert!(names.clone().count() == 0 || names.clone().any(|name| commands.contains(name)));
        assert_eq!(directive, "4");
    }
}

#[test]
fn programs_are_offered_for_the_command_and_not_for_what_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a-program"), "").unwrap();
    for before in [&["run", "deploy", "--"][..], &["run", "deploy"], &["sandbox", "--"]] {
        let offered = |words: &[&str]| {
            let words = [&["__complete"], before, words, &["a-pro"]].concat();
            let outcome = Kubelock::new(&words).env("PATH", folder.path()).run();
            completed(&outcome).0.contains(&"a-program")
        };
        assert!(offered(&[]), "{before:?}");
        assert!(!offered(&["cat"]) && !offered(&["cat", "-n"]), "{before:?}");
    }
}
