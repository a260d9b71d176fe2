//! Playing a page.

use std::path::Path;

use super::alike::difference;
use super::page::{Page, Step, Typed};
use super::rewrite::Correction;
use super::shell::{Shell, with_status};

/// Where a page shows something else than was printed.
pub(crate) struct Wrong {
    pub(crate) report: String,
    /// What would make it right, where a page can.
    pub(crate) correction: Option<Correction>,
}

/// Types what the page has typed.
pub(crate) fn play(page: &Page, kubeconfig: &Path) -> Vec<Wrong> {
    let mut shell = Shell::new(kubeconfig);
    let mut all = Vec::new();
    for step in &page.steps {
        all.extend(match step {
            Step::Typed(typed) => type_in(&mut shell, typed).map(|it| it.at(page, typed.line)),
            Step::Silent { line, command } => {
                silently(&mut shell, command).map(|it| it.at(page, *line))
            }
            Step::As(user) => {
                shell.become_user(user);
                None
            }
        });
    }
    let end = left_over(&mut shell);
    all.extend(end.map(|report| Wrong::from(format!("{}: {report}", page.name))));
    all
}

impl Wrong {
    fn at(self, page: &Page, line: usize) -> Self {
        Self { report: format!("{}:{line}: {}", page.name, self.report), ..self }
    }
}

impl From<String> for Wrong {
    fn from(report: String) -> Self {
        Self { report, correction: None }
    }
}

fn type_in(shell: &mut Shell, typed: &Typed) -> Option<Wrong> {
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
    wrong.map(|wrong| Wrong {
        report: format!("$ {}\n{wrong}\nprinted:\n{printed}", typed.command),
        correction: Some(Correction::new(typed, &printed)),
    })
}

fn ended((printed, status): (String, i32)) -> String {
    with_status(&printed, status)
}

fn silently(shell: &mut Shell, command: &str) -> Option<Wrong> {
    if command.ends_with(" &") {
        shell.start_silently(command);
        return None;
    }
    let (printed, status) = shell.run(command);
    (status != 0).then(|| format!("$ {command}\n{}", with_status(&printed, status)).into())
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
