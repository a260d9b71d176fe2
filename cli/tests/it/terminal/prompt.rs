//! The question of `break`, on a terminal.

use std::os::unix::process::ExitStatusExt;

use super::stage::{CTRL_C, CTRL_Z, PROMPT, Screen, Stage};

const BREAK: [&str; 5] = ["break", "deploy", "--live", "--reason", "runner-7 is gone"];

fn asked(stage: &Stage) -> Screen {
    stage.held_by("alice", "90m");
    let mut screen = stage.on_terminal(120, &BREAK);
    screen.pty.expect("Break it? [y/N] ");
    let lines = screen.lines();
    let question = lines.iter().position(|line| line.starts_with("Break it?"));
    assert_eq!(question, Some(lines.len() - 1), "all that is to be known stands above: {lines:?}");
    assert!(lines.iter().any(|line| line.contains("owner   alice")), "{lines:?}");
    screen
}

#[test]
fn a_yes_breaks_it_and_a_no_does_not() {
    let stage = Stage::new();
    let mut screen = asked(&stage);
    screen.type_line("no");
    assert_eq!(screen.pty.ended().code(), Some(1));
    screen.line_with("not broken: nothing was changed");
    assert!(stage.record().is_some());
    stage.run(&["release", "deploy", "--owner", "alice"]);

    let mut screen = asked(&stage);
    screen.type_line("yes");
    assert_eq!(screen.pty.ended().code(), Some(0));
    screen.line_with("broke lock \"deploy\"");
    assert_eq!(stage.record(), None);
}

#[test]
fn ctrl_c_at_the_question_breaks_nothing() {
    let stage = Stage::new();
    let mut screen = asked(&stage);
    screen.type_in(CTRL_C);
    assert_eq!(screen.pty.ended().signal(), Some(2));
    assert!(stage.record().is_some());
}

#[test]
fn ctrl_z_at_the_question_lets_it_be_answered_later() {
    let stage = Stage::new();
    stage.held_by("alice", "90m");
    let mut shell = stage.shell();
    shell.type_line("kubelock break deploy --live --reason gone");
    shell.pty.expect("Break it? [y/N] ");
    shell.type_in(CTRL_Z);
    shell.pty.expect("Stopped");
    shell.pty.expect(PROMPT);
    shell.type_line("fg");
    shell.pty.expect("kubelock break");
    shell.type_line("y");
    shell.pty.expect("broke lock");
    shell.pty.expect(PROMPT);
    assert_eq!(stage.record(), None);
}
