//! Schedules of CI's fixed set: no rule is broken, and each is the same each time.

use std::sync::atomic::{AtomicU64, Ordering};

use proof::simulation::{Profile, Report, Tally, run};

/// CI's fixed set: the seeds below.
pub const SEEDS: u64 = 200;

/// Runs schedules on two threads, each with a runtime of its own.
fn each_of(seeds: u64, look: impl Fn(Report) + Sync) -> Tally {
    let next = AtomicU64::new(0);
    let work = || {
        let mut tally = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return tally;
            }
            let report = run(seed, Profile::of(seed), false).unwrap();
            tally.add(&report);
            look(report);
        }
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut tally = work();
        tally.merge(&other.join().unwrap());
        tally
    })
}

#[test]
fn no_rule_is_broken_in_any_schedule_and_every_fault_meets_every_step() {
    let tally = each_of(SEEDS, |report| {
        let (seed, profile) = (report.seed, report.profile.name());
        let again = format!("again: simulate --seed {seed} --profile {profile}");
        assert!(report.breach.is_none(), "{}\n{again}", report.breach.unwrap());
        assert!(!report.is_thin(), "too little happens in schedule {seed} ({profile})");
    });
    assert_eq!(tally.schedules, SEEDS);
    let gaps = tally.coverage.gaps();
    assert!(gaps.is_empty(), "never met: {gaps:?}\n{tally}");
}

#[test]
fn one_seed_gives_one_schedule_to_the_byte() {
    for profile in Profile::ALL {
        let first = run(7, profile, true).unwrap();
        let second = run(7, profile, true).unwrap();
        assert!(first.trace.lines().count() > 100, "{}", first.trace);
        assert_eq!(first.trace, second.trace);
    }
}

#[test]
fn another_seed_gives_another_schedule() {
    let trace = |seed| run(seed, Profile::Network, true).unwrap().trace;
    assert_ne!(trace(1), trace(2));
}
