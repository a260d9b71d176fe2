//! What becomes of a hold when somebody deletes, replaces or rewrites the object that carries it.

use http::Method;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::core::GroupVersionResource;
use kubelock::{Guard, HoldOptions, Lock, Loss};
use serde_json::json;
use testkit::wire::Wire;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::ConfigMap;

use crate::hold_stage::{
    LONG, hold, locks, operations, spawn_hold, until_renewed, until_watching, waiting,
};
use crate::support::{KEY, Stage, expired};

/// What somebody does to an object that carries a held lock.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Delete,
    DeleteAndCopy,
    DropByPatch,
    DropByPut,
    OverwriteByRecord,
    OverwriteByRubbish,
}

const DEEDS: [Deed; 6] = [
    Deed::Delete,
    Deed::DeleteAndCopy,
    Deed::DropByPatch,
    Deed::DropByPut,
    Deed::OverwriteByRecord,
    Deed::OverwriteByRubbish,
];

impl Deed {
    fn object(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    async fn happen(self, stage: &Stage) {
        let (objects, name) = (stage.configmaps(), self.object());
        match self {
            Self::Delete => delete(&objects, &name).await,
            Self::DeleteAndCopy => {
                let object = objects.get(&name).await.unwrap();
                delete(&objects, &name).await;
                put_back(&objects, object).await;
            }
            Self::DropByPatch => annotate(&objects, &name, None).await,
            Self::DropByPut => put_without_annotations(&objects, &name).await,
            Self::OverwriteByRecord => annotate(&objects, &name, Some(&expired("carol"))).await,
            Self::OverwriteByRubbish => annotate(&objects, &name, Some("mine")).await,
        }
    }

    fn is_reason_for(self, loss: &Loss) -> bool {
        match self {
            Self::Delete => *loss == Loss::ObjectMissing,
            // Who watches may look between the two.
            Self::DeleteAndCopy => [Loss::ObjectReplaced, Loss::ObjectMissing].contains(loss),
            Self::DropByPatch | Self::DropByPut => *loss == Loss::Removed,
            Self::OverwriteByRecord => {
                matches!(loss, Loss::Replaced(record) if record.owner == "carol")
            }
            Self::OverwriteByRubbish => matches!(loss, Loss::Malformed(_)),
        }
    }
}

async fn delete(objects: &Api<ConfigMap>, name: &str) {
    objects.delete(name, &DeleteParams::default()).await.unwrap();
}

/// As a backup tool does, annotations included.
async fn put_back(objects: &Api<ConfigMap>, mut object: ConfigMap) {
    object.metadata.uid = None;
    object.metadata.resource_version = None;
    object.metadata.managed_fields = None;
    objects.create(&PostParams::default(), &object).await.unwrap();
}

async fn annotate(objects: &Api<ConfigMap>, name: &str, value: Option<&str>) {
    let patch = json!({ "metadata": { "annotations": { KEY: value } } });
    objects.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

/// As `kubectl replace` with a file that knows nothing of the lock.
async fn put_without_annotations(objects: &Api<ConfigMap>, name: &str) {
    let object = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name } });
    let object = serde_json::from_value(object).unwrap();
    objects.replace(name, &PostParams::default(), &object).await.unwrap();
}

/// One hold for each deed, on an object of its own.
async fn held_for_each(stage: &Stage, options: &HoldOptions) -> Vec<(Deed, Guard)> {
    let mut held = Vec::new();
    for deed in DEEDS {
        stage.create_configmap(&deed.object(), None).await;
        held.push((deed, stage.lock().hold(&deed.object(), options.clone()).await.unwrap()));
    }
    held
}

async fn check_each_is_lost(stage: &Stage, held: Vec<(Deed, Guard)>) {
    for (deed, guard) in held {
        let value = guard.record().encode();
        deed.happen(stage).await;
        let loss = guard.lost().await;
        assert!(deed.is_reason_for(&loss), "{deed:?}: {loss:?}");
        assert!(!guard.is_valid(), "{deed:?}");
        if !matches!(deed, Deed::Delete) {
            annotate(&stage.configmaps(), &deed.object(), Some(&value)).await;
        }
        assert!(!guard.is_valid(), "{deed:?}: a lost hold never revives");
        assert!(guard.patch(operations(json!([])), None).await.unwrap_err().is_lost());
        assert!(guard.release().await.unwrap_err().is_lost(), "{deed:?}");
    }
}

#[tokio::test]
async fn a_hold_whose_record_or_object_somebody_takes_away_is_lost_at_its_next_renewal() {
    let Some(stage) = Stage::new("objects").await else { return };
    let held = held_for_each(&stage, &hold("alice")).await;
    check_each_is_lost(&stage, held).await;
}

#[tokio::test]
async fn a_holder_that_watches_learns_of_it_without_any_renewal() {
    let Some(stage) = Stage::new("objects").await else { return };
    let options = HoldOptions { ttl: LONG, watch: true, ..hold("alice") };
    let held = held_for_each(&stage, &options).await;
    until_watching(&stage.wire, DEEDS.len()).await;
    check_each_is_lost(&stage, held).await;
}

#[tokio::test]
async fn what_others_write_to_the_object_leaves_a_hold_and_its_watch_alone() {
    let Some(stage) = Stage::new("objects").await else { return };
    let guard =
        stage.lock().hold("app", HoldOptions { watch: true, ..hold("alice") }).await.unwrap();
    until_watching(&stage.wire, 1).await;
    for tick in 0..20 {
        stage.annotate("tick", Some(&tick.to_string())).await;
    }
    until_renewed(&guard).await;
    assert!(guard.is_valid());
    guard.release().await.unwrap();
}

