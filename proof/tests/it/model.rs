//! The model: every configuration keeps the rules, and every rule left out is missed by one.
//!
//! With `KUBELOCK_MODEL=deep` each configuration has a request, a late one and a tick more, and
//! takes some minutes and up to 4 GB: `KUBELOCK_MODEL=deep cargo test --release -p proof model -- --nocapture`.

use std::time::Instant;

use kubelock_core::mutant::Mutant;
use proof::model::explorer::{Explored, explore};
use proof::model::stage::Stage;
use proof::model::stages;

const STATES_MAX: usize = 1_000_000;
const DEEP_STATES_MAX: usize = 5_000_000;

/// The rules, and the configuration that misses each.
const MISSED: [(Mutant, &str); 27] = [
    (Mutant::NoMargin, "takeover"),
    (Mutant::StaleAtOnce, "stale"),
    (Mutant::NoUidTest, "recreation"),
    (Mutant::CountsFromTheAnswer, "slow answers"),
    (Mutant::StampsByBareDate, "go peer"),
    (Mutant::NoRestamp, "go peer"),
    (Mutant::OneClockExpiry, "caller"),
    (Mutant::ExtrapolatesDate, "wall clock"),
    (Mutant::NoBootTime, "suspend"),
    (Mutant::ObservesHalf, "takeover"),
    (Mutant::KeepsObserving, "renewal"),
    (Mutant::ReleasesUntested, "release"),
    (Mutant::ForgetsUnresolved, "renewal in doubt"),
    (Mutant::OwnsById, "removal"),
    (Mutant::KeepsSuperseded, "removal"),
    (Mutant::NoTest, "three"),
    (Mutant::OwnWallClock, "stale"),
    (Mutant::RevivesAfterLoss, "renewal"),
    (Mutant::NoReadBack, "caller in doubt"),
    (Mutant::TakesRefusalAtItsWord, "caller in doubt"),
    (Mutant::SettlesUnanswered, "caller in doubt"),
    (Mutant::TrustsTheAnswer, "webhook"),
    (Mutant::GuardsWithoutTest, "guard"),
    (Mutant::GuardsWithoutRenewal, "guard"),
    (Mutant::TakesDying, "deletion"),
    // Rules of the library's shell, which the model's own shell keeps, too.
    (Mutant::HandsOutInDoubt, "late copies"),
    (Mutant::ValidUntilReleased, "release"),
];

#[expect(clippy::print_stdout, reason = "the states and the time are what a reader wants")]
fn explored(stage: &Stage, states_max: usize) -> Explored {
    let started = Instant::now();
    let explored = explore(stage, states_max);
    let Explored { states, steps, depth, .. } = &explored;
    let seconds = started.elapsed().as_secs_f32();
    let name = stage.name;
    println!("{name:<16} {states:>8} states {steps:>8} steps {depth:>3} deep {seconds:>6.1} s");
    explored
}

#[test]
fn no_configuration_breaks_a_rule() {
    let is_deep = std::env::var("KUBELOCK_MODEL").is_ok_and(|value| value == "deep");
    for stage in stages::all() {
        let (stage, states_max) =
            if is_deep { (stage.deeper(), DEEP_STATES_MAX) } else { (stage, STATES_MAX) };
        let explored = explored(&stage, states_max);
        if let Some(found) = explored.found {
            panic!("{}: {found}", stage.name);
        }
        assert!(explored.is_complete || is_deep, "{} is too large", stage.name);
    }
}

#[test]
fn every_rule_left_out_is_missed_by_a_configuration() {
    for (mutant, name) in MISSED {
        let stage = stages::named(name).unwrap();
        let explored = mutant.during(|| explored(&stage, STATES_MAX));
        let Some(found) = explored.found else { panic!("{name} does not miss {mutant:?}") };
        println!("{mutant:?}: {found}");
    }
}
