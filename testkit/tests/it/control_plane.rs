//! The servers die and come back; the data stays.

use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams, ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use testkit::ControlPlane;
use tokio::runtime::Runtime;

const ANSWER_LIMIT: Duration = Duration::from_secs(10);
const NO_ANSWER: &str = "no answer";

#[test]
fn data_survives_the_death_of_either_server() {
    let Some(stage) = Stage::new() else { return };
    stage.write("written").unwrap();
    let url = stage.control_plane.server_url();

    stage.control_plane.kill_api_server().unwrap();
    assert!(stage.read("written").is_err());
    stage.control_plane.start_api_server().unwrap();
    stage.control_plane.wait_ready().unwrap();
    stage.read("written").unwrap();

    stage.control_plane.kill_etcd().unwrap();
    assert!(stage.is_silent());
    stage.control_plane.start_etcd().unwrap();
    stage.control_plane.wait_ready().unwrap();
    stage.read("written").unwrap();
    stage.write("written-later").unwrap();

    assert_eq!(stage.control_plane.server_url(), url);
    assert_eq!(stage.control_plane.pids().len(), 2);
}

#[test]
fn a_stopped_server_answers_once_it_goes_on() {
    let Some(stage) = Stage::new() else { return };
    let control_plane = &stage.control_plane;

    control_plane.stop_api_server().unwrap();
    assert!(stage.is_silent());
    control_plane.continue_api_server().unwrap();
    control_plane.wait_ready().unwrap();

    control_plane.stop_etcd().unwrap();
    assert!(stage.is_silent());
    control_plane.continue_etcd().unwrap();
    control_plane.wait_ready().unwrap();
    stage.write("other").unwrap();
}

#[test]
fn two_control_planes_know_nothing_of_each_other() {
    let (Some(one), Some(other)) = (Stage::new(), Stage::new()) else { return };

    one.write("here").unwrap();

    one.read("here").unwrap();
    assert!(other.read("here").unwrap_err().contains("not found"));
}

#[test]
fn what_was_made_since_a_revision_is_removed_and_nothing_else() {
    let Some(stage) = Stage::new() else { return };
    stage.write("older").unwrap();
    let revision = stage.control_plane.revision().unwrap();
    stage.write("newer").unwrap();
    assert!(stage.control_plane.revision().unwrap() > revision);

    stage.control_plane.remove_newer_than(revision).unwrap();

    stage.read("older").unwrap();
    assert!(stage.read("newer").unwrap_err().contains("not found"));
    stage.write("newer").unwrap();
}

/// A control plane, and short words for calls that don't wait for long.
struct Stage {
    control_plane: ControlPlane,
    runtime: Runtime,
}

impl Stage {
    fn new() -> Option<Self> {
        let control_plane = testkit::control_plane()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Some(Self { control_plane, runtime })
    }

    /// No answer within a second.
    fn is_silent(&self) -> bool {
        let call = self.call(Duration::from_secs(1), async |configmaps| {
            configmaps.list(&ListParams::default()).await.map(drop)
        });
        call.is_err_and(|error| error == NO_ANSWER)
    }

    fn write(&self, name: &str) -> Result<(), String> {
        let metadata = ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() };
        let object = ConfigMap { metadata, ..ConfigMap::default() };
        self.call(ANSWER_LIMIT, async |configmaps| {
            configmaps.create(&PostParams::default(), &object).await.map(drop)
        })
    }

    fn read(&self, name: &str) -> Result<(), String> {
        self.call(ANSWER_LIMIT, async |configmaps| configmaps.get(name).await.map(drop))
    }

    fn call(
        &self,
        limit: Duration,
        call: impl AsyncFnOnce(Api<ConfigMap>) -> kube::Result<()>,
    ) -> Result<(), String> {
        self.runtime.block_on(async {
            let configmaps = Api::namespaced(self.client().await, "default");
            match tokio::time::timeout(limit, call(configmaps)).await {
                Ok(answer) => answer.map_err(|error| error.to_string()),
                Err(_) => Err(NO_ANSWER.into()),
            }
        })
    }

    async fn client(&self) -> Client {
        let kubeconfig = Kubeconfig::read_from(self.control_plane.kubeconfig()).unwrap();
        let options = KubeConfigOptions::default();
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        config.default_retry = false;
        Client::try_from(config).unwrap()
    }
}
