//! Locks that are broken: what is shown, what is asked, and what the Event says.

#[cfg(target_os = "linux")]
mod at_the_terminal;

use std::collections::BTreeMap;

use insta::assert_snapshot;
use k8s_openapi::api::core;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;
use sandbox::{Sandbox, Server, User};
use serde_json::{Value, json};

use crate::process::{Kubelock, Outcome};
use crate::space::{Space, block_on};
use crate::stub::Stub;

const KEY: &str = "kubelock.giantswarm.io/deploy";
const WHY: [&str; 2] = ["--reason", "runner-7 was deleted"];

fn record(age_minutes: u64, hold: Option<&str>) -> String {
    let then = std::time::SystemTime::now() - std::time::Duration::from_mins(age_minutes);
    let then = kubelock::Timestamp::from(then).to_string();
    let mut record = json!({"owner": "alice", "createdAt": then, "ttl": 5_400_000_000_000_i64});
    if let Some(hold) = hold {
        record["hold"] = json!(hold);
        record["acquiredAt"] = json!(then);
        record["host"] = json!("node-1");
        record["pid"] = json!(7);
        record["reason"] = json!("schema migration");
    }
    record.to_string()
}

/// A live one with an hour and a half before it, one that expired three days ago.
const LIVE: u64 = 0;
const DEAD: u64 = 3 * 24 * 60 + 90;

/// `break deploy --on cm/app --reason …` with more words.
fn break_it<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["break", "deploy", "--on", "cm/app", "--owner", "zoe@laptop"], &WHY[..], more].concat()
}

impl Space {
    fn value(&self) -> Option<String> {
        self.annotations().remove(KEY)
    }

    fn annotations(&self) -> BTreeMap<String, String> {
        let object = self.with(async |client| {
            let api: Api<core::v1::ConfigMap> = Api::namespaced(client, &self.namespace);
            api.get("app").await.unwrap()
        });
        object.metadata.annotations.unwrap_or_default()
    }

    fn events(&self) -> Vec<Event> {
        self.with(async |client| {
            let api: Api<Event> = Api::namespaced(client, &self.namespace);
            api.list(&ListParams::default()).await.unwrap().items
        })
    }
}

#[test]
fn a_dead_holders_lock_is_broken_and_a_live_ones_only_if_that_is_asked_for() {
    let Some(space) = Space::new("break") else { return };
    space.configmap("app", &[(KEY, &record(DEAD, None))]);
    let mut all = space.play(&[
        (0, &break_it(&["--yes"])),
        (12, &break_it(&["--yes"])),
        (12, &["break", "other", WHY[0], WHY[1], "--yes"]),
        (1, &["break", "other", "--on", "cm/gone", WHY[0], WHY[1], "--yes"]),
    ]);
    space.annotate("app", KEY, &record(LIVE, None));
    all.push_str(&space.play(&[
        (11, &break_it(&["--yes"])),
        (11, &break_it(&["--yes", "--force"])),
        (0, &break_it(&["--yes", "--live"])),
    ]));
    space.annotate("app", KEY, &record(LIVE, Some("6f1c2d")));
    all.push_str(&space.play(&[
        (11, &break_it(&["--yes"])),
        (0, &break_it(&["--yes", "--live"])),
        (12, &["get", "deploy", "--on", "cm/app"]),
    ]));
    assert_snapshot!(all);
}

#[test]
fn what_is_no_record_is_removed_by_force_alone() {
    let Some(space) = Space::new("break-force") else { return };
    space.configmap("app", &[(KEY, "{\"owner\":7,\u{1b}[2J}")]);
    assert_snapshot!(space.play(&[
        (1, &break_it(&["--yes"])),
        (1, &break_it(&["--yes", "--live"])),
        (0, &break_it(&["--yes", "--force"])),
        (12, &["get", "deploy", "--on", "cm/app"]),
    ]));
}

