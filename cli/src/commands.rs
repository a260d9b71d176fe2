//! The commands, a file each.

pub(crate) mod acquire;
pub(crate) mod breaking;
mod change;
pub(crate) mod completion;
pub(crate) mod doctor;
pub(crate) mod gc;
pub(crate) mod get;
mod interrupts;
pub(crate) mod man;
pub(crate) mod rbac;
pub(crate) mod release;
pub(crate) mod renew;
#[cfg(unix)]
pub(crate) mod run;
#[cfg(unix)]
pub(crate) mod sandbox;
mod session;
pub(crate) mod version;

use tokio::runtime::{Builder, Runtime};

use crate::args::{Cli, Command};
use crate::client;
use crate::exit::Exit;
use crate::failure::Failure;

/// Runs one command to its end.
pub(crate) fn run(cli: Cli) -> Result<Exit, Failure> {
    let Cli { cluster, common, command } = cli;
    match command {
        Command::Acquire(args) => blocking(runtime()?, acquire::run(args, &cluster, &common)),
        Command::Renew(args) => blocking(runtime()?, renew::run(args, &cluster, &common)),
        Command::Release(args) => blocking(runtime()?, release::run(args, &cluster, &common)),
        Command::Break(args) => blocking(runtime()?, breaking::run(args, &cluster, &common)),
        Command::Gc(args) => blocking(runtime()?, gc::run(args, &cluster, &common)),
        Command::Rbac(args) => blocking(runtime()?, rbac::run(args, &cluster, &common)),
        Command::Get(args) => blocking(runtime()?, get::run(args, &cluster, &common)),
        #[cfg(unix)]
        Command::Run(args) => {
            let runtime = runtime().map_err(run::before_the_command)?;
            blocking(runtime, run::run(args, &cluster, &common))
        }
        Command::Doctor(args) => blocking(runtime()?, doctor::run(args, &cluster, &common)),
        Command::Completion(args) => completion::run(&args),
        Command::Man(args) => man::run(&args),
        Command::Version(args) => blocking(runtime()?, version::run(args, &cluster, &common)),
        #[cfg(unix)]
        Command::Sandbox(args) => {
            let runtime = runtime().map_err(sandbox::before_the_command)?;
            blocking(runtime, sandbox::run(args, &cluster, &common))
        }
    }
}

/// One thread does it all: what a command waits for is the network.
fn runtime() -> Result<Runtime, Failure> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start: {error}")))
}

fn blocking(
    runtime: Runtime,
    command: impl Future<Output = Result<Exit, Failure>>,
) -> Result<Exit, Failure> {
    let result = runtime.block_on(command);
    // A name that is still being resolved must not keep the process past its deadline.
    runtime.shutdown_background();
    client::kill_alone();
    result
}
