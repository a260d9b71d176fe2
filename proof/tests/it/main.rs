//! Model, simulation, and the mutants that they must catch.

mod mutants;
mod simulation;
