//! What README shows is what one sees: in the sandbox, and on a real API server.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use sandbox::{Sandbox, Server, User};

use crate::process::Kubelock;
use crate::space::Space;
use crate::wait::until;

const README: &str = include_str!("../../../README.md");

/// A command of README's transcript, with all that it prints.
struct Step {
    typed: String,
    printed: String,
}

fn transcript() -> Vec<Step> {
    let block = README.split("```console\n").nth(1).and_then(|rest| rest.split("```").next());
    let steps = block.unwrap().split("$ ").skip(1);
    let step = |step: &str| {
        let (typed, printed) = step.split_once('\n').unwrap();
        Step { typed: typed.to_owned(), printed: printed.trim_end().to_owned() }
    };
    steps.map(step).collect()
}

/// Seconds pass.
fn without_seconds(text: &str) -> String {
    let word = |word: &str| match word.trim_end_matches([',', ')']).strip_suffix('s') {
        Some(digits) if digits.parse::<u32>().is_ok() => word.replace(digits, "N"),
        _ => word.to_owned(),
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Types one command after the other, and compares what each prints.
fn play(kubeconfig: &Path, namespace: &str) {
    let steps = transcript();
    assert!(steps.len() >= 5, "{}", steps.len());
    let mut beside: Option<(Child, String)> = None;
    for Step { typed, printed: shown } in steps {
        let mut words: Vec<&str> = typed.split(' ').skip(1).collect();
        // Before the words of a command that `run` runs.
        words.splice(1..1, ["-n", namespace]);
        if typed.ends_with(" &") {
            words.pop();
            beside = Some(start(kubeconfig, &words));
            assert_shows(&typed, &beside.as_ref().unwrap().1, &shown, namespace);
            continue;
        }
        let outcome = Kubelock::new(&words).env("KUBECONFIG", kubeconfig).run();
        let code = outcome.code.filter(|code| *code != 0);
        let ending = code.map(|code| format!("(exit status {code})")).unwrap_or_default();
        let mut printed = format!("{}{}{ending}", outcome.stdout, outcome.stderr);
        if let Some((child, _)) = beside.take() {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{typed}: {output:?}");
            printed.push_str(&String::from_utf8(output.stdout).unwrap());
        }
        assert_shows(&typed, &printed, &shown, namespace);
    }
}

fn assert_shows(typed: &str, printed: &str, shown: &str, namespace: &str) {
    let printed = printed.replace(namespace, "default");
    assert_eq!(without_seconds(printed.trim_end()), without_seconds(shown), "{typed}");
}

/// A command that runs beside the others once it has said for whom it waits.
fn start(kubeconfig: &Path, words: &[&str]) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubelock"));
    command.args(words).env("KUBECONFIG", kubeconfig).env_remove("KUBELOCK_OWNER");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let said = until(&mut child, "\n");
    (child, said)
}

#[test]
fn the_transcript_of_readme_is_what_the_commands_print_on_a_real_api_server() {
    let Some(space) = Space::new("readme") else { return };
    play(space.cluster.kubeconfig(), &space.namespace);
}

#[test]
fn the_transcript_of_readme_is_what_the_commands_print_in_the_sandbox() {
    let server = Server::start(Sandbox::new()).unwrap();
    play(&server.kubeconfig_for(User::ADMINISTRATOR).unwrap(), "default");
}
