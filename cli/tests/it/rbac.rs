//! The Role that is printed is enough for its commands, and nothing less is.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use crate::process::{Kubelock, Outcome};
use crate::space::{Space, block_on};

/// Lines, each with its status, that need all that a command may ever ask for.
type Script = &'static [(i32, &'static [&'static str])];

/// In place of a status: it goes on, until it has listed and watches.
const FOLLOWS: i32 = -1;
/// In place of a status: the administrator does it, meanwhile.
const MEANWHILE: i32 = -2;

/// A command, what its administrator does before, and what its user does.
const COMMANDS: [(&str, Script, Script); 7] = [
    (
        "acquire",
        &[],
        &[
            (0, &["acquire", "deploy", "--owner", "alice"]),
            (10, &["acquire", "deploy", "--owner", "alice"]),
            (11, &["acquire", "deploy", "--owner", "bob"]),
            (11, &["acquire", "deploy", "--owner", "bob", "--wait", "300ms"]),
            (MEANWHILE, &["release", "deploy", "--owner", "alice"]),
            (0, &["acquire", "deploy", "--owner", "bob"]),
        ],
    ),
    (
        "renew",
        &[(0, &["acquire", "deploy", "--owner", "alice"])],
        &[(0, &["renew", "deploy", "--owner", "alice"])],
    ),
    (
        "release",
        &[(0, &["acquire", "deploy", "--owner", "alice"])],
        &[(0, &["release", "deploy", "--owner", "alice"])],
    ),
    (
        "run",
        &[],
        &[
            (0, &["run", "deploy", "true"]),
            (0, &["acquire", "deploy", "--owner", "alice"]),
            (124, &["run", "deploy", "--wait", "300ms", "true"]),
        ],
    ),
    (
        "get",
        &[(0, &["acquire", "deploy", "--owner", "alice"])],
        &[(0, &["get", "deploy"]), (FOLLOWS, &["get", "deploy", "-w"])],
    ),
    (
        "break",
        &[(0, &["acquire", "deploy", "--owner", "alice"])],
        &[(0, &["break", "deploy", "--live", "--yes", "--reason", "gone"])],
    ),
    (
        "gc",
        &[
            (0, &["acquire", "deploy", "--owner", "alice"]),
            (0, &["release", "deploy", "--owner", "alice"]),
        ],
        &[(0, &["gc", "--older-than", "0"])],
    ),
];

/// A Role that was applied, bound to a user of its own.
struct Granted<'a> {
    space: &'a Space,
    user: String,
    role: Value,
}

/// What `kubectl apply -f -` makes of it.
fn documents(yaml: &str) -> Vec<Value> {
    yaml.split("---\n").map(|document| serde_saphyr::from_str(document).unwrap()).collect()
}

async fn apply(client: Client, document: &Value) {
    let (api, name) = place(client, document);
    let params = PatchParams::apply("test").force();
    api.patch(&name, &params, &Patch::Apply(document)).await.unwrap();
}

/// Where a document belongs, and what it is called there.
fn place(client: Client, document: &Value) -> (Api<DynamicObject>, String) {
    let kind = document["kind"].as_str().unwrap();
    let resource =
        ApiResource::from_gvk(&GroupVersionKind::gvk("rbac.authorization.k8s.io", "v1", kind));
    let object: DynamicObject = serde_json::from_value(document.clone()).unwrap();
    let api = match object.namespace() {
        Some(namespace) => Api::namespaced_with(client, &namespace, &resource),
        None => Api::all_with(client, &resource),
    };
    (api, object.name_any())
}

impl<'a> Granted<'a> {
    fn new(space: &'a Space, command: &str) -> Self {
        let user = format!("{command}-{}", space.namespace);
        let line: &[&str] = &["rbac", "deploy", "--for", command, "--user", &user];
        let line = if command == "gc" { [&line[..1], &line[2..]].concat() } else { line.to_vec() };
        let outcome = space.run(&line);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
        let documents = documents(&outcome.stdout);
        let granted = Self { space, user, role: documents[0].clone() };
        space.with(async |client| apply(client, &documents[1]).await);
        granted.replace(&granted.role);
        granted
    }

    /// Every verb of every rule: its place in the role.
    fn verbs(&self) -> Vec<(usize, usize)> {
        let rules = self.role["rules"].as_array().unwrap().iter().enumerate();
        rules
            .flat_map(|(rule, it)| {
                (0..it["verbs"].as_array().unwrap().len()).map(move |verb| (rule, verb))
            })
            .collect()
    }

