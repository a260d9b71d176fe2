//! The diagnosis for people.

use std::fmt::Write as _;

use super::diagnosis::Diagnosis;
use super::finding::{Finding, Verdict};

const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[1;33m";
const RED: &str = "\x1b[1;31m";
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// A line for each finding, and one below it for each remedy.
pub(super) fn lines(diagnosis: &Diagnosis) -> String {
    diagnosis.findings.iter().map(lines_of).collect()
}

fn lines_of(finding: &Finding) -> String {
    let Finding { check, verdict, words, remedies } = finding;
    let (colour, word) = (colour(*verdict), verdict.word());
    let mut lines = format!("{colour}{word:<8}{RESET}  {check:<10}  {words}\n");
    for remedy in remedies {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{:22}remedy: {remedy}", "");
    }
    lines
}

fn colour(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => GREEN,
        Verdict::Warning => YELLOW,
        Verdict::Problem => RED,
        Verdict::Skipped => DIM,
    }
}

/// `1 problem, 2 warnings`.
pub(super) fn summary(diagnosis: &Diagnosis) -> String {
    let problems = count(diagnosis.count(Verdict::Problem), "problem");
    let warnings = count(diagnosis.count(Verdict::Warning), "warning");
    format!("{problems}, {warnings}")
}

fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}
