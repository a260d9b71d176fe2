//! Playing a page.

use std::path::Path;

use super::alike::difference;
use super::page::{Page, Step, Typed};
use super::shell::{Shell, with_status};

/// Types what the page has typed, and tells where it shows something else than was printed.
pub(crate) fn play(page: &Page, kubeconfig: &Path) -> Vec<String> {
    let mut shell = Shell::new(kubeconfig);
    let mut wrong = Vec::new();
    for step in &page.steps {
        let trouble = match step {
            Step::Typed(typed) => type_in(&mut shell, typed).map(|trouble| (typed.line, trouble)),
            Step::Silent { line, command } => silently(&mut shell, command).map(|it| (*line, it)),
            Step::As(user) => {
                shell.become_user(user);
                None
            }
        };
        wrong.extend(trouble.map(|(line, trouble)| format!("{}:{line}: {trouble}", page.name)));
    }
    wrong.extend(left_over(&mut shell).map(|trouble| format!("{}: {trouble}", page.name)));
    wrong
}

fn type_in(shell: &mut Shell, typed: &Typed) -> Option<String> {
    let mut printed = match &typed.answer {
        _ if typed.is_beside() => {
            let lines = typed.shown.trim_end().lines().count();
            shell.start(&typed.command, lines, typed.is_killed)
        }
        Some(answer) => ended(shell.run_on_terminal(&typed.command, answer)),
        None => ended(shell.run(&typed.command)),
    };
    let mut wrong = difference(&typed.shown, &printed);
    // What runs beside may be about to say something.
    while wrong.is_some()
        && let Some(more) = shell.next_words()
    {
        printed.push_str(&more);
        wrong = difference(&typed.shown, &printed);
    }
    wrong.map(|wrong| format!("$ {}\n{wrong}\nprinted:\n{printed}", typed.command))
}

fn ended((printed, status): (String, i32)) -> String {
    with_status(&printed, status)
}

fn silently(shell: &mut Shell, command: &str) -> Option<String> {
    if command.ends_with(" &") {
        shell.start_silently(command);
        return None;
    }
    let (printed, status) = shell.run(command);
    (status != 0).then(|| format!("$ {command}\n{}", with_status(&printed, status)))
}

/// All that is printed is shown, and a page ends what it starts.
fn left_over(shell: &mut Shell) -> Option<String> {
    let mut printed = String::new();
    while let Some(more) = shell.next_words() {
        printed.push_str(&more);
    }
    match (printed.is_empty(), shell.is_busy()) {
        (true, false) => None,
        (false, false) => Some(format!("printed at the end, but not shown:\n{printed}")),
        (_, true) => Some(format!("not ended:\n{printed}")),
    }
}
