//! What a call tells those who trace it, and what it never tells.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::format::FmtSpan;

use crate::support::{Stage, acquire};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_span_names_lock_object_and_outcome_and_no_secret() {
    let Some(stage) = Stage::new("spans").await else { return };
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_span_events(FmtSpan::CLOSE)
        .with_max_level(tracing::Level::INFO)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let lock = stage.lock();
    let acquired = lock.acquire("app", acquire("alice")).await.unwrap();
    lock.acquire("app", acquire("bob")).await.unwrap_err();
    acquired.release().await.unwrap();
    drop(guard);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines = |name: &str| {
        log.lines().filter(|line| line.contains(name)).map(str::to_owned).collect::<Vec<_>>()
    };
    let acquires = lines("kubelock.acquire{");
    assert!(acquires.iter().any(|line| line.contains("outcome=\"ok\"")), "{log}");
    assert!(acquires.iter().any(|line| line.contains("outcome=\"owner_mismatch\"")), "{log}");
    for line in acquires {
        assert!(
            line.contains("lock=l")
                && line.contains("object=\"app\"")
                && line.contains(&format!("namespace=\"{}\"", stage.namespace)),
            "{line}"
        );
    }
    assert!(!lines("kubelock.release{").is_empty(), "{log}");
    let kubeconfig = std::fs::read_to_string(testkit::cluster().unwrap().kubeconfig()).unwrap();
    let secrets = kubeconfig
        .lines()
        .filter_map(|line| line.trim().strip_prefix("token:"))
        .map(|token| token.trim().trim_matches('"'));
    let secrets: Vec<_> = secrets.collect();
    assert!(!secrets.is_empty() || !testkit::cluster().unwrap().is_ours(), "no secret to look for");
    for secret in secrets {
        assert!(!log.contains(secret), "the log holds a token");
    }
}
