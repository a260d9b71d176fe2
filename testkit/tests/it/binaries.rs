use std::process::{Command, Output};

use tempfile::tempdir;

#[test]
fn without_binaries_and_without_go_the_error_has_the_ways_out() {
    let target = tempdir().unwrap();
    let output = doomed(&[("PATH", ""), ("CARGO_TARGET_DIR", target.path().to_str().unwrap())]);

    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    for way in [
        "the tool go is not in PATH",
        "E2E_KUBECONFIG=",
        "KUBEBUILDER_ASSETS=",
        "install Go 1.26",
        "KUBELOCK_TEST_CLUSTER=none",
    ] {
        assert!(error.contains(way), "no {way:?} in: {error}");
    }
}

#[test]
fn a_folder_without_the_binaries_is_named() {
    let assets = tempdir().unwrap();
    let folder = assets.path().to_str().unwrap();

    let output = doomed(&[("KUBEBUILDER_ASSETS", folder)]);

    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(&format!("there is no {folder}/etcd")), "{error}");
}

/// A process that asks for a control plane, in this environment alone.
fn doomed(environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doomed"));
    command.env_remove("KUBEBUILDER_ASSETS").envs(environment.iter().copied());
    command.arg("control-plane").output().unwrap()
}
