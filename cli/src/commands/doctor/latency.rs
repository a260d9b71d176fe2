//! How long the write of a lock takes here: dry runs, one after the other.

use std::time::Duration;

use super::Subject;
use super::admission::{self, NotRehearsed};
use super::diagnosis::Diagnosis;
use super::finding::Finding;
use super::object::Sight;
use crate::failure::Failure;

const SAMPLES: usize = 20;
/// The ttl of `run` unless it is told otherwise; a call has a sixth of it.
const TTL_DEFAULT: Duration = Duration::from_secs(30);
/// So many times the slow answer must fit into a ttl: five attempts in each call.
const ROOM: u32 = 30;

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Latency {
    pub(super) verb: &'static str,
    pub(super) samples: usize,
    pub(super) p50: Duration,
    pub(super) p95: Duration,
}

impl Latency {
    fn of(verb: &'static str, mut took: Vec<Duration>) -> Option<Self> {
        took.sort_unstable();
        let rank = |percent: usize| (took.len() * percent).div_ceil(100).saturating_sub(1);
        let (p50, p95) = (*took.get(rank(50))?, *took.get(rank(95))?);
        Some(Self { verb, samples: took.len(), p50, p95 })
    }
}

/// Sends twenty requests, of the kind that was seen to succeed.
pub(super) async fn examine(subject: &Subject, sight: Sight, diagnosis: &mut Diagnosis) {
    match measure(subject, sight).await {
        Ok(latency) => {
            diagnosis.add(finding(latency));
            diagnosis.latency = Some(latency);
        }
        Err(failure) => diagnosis.add(Finding::failure("latency", failure)),
    }
}

async fn measure(subject: &Subject, sight: Sight) -> Result<Latency, Failure> {
    let mut took = Vec::with_capacity(SAMPLES);
    let mut verb = "patch";
    while took.len() < SAMPLES {
        let rehearsal = admission::rehearse(subject, sight).await.map_err(|why| match why {
            NotRehearsed::Error(target, error) => {
                subject.session.explain("acquire", &target, &error)
            }
            NotRehearsed::Failure(failure) => failure,
        })?;
        took.push(rehearsal.took);
        verb = rehearsal.verb;
    }
    Latency::of(verb, took).ok_or_else(|| Failure::failed("nothing was measured"))
}

fn finding(latency: Latency) -> Finding {
    let Latency { verb, samples, p50, p95 } = latency;
    let words = format!(
        "p50 {}, p95 {} of {samples} dry runs ({verb})",
        milliseconds(p50),
        milliseconds(p95)
    );
    let room = p95.saturating_mul(ROOM);
    if room <= TTL_DEFAULT {
        return Finding::ok("latency", words);
    }
    let ttl = room.as_secs().next_multiple_of(15);
    Finding::warning("latency", format!("{words}: slow for the default ttl of run, 30s"))
        .remedy(format!("give run a longer one: --ttl {ttl}s, so that a slow answer costs no lock"))
}

fn milliseconds(span: Duration) -> String {
    let milliseconds = span.as_secs_f64() * 1e3;
    if milliseconds < 10.0 {
        format!("{milliseconds:.1} ms")
    } else {
        format!("{milliseconds:.0} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn latency(milliseconds: impl Iterator<Item = u64>) -> Latency {
        Latency::of("patch", milliseconds.map(Duration::from_millis).collect()).unwrap()
    }

    #[test]
    fn percentiles_are_the_nearest_rank_of_what_was_measured() {
        let measured = latency((1..=20).rev());
        assert_eq!(measured.p50, Duration::from_millis(10));
        assert_eq!(measured.p95, Duration::from_millis(19));
        assert_eq!(latency([7].into_iter()).p95, Duration::from_millis(7));
        assert!(Latency::of("patch", Vec::new()).is_none());
    }

    #[test]
    fn a_server_too_slow_for_the_default_ttl_is_a_warning_with_a_ttl_that_does() {
        assert_eq!(finding(latency([900; 20].into_iter())).verdict, Verdict::Ok);
        let slow = finding(latency([1_100; 20].into_iter()));
        assert_eq!(slow.verdict, Verdict::Warning);
        assert!(slow.remedies[0].contains("--ttl 45s"), "{:?}", slow.remedies);
    }
}
