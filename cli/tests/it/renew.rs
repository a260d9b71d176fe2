//! Locks that are prolonged, and records that go by the id of their hold.

use insta::assert_snapshot;

use crate::space::Space;

fn record_of_a_hold() -> String {
    let now = kubelock::Timestamp::from(std::time::SystemTime::now());
    format!(
        r#"{{"owner":"alice","createdAt":"{now}","ttl":5400000000000,"hold":"6f1c2d","acquiredAt":"{now}","host":"node-1","pid":7,"reason":"schema migration"}}"#
    )
}

#[test]
fn a_lock_is_renewed_by_its_owner_for_its_own_ttl_or_another() {
    let Some(space) = Space::new("renew") else { return };
    assert_snapshot!(space.play(&[
        (12, &["renew", "deploy", "--owner", "alice"]),
        (0, &["acquire", "deploy", "--owner", "alice", "--ttl", "90m"]),
        (0, &["renew", "deploy", "--owner", "alice"]),
        (0, &["renew", "deploy", "--owner", "alice", "--ttl", "3h"]),
        (11, &["renew", "deploy", "--owner", "bob"]),
        (2, &["renew", "deploy", "--owner", "alice", "--hold", "6f1c2d"]),
        (2, &["renew", "deploy", "--hold", "Not An Id"]),
    ]));
    let first = space.run(&["get", "deploy", "-o", "json"]).stdout;
    space.run(&["renew", "deploy", "--owner", "alice"]);
    let second = space.run(&["get", "deploy", "-o", "json"]).stdout;
    let created_at = |json: &str| {
        let lock: serde_json::Value = serde_json::from_str(json).unwrap();
        lock["createdAt"].as_str().unwrap().to_owned()
    };
    assert_ne!(created_at(&first), created_at(&second));
}

#[test]
fn a_hold_is_named_beside_an_owner_of_the_environment() {
    let Some(space) = Space::new("hold-env") else { return };
    space.configmap("app", &[("kubelock.giantswarm.io/deploy", &record_of_a_hold())]);
    let release = ["release", "deploy", "--on", "cm/app", "--hold", "6f1c2d"];
    let outcome = space.kubelock(&release).env("KUBELOCK_OWNER", "bob").run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}

#[test]
fn a_renewal_takes_the_read_and_the_write() {
    let Some(space) = Space::new("renew-calls") else { return };
    space.run(&["acquire", "deploy", "--owner", "alice"]);
    let outcome = space.run(&["renew", "deploy", "--owner", "alice", "-v"]);
    assert_eq!(outcome.requests().len(), 2, "{}", outcome.stderr);
}

#[test]
fn a_record_of_a_hold_is_renewed_and_released_by_its_id_alone() {
    let Some(space) = Space::new("hold-id") else { return };
    space.configmap("app", &[("kubelock.giantswarm.io/deploy", &record_of_a_hold())]);
    let on = ["--on", "cm/app"];
    assert_snapshot!(space.play(&[
        (11, &["renew", "deploy", on[0], on[1], "--owner", "alice"]),
        (11, &["release", "deploy", on[0], on[1], "--owner", "alice"]),
        (11, &["release", "deploy", on[0], on[1], "--hold", "0000"]),
        (0, &["renew", "deploy", on[0], on[1], "--hold", "6f1c2d"]),
        (0, &["get", "deploy", on[0], on[1], "-o", "json"]),
        (0, &["release", "deploy", on[0], on[1], "--hold", "6f1c2d"]),
        (12, &["release", "deploy", on[0], on[1], "--hold", "6f1c2d"]),
    ]));
}