    /// The role without one verb, and what that forbids.
    fn without(&self, (rule, verb): (usize, usize)) -> (Value, String) {
        let mut less = self.role.clone();
        // A rule needs a verb; nothing goes by this one.
        let missing = std::mem::replace(&mut less["rules"][rule]["verbs"][verb], json!("nothing"));
        (less, missing.as_str().unwrap().to_owned())
    }

    /// Waits until the API server goes by this role.
    fn replace(&self, role: &Value) {
        self.space.with(async |client| apply(client, role).await);
        for (rule, verb) in self.verbs() {
            let before = &self.role["rules"][rule];
            let verb = &before["verbs"][verb];
            let now = role["rules"][rule]["verbs"].as_array().unwrap();
            let attributes = json!({
                "namespace": self.space.namespace, "verb": verb,
                "group": before["apiGroups"][0], "resource": before["resources"][0],
                "name": before["resourceNames"][0].as_str().unwrap_or_default(),
            });
            self.space.until_allowed(&self.user, &attributes, now.contains(verb));
        }
    }

    /// The user's lines, on a clean Lease, until one does not end as it should.
    fn play(&self, before: Script, script: Script) -> Vec<Played> {
        self.space.with(async |client| {
            let leases: Api<Lease> = Api::namespaced(client, &self.space.namespace);
            drop(leases.delete("deploy", &DeleteParams::default()).await);
        });
        self.space.play(before);
        script.iter().map(|(code, line)| self.line(*code, line)).collect()
    }

    fn line(&self, code: i32, line: &[&str]) -> Played {
        if code == MEANWHILE {
            // Without the right to it, nobody has taken it.
            let transcript = self.space.run(line).transcript();
            return Played { is_as_told: true, transcript };
        }
        let words = [&["-n", &self.space.namespace, "--as", &self.user, "-v"], line].concat();
        if code == FOLLOWS {
            return self.follow(&words);
        }
        let outcome =
            Kubelock::new(&words).env("KUBECONFIG", self.space.cluster.kubeconfig()).run();
        Played { is_as_told: outcome.code == Some(code), transcript: outcome.transcript() }
    }

    /// Until it has made two requests, or has ended.
    fn follow(&self, words: &[&str]) -> Played {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kubelock"))
            .args(words)
            .env("KUBECONFIG", self.space.cluster.kubeconfig())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut transcript, mut requests) = (String::new(), 0);
        for line in BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap) {
            requests += usize::from(line.starts_with("GET "));
            transcript.push_str(&line);
            transcript.push('\n');
            if requests == 2 {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let is_as_told = requests == 2 && !transcript.contains(" 403 ");
        Played { is_as_told, transcript }
    }
}

/// How a line ended.
struct Played {
    is_as_told: bool,
    transcript: String,
}

impl Played {
    fn is_forbidden(&self) -> bool {
        self.transcript.lines().any(|line| line.contains(" 403 "))
    }

    /// It ended as it should not have; or it did less than was asked of it, and says so.
    fn fails(&self) -> bool {
        let warns =
            |line: &str| line.starts_with("warning: ") && line.contains(": not allowed to ");
        self.is_forbidden() && (!self.is_as_told || self.transcript.lines().any(warns))
    }
}

fn check(command: &str) {
    let Some(space) = Space::new("rbac") else { return };
    let (_, before, script) = COMMANDS.into_iter().find(|(name, ..)| *name == command).unwrap();
    let granted = Granted::new(&space, command);
    for played in granted.play(before, script) {
        assert!(played.is_as_told && !played.is_forbidden(), "{}", played.transcript);
    }
    for place in granted.verbs() {
        let (role, missing) = granted.without(place);
        granted.replace(&role);
        let played = granted.play(before, script);
        let transcripts: String = played.iter().map(|it| it.transcript.as_str()).collect();
        let fails = played.iter().any(Played::fails);
        assert!(fails, "{command} does without {missing} of {place:?}: {transcripts}");
        granted.replace(&granted.role);
    }
}

#[test]
fn acquire_is_granted_what_it_needs_and_nothing_more() {
    check("acquire");
}

#[test]
fn renew_is_granted_what_it_needs_and_nothing_more() {
    check("renew");
}

#[test]
fn release_is_granted_what_it_needs_and_nothing_more() {
    check("release");
}

#[test]
#[cfg(unix)]
fn run_is_granted_what_it_needs_and_nothing_more() {
    check("run");
}

#[test]
fn get_is_granted_what_it_needs_and_nothing_more() {
    check("get");
}

#[test]
fn break_is_granted_what_it_needs_and_nothing_more() {
    check("break");
}

