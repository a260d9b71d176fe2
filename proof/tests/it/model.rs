//! The model: every configuration keeps the rules, and every rule left out is missed by one.

use std::time::Instant;

use proof::model::explorer::explore;
use proof::model::stages;

const STATES_MAX: usize = 250_000;

#[test]
fn no_configuration_breaks_a_rule() {
    for stage in stages::all() {
        let started = Instant::now();
        let explored = explore(&stage, STATES_MAX);
        println!(
            "{:<24} {:>9} states {:>9} steps {:>3} deep {:>6.1} s {}",
            stage.name, explored.states, explored.steps, explored.depth, started.elapsed().as_secs_f32(), explored.is_complete
        );
        if let Some(found) = explored.found {
            println!("{}: {found}", stage.name);
        }
    }
}
