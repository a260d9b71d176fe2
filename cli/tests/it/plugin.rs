//! `kubectl kubelock`, under the real kubectl.

use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::space::Space;

/// kubectl with the plugin on its `PATH`.
struct Kubectl<'a> {
    space: &'a Space,
    folder: TempDir,
}

impl<'a> Kubectl<'a> {
    fn new(space: &'a Space) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["kubectl-kubelock", "kubectl_complete-kubelock"] {
            symlink(env!("CARGO_BIN_EXE_kubelock"), folder.path().join(name)).unwrap();
        }
        Self { space, folder }
    }

    /// What it prints on stdout; a failure is one of the test unless it is expected.
    fn run(&self, args: &[&str], code: i32) -> Output {
        let kubeconfig = self.space.cluster.kubeconfig();
        // Its global options may not stand before a plugin's name.
        let program = testkit::kubectl(kubeconfig).get_program().to_owned();
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new(program)
            .args(args)
            .env_clear()
            .env("PATH", format!("{}:{path}", self.folder.path().display()))
            .env("HOME", self.folder.path())
            .env("KUBECONFIG", kubeconfig)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
        output
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn kubectl_runs_the_plugin_which_speaks_of_itself_as_its_users_do() {
    let Some(space) = Space::new("plugin-kubectl") else { return };
    let (kubectl, ns) = (Kubectl::new(&space), space.namespace.as_str());
    let help = text(&kubectl.run(&["kubelock", "get", "--help"], 0).stdout);
    assert!(help.contains("Usage: kubectl kubelock get [OPTIONS]"), "{help}");
    assert!(help.contains("\n  kubectl kubelock get deploy -n ci\n"), "{help}");

    kubectl.run(&["kubelock", "acquire", "deploy", "-n", ns, "--owner", "alice"], 0);
    let refused = kubectl.run(&["kubelock", "acquire", "deploy", "-n", ns, "--owner", "bob"], 11);
    let hint = format!("see who: kubectl kubelock get deploy -n {ns}\n");
    assert!(text(&refused.stderr).contains(&hint), "{refused:?}");
    let listed = text(&kubectl.run(&["plugin", "list"], 0).stdout);
    assert!(listed.contains("/kubectl-kubelock\n"), "{listed}");
}

#[test]
fn kubectl_completes_the_words_of_the_plugin() {
    let Some(space) = Space::new("plugin-complete") else { return };
    let (kubectl, ns) = (Kubectl::new(&space), space.namespace.as_str());
    space.run(&["acquire", "deploy", "--owner", "alice"]);

    let words = |args: &[&str]| {
        let args: Vec<&str> = ["__complete", "kubelock"].iter().chain(args).copied().collect();
        text(&kubectl.run(&args, 0).stdout)
    };
    assert_eq!(words(&["get", "-n", ns, "dep"]), "deploy\talice\n:4\n");
    assert!(words(&["rel"]).starts_with("release\t"));
}

#[test]
fn kubectl_applies_the_roles_that_the_plugin_prints() {
    let Some(space) = Space::new("plugin-rbac") else { return };
    let (kubectl, ns) = (Kubectl::new(&space), space.namespace.as_str());
    let own = format!("ns/{ns}");
    let account = format!("{ns}:runner");
    // A Role; a ClusterRole, and a Role for its Events. Each with its binding.
    let cases: [(&[&str], usize); 2] = [
        (&["deploy", "-n", ns, "--serviceaccount", &account], 2),
        (&["team", "--on", &own, "--for", "run,break", "--group", "on-call", "--name", ns], 4),
    ];
    for (words, count) in cases {
        let printed = kubectl.run(&[&["kubelock", "rbac"], words].concat(), 0).stdout;
        let file = kubectl.folder.path().join("roles.yaml");
        std::fs::write(&file, printed).unwrap();
        let apply = ["apply", "-f", file.to_str().unwrap()];
        let applied = text(&kubectl.run(&apply, 0).stdout);
        assert_eq!(applied.matches(" created\n").count(), count, "{applied}");
        let again = text(&kubectl.run(&apply, 0).stdout);
        assert_eq!(again.matches(" unchanged\n").count(), count, "{again}");
        kubectl.run(&["delete", "-f", file.to_str().unwrap()], 0);
    }
}