#[test]
fn gc_is_granted_what_it_needs_and_nothing_more() {
    check("gc");
}

#[test]
fn without_a_lock_all_leases_of_the_namespace_are_listed() {
    let Some(space) = Space::new("rbac-list") else { return };
    let user = format!("lister-{}", space.namespace);
    let outcome = space.run(&["rbac", "--for", "get", "--user", &user]);
    let documents = documents(&outcome.stdout);
    space.with(async |client| apply(client.clone(), &documents[0]).await);
    space.with(async |client| apply(client, &documents[1]).await);
    let (group, resource) = ("coordination.k8s.io", "leases");
    let list =
        json!({"namespace": space.namespace, "group": group, "resource": resource, "verb": "list"});
    space.until_allowed(&user, &list, true);
    space.play(&[(0, &["acquire", "deploy", "--owner", "alice", "-q"])]);
    for line in [&["get"][..], &["get", "deploy"]] {
        let outcome = space.kubelock(line).quiet_args(&["--as", &user]).run();
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        assert!(outcome.stdout.contains("alice"), "{}", outcome.stdout);
    }
}

#[test]
fn a_role_reaches_no_other_lock() {
    let Some(space) = Space::new("rbac-other") else { return };
    let granted = Granted::new(&space, "acquire");
    space.play(&[(0, &["acquire", "other", "--owner", "alice"])]);
    let line = ["acquire", "other", "--owner", "bob", "--as", &granted.user];
    let outcome = space.run(&line);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("not allowed"), "{}", outcome.stderr);
}

/// Applies what was printed, and waits until the API server goes by it for this user.
fn grant(space: &Space, yaml: &str, user: &str) {
    let roles = documents(yaml);
    for document in &roles {
        space.with(async |client| apply(client, document).await);
    }
    for rule in roles.iter().flat_map(|role| role["rules"].as_array().into_iter().flatten()) {
        for verb in rule["verbs"].as_array().unwrap() {
            let namespace = if rule["resources"][0] == "events" && !user.contains(':') {
                "default"
            } else {
                &space.namespace
            };
            let attributes = json!({
                "namespace": namespace, "verb": verb, "group": rule["apiGroups"][0],
                "resource": rule["resources"][0],
                "name": rule["resourceNames"][0].as_str().unwrap_or_default(),
            });
            space.until_allowed(user, &attributes, true);
        }
    }
}

#[test]
#[cfg(unix)]
fn custom_objects_and_those_without_a_namespace_are_granted_like_leases() {
    let Some(space) = Space::new("rbac-kinds") else { return };
    let (namespace, widget) = block_on(space.cluster.ensure_widget("rbac-kinds"));
    let space = Space { namespace, ..space };
    let ns = space.namespace.as_str();
    let widget = format!("widgets.kubelock-test.example.org/{widget}");
    let (account, own) = (format!("{ns}:runner"), format!("ns/{ns}"));
    let (runner, zoe) = (format!("system:serviceaccount:{account}"), format!("zoe-{ns}"));
    let cases: [(&str, &str, &[&str], &[&str]); 2] = [
        (&widget, &runner, &["-n", ns], &["--serviceaccount", &account]),
        (&own, &zoe, &[], &["--user", &zoe, "--name", &zoe]),
    ];
    for (on, user, namespace, subject) in cases {
        let kubelock = |before: &[&str], line: &[&str]| {
            let args = [namespace, before, &line[..1], &["--on", on], &line[1..]].concat();
            Kubelock::new(&args).env("KUBECONFIG", space.cluster.kubeconfig()).run()
        };
        let words = [&["rbac", "l", "--for", "acquire,run,get,break"], subject].concat();
        let printed = kubelock(&[], &words);
        assert_eq!(printed.code, Some(0), "{}", printed.stderr);
        grant(&space, &printed.stdout, user);
        let lines: [(i32, &[&str]); 5] = [
            (0, &["acquire", "l", "--owner", "alice"]),
            (0, &["get", "l"]),
            (124, &["run", "l", "--wait", "300ms", "true"]),
            (0, &["break", "l", "--live", "--yes", "--reason", "gone"]),
            (0, &["run", "l", "true"]),
        ];
        for (code, line) in lines {
            let outcome = kubelock(&["--as", user, "-v"], line);
            let transcript = outcome.transcript();
            assert_eq!(outcome.code, Some(code), "{transcript}");
            assert!(!transcript.contains(" 403 "), "{transcript}");
        }
        revoke(&space, &printed.stdout);
    }
}

