//! Runs simulated schedules.

fn main() {}
