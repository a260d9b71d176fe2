//! Signals that reach `kubelock run` are the command's.

use rustix::process::Signal;

use super::running::{Running, send, until, until_dead, until_stopped};
use crate::space::Space;

#[test]
fn signals_go_on_to_the_command_and_its_status_counts() {
    let Some(space) = Space::new("run-signals") else { return };
    for (signal, name) in [
        (Signal::INT, "INT"),
        (Signal::TERM, "TERM"),
        (Signal::HUP, "HUP"),
        (Signal::QUIT, "QUIT"),
        (Signal::USR1, "USR1"),
        (Signal::USR2, "USR2"),
        (Signal::WINCH, "WINCH"),
    ] {
        let script = format!(
            "trap 'echo {name} >$DIR/got; exit 9' {name}; echo up >$DIR/up; while :; do sleep 0.01; done"
        );
        let running = Running::start(&space, &[], &script);
        running.line("up");
        send(running.first(), signal);

        assert_eq!(running.line("got"), name);
        let ended = running.ended();
        assert_eq!(ended.code, Some(9), "{name}: {}", ended.stderr);
    }
}

#[test]
fn each_of_several_interrupts_is_passed_on() {
    let Some(space) = Space::new("run-interrupts") else { return };
    let script = "trap 'echo $((n+=1)) >$DIR/n; test $n = 3 && exit 4' INT
        echo up >$DIR/up; while :; do sleep 0.01; done";
    let running = Running::start(&space, &[], script);
    running.line("up");
    for count in 1..=3 {
        send(running.first(), Signal::INT);
        until("the next interrupt", || running.line("n") == count.to_string());
    }
    assert_eq!(running.ended().code, Some(4));
}

#[test]
fn what_ends_a_command_ends_a_stopped_one() {
    let Some(space) = Space::new("run-end-stopped") else { return };
    let script = "sleep 1000 & echo $! >$DIR/child; wait; exit 8";
    let running = Running::start(&space, &[], script);
    let child = running.pid("child");
    send(child, Signal::STOP);
    until_stopped(child);
    send(running.first(), Signal::TERM);

    assert_eq!(running.ended().code, Some(143));
    until_dead(child);
}

#[test]
fn a_signal_that_the_command_does_not_catch_ends_it_and_frees_the_lock() {
    let Some(space) = Space::new("run-uncaught") else { return };
    let running = Running::start(&space, &[], "echo $$ >$DIR/pid; exec sleep 1000");
    let command = running.pid("pid");
    send(running.first(), Signal::TERM);
    let ended = running.ended();

    assert_eq!(ended.code, Some(143), "{}", ended.stderr);
    until_dead(command);
    assert_eq!(space.run(&["get", "deploy"]).code, Some(12));
}

#[test]
fn a_command_that_dies_of_a_key_takes_this_program_along_once_the_lock_is_free() {
    let Some(space) = Space::new("run-key") else { return };
    for (key, number) in [(Signal::INT, 2), (Signal::QUIT, 3)] {
        let running = Running::start(&space, &[], "echo $$ >$DIR/pid; exec sleep 1000");
        running.pid("pid");
        send(running.first(), key);
        let ended = running.ended();

        assert_eq!((ended.code, ended.signal), (None, Some(number)), "{}", ended.stderr);
        assert_eq!(space.run(&["get", "deploy"]).code, Some(12));
    }
}
