use std::panic;
use std::thread;

use tokio::runtime::{Builder, Runtime};

/// Runs `work` on a thread that has a runtime of its own, so that it may block
/// on futures wherever it is called from, within another runtime too.
#[expect(clippy::expect_used, reason = "tests can't go on without a runtime")]
pub(crate) fn with_runtime<T: Send>(work: impl FnOnce(&Runtime) -> T + Send) -> T {
    let run = || {
        let runtime = Builder::new_current_thread().enable_all().build();
        work(&runtime.expect("a runtime can be made"))
    };
    let outcome = thread::scope(|scope| scope.spawn(run).join());
    outcome.unwrap_or_else(|payload| panic::resume_unwind(payload))
}
