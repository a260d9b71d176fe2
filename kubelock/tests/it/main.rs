//! Integration tests of the library, against a real API server.

mod admission;
mod bad_input;
mod calls;
mod clocks;
mod codec;
mod faults;
mod foreign;
mod interop;
mod rbac;
mod seed;
mod spans;
mod support;
mod writers;
