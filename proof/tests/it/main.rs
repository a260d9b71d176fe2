//! Model, simulation, and the mutants that they must catch.

mod model;
mod mutants;
mod simulation;
