//! The program as its users run it: real processes, most of them against a real API server.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and end")]

mod bad_input;
mod breaking;
#[cfg(unix)]
mod completion;
#[cfg(unix)]
mod credentials;
mod discovery;
mod doctor;
mod environment;
mod gc;
mod get;
#[cfg(unix)]
mod grants;
mod help;
mod hostile;
mod kinds;
mod kubeconfig;
mod locks;
mod nearby;
#[cfg(target_os = "linux")]
mod overlap;
#[cfg(unix)]
mod plugin;
mod process;
mod rbac;
mod redact;
mod refused;
mod renew;
#[cfg(unix)]
mod renewal;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod sandbox;
#[cfg(unix)]
mod secrets;
mod space;
mod stub;
mod terminal;
#[cfg(target_os = "linux")]
mod transcripts;
mod unreachable;
mod user;
mod version;
mod wait;
