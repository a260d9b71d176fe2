//! Whoever is refused gets the line that grants it, and that line does, pasted into a shell.

use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::process::{Kubelock, Outcome};
use crate::space::Space;

/// How long an API server may take to learn of a role.
const PATIENCE: Duration = Duration::from_secs(30);
const GRANT: &str = "hint: an administrator grants it with: ";

/// A shell that finds kubelock and kubectl.
struct Shell {
    folder: TempDir,
}

impl Shell {
    fn new(space: &Space) -> Self {
        let folder = tempfile::tempdir().unwrap();
        symlink(env!("CARGO_BIN_EXE_kubelock"), folder.path().join("kubelock")).unwrap();
        let kubectl = testkit::kubectl(space.cluster.kubeconfig()).get_program().to_owned();
        symlink(kubectl, folder.path().join("kubectl")).unwrap();
        Self { folder }
    }

    /// As the cluster's administrator.
    fn run(&self, space: &Space, line: &str) -> String {
        let output = Command::new("sh")
            .args(["-c", line])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", self.folder.path().display()))
            .env("HOME", self.folder.path())
            .env("KUBECONFIG", space.cluster.kubeconfig())
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The line that is to be pasted, of the error, the warning or the remedy that has one.
fn grant(outcome: &Outcome) -> Option<&str> {
    outcome.stderr.lines().chain(outcome.stdout.lines()).find_map(grant_of)
}

fn grant_of(line: &str) -> Option<&str> {
    let remedy = || line.split_once("remedy: grant ")?.1.split_once(": ").map(|(_, line)| line);
    line.strip_prefix(GRANT).or_else(remedy)
}

struct Case<'a> {
    /// What the administrator does before.
    before: &'a [(i32, &'a [&'a str])],
    /// What the user is refused, and then allowed.
    line: &'a [&'a str],
    /// How it ends then.
    code: i32,
}

/// The user is refused, an administrator pastes what that said, and the user is not.
fn check(space: &Space, user: &str, case: &Case<'_>) {
    let shell = Shell::new(space);
    space.play(case.before);
    let line = [&["-n", &space.namespace, "--as", user], case.line].concat();
    let run = || Kubelock::new(&line).env("KUBECONFIG", space.cluster.kubeconfig()).run();
    let refused = run();
    assert!(grant(&refused).is_some(), "{line:?}: {}", refused.stderr);
    let command = grant(&refused).unwrap();
    assert!(refused.stdout.contains("problem") || refused.stderr.contains("not allowed to "));
    shell.run(space, command);
    let give_up = Instant::now() + PATIENCE;
    loop {
        let outcome = run();
        if outcome.code == Some(case.code) && grant(&outcome).is_none() {
            return;
        }
        assert!(Instant::now() < give_up, "{line:?} after {command}: {}", outcome.stderr);
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn all_of(hint: &str, cases: &[Case<'_>]) {
    let Some(space) = Space::new(hint) else { return };
    space.configmap("app", &[]);
    for (index, case) in cases.iter().enumerate() {
        check(&space, &format!("{}-{index}", space.namespace), case);
    }
}

#[test]
fn who_may_not_use_a_lock_is_granted_it_by_the_line_of_the_error() {
    let held: &[(i32, &[&str])] = &[(0, &["acquire", "held", "--owner", "alice"])];
    all_of(
        "grants-use",
        &[
            Case { before: &[], line: &["acquire", "deploy", "--owner", "zoe"], code: 0 },
            Case { before: held, line: &["renew", "held", "--owner", "alice"], code: 0 },
            Case { before: &[], line: &["release", "held", "--owner", "alice"], code: 0 },
            Case { before: &[], line: &["run", "build", "--", "true"], code: 0 },
            Case {
                before: &[],
                line: &["acquire", "schema", "--on", "configmap/app", "--owner", "zoe"],
                code: 0,
            },
        ],
    );
}

#[test]
fn who_may_not_see_locks_is_granted_it_by_the_line_of_the_error() {
    let held: &[(i32, &[&str])] = &[(0, &["acquire", "held", "--owner", "alice"])];
    all_of(
        "grants-get",
        &[
            Case { before: held, line: &["get", "held"], code: 0 },
            Case { before: &[], line: &["get"], code: 0 },
            Case { before: &[], line: &["get", "--on", "configmaps"], code: 0 },
            Case { before: &[], line: &["get", "--on", "configmap/app"], code: 0 },
        ],
    );
}

#[test]
fn who_may_not_clear_locks_away_is_granted_it_by_the_line_of_the_error() {
    let held: &[(i32, &[&str])] = &[(0, &["acquire", "held", "--owner", "alice"])];
    let line = ["break", "held", "--live", "--yes", "--reason", "gone"];
    all_of(
        "grants-clear",
        &[
            Case { before: held, line: &line, code: 0 },
            Case { before: &[], line: &["gc", "--older-than", "0"], code: 0 },
            Case { before: &[], line: &["doctor", "held"], code: 0 },
        ],
    );
}

#[test]
fn who_may_not_use_a_lock_on_what_has_no_namespace_is_granted_that_alone() {
    let Some(space) = Space::new("grants-cluster") else { return };
    let on = format!("namespace/{}", space.namespace);
    let user = format!("user-of-{}", space.namespace);
    let line = ["acquire", "team", "--on", &on, "--owner", "zoe", "--as", &user];
    let run = || Kubelock::new(&line).env("KUBECONFIG", space.cluster.kubeconfig()).run();
    let refused = run();
    let command = grant(&refused).unwrap();
    let role = Shell::new(&space).run(&space, command.split(" | ").next().unwrap());
    assert!(role.contains("kind: ClusterRole\n") && role.contains(&space.namespace), "{role}");
    Shell::new(&space).run(&space, command);
    let give_up = Instant::now() + PATIENCE;
    while run().code != Some(0) {
        assert!(Instant::now() < give_up, "{command}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn who_acts_as_themselves_and_service_accounts_are_granted_it_by_name() {
    let Some(space) = Space::new("grants-self") else { return };
    let account = format!("system:serviceaccount:{}:runner", space.namespace);
    check(
        &space,
        &account,
        &Case { before: &[], line: &["acquire", "a", "--owner", "zoe"], code: 0 },
    );
    if !space.cluster.is_ours() {
        return; // There, alice herself is an impersonated one.
    }
    let alice = space.cluster.kubeconfig_for(testkit::ALICE);
    let words = ["get", "deploy", "-n", &space.namespace];
    let refused = Kubelock::new(&words).env("KUBECONFIG", alice).run();
    let named =
        format!("rbac deploy -n {} --for get --user alice | kubectl apply", space.namespace);
    assert!(refused.stderr.contains(&named), "{}", refused.stderr);
}

#[test]
fn a_grant_for_one_user_leaves_that_of_another_in_place() {
    let Some(space) = Space::new("grants-two") else { return };
    let line = ["acquire", "deploy", "--owner", "o"];
    let [first, second] = ["one", "two"].map(|name| format!("{name}-{}", space.namespace));
    check(&space, &first, &Case { before: &[], line: &line, code: 0 });
    check(&space, &second, &Case { before: &[], line: &line, code: 10 });
    let again = space.run(&[&line[..], &["--as", &first]].concat());
    assert_eq!(again.code, Some(10), "{}", again.stderr);
}

#[test]
fn who_may_not_act_as_another_is_told_that_it_is_this_verb_that_is_missing() {
    let Some(space) = Space::new("grants-as") else { return };
    if !space.cluster.is_ours() {
        return; // There, alice herself is an impersonated one.
    }
    let alice = space.cluster.kubeconfig_for(testkit::ALICE);
    let lines: [&[&str]; 10] = [
        &["get", "deploy"],
        &["get"],
        &["get", "--all-kinds"],
        &["acquire", "deploy"],
        &["release", "deploy", "--on", "widget/w1"],
        &["renew", "deploy"],
        &["break", "deploy", "--yes", "--reason", "gone"],
        &["gc"],
        &["doctor", "deploy"],
        &["version"],
    ];
    for line in lines {
        let words = [line, &["--as", "zoe", "-n", &space.namespace]].concat();
        let outcome = Kubelock::new(&words).env("KUBECONFIG", &alice).run();
        let said = outcome.stdout.clone() + &outcome.stderr;
        assert_eq!(outcome.code, Some(1), "{line:?}: {said}");
        assert!(said.contains("not allowed to act as zoe (--as): "), "{line:?}: {said}");
        assert!(said.contains("the verb impersonate on users is needed"), "{line:?}: {said}");
        let check = "kubectl auth can-i impersonate users\n";
        assert!(said.contains(check), "{line:?}: {said}");
        assert!(!said.contains("kubelock rbac"), "{line:?}: {said}");
    }
}
