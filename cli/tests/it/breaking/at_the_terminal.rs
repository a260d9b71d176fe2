//! The question, its answers, and what may happen between them.

use testkit::pty::{self, Pty};

use super::{DEAD, KEY, LIVE, break_it, record};
use crate::run::running::default_signals;
use crate::space::Space;

fn asked(space: &Space) -> Pty {
    default_signals();
    let mut command = pty::command(env!("CARGO_BIN_EXE_kubelock")).unwrap();
    command
        .args(break_it(&["-n", &space.namespace]))
        .env_clear()
        .env("TERM", "dumb")
        .env("KUBECONFIG", space.cluster.kubeconfig());
    let mut pty = Pty::start(command).unwrap();
    pty.expect("owner   alice");
    pty.expect("Break it? [y/N] ");
    pty
}

#[test]
fn a_yes_breaks_what_was_shown() {
    let Some(space) = Space::new("break-yes") else { return };
    space.configmap("app", &[(KEY, &record(DEAD, None))]);
    let mut pty = asked(&space);
    pty.type_in("y\n").unwrap();
    pty.expect("broke lock \"deploy\"");
    assert_eq!(pty.wait(), Some(0));
    assert_eq!(space.value(), None);
}

#[test]
fn anything_else_breaks_nothing() {
    let Some(space) = Space::new("break-no") else { return };
    let value = record(DEAD, None);
    space.configmap("app", &[(KEY, &value)]);
    for keys in ["\n", "n\n", "yup\n", "\u{4}"] {
        let mut pty = asked(&space);
        pty.type_in(keys).unwrap();
        pty.expect("not broken: nothing was changed");
        assert_eq!(pty.wait(), Some(1), "{keys:?}");
    }
    let mut pty = asked(&space);
    pty.type_in("\u{3}").unwrap();
    assert_eq!(pty.wait(), None, "Ctrl-C ends it");
    assert_eq!(space.value(), Some(value));
    assert!(space.events().is_empty());
}

#[test]
fn whoever_came_while_the_question_stood_is_left_alone() {
    let Some(space) = Space::new("break-race") else { return };
    space.configmap("app", &[(KEY, &record(DEAD, Some("6f1c2d")))]);
    let mut pty = asked(&space);
    let acquire = ["acquire", "deploy", "--on", "cm/app", "--owner", "bob", "--ttl", "90m"];
    assert_eq!(space.run(&acquire).code, Some(0));
    let bobs = space.value();
    pty.type_in("yes\n").unwrap();
    pty.expect("not broken: what was shown is gone, and lock \"deploy\"");
    pty.expect("held by bob");
    assert_eq!(pty.wait(), Some(11));
    assert_eq!(space.value(), bobs);
    assert!(space.events().is_empty());
}

#[test]
fn whoever_came_and_went_while_the_question_stood_is_no_holder() {
    let Some(space) = Space::new("break-passed") else { return };
    space.configmap("app", &[(KEY, &record(DEAD, Some("6f1c2d")))]);
    let mut pty = asked(&space);
    let next = record(DEAD - 1, Some("7a"));
    space.annotate("app", KEY, &next);
    pty.type_in("y\n").unwrap();
    pty.expect("what was shown is gone, and lock \"deploy\"");
    pty.expect("has an expired record of alice");
    assert_eq!((pty.wait(), space.value()), (Some(11), Some(next)));
}

#[test]
fn a_hold_that_was_renewed_while_the_question_stood_is_broken_unless_it_came_to_life() {
    let Some(space) = Space::new("break-renewed") else { return };
    space.configmap("app", &[(KEY, &record(DEAD, Some("6f1c2d")))]);
    let mut pty = asked(&space);
    space.annotate("app", KEY, &record(LIVE, Some("6f1c2d")));
    let renewed = space.value();
    pty.type_in("y\n").unwrap();
    pty.expect("is live: held by alice, hold 6f1c2d");
    assert_eq!((pty.wait(), space.value()), (Some(11), renewed));

    space.annotate("app", KEY, &record(DEAD, Some("6f1c2d")));
    let mut pty = asked(&space);
    space.annotate("app", KEY, &record(DEAD - 1, Some("6f1c2d")));
    pty.type_in("y\n").unwrap();
    pty.expect("broke lock \"deploy\"");
    assert_eq!((pty.wait(), space.value()), (Some(0), None));
}

#[test]
fn of_two_who_break_a_lock_the_later_one_is_told_that_it_is_gone() {
    let Some(space) = Space::new("break-twice") else { return };
    space.configmap("app", &[(KEY, &record(DEAD, Some("6f1c2d")))]);
    let mut pty = asked(&space);
    assert_eq!(space.run(&break_it(&["--yes"])).code, Some(0));
    pty.type_in("y\n").unwrap();
    pty.expect("not held any more: it was given back, or somebody else broke it");
    assert_eq!(pty.wait(), Some(12));
    assert_eq!(space.events().len(), 1);
}

#[test]
fn a_question_may_stand_for_longer_than_a_request_may_take() {
    let Some(space) = Space::new("break-slow") else { return };
    space.configmap("app", &[(KEY, &record(DEAD, None))]);
    let mut command = pty::command(env!("CARGO_BIN_EXE_kubelock")).unwrap();
    command
        .args(break_it(&["-n", &space.namespace, "--request-timeout", "2s"]))
        .env_clear()
        .env("KUBECONFIG", space.cluster.kubeconfig());
    let mut pty = Pty::start(command).unwrap();
    pty.expect("Break it? [y/N] ");
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    pty.type_in("y\n").unwrap();
    pty.expect("broke lock \"deploy\"");
    assert_eq!(pty.wait(), Some(0));
}
