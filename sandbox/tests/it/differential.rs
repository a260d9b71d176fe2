//! The sandbox's patches against the real server's, on generated objects and patches.
//!
//! `KUBELOCK_PATCH_INPUTS` sets how many. What differs is shrunk, and shown as it is sent.

mod generator;
mod pair;

use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use tokio::runtime::{Builder, Runtime};

use generator::{Input, json_patch, merge_patch};
use pair::Pair;
use proptest::strategy::Strategy;

#[test]
fn json_patches_have_the_same_outcome_on_both_servers() {
    compare("json-patch", "application/json-patch+json", &json_patch());
}

#[test]
fn merge_patches_have_the_same_outcome_on_both_servers() {
    compare("merge-patch", "application/merge-patch+json", &merge_patch());
}

fn compare(name: &str, content_type: &str, inputs: &impl Strategy<Value = Input>) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let Some(pair) = runtime.block_on(Pair::new(name)) else { return };
    let result = runner().run(inputs, |input| same_outcome(&runtime, &pair, content_type, &input));
    if let Err(error) = result {
        panic!("{error}");
    }
    let share = pair.accepted_percent();
    assert!((10..=90).contains(&share), "{share} % of the patches accepted: that proves little");
}

fn same_outcome(
    runtime: &Runtime,
    pair: &Pair,
    content_type: &str,
    input: &Input,
) -> Result<(), TestCaseError> {
    let [real, sandbox] = runtime.block_on(pair.outcomes(content_type, input));
    if real == sandbox {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("\nreal:    {real:?}\nsandbox: {sandbox:?}\n")))
}

/// Always the same inputs, unless there are to be more of them.
fn runner() -> TestRunner {
    let wanted = std::env::var("KUBELOCK_PATCH_INPUTS").ok().and_then(|text| text.parse().ok());
    let rng_seed = if wanted.is_some() { RngSeed::Random } else { RngSeed::Fixed(1) };
    TestRunner::new(Config {
        cases: wanted.unwrap_or(300),
        failure_persistence: None,
        rng_seed,
        ..Config::default()
    })
}
