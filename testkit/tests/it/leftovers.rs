//! What a process that started a control plane leaves behind: nothing.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

use crate::doomed::Doomed;

#[test]
fn a_killed_process_leaves_no_server_and_no_folder_even_where_a_server_was_stopped() {
    let Some(mut owner) = Owner::start() else { return };
    kill_process(owner.servers[0], Signal::STOP).unwrap();

    owner.doomed.process.kill().unwrap();

    owner.assert_nothing_is_left();
}

#[test]
fn a_panicking_process_leaves_no_server_and_no_folder() {
    let Some(mut owner) = Owner::start() else { return };

    owner.doomed.tell("panic");

    owner.assert_nothing_is_left();
}

#[test]
fn a_process_interrupted_at_the_terminal_leaves_no_server_and_no_folder() {
    let Some(mut owner) = Owner::start() else { return };

    let group = Pid::from_child(&owner.doomed.process);
    kill_process_group(group, Signal::INT).unwrap();

    owner.assert_nothing_is_left();
}

/// A process with a control plane of its own.
struct Owner {
    doomed: Doomed,
    servers: [Pid; 2],
    folder: PathBuf,
}

impl Owner {
    fn start() -> Option<Self> {
        if testkit::clusters_are_skipped() {
            return None;
        }
        let mut doomed = Doomed::start(&["control-plane"]);
        let mut server = || Pid::from_raw(doomed.hear().parse().unwrap()).unwrap();
        let servers = [server(), server()];
        let folder = PathBuf::from(doomed.hear());
        let owner = Self { doomed, servers, folder };
        assert!(owner.folder.is_dir());
        assert!(owner.servers.iter().all(|pid| is_alive(*pid)));
        Some(owner)
    }

    fn assert_nothing_is_left(&mut self) {
        assert!(!self.doomed.process.wait().unwrap().success());
        eventually("the servers are gone", || !self.servers.iter().any(|pid| is_alive(*pid)));
        eventually("the folder is gone", || !self.folder.exists());
    }
}

fn is_alive(pid: Pid) -> bool {
    test_kill_process(pid).is_ok()
}

fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(Instant::now() < deadline, "still not so: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
