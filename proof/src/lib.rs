//! What shows that kubelock's locks exclude: a model of its decisions, and a simulation of the
//! library.

pub mod model;
pub mod simulation;
