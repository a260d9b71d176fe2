//! Data and talk, colours and pipes; the line that counts, and the keyboard.

#[cfg(target_os = "linux")]
mod interrupts;
#[cfg(target_os = "linux")]
mod live;
#[cfg(target_os = "linux")]
mod prompt;
#[cfg(target_os = "linux")]
mod stage;

use std::process::{Command, Stdio};

use crate::process::Kubelock;
use crate::space::Space;

#[test]
fn quiet_silences_talk_and_data_stays_on_stdout() {
    let Some(space) = Space::new("quiet") else { return };
    let talk = space.run(&["acquire", "a", "--owner", "alice"]);
    let quiet = space.run(&["acquire", "b", "--owner", "alice", "-q"]);
    let data = space.run(&["acquire", "c", "--owner", "alice", "-o", "name"]);

    assert!(talk.stdout.is_empty() && talk.stderr.starts_with("acquired lock \"a\""));
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    assert_eq!((data.stdout.as_str(), data.stderr.as_str()), ("lease/c\n", ""));
}

#[test]
fn verbose_tells_the_requests_without_any_secret() {
    let Some(space) = Space::new("verbose") else { return };
    let outcome = space.run(&["acquire", "a", "--owner", "alice", "-v"]);
    let kubeconfig = std::fs::read_to_string(space.cluster.kubeconfig()).unwrap();
    let token = kubeconfig.split("token: ").nth(1).and_then(|rest| rest.split_whitespace().next());

    insta::assert_snapshot!(space.transcript(&outcome));
    assert!(
        token.is_none_or(|token| !outcome.stderr.contains(token.trim_matches(['}', '"', ','])))
    );
}

#[test]
fn colours_are_for_terminals_and_no_color_is_kept() {
    let piped = Kubelock::new(&["get", "Not_A_Lease"]).run();
    let forced = Kubelock::new(&["get", "Not_A_Lease"]).env("CLICOLOR_FORCE", "1").run();
    let refused = Kubelock::new(&["get", "Not_A_Lease"]).env("NO_COLOR", "1").run();

    assert!(!piped.stderr.contains('\u{1b}'));
    assert!(
        forced.stderr.starts_with("\u{1b}[1;31merror:\u{1b}[0m lock name"),
        "{:?}",
        forced.stderr
    );
    assert!(!refused.stderr.contains('\u{1b}'));
}

#[test]
#[cfg(unix)]
fn a_reader_that_goes_away_is_no_failure() {
    let Some(space) = Space::new("pipe") else { return };
    space.run(&["acquire", "a", "--owner", "alice", "-q"]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_kubelock"))
        .args(["get", "a", "-o", "json", "-n", &space.namespace])
        .env("KUBECONFIG", space.cluster.kubeconfig())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());

    let output = child.wait_with_output().unwrap();

    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
