//! Of this program, and of the server.

use crate::process::Kubelock;
use crate::space::Space;

const OWN: &str = concat!("Client Version: v", env!("CARGO_PKG_VERSION"), "\n");

#[test]
fn the_versions_of_both_sides_cost_one_request() {
    let Some(space) = Space::new("version") else { return };
    let outcome = space.run(&["version", "-v"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let server = outcome.stdout.strip_prefix(OWN).unwrap();
    assert!(server.starts_with("Server Version: v1."), "{server}");
    assert_eq!(outcome.requests().len(), 1);

    let outcome = space.run(&["version", "-o", "json"]);
    let versions: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(versions["clientVersion"]["gitVersion"], OWN.trim_end().rsplit(' ').next().unwrap());
    let server = versions["serverVersion"]["gitVersion"].as_str().unwrap();
    assert!(server.starts_with("v1."), "{server}");
}

#[test]
fn without_a_server_ones_own_version_is_told_all_the_same() {
    let outcome = Kubelock::new(&["version"]).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), OWN));
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
    let outcome = Kubelock::new(&["version", "--client", "-o", "yaml"]).run();
    assert_eq!(outcome.code, Some(0));
    assert!(outcome.stdout.starts_with("clientVersion:\n  gitVersion: v"), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("server"), "{}", outcome.stdout);
}
