//! Users who may not do everything.

use std::time::Duration;

use http::Method;
use kube::Client;
use kube::api::{Api, PostParams};
use kubelock::{GetOptions, Lock};
use serde_json::json;
use testkit::wire::Wire;

use crate::support::{GET, PATCH, PUT, Stage, acquire, hasty, release};

/// A user of this test's own, who may use these verbs on configmaps of the stage.
pub struct User {
    pub wire: Wire,
    pub lock: Lock,
}

impl User {
    pub async fn who_may(stage: &Stage, verbs: &[&str]) -> Self {
        let name = format!("user-of-{}", stage.namespace);
        if !verbs.is_empty() {
            grant(stage, &name, verbs).await;
        }
        let mut config = testkit::cluster().unwrap().config().await;
        config.default_retry = false;
        config.auth_info.impersonate = Some(name);
        let wire = Wire::new(Client::try_from(config).unwrap());
        let lock = stage.counted_lock_over(&wire);
        let user = Self { wire, lock };
        if !verbs.is_empty() {
            user.is_known().await;
        }
        user
    }

    /// The API server learns of new roles by watch: waits until it has.
    async fn is_known(&self) {
        for _ in 0..200 {
            if self.lock.get("app", GetOptions::default()).await.is_ok() {
                self.wire.take_sent();
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the role was not taken note of within ten seconds");
    }

    /// From now on it may use these verbs; waits until the API server has taken note.
    pub async fn regrant(&self, stage: &Stage, verbs: &[&str]) {
        regrant(stage, verbs).await;
        let may_get = verbs.contains(&"get");
        for _ in 0..200 {
            let answer = self.lock.get("app", GetOptions::default()).await;
            let is_known = answer.is_ok() == may_get
                && self.may_patch(stage).await == verbs.contains(&"patch");
            if is_known {
                self.wire.take_sent();
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the role was not taken note of within ten seconds");
    }

    /// A patch of no operations changes nothing.
    async fn may_patch(&self, stage: &Stage) -> bool {
        let request =
            http::Request::patch(format!("/api/v1/namespaces/{}/configmaps/app", stage.namespace))
                .header("content-type", "application/json-patch+json")
                .body(b"[]".to_vec());
        self.wire.client().request_text(request.unwrap()).await.is_ok()
    }

    pub fn methods(&self) -> Vec<Method> {
        self.wire.take_methods()
    }
}

async fn grant(stage: &Stage, user: &str, verbs: &[&str]) {
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "locks" },
        "rules": [{ "apiGroups": [""], "resources": ["configmaps"], "verbs": verbs }],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": "locks" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "locks" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user }],
    });
    let roles: Api<k8s_openapi::api::rbac::v1::Role> =
        Api::namespaced(stage.admin.clone(), &stage.namespace);
    roles.create(&PostParams::default(), &serde_json::from_value(role).unwrap()).await.unwrap();
    let bindings: Api<k8s_openapi::api::rbac::v1::RoleBinding> =
        Api::namespaced(stage.admin.clone(), &stage.namespace);
    bindings
        .create(&PostParams::default(), &serde_json::from_value(binding).unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn get_and_patch_are_enough() {
    let Some(stage) = Stage::new("rbac").await else { return };
    let user = User::who_may(&stage, &["get", "patch"]).await;
    user.lock.acquire("app", acquire("alice")).await.unwrap();
    assert!(user.lock.acquire("app", acquire("bob")).await.unwrap_err().is_owner_mismatch());
    user.lock.release("app", release("alice")).await.unwrap();
}

#[tokio::test]
async fn get_and_update_do_by_reading_and_putting_the_whole_object_and_that_is_remembered() {
    let Some(stage) = Stage::new("rbac").await else { return };
    let user = User::who_may(&stage, &["get", "update"]).await;

    let acquired = user.lock.acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(user.methods(), [PATCH, GET, PUT]);
    assert_eq!(stage.value().await, Some(acquired.record().encode()));
    assert!(user.lock.acquire("app", acquire("bob")).await.unwrap_err().is_owner_mismatch());
    assert_eq!(user.methods(), [GET]);
    acquired.release().await.unwrap();
    assert_eq!(user.methods(), [GET, PUT]);
    user.lock.acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(user.methods(), [GET, PUT]);
    user.lock.release("app", release("alice")).await.unwrap();
    assert_eq!(user.methods(), [GET, PUT]);
    assert_eq!(stage.value().await, None);
}

#[tokio::test]
async fn a_put_changes_nothing_but_the_lock_and_never_overwrites_another_writer() {
    let Some(stage) = Stage::new("rbac").await else { return };
    stage.annotate("team", Some("<a & b>")).await;
    let user = User::who_may(&stage, &["get", "update"]).await;
    let before = stage.configmaps().get("app").await.unwrap();
    let pairs = async {
        for _ in 0..20 {
            user.lock.acquire("app", acquire("alice")).await.unwrap().release().await.unwrap();
        }
    };
    let others = async {
        for tick in 0..40 {
            stage.annotate("tick", Some(&tick.to_string())).await;
        }
    };
    tokio::join!(pairs, others);
    let mut after = stage.configmaps().get("app").await.unwrap();
    assert_eq!(after.metadata.annotations.as_mut().unwrap().remove("tick").as_deref(), Some("39"));
    assert_eq!(after.metadata.annotations, before.metadata.annotations);
    assert_eq!((after.data, after.metadata.labels), (before.data, before.metadata.labels));
}

#[tokio::test]
async fn with_get_alone_the_error_names_the_missing_verbs() {
    let Some(stage) = Stage::new("rbac").await else { return };
    let user = User::who_may(&stage, &["get"]).await;
    let error = user.lock.acquire("app", acquire("alice")).await.unwrap_err();
    assert!(error.is_forbidden() && error.to_string().contains("patch or update"), "{error}");
    assert_eq!(user.methods(), [PATCH, GET, PUT, GET]);
    assert!(user.lock.release("app", release("alice")).await.unwrap_err().is_not_found());
    assert_eq!(user.lock.get("app", GetOptions::default()).await.unwrap().record, None);

    stage.lock().acquire("app", acquire("alice")).await.unwrap();
    assert!(user.lock.acquire("app", acquire("bob")).await.unwrap_err().is_owner_mismatch());
    let error = user.lock.release("app", release("alice")).await.unwrap_err();
    assert!(error.is_forbidden() && error.to_string().contains("patch or update"), "{error}");
}

#[tokio::test]
async fn with_nothing_the_error_names_a_missing_verb_and_the_servers_words() {
    let Some(stage) = Stage::new("rbac").await else { return };
    let user = User::who_may(&stage, &[]).await;
    for error in [
        user.lock.acquire("app", acquire("alice")).await.unwrap_err(),
        user.lock.release("app", release("alice")).await.unwrap_err(),
        user.lock.get("app", GetOptions::default()).await.unwrap_err(),
    ] {
        let words = error.to_string();
        assert!(
            error.is_forbidden() && words.contains("not allowed to get configmaps/app"),
            "{words}"
        );
        assert!(words.contains("cannot get resource"), "{words}");
    }
}

#[tokio::test]
async fn a_put_never_overwrites_who_came_while_an_earlier_one_had_no_answer() {
    let Some(stage) = Stage::new("rbac").await else { return };
    let user = User::who_may(&stage, &["get", "update"]).await;
    user.lock.acquire("app", acquire("alice")).await.unwrap().release().await.unwrap();
    user.wire.spoil_writes([testkit::wire::Fault::Hang]);
    let bobs = stage.lock();
    let (alice, bob) = tokio::join!(user.lock.acquire("app", hasty("alice")), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        bobs.acquire("app", acquire("bob")).await.unwrap()
    });
    let error = alice.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert_eq!(stage.value().await, Some(bob.record().encode()));
}

#[tokio::test]
async fn the_right_to_patch_that_comes_later_is_used_once_a_put_is_forbidden() {
    let Some(stage) = Stage::new("rbac").await else { return };
    let user = User::who_may(&stage, &["get", "update"]).await;
    user.lock.acquire("app", acquire("alice")).await.unwrap().release().await.unwrap();
    regrant(&stage, &["get", "patch"]).await;
    for _ in 0..400 {
        // The role changes at some instant: both verbs may be forbidden to a call that meets it.
        let ended = match user.lock.acquire("app", acquire("alice")).await {
            Ok(acquired) => acquired.release().await,
            Err(error) => Err(error),
        };
        if ended.is_err() {
            user.lock.release("app", release("alice")).await.ok();
        }
        if user.methods() == [PATCH, PATCH] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the right to patch was not used within twenty seconds");
}

async fn regrant(stage: &Stage, verbs: &[&str]) {
    let roles: Api<k8s_openapi::api::rbac::v1::Role> =
        Api::namespaced(stage.admin.clone(), &stage.namespace);
    let rules =
        json!({ "rules": [{ "apiGroups": [""], "resources": ["configmaps"], "verbs": verbs }] });
    let params = kube::api::PatchParams::default();
    roles.patch("locks", &params, &kube::api::Patch::Merge(rules)).await.unwrap();
}
