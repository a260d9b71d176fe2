//! The command never outlives the lock, whichever of our processes dies or sleeps.

use rustix::process::{Pid, Signal};

use super::running::{Running, is_dead, send, until, until_dead, until_stopped};
use crate::space::Space;

/// Deaf to SIGTERM, with a child that is so, too.
const DEAF: &str = "trap '' TERM; sleep 1000 & echo $! >$DIR/child; echo $$ >$DIR/pid; wait";

/// Ends with status 6 when it is let go.
const WAITS: &str = "echo $$ >$DIR/pid; while ! test -e $DIR/go; do sleep 0.01; done; exit 6";

/// Short, for those who wait for a deadline; a grace of half a second.
const SHORT: [&str; 2] = ["--ttl", "3s"];
/// For those who wait for a grace.
const MEDIUM: [&str; 2] = ["--ttl", "6s"];

fn deaf(space: &Space, ttl: [&str; 2]) -> (Running, [Pid; 2]) {
    let running = Running::start(space, &ttl, DEAF);
    let pids = [running.pid("pid"), running.pid("child")];
    (running, pids)
}

#[test]
fn a_killed_first_process_takes_the_command_with_it() {
    let Some(space) = Space::new("run-kill-first") else { return };
    let script = "trap 'echo term >$DIR/term; exit' TERM
        echo $$ >$DIR/pid; while :; do sleep 0.01; done";
    let running = Running::start(&space, &[], script);
    let (command, second) = (running.pid("pid"), running.second());
    send(running.first(), Signal::KILL);

    assert_eq!(running.line("term"), "term");
    until_dead(command);
    until_dead(second);
}

#[test]
fn a_killed_first_process_takes_even_the_deaf_with_it() {
    let Some(space) = Space::new("run-kill-first-deaf") else { return };
    let (running, pids) = deaf(&space, MEDIUM);
    send(running.first(), Signal::KILL);
    pids.into_iter().for_each(until_dead);
}

#[test]
fn a_first_process_that_sleeps_past_the_deadline_finds_the_command_dead() {
    let Some(space) = Space::new("run-stop-first") else { return };
    let (running, pids) = deaf(&space, SHORT);
    send(running.first(), Signal::STOP);
    pids.into_iter().for_each(until_dead);
    send(running.first(), Signal::CONT);

    let ended = running.ended();
    assert_eq!(ended.code, Some(123), "{}", ended.stderr);
    assert!(ended.stderr.starts_with("error: lock \"deploy\" on lease/deploy"), "{}", ended.stderr);
}

#[test]
fn a_first_process_that_sleeps_past_the_deadline_passes_on_how_the_command_ended_before_it() {
    let Some(space) = Space::new("run-sleep-first") else { return };
    let running = Running::start(&space, &SHORT, WAITS);
    let command = running.pid("pid");
    send(running.first(), Signal::STOP);
    until_stopped(running.first());
    std::fs::write(running.path("go"), "").unwrap();
    until_dead(command);
    until("the end of the lock", || space.run(&["get", "deploy"]).code == Some(12));
    send(running.first(), Signal::CONT);

    let ended = running.ended();
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
    assert!(!ended.stderr.contains("is being ended"), "{}", ended.stderr);
}

#[test]
fn a_killed_second_process_takes_the_command_with_it() {
    let Some(space) = Space::new("run-kill-second") else { return };
    let (running, pids) = deaf(&space, MEDIUM);
    send(running.second(), Signal::KILL);

    let ended = running.ended();
    assert_eq!(ended.code, Some(123), "{}", ended.stderr);
    assert!(pids.into_iter().all(is_dead));
    let said = "error: the process that guards sh has ended: sh is being ended\n";
    assert!(ended.stderr.starts_with(said), "{}", ended.stderr);
    assert_eq!(space.run(&["get", "deploy"]).code, Some(12));
}

#[test]
fn a_stderr_that_nobody_reads_keeps_nobody_from_ending_the_command() {
    let Some(space) = Space::new("run-full-stderr") else { return };
    let (mut read, write) = std::io::pipe().unwrap();
    fill(&write);
    let running = Running::start_with(&space, &MEDIUM, DEAF, |command| {
        command.stderr(write);
    });
    let pids = [running.pid("pid"), running.pid("child")];
    send(running.second(), Signal::KILL);
    pids.into_iter().for_each(until_dead);
    until("the end of the lock", || space.run(&["get", "deploy"]).code == Some(12));

    // Its last words are an error of a program that holds nothing: they may wait.
    std::thread::spawn(move || std::io::copy(&mut read, &mut std::io::sink()));
    assert_eq!(running.ended().code, Some(123));
}

/// Writes until there is no room.
fn fill(pipe: &std::io::PipeWriter) {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let flags = fcntl_getfl(pipe).unwrap();
    fcntl_setfl(pipe, flags | OFlags::NONBLOCK).unwrap();
    while rustix::io::write(pipe, &[b'x'; 4096]).is_ok() {}
    fcntl_setfl(pipe, flags).unwrap();
}

