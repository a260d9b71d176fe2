//! What holds of all inputs: decisions under any answers, bodies with any texts, and a fuzzer's
//! target for records.

mod bodies;
mod calls;
mod fuzz;
mod holds;
mod names;
mod replies;
mod takeovers;
