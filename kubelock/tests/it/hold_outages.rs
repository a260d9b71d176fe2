//! Holders and waiters while the API server, its etcd or the network is away.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ObjectMeta, PostParams};
use kubelock::{HoldOptions, Lock, Loss};
use serde_json::json;
use testkit::ControlPlane;
use testkit::wire::{Fault, Wire};

use crate::hold_stage::{
    eventually, hold, locks, operations, spawn_hold, until_renewed, until_watching, waiting,
};
use crate::support::{Stage, configmaps};

#[derive(Debug, Clone, Copy)]
enum Outage {
    ApiServerKilled,
    ApiServerStopped,
    EtcdStopped,
}

impl Outage {
    fn begin(self, control_plane: &ControlPlane) {
        match self {
            Self::ApiServerKilled => control_plane.kill_api_server(),
            Self::ApiServerStopped => control_plane.stop_api_server(),
            Self::EtcdStopped => control_plane.stop_etcd(),
        }
        .unwrap();
    }

    fn end(self, control_plane: &ControlPlane) {
        match self {
            Self::ApiServerKilled => control_plane.start_api_server(),
            Self::ApiServerStopped => control_plane.continue_api_server(),
            Self::EtcdStopped => control_plane.continue_etcd(),
        }
        .unwrap();
    }
}

async fn create(control_plane: &ControlPlane, name: &str) {
    let objects = Api::<ConfigMap>::namespaced(control_plane.client().await.unwrap(), "default");
    let metadata = ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() };
    let object = ConfigMap { metadata, ..ConfigMap::default() };
    objects.create(&PostParams::default(), &object).await.unwrap();
}

fn lock(wire: &Wire) -> Lock {
    locks(wire, configmaps()).lock("l").unwrap().namespace("default").unwrap()
}

/// Outlasts an outage of ten seconds and more, and renews every six or seven.
fn patient(options: HoldOptions) -> HoldOptions {
    let deadline = Some(Duration::from_secs(1));
    HoldOptions { ttl: Duration::from_secs(20), deadline, ..options }
}

/// One hold that outlasts the outage and one that does not, and one who waits for each.
async fn undergo(control_plane: &Arc<ControlPlane>, outage: Outage) {
    let server = control_plane.client().await.unwrap();
    let (holders, waiters) = (Wire::new(server.clone()), Wire::new(server));
    let (long, short) = (format!("{outage:?}-long"), format!("{outage:?}-short"));
    let (long, short) = (long.to_lowercase(), short.to_lowercase());
    create(control_plane, &long).await;
    create(control_plane, &short).await;
    let kept = lock(&holders).hold(&long, patient(hold("alice"))).await.unwrap();
    let lost = lock(&holders).hold(&short, hold("alice")).await.unwrap();
    let waits_for_kept = spawn_hold(&lock(&waiters), &long, patient(waiting("bob")));
    let waits_for_lost = spawn_hold(&lock(&waiters), &short, waiting("bob"));
    until_watching(&waiters, 2).await;
    let before = kept.record();

    outage.begin(control_plane);
    let error = kept.patch(operations(json!([])), None).await.unwrap_err();
    assert!(error.is_unavailable() || error.is_outcome_unknown(), "{outage:?}: {error}");
    assert_eq!(lost.lost().await, Loss::Deadline, "{outage:?}: while the server is away");
    assert!(!lost.is_valid());
    let error = lock(&holders).hold(&short, hold("carol")).await.unwrap_err();
    assert!(error.is_unavailable() || error.is_outcome_unknown(), "{outage:?}: {error}");
    outage.end(control_plane);
    let restarted = control_plane.clone();
    tokio::task::spawn_blocking(move || restarted.wait_ready().unwrap()).await.unwrap();

    eventually("the kept hold is renewed", async || kept.record().created_at != before.created_at)
        .await;
    assert!(kept.is_valid(), "{outage:?}");
    assert_eq!(kept.record().hold, before.hold);
    assert_eq!(kept.record().acquired_at, Some(before.created_at));
    let next = waits_for_lost.await.unwrap().unwrap();
    assert!(!lost.is_valid(), "{outage:?}: a lost hold never revives");
    assert!(next.token() > lost.token(), "{outage:?}");
    assert!(lost.patch(operations(json!([])), None).await.unwrap_err().is_lost());
    assert!(lost.release().await.unwrap_err().is_lost());
    assert!(!waits_for_kept.is_finished(), "{outage:?}: the kept hold is held");
    let token = kept.token().clone();
    kept.release().await.unwrap();
    let next = waits_for_kept.await.unwrap().unwrap();
    assert!(*next.token() > token, "{outage:?}");
}

#[tokio::test]
async fn an_outage_shorter_than_the_ttl_keeps_a_hold_and_a_longer_one_ends_it_and_waiters_recover()
{
    let Some(control_plane) = testkit::control_plane() else { return };
    let control_plane = Arc::new(control_plane);
    for outage in [Outage::EtcdStopped, Outage::ApiServerStopped, Outage::ApiServerKilled] {
        undergo(&control_plane, outage).await;
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_costs_neither_a_hold_nor_a_place_at_the_watch() {
    let Some(stage) = Stage::new("outages").await else { return };
    let guard =
        stage.lock().hold("app", HoldOptions { watch: true, ..hold("alice") }).await.unwrap();
    let waiters = Wire::new(stage.admin.clone());
    let waiter = spawn_hold(&stage.lock_with(waiters.client()), "app", waiting("bob"));
    until_watching(&waiters, 1).await;
    until_watching(&stage.wire, 1).await;
    for _ in 0..3 {
        waiters.cut_now();
        stage.wire.cut_now();
        until_watching(&waiters, 1).await;
        until_watching(&stage.wire, 1).await;
        until_renewed(&guard).await;
    }
    assert!(guard.is_valid());
    guard.release().await.unwrap();
    waiter.await.unwrap().unwrap().release().await.unwrap();
}

#[tokio::test]
async fn a_renewal_that_is_cut_off_on_its_way_is_sent_again_in_time() {
    let Some(stage) = Stage::new("outages").await else { return };
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    for fault in [Fault::Hang, Fault::HangAfter, Fault::CutBefore, Fault::LoseReply, Fault::Refuse]
    {
        stage.wire.take_sent();
        stage.wire.spoil_writes([fault.clone()]);
        eventually("a renewal is on its way", async || !stage.wire.take_sent().is_empty()).await;
        stage.wire.cut_now();
        until_renewed(&guard).await;
        assert!(guard.is_valid(), "{fault:?}");
    }
    assert_eq!(stage.value().await, Some(guard.record().encode()));
    guard.release().await.unwrap();
    assert_eq!(stage.value().await, None);
}
