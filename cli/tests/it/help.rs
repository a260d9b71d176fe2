//! Help texts: each fits a screen and can be pasted from.

use insta::assert_snapshot;

use crate::process::Kubelock;

fn help(args: &[&str]) -> String {
    let outcome = Kubelock::new(args).run();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    outcome.stdout
}

#[test]
fn every_command_explains_itself_on_one_screen() {
    for command in ["run", "acquire", "release", "get", "break", "gc", "rbac", "sandbox"] {
        let text = help(&[command, "--help"]);
        assert!(text.lines().count() <= 40, "{command}: {} lines", text.lines().count());
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert_snapshot!(format!("help_{command}"), text);
    }
    assert_snapshot!("help", help(&["--help"]));
}

#[test]
fn short_and_long_help_are_the_same() {
    for command in ["run", "acquire", "release", "get", "break", "gc", "rbac", "sandbox"] {
        assert_eq!(help(&[command, "-h"]), help(&[command, "--help"]));
    }
}

#[test]
#[cfg(unix)]
fn as_a_plugin_of_kubectl_it_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("kubectl-kubelock");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kubelock"), &plugin).unwrap();

    let text = Kubelock::at(&plugin, &["get", "--help"]).run().stdout;

    assert!(text.contains("Usage: kubectl kubelock get [OPTIONS] [LOCK]..."), "{text}");
    assert!(text.contains("\n  kubectl kubelock get deploy -n ci\n"), "{text}");
}

#[test]
fn without_a_command_there_is_help_and_status_2() {
    let outcome = Kubelock::new(&[]).run();
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("Usage: kubelock [OPTIONS] <COMMAND>"));
}

#[test]
fn the_version_is_data() {
    let expected = format!("kubelock {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(help(&["version"]), expected);
    assert_eq!(help(&["--version"]), expected);
}