#[tokio::test]
async fn an_object_that_is_being_deleted_cannot_be_held_but_a_hold_on_it_lasts_as_long_as_it_does()
{
    let Some(stage) = Stage::new("objects").await else { return };
    let objects = stage.configmaps();
    set_finalizers(&objects, &json!(["kubelock-test.example.org/wait"])).await;
    let lock = stage.lock();
    let guard = lock.hold("app", hold("alice")).await.unwrap();
    stage.wire.take_sent();
    let waiter = spawn_hold(&lock, "app", waiting("bob"));
    until_watching(&stage.wire, 1).await;

    delete(&objects, "app").await;
    assert!(waiter.await.unwrap().unwrap_err().is_object_terminating());
    until_renewed(&guard).await;
    let error = lock.hold("app", hold("bob")).await.unwrap_err();
    assert!(error.is_object_terminating(), "{error}");
    assert!(lock.hold("app", waiting("bob")).await.unwrap_err().is_object_terminating());
    assert!(guard.is_valid());
    set_finalizers(&objects, &json!(null)).await;
    assert_eq!(guard.lost().await, Loss::ObjectMissing);
}

async fn set_finalizers(objects: &Api<ConfigMap>, finalizers: &serde_json::Value) {
    let patch = json!({ "metadata": { "finalizers": finalizers } });
    objects.patch("app", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

/// Locks on leases of the stage, which are made where they are missing.
fn lease_lock(stage: &Stage, wire: &Wire) -> Lock {
    let gvr = GroupVersionResource::gvr("coordination.k8s.io", "v1", "leases");
    stage.lock_of(&locks(wire, gvr))
}

#[tokio::test]
async fn a_lease_is_made_for_its_lock_and_made_again_by_who_waits_when_it_was_deleted() {
    let Some(stage) = Stage::new("objects").await else { return };
    let leases: Api<Lease> = Api::namespaced(stage.admin.clone(), &stage.namespace);
    let lock = lease_lock(&stage, &stage.wire);
    let creating = |owner| HoldOptions { create_lease: true, ..waiting(owner) };
    assert!(lock.hold("lease", waiting("alice")).await.unwrap_err().is_object_missing());

    let alices = lock.hold("lease", creating("alice")).await.unwrap();
    let wire = Wire::new(stage.admin.clone());
    let bobs = spawn_hold(&lease_lock(&stage, &wire), "lease", creating("bob"));
    until_watching(&wire, 1).await;
    leases.delete("lease", &DeleteParams::default()).await.unwrap();
    let bobs = bobs.await.unwrap().unwrap();
    assert_eq!(alices.lost().await, Loss::ObjectReplaced);
    assert!(bobs.token() > alices.token());
    bobs.release().await.unwrap();

    // It stays, and its next holder needs one request.
    wire.take_sent();
    let carols = lease_lock(&stage, &wire).hold("lease", creating("carol")).await.unwrap();
    assert_eq!(leases.list(&kube::api::ListParams::default()).await.unwrap().items.len(), 1);
    assert!(!wire.take_methods().contains(&Method::POST));
    carols.release().await.unwrap();
}

#[tokio::test]
async fn who_waits_for_a_lease_that_is_being_deleted_makes_it_anew_once_it_is_gone() {
    let Some(stage) = Stage::new("objects").await else { return };
    let leases: Api<Lease> = Api::namespaced(stage.admin.clone(), &stage.namespace);
    let lock = lease_lock(&stage, &stage.wire);
    let creating = |owner| HoldOptions { create_lease: true, ..waiting(owner) };
    lock.hold("lease", creating("alice")).await.unwrap().release().await.unwrap();
    let finalizers = |value| json!({ "metadata": { "finalizers": value } });
    let params = PatchParams::default();
    let set = finalizers(json!(["kubelock-test.example.org/wait"]));
    let before = leases.patch("lease", &params, &Patch::Merge(set)).await.unwrap();
    leases.delete("lease", &DeleteParams::default()).await.unwrap();

    stage.wire.take_sent();
    let bobs = spawn_hold(&lock, "lease", creating("bob"));
    until_watching(&stage.wire, 1).await;
    assert!(!bobs.is_finished());
    leases.patch("lease", &params, &Patch::Merge(finalizers(json!(null)))).await.unwrap();
    let bobs = bobs.await.unwrap().unwrap();
    assert_ne!(Some(bobs.token().uid()), before.metadata.uid.as_deref());
    bobs.release().await.unwrap();
}

#[tokio::test]
async fn a_missing_object_of_another_kind_is_told_at_once_even_to_who_would_wait() {
    let Some(stage) = Stage::new("objects").await else { return };
    let error = stage.lock().hold("nothing", waiting("alice")).await.unwrap_err();
    assert!(error.is_object_missing(), "{error}");
    let guard = stage.lock().hold("app", hold("alice")).await.unwrap();
    let wire = Wire::new(stage.admin.clone());
    let waiter = spawn_hold(&stage.lock_with(wire.client()), "app", waiting("bob"));
    until_watching(&wire, 1).await;
    delete(&stage.configmaps(), "app").await;
    assert!(waiter.await.unwrap().unwrap_err().is_object_missing());
    assert_eq!(guard.lost().await, Loss::ObjectMissing);
}
