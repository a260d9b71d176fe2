//! Many contenders, and much that goes wrong: who worked when is told by beats, and by nobody's
//! belief.
//!
//! `KUBELOCK_OVERLAP_ROUNDS` sets how many rounds there are, of all locks together, and
//! `KUBELOCK_SEED` replays the faults of a failure.

mod beats;
mod contender;
mod contest;
mod dice;
mod faults;
mod judge;
mod pidfd;
mod proxy;
mod sightings;
mod takeover;
mod tally;

use std::time::Instant;

use contest::{Contest, Finished};
use dice::Dice;
use faults::Protection;
use tally::Tally;

use crate::space::Space;

/// Locks that are contended for side by side.
const LOCKS: usize = 5;
/// For each of them.
const CONTENDERS: usize = 8;
/// Of all locks together.
const ROUNDS: usize = 200;
/// Of the control, which is the same without what is to be shown to be needed.
const ROUNDS_OF_CONTROL: usize = 8;

#[test]
fn commands_under_one_lock_never_overlap_whatever_is_killed_stopped_or_cut_off() {
    let Some(space) = Space::new("overlap") else { return };
    let mut finished = contend(&space, LOCKS, rounds(), Protection::On);

    for contest in &mut finished {
        contest.assert_exclusive();
        contest.assert_fair();
        contest.assert_nothing_left();
    }
}

#[test]
fn without_the_second_process_the_same_commands_do_overlap() {
    let Some(space) = Space::new("overlap-control") else { return };
    let finished = contend(&space, 1, ROUNDS_OF_CONTROL, Protection::Off);

    for contest in &finished {
        let (overlaps, faults) = (contest.tally.overlaps, contest.tally.faults());
        assert!(overlaps > 0 && overlaps * 2 >= faults, "{overlaps} overlaps of {faults}");
    }
}

#[expect(clippy::print_stdout, reason = "the figures are for people, the seed for a replay")]
fn contend(space: &Space, locks: usize, rounds: usize, protection: Protection) -> Vec<Finished> {
    let seed = seed();
    let started = Instant::now();
    println!("KUBELOCK_SEED={seed} replays these faults");
    let each = rounds.div_ceil(locks);
    let finished: Vec<Finished> = std::thread::scope(|scope| {
        let run = |index: usize| {
            let dice = Dice::new(seed.wrapping_add(index as u64));
            Contest::start(space, &format!("lock-{index}"), CONTENDERS, dice, protection).run(each)
        };
        let threads: Vec<_> = (0..locks).map(|index| scope.spawn(move || run(index))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let tally: Tally = finished.iter().map(|contest| contest.tally.clone()).sum();
    println!("{tally}in {:.1} s", started.elapsed().as_secs_f32());
    finished
}

fn rounds() -> usize {
    std::env::var("KUBELOCK_OVERLAP_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

fn seed() -> u64 {
    let new = || u64::from(std::process::id()) << 32 | testkit::beat::now_nanos() & 0xffff_ffff;
    std::env::var("KUBELOCK_SEED").map_or_else(|_| new(), |seed| seed.parse().unwrap())
}
