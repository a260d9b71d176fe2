//! Whether a page shows what was printed.

use std::sync::LazyLock;

use regex::Regex;
use snapbox::assert::Action;
use snapbox::{Assert, Data};

/// What changes from run to run, or from server to server, with the word that stands for it.
static VOLATILE: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "<time>"),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uid>"),
        (r"\b[0-9a-f]{16}\b", "<hold>"),
        // Before durations: `v1.37` is none, nor is a port.
        (r"\bv1\.\d+\.\d+(\+[\w.]+)?", "<version>"),
        (r"https://[\w.-]+:\d+", "<server>"),
        (r#"context "[^"]*""#, "<context>"),
        (r"(?i)(token|resourceVersion|\bpid)(\W{1,4})\d+", "$1$2<number>"),
        (r#"("?(age|expiresIn)Seconds"?: )-?\d+"#, "$1<number>"),
        (r"\b(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w|y))+\b", "<duration>"),
        (r"\b\d+(\.\d+)? m?s\b", "<duration>"),
        (r"/tmp/kubelock-sandbox-\w+", "<folder>"),
        // Columns are as wide as what is in them.
        (r"(\S) {2,}", "$1  "),
        (r"(?m) +$", ""),
    ];
    patterns.map(|(pattern, word)| (Regex::new(pattern).unwrap(), word)).into()
});

fn settled(text: &str) -> String {
    let replace = |text: String, (pattern, word): &(Regex, &str)| {
        pattern.replace_all(&text, *word).into_owned()
    };
    format!("{}\n", VOLATILE.iter().fold(text.trim_end().to_owned(), replace))
}

/// `None` if they are alike, line by line, but for times, ids and the like; `[..]` in what is
/// shown stands for anything within a line, `...` alone on a line for any lines.
pub(crate) fn difference(shown: &str, printed: &str) -> Option<String> {
    let (shown, printed) = (Data::text(settled(shown)), Data::text(settled(printed)));
    let verify = Assert::new().action(Action::Verify).normalize_paths(false);
    verify.try_eq(None, printed, shown).err().map(|error| error.to_string())
}

#[test]
fn what_changes_from_run_to_run_makes_no_difference() {
    for (shown, printed) in [
        ("held by alice (for 0s, expires in 29s)", "held by alice (for 2h3m, expires in 1.5s)"),
        ("LOCK  AGE   EXPIRES\na     12s   3m", "LOCK   AGE     EXPIRES\na      10m2s   3m"),
        ("since 2026-03-25T10:00:01Z", "since 2027-01-02T03:04:05.678901Z"),
        ("hold 6f1c2d03a4b5c6d7, pid 41", "hold 0000000000000000, pid 40961"),
        (r#""resourceVersion": "7","#, r#""resourceVersion": "812","#),
        ("KUBELOCK_TOKEN=241", "KUBELOCK_TOKEN=1021"),
        ("v1.37.2 at https://10.0.0.1:6443", "v1.37.2+kubelock.sandbox at https://127.0.0.1:1"),
        ("p50 2.1 ms of 20, 0.7 s", "p50 11 ms of 20, 1 s"),
        ("/tmp/kubelock-sandbox-abc/x", "/tmp/kubelock-sandbox-DEFGHI/x"),
        ("a [..] line\n...\nlast", "a good line\nand\nmore\nlast"),
    ] {
        assert_eq!(difference(shown, printed), None);
    }
}

#[test]
fn anything_else_is_a_difference() {
    for (shown, printed) in [
        ("held by alice", "held by bob"),
        ("20 dry runs", "21 dry runs"),
        ("(exit status 11)", "(exit status 12)"),
        ("first", "first\nsecond"),
        ("first\nsecond", "first"),
        ("", "words"),
        ("  indented", "not"),
        ("two words", "twowords"),
        ("v1beta1", "v1"),
        ("[..] words", "no\nwords"),
    ] {
        let difference = difference(shown, printed);
        assert!(difference.is_some(), "{shown}: {printed}");
    }
}
