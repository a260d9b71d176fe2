//! What the command is given, and what its end means.

use std::fs::{self, File};
use std::io::Read;
use std::process::Stdio;

use super::running::{Running, command, ignored_here, mask};
use crate::process::Kubelock;
use crate::space::Space;

fn code(space: &Space, args: &[&str]) -> Option<i32> {
    let folder = tempfile::tempdir().unwrap();
    command(space, &folder, args).output().unwrap().status.code()
}

#[test]
fn the_commands_exit_status_is_passed_on() {
    let Some(space) = Space::new("run-status") else { return };
    assert_eq!(code(&space, &["--", "true"]), Some(0));
    assert_eq!(code(&space, &["--", "sh", "-c", "exit 124"]), Some(124));
    assert_eq!(code(&space, &["--", "sh", "-c", "kill -9 $$"]), Some(137));
    assert_eq!(code(&space, &["--", "sh", "-c", "kill -TERM $$"]), Some(143));
}

#[test]
fn a_command_that_cannot_run_takes_no_lock() {
    let no_cluster = |args: &[&str]| {
        let outcome = Kubelock::new(args).env("KUBECONFIG", "/nonexistent").run();
        (outcome.code, outcome.stderr)
    };
    let missing = no_cluster(&["run", "deploy", "--", "kubelock-no-such-command"]);
    let folder = no_cluster(&["run", "deploy", "--", "/"]);
    let nowhere = no_cluster(&["run", "deploy", "--", "/nonexistent/tool"]);

    let said = "error: command \"kubelock-no-such-command\" is not in PATH\n";
    assert_eq!(missing, (Some(127), said.to_owned()));
    assert_eq!((folder.0, nowhere.0), (Some(126), Some(127)));
}

#[test]
fn a_script_whose_interpreter_is_missing_does_not_exist_to_the_system() {
    let Some(space) = Space::new("run-interpreter") else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    fs::write(&script, "#!/nonexistent/interpreter\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&script, mode).unwrap();

    assert_eq!(code(&space, &["--", script.to_str().unwrap()]), Some(127));
}

#[test]
fn failures_before_the_command_have_a_status_of_their_own() {
    let run = |args: &[&str]| Kubelock::new(args).env("KUBECONFIG", "/nonexistent").run().code;
    assert_eq!(run(&["run", "deploy", "--", "true"]), Some(125));
    assert_eq!(run(&["run", "deploy", "--ttl", "2s", "--", "true"]), Some(125));
    assert_eq!(run(&["run", "Not_A_Lease", "--", "true"]), Some(125));
    assert_eq!(run(&["run", "deploy"]), Some(125));
    assert_eq!(run(&["run", "deploy", "--nonsense", "--", "true"]), Some(125));
    assert_eq!(run(&["--nonsense"]), Some(2));
}

#[test]
fn what_follows_the_command_is_the_commands() {
    let Some(space) = Space::new("run-words") else { return };
    let folder = tempfile::tempdir().unwrap();
    let said = |args: &[&str]| {
        String::from_utf8(command(&space, &folder, args).output().unwrap().stdout).unwrap()
    };
    assert_eq!(said(&["--", "echo", "x", "-E", "7", "--", "--ttl"]), "x -E 7 -- --ttl\n");
    assert_eq!(said(&["echo", "y", "--owner", "x", "--", "-h"]), "y --owner x -- -h\n");
    assert_eq!(said(&["--ttl", "30s", "echo", "z", "--ttl"]), "z --ttl\n");
}

#[test]
fn the_command_learns_which_lock_it_runs_under() {
    let Some(space) = Space::new("run-env") else { return };
    let folder = tempfile::tempdir().unwrap();
    let output = command(&space, &folder, &["--owner", "alice", "--", "env"])
        .env("KUBELOCK_LOCK", "an outer one")
        .env("OTHER", "kept")
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let has = |line: &str| output.lines().any(|candidate| candidate == line);

    assert!(has("KUBELOCK_LOCK=deploy"), "{output}");
    assert!(has("KUBELOCK_ON=lease/deploy"), "{output}");
    assert!(has(&format!("KUBELOCK_NAMESPACE={}", space.namespace)), "{output}");
    assert!(has("KUBELOCK_OWNER=alice"), "{output}");
    assert!(output.contains("\nKUBELOCK_HOLD=") || output.starts_with("KUBELOCK_HOLD="));
    assert!(output.contains("KUBELOCK_TOKEN="), "{output}");
    assert!(has("OTHER=kept"), "{output}");
    // Those of this test run itself are passed on, as all that is not the lock's.
    let ours = |line: &&str| line.starts_with("KUBELOCK_");
    let told = output.lines().filter(ours).filter_map(|line| line.split('=').next());
    let told = told.filter(|name| std::env::var_os(name).is_none());
    assert_eq!(told.count(), 6, "{output}");
}

#[test]
fn a_lock_without_a_namespace_shows_none_of_an_outer_lock() {
    let Some(space) = Space::new("run-outer") else { return };
    let folder = tempfile::tempdir().unwrap();
    let on = format!("ns/{}", space.namespace);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_kubelock"))
        .args(["run", "team", "--on", &on, "--", "env"])
        .env("KUBECONFIG", space.cluster.kubeconfig())
        .env("KUBELOCK_NAMESPACE", "outer")
        .current_dir(&folder)
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();

    assert!(output.contains(&format!("KUBELOCK_ON=namespace/{}\n", space.namespace)), "{output}");
    assert!(!output.contains("KUBELOCK_NAMESPACE"), "{output}");
}

#[test]
fn stdin_is_the_commands_and_what_it_leaves_is_the_next_ones() {
    let Some(space) = Space::new("run-stdin") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    fs::write(&path, "abcdef").unwrap();
    let mut input = File::open(&path).unwrap();

    let output = command(&space, &folder, &["--", "dd", "bs=1", "count=3"])
        .stdin(Stdio::from(input.try_clone().unwrap()))
        .output()
        .unwrap();

    assert_eq!(output.stdout, b"abc");
    let mut rest = String::new();
    input.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "def");
}

