//! What a hold tells by events and metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubelock::{HoldOptions, Wait};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::paused::{APP, PausedStage};
use crate::support::KEY;

/// The names and fields of all events.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<Event>>>);

/// A name and its fields.
type Event = (String, BTreeMap<String, String>);

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: tracing::Subscriber> Layer<S> for Events {
    fn on_event(&self, event: &tracing::Event<'_>, _context: Context<'_, S>) {
        let name = event.metadata().name();
        if !name.starts_with("kubelock.") {
            return;
        }
        let mut fields = BTreeMap::new();
        event.record(&mut Fields(&mut fields));
        self.0.lock().unwrap().push((name.to_owned(), fields));
    }
}

impl Events {
    fn named(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let events = self.0.lock().unwrap();
        events.iter().filter(|event| event.0 == name).map(|event| event.1.clone()).collect()
    }
}

/// `name{label}` of all counters, and how many values each histogram has.
fn counted(snapshotter: &Snapshotter) -> BTreeMap<String, u64> {
    let name = |key: &metrics::Key| {
        let labels: Vec<_> = key.labels().map(metrics::Label::value).collect();
        format!("{}{{{}}}", key.name(), labels.join(","))
    };
    let metrics = snapshotter.snapshot().into_vec();
    metrics
        .into_iter()
        .map(|(key, _, _, value)| match value {
            DebugValue::Counter(count) => (name(key.key()), count),
            DebugValue::Histogram(values) => (name(key.key()), values.len() as u64),
            DebugValue::Gauge(_) => panic!("there are no gauges"),
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn each_step_of_a_hold_is_told_by_a_stable_name_and_counted() {
    let events = Events::default();
    let subscriber = tracing_subscriber::registry().with(events.clone());
    let _tracing = tracing::subscriber::set_default(subscriber);
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _metrics = metrics::set_default_local_recorder(&recorder);
    let stage = PausedStage::new();
    let hold = |owner: &str| HoldOptions { owner: owner.into(), ..Default::default() };

    let alices = stage.lock().hold("app", hold("alice")).await.unwrap();
    let lock = stage.lock();
    let options = HoldOptions { wait: Wait::Forever, ..hold("bob") };
    let bobs = tokio::spawn(async move { lock.hold("app", options).await });
    tokio::time::sleep(Duration::from_secs(15)).await;
    stage.wire.down(true);
    tokio::time::sleep(Duration::from_secs(8)).await;
    stage.wire.down(false);
    tokio::time::sleep(Duration::from_secs(2)).await;
    alices.release().await.unwrap();
    let bobs = bobs.await.unwrap().unwrap();
    stage.server.annotate(APP, KEY, None);
    bobs.lost().await;

    let acquired = events.named("kubelock.hold.acquired");
    assert_eq!(acquired.len(), 2);
    assert_eq!(acquired[1]["token"], bobs.token().to_string());
    assert_eq!(acquired[1]["hold"], bobs.hold_id().to_string());
    let wanted = [("lock", "l"), ("object", "configmaps/app"), ("namespace", "default")];
    for (field, value) in wanted {
        assert_eq!(acquired[0][field], value);
    }
    assert_eq!(events.named("kubelock.hold.waiting")[0]["holder"], "alice");
    assert!(!events.named("kubelock.hold.renewed").is_empty());
    let failed = events.named("kubelock.hold.renewal_failed");
    assert_eq!(failed[0]["outcome"], "unavailable");
    assert_eq!(events.named("kubelock.hold.released")[0]["outcome"], "ok");
    assert_eq!(events.named("kubelock.hold.lost")[0]["why"], "removed");

    let counted = counted(&snapshotter);
    let renewed = events.named("kubelock.hold.renewed").len() as u64;
    let wanted = [
        ("kubelock_holds_acquired_total{}", 2),
        ("kubelock_hold_acquire_seconds{}", 2),
        ("kubelock_hold_wait_seconds{}", 1),
        ("kubelock_hold_renewals_total{renewed}", renewed),
        ("kubelock_hold_renewal_seconds{}", renewed),
        ("kubelock_hold_renewals_total{unavailable}", failed.len() as u64),
        ("kubelock_holds_released_total{ok}", 1),
        ("kubelock_holds_lost_total{removed}", 1),
    ];
    for (name, count) in wanted {
        assert_eq!(counted.get(name), Some(&count), "{name} of {counted:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_broken_is_told_with_whose_it_was() {
    let events = Events::default();
    let subscriber = tracing_subscriber::registry().with(events.clone());
    let _tracing = tracing::subscriber::set_default(subscriber);
    let stage = PausedStage::new();
    let options = HoldOptions { owner: "alice".into(), ..Default::default() };
    let guard = stage.lock().hold("app", options).await.unwrap();
    let standing = stage.lock().standing("app", kubelock::GetOptions::default()).await;
    let standing = standing.unwrap().unwrap();
    standing.break_lock(kubelock::BreakOptions::default()).await.unwrap_err();
    assert!(events.named("kubelock.lock.broken").is_empty(), "it was not");
    let live = kubelock::BreakOptions { live: true, ..Default::default() };
    standing.break_lock(live).await.unwrap();

    let broken = events.named("kubelock.lock.broken");
    assert_eq!((broken.len(), broken[0]["lock"].as_str()), (1, "l"));
    assert_eq!(broken[0]["holder"].trim_matches(['\\', '"']), "alice");
    assert_eq!(broken[0]["hold"], guard.hold_id().to_string());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_far_off_the_servers_is_told_once() {
    let events = Events::default();
    let subscriber = tracing_subscriber::registry().with(events.clone());
    let _tracing = tracing::subscriber::set_default(subscriber);
    let stage = PausedStage::new();
    let options = |owner: &str| HoldOptions { owner: owner.into(), ..Default::default() };
    let lock = stage.lock_ahead(Duration::from_mins(10));
    let guard = lock.hold("app", options("alice")).await.unwrap();
    guard.release().await.unwrap();
    assert_eq!(events.named("kubelock.clock.skew").len(), 1);

    stage.lock().hold("app", options("bob")).await.unwrap().release().await.unwrap();
    assert_eq!(events.named("kubelock.clock.skew").len(), 1, "a clock that is right");
}