#[test]
fn a_second_process_that_sleeps_through_the_commands_end_keeps_no_lock() {
    let Some(space) = Space::new("run-sleep-end") else { return };
    let running = Running::start(&space, &[], "kill -STOP $PPID; exit 3");
    let ended = running.ended();

    assert_eq!(ended.code, Some(123), "{}", ended.stderr);
    assert!(
        ended.stderr.starts_with("error: sh has ended, and it is unknown how"),
        "{}",
        ended.stderr
    );
    assert_eq!(space.run(&["get", "deploy"]).code, Some(12));
}

#[test]
fn a_second_process_that_sleeps_is_not_needed_to_end_the_command() {
    let Some(space) = Space::new("run-stop-second") else { return };
    let (running, pids) = deaf(&space, MEDIUM);
    let second = running.second();
    send(second, Signal::STOP);
    until_stopped(second);
    take_away(&space);

    let ended = running.ended();
    assert_eq!(ended.code, Some(123), "{}", ended.stderr);
    assert!(pids.into_iter().all(is_dead));
    until_dead(second);
}

#[test]
fn a_command_that_ends_when_asked_has_the_grace_to_tidy_up() {
    let Some(space) = Space::new("run-tidy") else { return };
    let script = "trap 'sleep 0.1; echo tidy >$DIR/tidy; exit 0' TERM
        echo $$ >$DIR/pid; while :; do sleep 0.01; done";
    let running = Running::start(&space, &[], script);
    running.line("pid");
    take_away(&space);

    assert_eq!(running.line("tidy"), "tidy");
    let ended = running.ended();
    assert_eq!(ended.code, Some(123), "{}", ended.stderr);
    let loss = ended.stderr.lines().find(|line| line.contains("was lost"));
    let said =
        format!("error: lock \"deploy\" on lease/deploy in namespace {} was lost", space.namespace);
    assert!(loss.is_some_and(|line| line.starts_with(&said)), "{}", ended.stderr);
}

#[test]
fn a_deaf_command_is_dead_when_the_lock_can_be_anothers() {
    let Some(space) = Space::new("run-deaf") else { return };
    let (running, pids) = deaf(&space, MEDIUM);
    take_away(&space);

    let ended = running.ended();
    assert_eq!(ended.code, Some(123), "{}", ended.stderr);
    assert!(pids.into_iter().all(is_dead));
}

#[test]
fn a_stopped_command_is_ended_too() {
    let Some(space) = Space::new("run-stopped-command") else { return };
    let script = "trap 'echo term >$DIR/term; exit' TERM
        echo $$ >$DIR/pid; while :; do sleep 0.01; done";
    let running = Running::start(&space, &[], script);
    let command = running.pid("pid");
    // Not the group's first process alone: its first process would report the stop.
    send(running.first(), Signal::STOP);
    until_stopped(running.first());
    send(command, Signal::STOP);
    send(running.first(), Signal::KILL);

    assert_eq!(running.line("term"), "term");
    until_dead(command);
}

#[test]
fn our_processes_are_deaf_to_what_is_not_meant_for_them() {
    let Some(space) = Space::new("run-deaf-second") else { return };
    let running = Running::start(&space, &[], WAITS);
    running.pid("pid");
    let second = running.second();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::TSTP, Signal::QUIT, Signal::USR1]
    {
        send(second, signal);
    }
    std::fs::write(running.path("go"), "").unwrap();
    let ended = running.ended();
    assert_eq!(ended.code, Some(6), "{}", ended.stderr);
}

#[test]
fn a_renewed_lock_keeps_the_command_running() {
    let Some(space) = Space::new("run-renewed") else { return };
    let running = Running::start(&space, &SHORT, WAITS);
    let command = running.pid("pid");
    until_renewed(&space);

    assert!(!is_dead(command));
    std::fs::write(running.path("go"), "").unwrap();
    let ended = running.ended();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(6), ""));
}

#[test]
fn a_second_process_that_slept_through_renewals_ends_nothing() {
    let Some(space) = Space::new("run-slept") else { return };
    let running = Running::start(&space, &SHORT, WAITS);
    running.pid("pid");
    let second = running.second();
    send(second, Signal::STOP);
    until_stopped(second);
    until_renewed(&space);
    send(second, Signal::CONT);

    std::fs::write(running.path("go"), "").unwrap();
    let ended = running.ended();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(6), ""));
}

/// Waits until the lock was renewed more often than it can be before its first deadline.
fn until_renewed(space: &Space) {
    let mut seen = std::collections::BTreeSet::new();
    until("renewals beyond a ttl", || {
        let outcome = space.run(&["get", "deploy", "-o", "json"]);
        let lock: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        seen.insert(lock["createdAt"].as_str().unwrap().to_owned());
        // A renewal comes after a third of the ttl, or a tenth of that sooner.
        seen.len() > 4
    });
}

/// Somebody removes the record under the holder's feet.
fn take_away(space: &Space) {
    let key = "kubelock.giantswarm.io/deploy";
    until("the end of the record", || {
        let patch = serde_json::json!({"metadata": {"annotations": {key: null}}});
        space.with(async |client| {
            let api: kube::Api<k8s_openapi::api::coordination::v1::Lease> =
                kube::Api::namespaced(client, &space.namespace);
            let patch = kube::api::Patch::Merge(&patch);
            api.patch("deploy", &kube::api::PatchParams::default(), &patch).await.is_ok()
        })
    });
}
