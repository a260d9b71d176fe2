//! The line that counts while a command waits.

use std::os::unix::process::ExitStatusExt;

use super::stage::{CTRL_C, CTRL_Z, KUBELOCK, PROMPT, Screen, Stage, on_terminal};
use crate::space::Space;

const WAITS: [&str; 5] = ["acquire", "deploy", "--owner", "bob", "--wait"];

/// For how long it says that it has waited.
fn waited(line: &str) -> u32 {
    let seconds = line.strip_prefix("waiting ").unwrap().split('s').next().unwrap();
    seconds.parse().unwrap()
}

/// Waits until the line has counted once.
fn until_counted(screen: &Screen) -> Vec<String> {
    let first = waited(&screen.line_with("waiting "));
    screen.line_with(&format!("waiting {}s", first + 1));
    screen.drawn()
}

#[test]
fn one_line_counts_tells_of_the_holder_and_is_gone_when_the_lock_is_acquired() {
    let stage = Stage::new();
    stage.held_by("alice", "90m");
    let mut screen = stage.on_terminal(80, &WAITS);
    let line = screen.line_with("waiting ");
    assert!(line.contains("s for deploy: alice for ") && line.contains(", expires in 8"), "{line}");
    until_counted(&screen);
    assert_eq!(screen.lines().len(), 1, "one line, in place: {:?}", screen.lines());

    assert_eq!(stage.run(&["release", "deploy", "--owner", "alice"]).code, Some(0));
    assert_eq!(screen.pty.ended().code(), Some(0));
    screen.line_with("acquired lock");
    let lines = screen.lines();
    let said = "acquired lock \"deploy\" on lease/deploy in namespace default as bob for 5m";
    assert_eq!(lines, [said], "nothing is left of it");
}

#[test]
fn on_a_real_server_too() {
    let Some(space) = Space::new("live") else { return };
    space.run(&["acquire", "deploy", "--owner", "alice", "--ttl", "90m"]);
    let words = ["run", "deploy", "-n", &space.namespace, "--owner", "bob", "--", "echo", "mine"];
    let words = [&[KUBELOCK], &words[..]].concat();
    let mut screen = on_terminal(space.cluster.kubeconfig(), 80, &words, |_| {});
    until_counted(&screen);
    space.run(&["release", "deploy", "--owner", "alice"]);
    assert_eq!(screen.pty.ended().code(), Some(0));
    screen.line_with("mine");
    assert_eq!(screen.lines(), ["mine"], "the command finds an empty terminal");
}

#[test]
fn a_renewal_and_another_holder_are_seen_in_the_line() {
    let stage = Stage::new();
    let mut alice =
        stage.start(&["run", "deploy", "--owner", "alice", "--ttl", "3s", "--", "sleep", "1000"]);
    crate::run::running::until("a holder", || stage.record().is_some());
    let screen = stage.on_terminal(100, &["run", "deploy", "--owner", "bob", "--", "echo", "mine"]);
    screen.line_with("waiting 5s for deploy: alice");
    let drawn = screen.drawn();
    assert!(drawn.iter().all(|line| line.contains(", expires in ")), "{drawn:?}");

    alice.kill().unwrap();
    alice.wait().unwrap();
    stage.sandbox.put(super::stage::LEASE, carols()).unwrap();
    let line = screen.line_with("carol");
    assert!(line.ends_with("(schema 7)"), "{line}");
}

fn carols() -> serde_json::Value {
    let now = kubelock::Timestamp::from(std::time::SystemTime::now());
    let ttl = 60_000_000_000_i64;
    let record = serde_json::json!({
        "owner": "carol", "createdAt": now.to_string(), "ttl": ttl, "hold": "6f1c",
        "acquiredAt": now.to_string(), "reason": "schema 7",
    });
    let key = "kubelock.giantswarm.io/deploy";
    serde_json::json!({"metadata": {"annotations": {key: record.to_string()}}})
}

