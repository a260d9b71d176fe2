//! Credential plugins at a Tab key: nobody is asked, and none is left behind.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use testkit::pty::{self, Pty};

use super::typist::KUBELOCK;
use crate::run::running::{default_signals, until};

/// A plugin that hangs in the end, and a kubeconfig for it.
struct Plugin {
    folder: TempDir,
}

impl Plugin {
    fn new(mode: &str, before: &str) -> Self {
        let plugin = Self { folder: tempfile::tempdir().unwrap() };
        let program = plugin.path("plugin");
        let text = format!(
            "#!/bin/sh\ncd '{}'\n{before}\nsleep 200 & echo $! >child; echo $$ >new; mv new pid; wait\n",
            plugin.folder.path().display()
        );
        std::fs::write(&program, text).unwrap();
        let mode_of_file = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode_of_file).unwrap();
        let exec = serde_json::json!({
            "apiVersion": "client.authentication.k8s.io/v1", "command": program, "interactiveMode": mode,
        });
        let config = serde_json::json!({
            "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
            "users": [{"name": "u", "user": {"exec": exec}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        });
        std::fs::write(plugin.path("config"), config.to_string()).unwrap();
        plugin
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn asking(&self) -> Command {
        let mut command = Command::new(KUBELOCK);
        self.ask(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn ask(&self, command: &mut Command) {
        command.args(["__complete", "get", "deploy"]).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("KUBECONFIG", self.path("config"));
    }

    /// Nothing but the end of the answer is on the screen.
    fn ask_on_a_terminal(&self) {
        let mut command = pty::command(KUBELOCK).unwrap();
        self.ask(&mut command);
        let mut pty = Pty::start(command).unwrap();
        assert!(pty.ended().success());
        assert_eq!(pty.screen(), ":4\r\n");
    }

    /// A machine that has much else to do may not even have started it when the Tab is over.
    fn until_run(&self, press: impl Fn()) {
        until("the plugin", || {
            press();
            self.path("pid").exists()
        });
    }

    /// It was run, and neither it nor its child is there any more.
    fn is_gone(&self) {
        for file in ["pid", "child"] {
            let pid = std::fs::read_to_string(self.path(file)).unwrap();
            let process = Path::new("/proc").join(pid.trim()).join("stat");
            until("the end of the plugin", || {
                // Dead is enough: nobody may have asked yet how it ended.
                std::fs::read_to_string(&process).map_or(true, |stat| stat.contains(") Z "))
            });
        }
    }
}

#[test]
fn a_plugin_that_hangs_is_not_left_behind() {
    for mode in ["Never", "IfAvailable"] {
        let plugin = Plugin::new(mode, "");
        plugin.until_run(|| {
            let output = plugin.asking().output().unwrap();
            assert_eq!(output.stdout, b":4\n");
        });
        plugin.is_gone();
    }
}

#[test]
fn a_tab_that_is_given_up_leaves_no_plugin_behind() {
    default_signals();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let plugin = Plugin::new("Never", "");
        let mut asking = plugin.asking().spawn().unwrap();
        until("the plugin", || plugin.path("pid").exists());
        kill_process(Pid::from_child(&asking), signal).unwrap();
        assert!(!asking.wait().unwrap().success());
        plugin.is_gone();
    }
}

#[test]
fn a_plugin_has_no_terminal_to_ask_on() {
    let ask = "if (printf 'PASSWORD PLEASE' >/dev/tty) 2>/dev/null; then head -c 6 </dev/tty; fi";
    let plugin = Plugin::new("IfAvailable", ask);
    plugin.until_run(|| plugin.ask_on_a_terminal());
    plugin.is_gone();
}

#[test]
fn a_plugin_that_cannot_do_without_a_terminal_is_not_run() {
    let plugin = Plugin::new("Always", "touch ran");
    plugin.ask_on_a_terminal();
    assert!(!plugin.path("ran").exists());
}
