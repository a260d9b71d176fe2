//! Pages that show what was printed.

use std::fs;

use super::alike::difference;
use super::page::{Page, Typed};

/// What a command printed, and the page does not show.
pub(crate) struct Correction {
    /// Of the command, in the page, from 1 on.
    line: usize,
    /// How many lines it has.
    command: usize,
    shown: String,
    printed: String,
}

impl Correction {
    pub(crate) fn new(typed: &Typed, printed: &str) -> Self {
        let (command, shown) = (typed.command.lines().count(), typed.shown.trim_end().to_owned());
        Self { line: typed.line, command, shown, printed: printed.trim_end().to_owned() }
    }

    /// The lines that stand there afterwards. Those that are alike stay, with their times.
    fn lines(&self) -> Vec<&str> {
        let mut shown = self.shown.lines();
        let as_shown = |printed| {
            let alike = shown.clone().position(|line| difference(line, printed).is_none());
            alike.and_then(|at| shown.nth(at)).unwrap_or(printed)
        };
        self.printed.lines().map(as_shown).collect()
    }
}

/// Puts what was printed in the place of what the page shows.
pub(crate) fn rewrite<'a>(page: &Page, corrections: impl Iterator<Item = &'a Correction>) {
    let path = page.path();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, rewritten(&text, corrections)).unwrap();
}

/// The corrections come in the order of their lines.
fn rewritten<'a>(text: &str, corrections: impl Iterator<Item = &'a Correction>) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    // From the end on: lines before stay where they are.
    for correction in corrections.collect::<Vec<_>>().into_iter().rev() {
        let command = &lines[correction.line - 1];
        let indent = command[..command.len() - command.trim_start().len()].to_owned();
        let start = correction.line - 1 + correction.command;
        let end = start + correction.shown.lines().count();
        let new = correction.lines().into_iter().map(|line| format!("{indent}{line}"));
        lines.splice(start..end, new);
    }
    lines.join("\n") + "\n"
}

#[test]
fn lines_that_are_alike_stay_and_the_others_are_as_they_were_printed() {
    let text =
        "  $ one \\\n  > more\n  held for 12s\n  by alice\n\n  $ two\n  $ three\n  gone\nend\n";
    let typed = |line, command: &str, shown: &str| Typed {
        line,
        command: command.to_owned(),
        shown: shown.to_owned(),
        ..Typed::default()
    };
    let corrections = [
        Correction::new(
            &typed(1, "one \\\nmore", "held for 12s\nby alice\n\n"),
            "held for 0s\nby bob",
        ),
        Correction::new(&typed(6, "two", ""), "new\n"),
        Correction::new(&typed(7, "three", "gone\n"), ""),
    ];
    let expected =
        "  $ one \\\n  > more\n  held for 12s\n  by bob\n\n  $ two\n  new\n  $ three\nend\n";
    assert_eq!(rewritten(text, corrections.iter()), expected);
}