#[test]
fn a_holder_that_is_gone_is_shown_with_the_time_until_it_is_taken_over() {
    let stage = Stage::new();
    stage.held_by("alice", "3s");
    // That is a run's rule: it must see the record unchanged for as long as it lasts.
    let mut screen =
        stage.on_terminal(80, &["run", "deploy", "--owner", "bob", "--", "echo", "mine"]);
    assert_eq!(screen.pty.ended().code(), Some(0));
    let drawn = screen.drawn();
    assert!(drawn.iter().any(|line| line.contains(", expires in ")), "{drawn:?}");
    screen.line_with("mine");
    assert_eq!(screen.lines(), ["mine"]);
}

#[test]
fn a_narrow_terminal_is_never_wrapped_whoever_holds_the_lock() {
    let stage = Stage::new();
    for columns in [20, 21, 5, 2] {
        for owner in ["x".repeat(300), "日本語".repeat(40), "a\u{1b}[2J\r\n\u{202e}b".into()] {
            stage.held_by(&owner, "90m");
            let mut screen = stage.on_terminal(columns, &WAITS);
            screen.pty.expect("\r\x1b[K");
            screen.pty.expect("\r\x1b[K");
            assert!(screen.lines().len() <= 1, "{columns}: {:?}", screen.lines());
            if columns >= 20 {
                let line = screen.line_with("waiting ");
                assert!(line.ends_with('…'), "{line}");
            }
            let escapes = screen.pty.screen().matches('\u{1b}').count();
            assert_eq!(escapes, screen.pty.screen().matches("\r\u{1b}[K").count());
            screen.type_in(CTRL_C);
            assert_eq!(screen.pty.ended().signal(), Some(2));
            assert_eq!(screen.lines(), Vec::<String>::new());
            assert_eq!(stage.run(&["release", "deploy", "--owner", &owner]).code, Some(0));
        }
    }
}

#[test]
fn a_window_that_becomes_narrow_is_looked_at_again() {
    let stage = Stage::new();
    stage.held_by("alice", "90m");
    let screen = stage.on_terminal(80, &WAITS);
    screen.line_with("waiting ");
    screen.pty.resize(20).unwrap();
    let is_short = |line: &String| line.chars().count() <= 19 && line.ends_with('…');
    crate::run::running::until("a shorter line", || screen.drawn().last().is_some_and(is_short));
}

#[test]
fn requests_and_warnings_stand_above_it() {
    let stage = Stage::new();
    stage.held_by("alice", "90m");
    let args = [&WAITS[..], &["-v"]].concat();
    let mut screen = stage.on_terminal(120, &args);
    until_counted(&screen);
    let lines = screen.lines();
    let (last, above) = lines.split_last().unwrap();
    assert!(last.starts_with("waiting "), "{lines:?}");
    assert!(above.len() >= 2 && above.iter().all(|line| line.ends_with("ms")), "{lines:?}");
    screen.type_in(CTRL_C);
    assert_eq!(screen.pty.ended().signal(), Some(2));
    assert!(screen.lines().iter().all(|line| !line.contains("waiting ")), "{:?}", screen.lines());
}

#[test]
fn no_color_keeps_the_line_and_has_no_colour_in_it() {
    let stage = Stage::new();
    stage.held_by("alice", "90m");
    let args = [&WAITS[..4], &["--wait", "2500ms"]].concat();
    let mut screen = stage.on_terminal_with(80, &args, |command| {
        command.env("NO_COLOR", "1");
    });
    until_counted(&screen);
    assert_eq!(screen.pty.ended().code(), Some(11));
    screen.line_with("error: lock");
    let all = screen.pty.screen();
    assert_eq!(all.matches('\u{1b}').count(), all.matches("\r\u{1b}[K").count(), "{all:?}");
}

#[test]
fn a_terminal_that_obeys_no_codes_and_one_of_nobody_get_sentences() {
    let stage = Stage::new();
    stage.held_by("alice", "90m");
    for term in [Some("dumb"), Some(""), None] {
        let mut screen = stage.on_terminal_with(200, &WAITS, |command| match term {
            Some(term) => drop(command.env("TERM", term)),
            None => drop(command.env_remove("TERM")),
        });
        let line = screen.line_with("waiting for lock");
        assert!(line.contains(", held by alice (for "), "{line}");
        screen.type_in(CTRL_C);
        assert_eq!(screen.pty.ended().signal(), Some(2));
        assert!(!screen.pty.screen().contains('\u{1b}'), "{term:?}: {}", screen.pty.screen());
    }
}

