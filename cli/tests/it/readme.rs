//! What README shows is what one sees.

use crate::process::Kubelock;
use crate::space::Space;

const README: &str = include_str!("../../../README.md");

/// The commands of README's transcript, each with all that it prints.
fn transcript() -> Vec<(String, String)> {
    let block = README.split("```console\n").nth(1).and_then(|rest| rest.split("```").next());
    let steps = block.unwrap().split("$ ").skip(1);
    let step = |step: &str| {
        let (typed, printed) = step.split_once('\n').unwrap();
        (typed.to_owned(), printed.trim_end().to_owned())
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

#[test]
fn the_transcript_of_readme_is_what_the_commands_print() {
    let Some(space) = Space::new("readme") else { return };
    let steps = transcript();
    assert!(steps.len() >= 5, "{steps:?}");
    for (typed, shown) in steps {
        let mut arguments: Vec<&str> = typed.split(' ').skip(1).collect();
        // Before the words of a command that `run` runs.
        arguments.splice(1..1, ["-n", &space.namespace]);
        let outcome = Kubelock::new(&arguments).env("KUBECONFIG", space.cluster.kubeconfig()).run();
        let code = outcome.code.filter(|code| *code != 0);
        let ending = code.map(|code| format!("(exit status {code})")).unwrap_or_default();
        let printed = format!("{}{}{ending}", outcome.stdout, outcome.stderr);
        let printed = printed.replace(&space.namespace, "default");
        assert_eq!(without_seconds(printed.trim_end()), without_seconds(&shown), "{typed}");
    }
}
