//! One run of the program.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::redact::redact;

/// A run with an environment of its own: nothing of the developer's reaches it.
pub(crate) struct Kubelock {
    command: Command,
    words: Vec<String>,
    stdin: Option<&'static str>,
}

/// How a run ended, and what it said.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    words: Vec<String>,
}

impl Kubelock {
    pub(crate) fn new(args: &[&str]) -> Self {
        Self::at(Path::new(env!("CARGO_BIN_EXE_kubelock")), args)
    }

    pub(crate) fn at(program: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", "/nonexistent");
        // Profilers and the like need these to do their work.
        command.envs(std::env::vars_os().filter(|(name, _)| name == "LLVM_PROFILE_FILE"));
        command.args(args);
        Self { command, words: args.iter().map(|arg| (*arg).to_owned()).collect(), stdin: None }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// An argument that the transcript leaves out.
    pub(crate) fn quiet_args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn stdin(mut self, text: &'static str) -> Self {
        self.stdin = Some(text);
        self
    }

    pub(crate) fn run(mut self) -> Outcome {
        let stdin = if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        if let (Some(text), Some(mut pipe)) = (self.stdin, child.stdin.take()) {
            pipe.write_all(text.as_bytes()).unwrap();
        }
        Outcome::new(child.wait_with_output().unwrap(), self.words)
    }
}

impl Outcome {
    fn new(output: Output, words: Vec<String>) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            words,
        }
    }

    /// What a person sees in a shell, with what changes from run to run replaced.
    pub(crate) fn transcript(&self) -> String {
        let mut text = format!(
            "$ kubelock {}\n",
            self.words.iter().map(|word| typed(word)).collect::<Vec<_>>().join(" ")
        );
        for line in self.stdout.lines() {
            writeln!(text, "| {line}").unwrap();
        }
        text.push_str(&self.stderr);
        writeln!(
            text,
            "[{}]",
            self.code.map_or_else(|| "killed".to_owned(), |code| code.to_string())
        )
        .unwrap();
        redact(&text)
    }

    /// How many requests `-v` told of.
    pub(crate) fn requests(&self) -> Vec<&str> {
        let method = |line: &&str| {
            ["GET ", "PATCH ", "PUT ", "POST "].iter().any(|method| line.starts_with(method))
        };
        self.stderr.lines().filter(method).collect()
    }
}

/// Long arguments are cut: a snapshot is for reading.
fn typed(word: &str) -> String {
    let cut: String = if word.len() > 80 {
        word.chars().take(20).chain("…".chars()).collect()
    } else {
        word.to_owned()
    };
    if cut.is_empty() || cut.contains(|c: char| c.is_whitespace() || "?*<>|&;".contains(c)) {
        format!("'{cut}'")
    } else {
        cut
    }
}
