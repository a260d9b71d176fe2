//! Help texts: each fits a screen and can be pasted from.

use insta::assert_snapshot;

use crate::process::Kubelock;

const COMMANDS: [&str; 12] = [
    "run",
    "acquire",
    "renew",
    "release",
    "get",
    "break",
    "gc",
    "rbac",
    "doctor",
    "sandbox",
    "completion",
    "version",
];

fn help(args: &[&str]) -> String {
    let outcome = Kubelock::new(args).run();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    outcome.stdout
}

#[test]
fn every_command_explains_itself_on_one_screen() {
    for command in COMMANDS {
        let text = help(&[command, "--help"]);
        assert!(text.lines().count() <= 40, "{command}: {} lines", text.lines().count());
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert_snapshot!(format!("help_{command}"), text);
    }
    let text = help(&["--help"]);
    assert!(text.lines().count() <= 40, "{} lines", text.lines().count());
    assert_snapshot!("help", text);
}

#[test]
fn short_and_long_help_are_the_same() {
    for command in COMMANDS {
        assert_eq!(help(&[command, "-h"]), help(&[command, "--help"]));
    }
}

#[test]
fn every_command_has_a_manual_page_that_names_the_variables_of_its_options() {
    let folder = tempfile::tempdir().unwrap();
    help(&["man", folder.path().to_str().unwrap()]);
    for command in COMMANDS {
        let page = folder.path().join(format!("kubelock-{command}.1"));
        let page = std::fs::read_to_string(&page).unwrap();
        let has = |text: &str| assert!(page.contains(text), "{command}: {text} in\n{page}");
        has(&format!(".TH kubelock-{command} 1"));
        has(".SH EXAMPLES\n.nf\n");
        has(&format!("  kubelock {command}"));
        has("KUBELOCK_REQUEST_TIMEOUT");
    }
    let lines = help(&["--help"]);
    let pages = std::fs::read_dir(folder.path()).unwrap().count();
    let listed = lines.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    assert_eq!(pages, listed.lines().count() + 1, "{listed}");
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
    assert_eq!(help(&["--version"]), expected);
    let expected = format!("Client Version: v{}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(help(&["version", "--client"]), expected);
}
