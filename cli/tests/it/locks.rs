//! Locks taken, seen, refused and given back: what the commands say, and the exit codes.

use insta::assert_snapshot;

use crate::space::Space;

/// A record of March 2020, long expired.
const OLD: &str =
    r#"{"owner":"operator-7","createdAt":"2020-03-25T10:00:00.12Z","ttl":300000000000}"#;

/// A record that expired three days ago.
fn expired() -> String {
    let then = std::time::SystemTime::now() - std::time::Duration::from_mins(3 * 24 * 60 + 90);
    let then = kubelock::Timestamp::from(then);
    format!(r#"{{"owner":"operator-7","createdAt":"{then}","ttl":300000000000}}"#)
}

#[test]
fn a_lock_without_an_object_lives_on_a_lease_of_its_own() {
    let Some(space) = Space::new("own-lease") else { return };
    assert_snapshot!(space.play(&[
        (12, &["get", "deploy"]),
        (12, &["release", "deploy", "--owner", "alice"]),
        (0, &["acquire", "deploy", "--owner", "alice", "--ttl", "90m"]),
        (10, &["acquire", "deploy", "--owner", "alice"]),
        (11, &["acquire", "deploy", "--owner", "bob"]),
        (11, &["release", "deploy", "--owner", "bob"]),
        (0, &["get", "deploy"]),
        (0, &["release", "deploy", "--owner", "alice"]),
        (12, &["release", "deploy", "--owner", "alice"]),
        (12, &["get", "deploy"]),
    ]));

    let labels = space.lease("deploy").metadata.labels.unwrap();
    assert_eq!(labels.get("app.kubernetes.io/managed-by").map(String::as_str), Some("kubelock"));
}

#[test]
fn a_lock_on_an_object_goes_by_any_spelling_of_its_kind() {
    let Some(space) = Space::new("spelling") else { return };
    space.configmap("app", &[]);
    assert_snapshot!(space.play(&[
        (0, &["acquire", "Schema_7", "--on", "cm/app", "--owner", "alice", "--ttl", "90m"]),
        (10, &["acquire", "Schema_7", "--on", "configmaps/app", "--owner", "alice"]),
        (11, &["acquire", "Schema_7", "--on", "ConfigMap/app", "--owner", "bob"]),
        (0, &["get", "Schema_7", "--on", "configmaps.v1./app"]),
        (0, &["release", "Schema_7", "--on", "configmap/app", "--owner", "alice"]),
        (12, &["release", "Schema_7", "--on", "configmap/app", "--owner", "alice"]),
        (1, &["acquire", "Schema_7", "--on", "configmap/gone", "--owner", "alice"]),
        (1, &["get", "Schema_7", "--on", "configmap/gone"]),
    ]));
}

#[test]
fn cluster_scoped_objects_carry_locks_too() {
    let Some(space) = Space::new("cluster-scoped") else { return };
    let on = format!("ns/{}", space.namespace);
    let run = |code, args: &[&str]| {
        let outcome =
            crate::process::Kubelock::new(args).env("KUBECONFIG", space.cluster.kubeconfig()).run();
        assert_eq!(outcome.code, Some(code), "{}", outcome.stderr);
        space.transcript(&outcome)
    };
    let all = [
        run(0, &["acquire", "team", "--on", &on, "--owner", "alice", "--ttl", "90m"]),
        run(0, &["get", "team", "--on", &on, "-o", "name"]),
        run(0, &["release", "team", "--on", &on, "--owner", "alice"]),
        run(12, &["get", "team", "--on", &on]),
    ];
    assert_snapshot!(all.concat());
}

#[test]
fn a_lock_is_printed_in_every_format() {
    let Some(space) = Space::new("formats") else { return };
    let acquire = ["acquire", "deploy", "--owner", "alice", "--ttl", "90m", "-o", "json"];
    assert_snapshot!(space.play(&[
        (0, &acquire),
        (0, &["get", "deploy"]),
        (0, &["get", "deploy", "-o", "wide"]),
        (0, &["get", "deploy", "-o", "name"]),
        (0, &["get", "deploy", "-o", "json"]),
        (0, &["get", "deploy", "-o", "yaml"]),
    ]));
}

#[test]
fn several_locks_are_a_list_and_the_exit_status_is_that_of_the_worst() {
    let Some(space) = Space::new("several") else { return };
    let garbled = "kubelock.giantswarm.io/garbled";
    space.configmap(
        "app",
        &[("kubelock.giantswarm.io/old", &expired()), (garbled, "{\"owner\":7}")],
    );
    let on = ["--on", "cm/app"];
    space
        .play(&[(0, &["acquire", "held", on[0], on[1], "--owner", "alice", "--ttl", "90m", "-q"])]);

    assert_snapshot!(space.play(&[
        (0, &["get", "held", "--on", "cm/app"]),
        (12, &["get", "old", "--on", "cm/app"]),
        (12, &["get", "held", "old", "free", "--on", "cm/app"]),
        (1, &["get", "held", "garbled", "free", "--on", "cm/app"]),
        (12, &["get", "held", "free", "--on", "cm/app", "-o", "name"]),
        (12, &["get", "free", "gratis", "--on", "cm/app", "-o", "json"]),
        (12, &["get", "free", "--on", "cm/app", "-o", "json"]),
    ]));

    space.annotate("app", "kubelock.giantswarm.io/old", OLD);
    let outcome = space.run(&["get", "held", "old", "--on", "cm/app", "-o", "json"]);
    let list: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(list["kind"], "LockList");
    assert_eq!(list["items"][0]["ttlNanoseconds"], 5_400_000_000_000_i64);
    assert_eq!(list["items"][1]["state"], "expired");
    assert_eq!(list["items"][1]["expiresAt"], "2020-03-25T10:05:00.12Z");
    assert!(list["items"][1].get("expiresInSeconds").is_none());
}

#[test]
fn an_expired_lock_is_taken_over() {
    let Some(space) = Space::new("takeover") else { return };
    space.configmap("app", &[("kubelock.giantswarm.io/old", &expired())]);
    assert_snapshot!(space.play(&[
        (12, &["release", "old", "--on", "cm/app", "--owner", "operator-7"]),
        (0, &["acquire", "old", "--on", "cm/app", "--owner", "alice", "--ttl", "90m"]),
        (0, &["release", "old", "--on", "cm/app", "--owner", "alice"]),
    ]));
}

#[test]
fn a_record_of_a_hold_is_not_given_back_by_label() {
    let Some(space) = Space::new("hold") else { return };
    let now = kubelock::Timestamp::from(std::time::SystemTime::now());
    let record =
        format!(r#"{{"owner":"alice","createdAt":"{now}","ttl":5400000000000,"hold":"6f1c2d"}}"#);
    space.configmap("app", &[("kubelock.giantswarm.io/deploy", &record)]);
    assert_snapshot!(space.play(&[
        (11, &["release", "deploy", "--on", "cm/app", "--owner", "alice"]),
        (0, &["get", "deploy", "--on", "cm/app", "-o", "wide"]),
    ]));
}

#[test]
fn a_stamp_a_little_ahead_has_no_age_yet() {
    let Some(space) = Space::new("ahead") else { return };
    let ahead = std::time::SystemTime::now() + std::time::Duration::from_secs(30);
    let ahead = kubelock::Timestamp::from(ahead);
    let record = format!(r#"{{"owner":"alice","createdAt":"{ahead}","ttl":5400000000000}}"#);
    space.configmap("app", &[("kubelock.giantswarm.io/deploy", &record)]);

    let outcome = space.run(&["get", "deploy", "--on", "cm/app", "-o", "json"]);

    let lock: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(lock["ageSeconds"], 0);
}

#[test]
fn a_malformed_record_is_nobodys_and_stays_untouched() {
    let Some(space) = Space::new("malformed") else { return };
    space.configmap(
        "app",
        &[("kubelock.giantswarm.io/deploy", "{\"owner\":\"alice\",\"ttl\":\"5m\"}")],
    );
    assert_snapshot!(space.play(&[
        (1, &["get", "deploy", "--on", "cm/app"]),
        (1, &["acquire", "deploy", "--on", "cm/app", "--owner", "alice"]),
        (1, &["release", "deploy", "--on", "cm/app", "--owner", "alice"]),
    ]));
}

#[test]
fn a_ttl_of_zero_is_the_default() {
    let Some(space) = Space::new("zero-ttl") else { return };
    let outcome = space.run(&["acquire", "deploy", "--ttl", "0", "--owner", "alice"]);
    assert!(outcome.stderr.ends_with("as alice for 5m\n"), "{}", outcome.stderr);
}

#[test]
fn the_owner_is_this_user_on_this_host_unless_it_is_set() {
    let Some(space) = Space::new("owner") else { return };
    let default = space.kubelock(&["acquire", "a", "-o", "json"]).env("USER", "zoe").run();
    let variable =
        space.kubelock(&["acquire", "b", "-o", "json"]).env("KUBELOCK_OWNER", "ci-7").run();

    let owner = |json: &str| {
        let lock: serde_json::Value = serde_json::from_str(json).unwrap();
        lock["owner"].as_str().unwrap().to_owned()
    };
    assert!(owner(&default.stdout).starts_with("zoe@"), "{}", default.stdout);
    assert_eq!(owner(&variable.stdout), "ci-7");
}

#[test]
fn another_prefix_is_another_lock_and_the_hints_keep_it() {
    let Some(space) = Space::new("prefix") else { return };
    space.configmap("app", &[]);
    let prefix = ["--prefix", "locks.example.org"];
    assert_snapshot!(space.play(&[
        (
            0,
            &[
                "acquire", "deploy", "--on", "cm/app", "--owner", "alice", prefix[0], prefix[1],
                "-q"
            ]
        ),
        (12, &["get", "deploy", "--on", "cm/app"]),
        (11, &["acquire", "deploy", "--on", "cm/app", "--owner", "bob", prefix[0], prefix[1]]),
    ]));
}

#[test]
fn a_namespace_that_does_not_exist_is_named() {
    let Some(space) = Space::new("no-namespace") else { return };
    let outcome =
        crate::process::Kubelock::new(&["acquire", "deploy", "-n", "kubelock-no-such-namespace"])
            .env("KUBECONFIG", space.cluster.kubeconfig())
            .run();
    assert_eq!(outcome.code, Some(1));
    assert_snapshot!(outcome.transcript());
}

#[test]
fn an_owner_that_no_object_can_keep_is_refused() {
    let Some(space) = Space::new("long-owner") else { return };
    // One argument takes 128 KiB on Linux; Go's JSON makes six bytes of each of these.
    let owner = "<".repeat(50 * 1024);
    let outcome = space.run(&["acquire", "deploy", "--owner", &owner]);
    assert_eq!(outcome.code, Some(2));
    assert_snapshot!(space.transcript(&outcome));
}