#[test]
fn an_event_on_the_object_tells_who_broke_whose_lock_and_why() {
    let Some(space) = Space::new("break-event") else { return };
    space.configmap("app", &[(KEY, &record(DEAD, Some("6f1c2d")))]);
    let outcome = space.run(&break_it(&["--yes"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);

    let events = space.events();
    let [event] = &events[..] else { panic!("{events:?}") };
    let regarding = event.regarding.clone().unwrap();
    assert_eq!(regarding.api_version.as_deref(), Some("v1"));
    assert_eq!(regarding.kind.as_deref(), Some("ConfigMap"));
    assert_eq!(regarding.name.as_deref(), Some("app"));
    assert_eq!(regarding.namespace.as_deref(), Some(space.namespace.as_str()));
    assert!(regarding.uid.is_some());
    let words = |word: &Option<String>| word.clone().unwrap_or_default();
    assert_eq!(
        [words(&event.type_), words(&event.reason), words(&event.action)],
        ["Warning", "LockBroken", "Break"]
    );
    assert_eq!(words(&event.reporting_controller), "kubelock");
    let note = words(&event.note);
    let user = if space.cluster.is_ours() { "admin " } else { "" };
    let begin = format!("{user}(zoe@laptop) broke lock \"deploy\": runner-7 was deleted; ");
    assert!(note.contains(&begin), "{note}");
    assert!(note.contains("it was held by alice, hold 6f1c2d (since 20"), "{note}");
}

#[test]
fn in_the_sandbox_the_event_is_one_of_the_core_group_too() {
    let sandbox = Sandbox::new();
    let server = Server::start(sandbox.clone()).unwrap();
    let kubeconfig = server.kubeconfig_for(User::ADMINISTRATOR).unwrap();
    let run = |args: &[&str]| Kubelock::new(args).env("KUBECONFIG", &kubeconfig).run();
    assert_eq!(run(&["acquire", "deploy", "--on", "cm/app"]).code, Some(0));
    let outcome = run(&break_it(&["--live", "--yes"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);

    let events = block_on(async {
        let api: Api<core::v1::Event> = Api::namespaced(sandbox.client(), "default");
        let of_it = ListParams::default().fields("involvedObject.name=app");
        api.list(&of_it).await.unwrap().items
    });
    let [event] = &events[..] else { panic!("{events:?}") };
    let message = event.message.as_deref().unwrap();
    assert!(message.contains("broke lock \"deploy\": runner-7 was deleted; "), "{message}");
    let said = [&event.reason, &event.type_, &event.reporting_component].map(Option::as_deref);
    assert_eq!(said, ["LockBroken", "Warning", "kubelock"].map(Some));
    assert_eq!(event.involved_object.kind.as_deref(), Some("ConfigMap"));
}

#[test]
fn an_event_tells_the_whole_name_of_who_broke_the_lock() {
    let Some(space) = Space::new("break-long-name") else { return };
    space.configmap("app", &[(KEY, &record(DEAD, None))]);
    let role = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_OnCall_0123456789abcdef";
    let user = format!("{role}/zoe.of.the.platform.team@example.com");
    let outcome = space.run(&break_it(&["--yes", "--as", &user, "--as-group", "system:masters"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let note = space.events()[0].note.clone().unwrap();
    assert!(note.starts_with(&format!("{user} (zoe@laptop) broke")), "{note}");
}

#[test]
fn what_was_no_record_is_shown_and_kept_in_the_event() {
    let Some(space) = Space::new("break-value") else { return };
    space.configmap("app", &[]);
    for (value, shown) in [("", "\"\""), ("held by bob\u{1b}[2J", r"held by bob\u{1b}[2J")] {
        space.annotate("app", KEY, value);
        let outcome = space.run(&break_it(&["--yes", "--force"]));
        assert!(outcome.stderr.contains(&format!("\n  value   {shown}\n")), "{}", outcome.stderr);
        let end = format!("; it carried no record, but {shown}");
        let notes = space.events().into_iter().filter_map(|event| event.note);
        assert_eq!(notes.filter(|note| note.ends_with(&end)).count(), 1, "{shown}");
    }
}

#[test]
fn of_several_locks_on_an_object_one_is_broken() {
    let Some(space) = Space::new("break-one") else { return };
    let other = "kubelock.giantswarm.io/deploy.2";
    let (dead, foreign) = (record(DEAD, None), "locks.example.org/deploy");
    space.configmap("app", &[(KEY, &dead), (other, &dead), (foreign, &dead)]);
    space.play(&[(0, &break_it(&["--yes"]))]);
    assert_eq!(space.value(), None);
    let rest = space.annotations().into_keys().collect::<Vec<_>>();
    assert_eq!(rest, [other, foreign]);
}

#[test]
fn a_record_goes_however_it_is_spelt() {
    let Some(space) = Space::new("break-spelt") else { return };
    space.configmap("app", &[]);
    for value in [
        "{\"owner\":\"<a&b> é \u{2028}\u{7f}🚀\"}",
        r#" { "Owner" : "\u003ca\u0026b\u003e", "ttl": 1 } "#,
        "null",
    ] {
        space.annotate("app", KEY, value);
        space.play(&[(0, &break_it(&["--yes"]))]);
        assert_eq!(space.value(), None, "{value}");
    }
    space.annotate("app", KEY, "<\u{2028}é");
    space.play(&[(0, &break_it(&["--yes", "--force"]))]);
    assert_eq!(space.value(), None);
}

#[test]
fn who_may_update_but_not_patch_breaks_a_lock_all_the_same() {
    let Some(space) = Space::new("break-put") else { return };
    space.configmap("app", &[(KEY, &record(LIVE, Some("6f1c2d"))), ("team", "<a & b>")]);
    let user = space.user(&json!([
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "update"]},
        {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]},
    ]));
    space.play(&[(0, &break_it(&["--yes", "--live", "--as", &user]))]);
    assert_eq!((space.value(), space.events().len()), (None, 1));
}

#[test]
fn a_lock_is_broken_with_four_requests() {
    let Some(space) = Space::new("break-calls") else { return };
    space.configmap("app", &[(KEY, &record(DEAD, None))]);
    let outcome = space.run(&break_it(&["--yes", "-v"]));
    let methods: Vec<_> =
        outcome.requests().iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(methods, ["GET", "POST", "PATCH", "POST"], "{}", outcome.stderr);
}

#[test]
fn a_lock_on_a_cluster_scoped_object_leaves_its_event_in_the_default_namespace() {
    let Some(space) = Space::new("break-ns") else { return };
    let on = format!("ns/{}", space.namespace);
    let run =
        |args: &[&str]| Kubelock::new(args).env("KUBECONFIG", space.cluster.kubeconfig()).run();
    assert_eq!(run(&["acquire", "deploy", "--on", &on, "--owner", "alice"]).code, Some(0));
    let outcome = run(&["break", "deploy", "--on", &on, WHY[0], WHY[1], "--live", "--yes"]);
    assert_eq!((outcome.code, outcome.stderr.contains("no Event")), (Some(0), false));
    let events = space.with(async |client| {
        let api: Api<Event> = Api::namespaced(client, "default");
        let of_it = ListParams::default().fields(&format!("regarding.name={}", space.namespace));
        api.list(&of_it).await.unwrap().items
    });
    assert_eq!(events.len(), 1, "{events:?}");
}

#[test]
fn the_event_of_a_custom_object_names_its_kind() {
    let Some(space) = Space::new("break-widget") else { return };
    let (namespace, widget) = block_on(space.cluster.ensure_widget("break-widget"));
    let space = Space { namespace, ..space };
    let on = format!("widgets.kubelock-test.example.org/{widget}");
    space.play(&[
        (0, &["acquire", "deploy", "--on", &on, "--owner", "alice"]),
        (0, &["break", "deploy", "--on", &on, WHY[0], WHY[1], "--live", "--yes"]),
    ]);
    let events = space.events();
    let [event] = &events[..] else { panic!("{events:?}") };
    let regarding = event.regarding.clone().unwrap();
    assert_eq!(regarding.api_version.as_deref(), Some("kubelock-test.example.org/v1"));
    assert_eq!(regarding.kind.as_deref(), Some("Widget"));
}

#[test]
fn without_the_right_to_write_events_the_lock_is_broken_with_a_warning() {
    let Some(space) = Space::new("break-warning") else { return };
    space.configmap("app", &[(KEY, &record(DEAD, None))]);
    let rules =
        json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "patch"]}]);
    let user = space.user(&rules);
    assert_snapshot!(
        space.play(&[(0, &break_it(&["--yes", "--as", &user]))]).replace(&user, "USER")
    );
    assert_eq!(space.value(), None);
}

