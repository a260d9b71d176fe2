//! What a list shows, in every format.

use insta::assert_snapshot;
use serde_json::Value;

use crate::space::Space;

/// A record of a lock that is held for 90 minutes from now on.
fn held(owner: &str) -> String {
    record(owner, 0)
}

/// The same, as old as this.
fn record(owner: &str, seconds_ago: u64) -> String {
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds_ago);
    let then = kubelock::Timestamp::from(then).to_string();
    serde_json::json!({"owner": owner, "createdAt": then, "ttl": 5_400_000_000_000_i64}).to_string()
}

fn expired() -> String {
    record("operator-7", 3 * 24 * 3600 + 5400)
}

fn locks(outcome: &str) -> Vec<String> {
    let list: Value = serde_json::from_str(outcome).unwrap();
    assert_eq!(list["kind"], "LockList");
    let items = list["items"].as_array().unwrap();
    items.iter().map(|lock| lock["lock"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn without_a_name_all_locks_of_leases_are_shown_and_none_is_no_failure() {
    let Some(space) = Space::new("all") else { return };
    assert_snapshot!(space.play(&[
        (0, &["get"]),
        (0, &["get", "-q"]),
        (0, &["get", "-o", "json"]),
        (0, &["get", "-o", "yaml"]),
        (0, &["acquire", "deploy", "--owner", "alice", "--ttl", "90m", "-q"]),
        (0, &["acquire", "test-b", "--owner", "bob@build-7", "--ttl", "90m", "-q"]),
        (0, &["get"]),
        (0, &["get", "-o", "wide"]),
        (0, &["get", "-o", "name"]),
        (0, &["get", "-o", "json"]),
        (0, &["get", "-o", "yaml"]),
    ]));
}

#[test]
fn objects_of_a_kind_are_looked_at_beside_leases_and_nothing_malformed_is_hidden() {
    let Some(space) = Space::new("kind") else { return };
    let key = |name: &str| format!("kubelock.giantswarm.io/{name}");
    space.configmap("plain", &[("team", "kubelock.giantswarm.io")]);
    space.configmap(
        "app",
        &[
            (&key("schema"), &held("operator-7")),
            (&key("garbled"), "{\"owner\":7}"),
            (&key("old"), &expired()),
        ],
    );
    assert_snapshot!(space.play(&[
        (0, &["acquire", "deploy", "--owner", "alice", "--ttl", "90m", "-q"]),
        (0, &["get", "--on", "cm"]),
        (0, &["get", "--on", "cm/app"]),
        (0, &["get", "--on", "cm/app", "--on", "lease/deploy"]),
        (0, &["get", "--on", "cm/plain"]),
        (1, &["get", "--on", "cm/nothing", "--on", "cm/app", "-o", "name"]),
        (0, &["get", "--on", "configmaps", "--on", "lease", "-o", "name"]),
        (0, &["get", "--on", "cm/app", "-o", "json"]),
    ]));
}

#[test]
fn locks_that_are_named_are_looked_for_in_a_list_and_each_must_be_held() {
    let Some(space) = Space::new("named") else { return };
    let key = |name: &str| format!("kubelock.giantswarm.io/{name}");
    space.configmap(
        "app",
        &[
            (&key("schema"), &held("operator-7")),
            (&key("garbled"), "{\"owner\":7}"),
            (&key("old"), &expired()),
        ],
    );
    assert_snapshot!(space.play(&[
        (0, &["get", "schema", "--on", "cm"]),
        (12, &["get", "schema", "old", "--on", "cm"]),
        (12, &["get", "schema", "nobodys", "--on", "cm"]),
        (1, &["get", "schema", "garbled", "nobodys", "--on", "cm"]),
        (12, &["get", "schema", "-l", "team=a"]),
        (1, &["get", "schema", "nobodys", "--on", "cm/app", "--on", "lease/other"]),
    ]));
}

#[test]
fn in_all_namespaces_each_lock_is_shown_with_its_own() {
    let Some(space) = Space::new("everywhere") else { return };
    let Some(other) = Space::new("elsewhere") else { return };
    // Other tests have locks on this cluster.
    let name = format!("only-{}", space.namespace);
    for (space, owner) in [(&space, "alice"), (&other, "bob")] {
        space.run(&["acquire", &name, "--owner", owner, "--ttl", "90m"]);
    }

    let table = space.run(&["get", &name, "-A"]);
    let json = space.run(&["get", &name, "-A", "-o", "json"]);

    let mut rows: Vec<Vec<&str>> =
        table.stdout.lines().map(|row| row.split_whitespace().take(4).collect()).collect();
    rows[1..].sort_unstable();
    let on = format!("lease/{name}");
    let row = |space: &Space, owner: &str| {
        [space.namespace.as_str(), name.as_str(), on.as_str(), owner].map(str::to_owned)
    };
    let mut expected = [row(&space, "alice"), row(&other, "bob")];
    expected.sort_unstable();
    assert_eq!(rows[0], ["NAMESPACE", "LOCK", "ON", "OWNER"]);
    assert_eq!(rows[1..], expected);
    let list: Value = serde_json::from_str(&json.stdout).unwrap();
    let mut namespaces: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|it| it["namespace"].clone()).collect();
    namespaces.sort_unstable_by_key(ToString::to_string);
    assert_eq!(namespaces, [&*other.namespace, &*space.namespace]);
}

#[test]
fn labels_select_objects_as_in_kubectl() {
    let Some(space) = Space::new("labels") else { return };
    space.run(&["acquire", "deploy", "--owner", "alice"]);
    let count = |selector: &str| {
        let outcome = space.run(&["get", "-l", selector, "-o", "json"]);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        locks(&outcome.stdout).len()
    };

    assert_eq!(count("app.kubernetes.io/managed-by=kubelock"), 1);
    assert_eq!(count("app.kubernetes.io/managed-by in (kubelock, other)"), 1);
    assert_eq!(count("!app.kubernetes.io/managed-by"), 0);
}

#[test]
fn locks_are_sorted_by_a_column_and_what_has_none_there_comes_last() {
    let Some(space) = Space::new("sorted") else { return };
    let key = |name: &str| format!("kubelock.giantswarm.io/{name}");
    space.configmap(
        "app",
        &[
            (&key("a-garbled"), "no"),
            (&key("b-young"), &record("zoe", 10)),
            (&key("c-old"), &record("bob", 600)),
            (&key("d-middle"), &record("alice", 60)),
        ],
    );
    let sorted = |by: &str| {
        let outcome = space.run(&["get", "--on", "cm", "--sort-by", by, "-o", "json"]);
        locks(&outcome.stdout).join(" ")
    };

    assert_eq!(sorted("lock"), "a-garbled b-young c-old d-middle");
    assert_eq!(sorted("age"), "c-old d-middle b-young a-garbled");
    assert_eq!(sorted("expires"), "c-old d-middle b-young a-garbled");
    assert_eq!(sorted("owner"), "d-middle c-old b-young a-garbled");
}

#[test]
fn documents_of_a_list_carry_exact_values_whatever_these_are() {
    let Some(space) = Space::new("exact-list") else { return };
    let owners = ["a\nb: c\n---\n- d", "a\u{1b}[2J\u{202e}é🚀\"", " ", "\n\n  x\n", "yes", ""];
    for (number, owner) in owners.iter().enumerate() {
        let name = format!("app-{number}");
        space.configmap(&name, &[("kubelock.giantswarm.io/l", &held(owner))]);
    }

    let json = space.run(&["get", "--on", "cm", "-o", "json"]).stdout;
    let yaml = space.run(&["get", "--on", "cm", "-o", "yaml"]).stdout;

    let of_json: Value = serde_json::from_str(&json).unwrap();
    let of_yaml: Value = serde_saphyr::from_str(&yaml).unwrap();
    for list in [of_json, of_yaml] {
        let items = list["items"].as_array().unwrap();
        let shown: Vec<_> = items.iter().map(|lock| lock["owner"].as_str().unwrap()).collect();
        assert_eq!(shown, owners);
    }
    assert!(!json.contains('\u{1b}') && !yaml.contains('\u{1b}'));
}

#[test]
fn a_list_costs_a_request_for_each_kind() {
    let Some(space) = Space::new("list-requests") else { return };
    space.configmap("app", &[]);
    let requests = |args: &[&str]| {
        let outcome = space.run(&[args, &["-v"]].concat());
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        outcome.requests().len()
    };

    assert_eq!(requests(&["get"]), 1);
    assert_eq!(requests(&["get", "--on", "lease"]), 1);
    assert_eq!(requests(&["get", "--on", "cm", "--on", "secrets"]), 3);
    assert_eq!(requests(&["get", "--on", "cm/app"]), 1);
}

#[test]
fn what_does_not_fit_together_is_refused_with_the_way_out() {
    let Some(space) = Space::new("list-wrong") else { return };
    assert_snapshot!(space.play(&[
        (2, &["get", "-l", "a b"]),
        (2, &["get", "--on", "namespaces"]),
        (2, &["get", "--on", "cm/app", "-A"]),
        (2, &["get", "--on", "cm/app", "-l", "team=a"]),
        (2, &["get", "--on", "cm", "--all-kinds"]),
        (2, &["get", "--on", "confgimaps"]),
        (2, &["get", "--on", "cm/"]),
        (2, &["get", "--sort-by", "colour"]),
        (2, &["get", "Not_A_Lease", "-w"]),
        (2, &["get", "no/slash", "-A"]),
        (1, &["get", "--on", "configmaps.v7."]),
    ]));
}

#[test]
fn what_is_named_twice_is_shown_once() {
    let Some(space) = Space::new("list-once") else { return };
    space.configmap("app", &[("kubelock.giantswarm.io/schema", &held("operator-7"))]);
    let twice: [&[&str]; 6] = [
        &["get", "--on", "cm", "--on", "configmaps"],
        &["get", "--on", "cm/app", "--on", "configmap/app"],
        &["get", "schema", "schema", "--on", "cm/app"],
        &["get", "schema", "--on", "cm/app", "--on", "configmaps/app"],
        &["get", "--on", "cm/app", "--on", "cm"],
        &["get", "schema", "--on", "cm", "--on", "cm/app"],
    ];
    for line in twice {
        let outcome = space.run(line);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        assert_eq!(outcome.stdout.matches("operator-7").count(), 1, "{}", outcome.transcript());
    }
    let missing = space.run(&["get", "nobodys", "nobodys", "--on", "cm"]);
    assert_eq!(missing.stderr.matches("there is no lock").count(), 1, "{}", missing.stderr);
}

#[test]
fn an_object_beside_its_whole_kind_must_be_there_and_is_looked_at_if_the_kind_may_not_be() {
    let Some(space) = Space::new("list-whole") else { return };
    space.configmap("app", &[("kubelock.giantswarm.io/schema", &held("operator-7"))]);

    let missing = space.run(&["get", "--on", "cm", "--on", "cm/nothing", "-o", "name"]);
    assert_eq!((missing.code, missing.stdout.as_str()), (Some(1), "configmap/app\n"));
    assert!(missing.stderr.contains("there is no configmap/nothing"), "{}", missing.stderr);

    let rules = serde_json::json!([{
        "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["app"],
        "verbs": ["list"],
    }]);
    let user = space.user(&rules);
    let line = ["get", "--on", "cm", "--on", "cm/app", "-o", "name", "--as", &user];
    let part = space.run(&line);
    assert_eq!((part.code, part.stdout.as_str()), (Some(1), "configmap/app\n"), "{}", part.stderr);
}

#[test]
fn a_malformed_record_is_listed_where_its_lock_is_named_too() {
    let Some(space) = Space::new("list-malformed") else { return };
    space.configmap(
        "app",
        &[
            ("kubelock.giantswarm.io/bad", "{nonsense"),
            ("kubelock.giantswarm.io/good", &held("alice")),
        ],
    );
    let shown = |locks: &[&str]| -> Value {
        let outcome = space.run(&[&["get", "--on", "cm/app", "-o", "json"], locks].concat());
        assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
        assert_eq!(outcome.stderr.matches("error: ").count(), 1, "{}", outcome.stderr);
        serde_json::from_str(&outcome.stdout).unwrap()
    };

    let alone = shown(&["bad"]);
    assert_eq!(alone["state"], "malformed");
    assert!(alone["malformed"].is_string() && alone["object"]["uid"].is_string(), "{alone}");
    let both = shown(&["bad", "good"]);
    let states: Vec<_> = both["items"].as_array().unwrap().iter().map(|it| &it["state"]).collect();
    assert_eq!(states, ["malformed", "held"]);
}

#[test]
fn who_may_list_no_kind_is_told_what_to_type_instead() {
    let Some(space) = Space::new("list-nothing") else { return };
    let outcome = space.run(&["get", "--all-kinds", "--as", "nobody", "--prefix", "locks.example"]);
    let hint = format!("get: kubelock get LOCK -n {} --prefix locks.example", space.namespace);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains(&format!("{hint} --as nobody\n")), "{}", outcome.stderr);
}
