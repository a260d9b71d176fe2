//! What a Tab key makes of a line, in each shell that there is.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::typist::{Home, KUBELOCK, SHELLS, Typist, is_there};
use crate::process::Kubelock;

/// A home with `kubelock` on the `PATH`, in each shell.
fn everywhere(home: &Home, mut test: impl FnMut(&str, Typist)) {
    for shell in SHELLS {
        if let Some(typist) = home.typist(shell, &[Path::new(KUBELOCK).parent().unwrap()]) {
            test(shell, typist);
        }
    }
}

/// Names as hostile as they can be, all with the same beginning. None is ever more than a name.
const HOSTILE: [&str; 7] = [
    "na;$(touch pwned)",
    "na`touch pwned`",
    "na${x:=$(touch pwned)}",
    r"na\back\\slash:b",
    "na'b\"c|touch pwned",
    "na*?[b]~ {c,d} #e",
    "na%F{red}%(?.a.b)=c",
];

#[test]
fn a_shell_takes_what_is_offered() {
    let home = Home::new();
    home.run(&["acquire", "deploy", "--owner", "ali:ce $(touch pwned)"]);
    everywhere(&home, |_, mut typist| {
        for (line, completed) in [
            ("kubelock acq", "kubelock acquire "),
            ("kubelock get dep", "kubelock get deploy "),
            ("kubelock get --on=lease/d", "kubelock get --on=lease/deploy "),
            ("kubelock get --on secre", "kubelock get --on secret/"),
            ("true; kubelock get dep", "true; kubelock get deploy "),
            ("kubelock get nothing", "kubelock get nothing"),
        ] {
            typist.completes(line, completed);
        }
    });
    assert!(!home.path("pwned").exists());
}

#[test]
fn a_program_may_be_named_by_its_home_or_a_variable() {
    let home = Home::new();
    home.run(&["acquire", "deploy"]);
    symlink(KUBELOCK, home.path("bin/kubelock")).unwrap();
    for shell in SHELLS {
        let Some(mut typist) = home.typist(shell, &[]) else { continue };
        for program in ["~/bin/kubelock", "$HOME/bin/kubelock", "./bin/kubelock"] {
            typist.completes(&format!("{program} get dep"), &format!("{program} get deploy "));
        }
        for program in ["~/none/kubelock", "$NONE/kubelock", "$(touch${IFS}pwned)/kubelock"] {
            let line = format!("{program} get dep");
            assert_eq!(typist.completed(&line), line, "{shell}");
        }
        if shell == "fish" {
            says_nothing_of_programs_that_are_not_there(&home);
        }
    }
    assert!(!home.path("pwned").exists());
}

/// On a terminal that would stand in the middle of the prompt.
fn says_nothing_of_programs_that_are_not_there(home: &Home) {
    let script = "source $HOME/_kubelock; complete -C $argv[1]";
    for program in ["~/none/kubelock", "$NONE/kubelock", "none/kubelock"] {
        let mut fish = Command::new("fish");
        fish.args(["--no-config", "-c", script, "--", &format!("{program} get d")]);
        let output = fish.env("HOME", home.path("")).output().unwrap();
        assert_eq!((output.stdout.len(), output.stderr.len()), (0, 0), "{output:?}");
    }
}

#[test]
fn a_word_may_be_quoted_already() {
    let home = Home::new();
    home.run(&["acquire", "deploy"]);
    for file in ["a b", "c d", "back\\slash"] {
        std::fs::write(home.path(file), "").unwrap();
    }
    everywhere(&home, |shell, mut typist| {
        for (line, completed) in [
            ("kubelock get \"dep", "kubelock get \"deploy\" "),
            ("kubelock get 'dep", "kubelock get 'deploy' "),
            ("kubelock run x -- cat a\\ ", "kubelock run x -- cat a\\ b "),
            ("kubelock run x -- cat \"a ", "kubelock run x -- cat \"a b\" "),
            (
                "kubelock run x --reason \"a b\" -- cat 'c ",
                "kubelock run x --reason \"a b\" -- cat 'c d' ",
            ),
            ("kubelock run x -- cat back", "kubelock run x -- cat back\\\\slash "),
            ("kubelock run x -- cat back\\\\s", "kubelock run x -- cat back\\\\slash "),
        ] {
            typist.completes(line, completed);
        }
        // zsh drops a quote that is inside of a word.
        let quote = if shell == "zsh" { "" } else { "\"" };
        let completed = format!("kubelock get --on={quote}lease/deploy{quote} ");
        typist.completes("kubelock get --on=\"lease/dep", &completed);
    });
}

#[test]
fn no_name_becomes_a_command() {
    let home = Home::new();
    home.script(
        "kubelock",
        "[ \"$1\" = __complete ] && exec cat \"$HOME/offered\"; shift; printf 'took<%s>\\n' \"$@\"",
    );
    for shell in SHELLS {
        let Some(mut typist) = home.typist(shell, &[&home.path("bin")]) else { continue };
        for name in HOSTILE {
            std::fs::write(home.path("offered"), format!("{name}\t{name}\n:4\n")).unwrap();
            for word in ["na", "\"na", "'na"] {
                typist.pty.type_in(&format!("kubelock get {word}\t\r")).unwrap();
                assert_eq!(typist.printed("took<", ">\r\n"), name, "{shell}: {word}");
            }
        }
        // The end is missing; what comes last is no number for all that.
        std::fs::write(home.path("offered"), ":a[$(touch pwned)]\n").unwrap();
        typist.completed("kubelock get :");
    }
    assert!(!home.path("pwned").exists());
}

#[test]
fn the_scripts_are_sound_and_no_others_are_known() {
    for (shell, check) in [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")] {
        let outcome = Kubelock::new(&["completion", shell]).run();
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
        assert!(outcome.stdout.contains(" __complete "), "{}", outcome.stdout);
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script");
        std::fs::write(&script, &outcome.stdout).unwrap();
        if is_there(shell) {
            let checked = Command::new(shell).arg(check).arg(&script).output().unwrap();
            assert!(checked.status.success(), "{shell}: {checked:?}");
        }
    }
    let outcome = Kubelock::new(&["completion", "csh"]).run();
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("[possible values: bash, zsh, fish]"), "{}", outcome.stderr);
}
