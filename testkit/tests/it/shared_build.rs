use std::fs;

use tempfile::tempdir;
use testkit::shared_build::build_once;

use crate::doomed::Doomed;

#[test]
fn of_two_processes_one_builds_and_the_other_takes_what_it_built() {
    let folder = tempdir().unwrap();
    let arguments = ["build", folder.path().to_str().unwrap()];
    let mut first = Doomed::start(&arguments);
    assert_eq!(first.hear(), "building");

    // It would say "building" too if it did not wait for the first.
    let mut second = Doomed::start(&arguments);
    first.tell("by the first");

    assert_eq!(first.hear(), "by the first");
    assert_eq!(second.hear(), "by the first");
}

#[test]
fn a_killed_build_leaves_nothing_that_passes_for_a_finished_one() {
    let folder = tempdir().unwrap();
    let arguments = ["build", folder.path().to_str().unwrap()];
    let mut killed = Doomed::start(&arguments);
    assert_eq!(killed.hear(), "building");
    killed.process.kill().unwrap();
    killed.process.wait().unwrap();

    let mut next = Doomed::start(&arguments);
    assert_eq!(next.hear(), "building");
    next.tell("by the next");

    assert_eq!(next.hear(), "by the next");
}

#[test]
fn what_was_built_is_not_built_again() {
    let folder = tempdir().unwrap();
    let first = build_once(folder.path(), "a", |partial| {
        fs::write(partial.join("product"), "a").unwrap();
        Ok(())
    });

    let second = build_once(folder.path(), "a", |_| unreachable!("built already"));

    assert_eq!(first.unwrap(), second.unwrap());
}