/// Not all of it goes with the namespace.
fn revoke(space: &Space, yaml: &str) {
    for document in documents(yaml) {
        space.with(async |client| {
            let (api, name) = place(client, &document);
            api.delete(&name, &DeleteParams::default()).await.unwrap();
        });
    }
}

#[test]
fn what_is_granted_to_a_group_in_all_namespaces_its_members_may_do_there_and_nobody_else() {
    let Some(space) = Space::new("rbac-group") else { return };
    let group = format!("on-call-{}", space.namespace);
    let needs = ["rbac", "-A", "--for", "acquire,get,gc", "--group", &group, "--name", &group];
    let printed = Kubelock::new(&needs).run();
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    for document in documents(&printed.stdout) {
        space.with(async |client| apply(client, &document).await);
    }
    let member = ["--as", "dana", "--as-group", &group];
    let as_member = |line: &[&str]| space.run(&[line, &member].concat());
    // The API server learns of it by watch.
    let mut listed = as_member(&["get", "-A"]);
    for _ in 0..200 {
        if listed.code == Some(0) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        listed = as_member(&["get", "-A"]);
    }
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    let lines: [&[&str]; 3] = [
        &["acquire", "deploy", "--owner", "dana"],
        &["get", "deploy"],
        &["gc", "--older-than", "0", "--dry-run"],
    ];
    for line in lines {
        let outcome = as_member(line);
        assert_eq!(outcome.code, Some(0), "{line:?}: {}", outcome.stderr);
    }
    assert_eq!(space.run(&["get", "-A", "--as", "dana"]).code, Some(1), "in no group");
    revoke(&space, &printed.stdout);
}

#[test]
fn a_role_is_printed_without_asking_any_cluster() {
    let lines: [&[&str]; 8] = [
        &["rbac", "deploy", "-n", "ci"],
        &["rbac", "deploy", "schema", "-n", "ci", "--for", "get,release"],
        &["rbac", "-n", "ci", "--for", "get,gc", "--name", "watchers"],
        &["rbac", "seed", "--on", "cm/app", "-n", "ci", "--for", "run,break", "--user", "zoe"],
        &["rbac", "team", "--on", "ns/team", "--for", "acquire,break", "--group", "on-call"],
        &["rbac", "deploy", "-A", "--for", "run", "--serviceaccount", "ci:runner"],
        &["rbac", "web", "--on", "deploy/web", "-A", "--for", "renew"],
        &["rbac", "-A", "--for", "gc", "--serviceaccount", "ops:janitor", "--user", "zoe"],
    ];
    let outcomes: Vec<Outcome> = lines.iter().map(|line| Kubelock::new(line).run()).collect();
    assert!(outcomes.iter().all(|outcome| outcome.code == Some(0)));
    assert_snapshot!(outcomes.iter().map(Outcome::transcript).collect::<String>());
}

#[test]
fn what_is_named_twice_is_granted_once() {
    let print = |args: &[&str]| {
        let outcome = Kubelock::new(&[&["rbac", "-n", "ci"], args].concat()).run();
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        outcome.stdout
    };
    let twice = ["deploy", "deploy", "--for", "get,run,get", "--user", "zoe", "--user", "zoe"];
    assert_eq!(print(&twice), print(&["deploy", "--for", "get,run", "--user", "zoe"]));
}

#[test]
fn what_cannot_be_granted_is_refused() {
    let long = "x".repeat(200);
    let lines: [&[&str]; 11] = [
        &["rbac", "Deploy_Prod", "-n", "ci"],
        &["rbac", "deploy", "-n", "Not_A_Namespace"],
        &["rbac", "deploy"],
        &["rbac", "deploy", "-n", "ci", "--for", "everything"],
        &["rbac", "deploy", "-n", "ci", "--serviceaccount", "runner"],
        &["rbac", "deploy", "-n", "ci", "--user", ""],
        &["rbac", "deploy", "-n", "ci", "--group", ""],
        &["rbac", "deploy", "-n", "ci", "--name", "a/b"],
        &["rbac", "l", "--on", "ns/team", "-n", "ci"],
        &["rbac", "--on", "namespaces", "-n", "ci", "--user", "zoe"],
        &["rbac", "l", "--on", &format!("cm/{long}{}", "y".repeat(50)), "-n", "ci"],
    ];
    let outcomes: Vec<Outcome> = lines.iter().map(|line| Kubelock::new(line).run()).collect();
    assert!(outcomes.iter().all(|outcome| outcome.code == Some(2)));
    assert_snapshot!(outcomes.iter().map(Outcome::transcript).collect::<String>());
}
