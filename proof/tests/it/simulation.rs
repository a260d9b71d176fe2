//! Schedules of CI's fixed set: no rule is broken, and each is the same each time.

use std::sync::atomic::{AtomicUsize, Ordering};

use proof::simulation::{Profile, Report, Tally, run};

/// CI's fixed set: the seeds below, with each profile.
pub const SEEDS: u64 = 40;

/// Runs schedules on two threads, each with a runtime of its own.
fn each_of_the_set(look: impl Fn(Report) + Sync) -> Tally {
    let next = AtomicUsize::new(0);
    let set: Vec<_> = Profile::ALL
        .into_iter()
        .flat_map(|profile| (0..SEEDS).map(move |seed| (seed, profile)))
        .collect();
    let work = || {
        let mut tally = Tally::default();
        while let Some((seed, profile)) = set.get(next.fetch_add(1, Ordering::Relaxed)) {
            let report = run(*seed, *profile, false).unwrap();
            tally.add(&report);
            look(report);
        }
        tally
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
    let tally = each_of_the_set(|report| {
        let (seed, profile) = (report.seed, report.profile.name());
        let again = format!("again: simulate --seed {seed} --profile {profile}");
        assert!(report.breach.is_none(), "{}\n{again}", report.breach.unwrap());
        assert!(!report.is_thin(), "too little happens in schedule {seed} ({profile})");
    });
    assert_eq!(tally.schedules, SEEDS * Profile::ALL.len() as u64);
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
