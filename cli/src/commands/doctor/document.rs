//! The diagnosis for programs.

use serde::Serialize;

use super::clock::Offset;
use super::diagnosis::Diagnosis;
use super::finding::{Finding, Verdict};
use super::latency::Latency;
use crate::output::document::API_VERSION;
use crate::target::Target;

/// All that was found; stable as that of a lock is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    lock: &'a str,
    on: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    problems: usize,
    warnings: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_ahead: Option<ClockAhead>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<Measured>,
    findings: Vec<Found<'a>>,
}

/// How far this machine's clock is ahead of the server's, between two bounds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClockAhead {
    least_milliseconds: i64,
    most_milliseconds: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Measured {
    verb: &'static str,
    samples: usize,
    p50_microseconds: u64,
    p95_microseconds: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found<'a> {
    check: &'static str,
    status: &'static str,
    message: &'a str,
    remedies: &'a [String],
}

pub(super) fn of<'a>(diagnosis: &'a Diagnosis, target: &'a Target) -> Document<'a> {
    Document {
        api_version: API_VERSION,
        kind: "Diagnosis",
        lock: target.lock.as_str(),
        on: target.on(),
        namespace: target.namespace.as_deref(),
        problems: diagnosis.count(Verdict::Problem),
        warnings: diagnosis.count(Verdict::Warning),
        server_version: diagnosis.server.version.as_deref(),
        user: diagnosis.server.user.as_deref(),
        clock_ahead: diagnosis.offset.map(clock_ahead),
        latency: diagnosis.latency.map(measured),
        findings: diagnosis.findings.iter().map(found).collect(),
    }
}

fn clock_ahead(offset: Offset) -> ClockAhead {
    let milliseconds = |nanos: i128| i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX);
    ClockAhead {
        least_milliseconds: milliseconds(offset.least),
        most_milliseconds: milliseconds(offset.most),
    }
}

fn measured(latency: Latency) -> Measured {
    let Latency { verb, samples, p50, p95 } = latency;
    let microseconds =
        |span: std::time::Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    Measured {
        verb,
        samples,
        p50_microseconds: microseconds(p50),
        p95_microseconds: microseconds(p95),
    }
}

fn found(finding: &Finding) -> Found<'_> {
    Found {
        check: finding.check,
        status: finding.verdict.word(),
        message: &finding.words,
        remedies: &finding.remedies,
    }
}