/// A server whose lock can be broken, and which answers each Event so in turn.
fn taking_events(answers: &'static [u16], body: Value) -> Stub {
    let with = |annotations: Value| {
        let metadata = json!({
            "name": "deploy", "uid": "u", "resourceVersion": "7", "annotations": annotations,
        });
        json!({"kind": "Lease", "metadata": metadata}).to_string()
    };
    let (before, after) = (with(json!({KEY: record(DEAD, None)})), with(json!({"team": "a"})));
    let answers = std::sync::Mutex::new(answers.iter());
    Stub::new(move |request| match request.method.as_str() {
        "GET" => Some((200, before.clone())),
        "PATCH" => Some((200, after.clone())),
        _ if !request.body.contains("LockBroken") => Some((404, "{}".to_owned())),
        _ => Some((*answers.lock().unwrap().next()?, body.to_string())),
    })
}

#[test]
fn an_event_that_nobody_could_write_is_not_blamed_on_a_role() {
    let why = "unable to create new content in namespace ci because it is being terminated";
    let refusal = json!({
        "kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden", "message": why,
        "details": {"causes": [{"reason": "NamespaceTerminating", "message": why}]},
    });
    let server = taking_events(&[403], refusal);
    let outcome = Kubelock::new(&["break", "deploy", WHY[0], WHY[1], "--yes", "-q"])
        .env("KUBECONFIG", server.kubeconfig())
        .run();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("warning: no Event tells of it"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains(why) && !outcome.stderr.contains("rbac"), "{}", outcome.stderr);
}