#[test]
fn quiet_says_nothing_on_a_terminal_either() {
    let stage = Stage::new();
    stage.held_by("alice", "90m");
    let args = [&WAITS[..4], &["--wait", "1500ms", "-q"]].concat();
    let mut screen = stage.on_terminal(200, &args);
    assert_eq!(screen.pty.ended().code(), Some(11));
    screen.line_with("hint:");
    assert!(screen.drawn().is_empty());
    assert!(!screen.pty.screen().contains("waiting"), "{}", screen.pty.screen());
}

#[test]
fn a_wait_that_is_over_leaves_the_error_alone() {
    let stage = Stage::new();
    stage.held_by("alice", "90m");
    let mut screen = stage.on_terminal(200, &[&WAITS[..4], &["--wait", "1500ms"]].concat());
    assert_eq!(screen.pty.ended().code(), Some(11));
    screen.line_with("hint:");
    let lines = screen.lines();
    assert!(lines.len() == 2 && lines[0].starts_with("error: lock"), "{lines:?}");
    assert!(!screen.drawn().is_empty());
}

#[test]
fn a_server_that_goes_away_is_what_is_waited_for() {
    let mut stage = Stage::new();
    stage.held_by("alice", "90m");
    let mut screen = stage.on_terminal(120, &["run", "deploy", "--owner", "bob", "--", "true"]);
    screen.line_with("waiting ");
    stage.shut_down();
    screen.line_with("for deploy, now for the API server: ");
    screen.type_in(CTRL_C);
    assert_eq!(screen.pty.ended().signal(), Some(2));
    assert_eq!(screen.lines(), Vec::<String>::new());
}

#[test]
fn ctrl_z_takes_the_line_away_and_fg_draws_it_anew() {
    for line in ["kubelock acquire deploy --wait", "kubelock run deploy -- echo mine"] {
        let stage = Stage::new();
        stage.held_by("alice", "90m");
        let mut shell = stage.shell();
        shell.type_line(line);
        shell.line_with("waiting ");
        shell.type_in(CTRL_Z);
        shell.pty.expect("Stopped");
        shell.pty.expect(PROMPT);
        let lines = shell.lines();
        assert!(!lines.iter().any(|line| line.starts_with("waiting ")), "{lines:?}");
        shell.type_line("fg");
        shell.line_with("waiting ");
        shell.type_in(CTRL_C);
        shell.pty.expect(PROMPT);
        shell.type_line("echo ended-$?");
        shell.pty.expect("ended-130");
        let lines = shell.lines();
        assert!(!lines.iter().any(|line| line.starts_with("waiting ")), "{lines:?}");
    }
}

#[test]
fn in_the_background_the_terminal_is_somebody_elses() {
    let stage = Stage::new();
    stage.held_by("alice", "90m");
    let mut shell = stage.shell();
    shell.type_line("kubelock acquire deploy --wait &");
    shell.line_with("waiting for lock");
    shell.type_line("sleep 2.5; echo mine-$((1+1))");
    shell.pty.expect("mine-2");
    assert!(shell.drawn().iter().all(|line| !line.contains("waiting ")), "{:?}", shell.drawn());
    shell.type_line("fg");
    shell.line_with("alice for ");
    let drawn = |line: &String| line.starts_with("waiting ") && line.contains("s for deploy:");
    crate::run::running::until("a line that counts", || shell.drawn().iter().any(drawn));
}

#[test]
fn without_a_terminal_it_is_said_once_and_nothing_is_drawn() {
    let stage = Stage::new();
    stage.held_by("alice", "90m");
    let child = stage.start(&[&WAITS[..4], &["--wait", "2500ms"]].concat());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.matches("waiting for lock").count(), 1, "{said}");
    assert!(!said.contains('\u{1b}') && !said.contains('\r'), "{said}");
}

/// What the tests on a pty rely on.
#[test]
fn the_screen_of_a_test_shows_what_a_terminal_would() {
    let script = r"printf 'a\nlong line\r\033[Kshort\n'";
    let mut screen = on_terminal("/nonexistent".as_ref(), 80, &["sh", "-c", script], |_| {});
    assert_eq!(screen.pty.ended().code(), Some(0));
    screen.line_with("short");
    assert_eq!(screen.lines(), ["a", "short"]);
}