#[test]
fn the_command_starts_with_no_signal_blocked_or_ignored_and_nothing_open() {
    let Some(space) = Space::new("run-clean") else { return };
    let folder = tempfile::tempdir().unwrap();
    let plain = "cat /proc/self/status; ls /proc/self/fd";
    let output = command(&space, &folder, &["--", "sh", "-c", plain]).output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let direct = std::process::Command::new("sh").args(["-c", plain]).output().unwrap();
    let direct = String::from_utf8(direct.stdout).unwrap();

    let fds = |text: &str| {
        text.lines()
            .filter(|line| line.parse::<u32>().is_ok())
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>()
    };
    // The C library ignores two signals of its own in what it starts.
    let named = (1_u64 << 31) - 1;
    assert_eq!(mask(&output, "SigBlk:"), 0);
    assert_eq!(mask(&output, "SigIgn:") & named & !ignored_here(), 0, "{output}");
    assert_eq!(fds(&output), fds(&direct));
}

/// A run whose caller ignores a signal.
fn ignoring(space: &Space, signal: &str, words: &[&str]) -> std::process::Output {
    let folder = tempfile::tempdir().unwrap();
    let under = command(space, &folder, words);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!(r#"trap '' {signal}; exec "$@""#), "sh"]);
    shell.arg(under.get_program()).args(under.get_args());
    shell.envs(under.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.output().unwrap()
}

#[test]
fn what_the_caller_ignores_the_command_ignores() {
    let Some(space) = Space::new("run-nohup") else { return };
    let output = ignoring(&space, "HUP", &["--", "cat", "/proc/self/status"]);

    let output = String::from_utf8(output.stdout).unwrap();
    assert_eq!(mask(&output, "SigIgn:") & 1, 1, "{output}");
}

/// Whether this user may make pid namespaces.
fn has_namespaces() -> bool {
    let made = std::process::Command::new("unshare").args(["-pf", "--mount-proc", "true"]).output();
    made.is_ok_and(|output| output.status.success())
}

#[test]
fn a_run_may_be_process_1_or_below_one_or_have_its_group_outside() {
    let Some(space) = Space::new("run-init") else { return };
    if !has_namespaces() {
        return;
    }
    for around in [&["setsid"][..], &["setsid", "sh", "-c", r#""$@"; exit $?"#, "sh"], &[]] {
        let folder = tempfile::tempdir().unwrap();
        let under = command(&space, &folder, &["--", "sh", "-c", "exit 7"]);
        let mut unshare = std::process::Command::new("unshare");
        unshare.args(["-pf", "--mount-proc"]).args(around);
        unshare.arg(under.get_program()).args(under.get_args());
        unshare.envs(under.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = unshare.output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{around:?}: {output:?}");
    }
}

#[test]
fn a_caller_that_ignores_its_children_learns_the_status_all_the_same() {
    let Some(space) = Space::new("run-chld") else { return };
    let output = ignoring(&space, "CHLD", &["--", "sh", "-c", "exit 3"]);
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn what_the_command_left_running_is_ended_before_the_lock_is_free() {
    let Some(space) = Space::new("run-leftover") else { return };
    let script = "trap '' TERM; sleep 1000 & echo $! >$DIR/left; exit 3";
    let running = Running::start(&space, &[], script);
    let left = running.pid("left");
    let ended = running.ended();

    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    assert!(super::running::is_dead(left));
    assert_eq!(space.run(&["get", "deploy"]).code, Some(12));
}