#[test]
fn an_event_waits_for_a_server_that_is_busy() {
    let busy = json!({"kind": "Status", "status": "Failure", "code": 429, "message": "busy"});
    let server = taking_events(&[429, 201], busy);
    let outcome = Kubelock::new(&["break", "deploy", WHY[0], WHY[1], "--yes", "-q"])
        .env("KUBECONFIG", server.kubeconfig())
        .run();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
}

#[test]
fn nobody_is_asked_where_there_is_no_terminal_and_nothing_is_sent() {
    let outcome = Kubelock::new(&break_it(&[])).run();
    assert_eq!(outcome.code, Some(2));
    assert_snapshot!(outcome.transcript());
}

#[test]
fn a_break_says_why() {
    let long = "x".repeat(501);
    let lines: [&[&str]; 3] = [
        &["break", "deploy", "--yes"],
        &["break", "deploy", "--yes", "--reason", " "],
        &["break", "deploy", "--yes", "--reason", &long],
    ];
    let outcomes: Vec<Outcome> = lines.iter().map(|line| Kubelock::new(line).run()).collect();
    assert!(outcomes.iter().all(|outcome| outcome.code == Some(2)));
    assert_snapshot!(outcomes.iter().map(Outcome::transcript).collect::<String>());
}

#[test]
fn a_removal_that_nobody_answers_may_have_happened() {
    let metadata = json!({
        "name": "deploy", "uid": "u", "resourceVersion": "7",
        "annotations": {KEY: record(DEAD, None)},
    });
    let lease = json!({"kind": "Lease", "metadata": metadata}).to_string();
    let server = Stub::new(move |request| match request.method.as_str() {
        "GET" => Some((200, lease.clone())),
        "POST" => Some((404, "{}".to_owned())),
        _ => None,
    });
    let line = ["break", "deploy", WHY[0], WHY[1], "--yes", "--request-timeout", "500ms"];
    let outcome = Kubelock::new(&line).env("KUBECONFIG", server.kubeconfig()).run();
    assert_eq!(outcome.code, Some(15), "{}", outcome.stderr);
    assert_snapshot!(outcome.transcript());
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_under_a_lock_that_is_broken_is_ended() {
    let Some(space) = Space::new("break-run") else { return };
    let words = ["run", "deploy", "-n", &space.namespace, "--ttl", "3s", "--", "sleep", "1000"];
    let run = Kubelock::new(&words).env("KUBECONFIG", space.cluster.kubeconfig());
    let run = std::thread::spawn(move || run.run());
    let breaking = ["break", "deploy", WHY[0], WHY[1], "--yes", "--live"];
    crate::run::running::until("the run has the lock", || space.run(&breaking).code == Some(0));
    let outcome = run.join().unwrap();
    assert_eq!(outcome.code, Some(123), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("somebody removed its record"), "{}", outcome.stderr);
}
