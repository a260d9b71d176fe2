use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, DynamicObject, GroupVersionKind};
use kube::core::ApiResource;

#[tokio::test]
async fn each_namespace_is_a_new_one() {
    let Some(cluster) = testkit::cluster() else { return };

    let (one, other) = (cluster.namespace("same").await, cluster.namespace("same").await);

    assert_ne!(one, other);
    let namespaces = Api::<Namespace>::all(cluster.client().await);
    assert!(namespaces.get(&one).await.is_ok());
}

#[tokio::test]
async fn what_must_be_there_may_be_there_already() {
    let Some(cluster) = testkit::cluster() else { return };
    let namespace = cluster.namespace("ensure").await;

    cluster.ensure_configmap(&namespace, "app").await;
    cluster.ensure_configmap(&namespace, "app").await;

    let configmaps = Api::<ConfigMap>::namespaced(cluster.client().await, &namespace);
    assert!(configmaps.get("app").await.is_ok());
}

#[tokio::test]
async fn custom_objects_of_both_scopes_are_served() {
    let Some(cluster) = testkit::cluster() else { return };

    let (namespace, widget) = cluster.ensure_widget("custom").await;
    cluster.ensure_gadget("one").await;
    cluster.ensure_gadget("one").await;

    let client = cluster.client().await;
    let gvk = |kind| GroupVersionKind::gvk(&testkit::widgets().group, "v1", kind);
    let widgets = ApiResource::from_gvk_with_plural(&gvk("Widget"), &testkit::widgets().resource);
    let gadgets = ApiResource::from_gvk_with_plural(&gvk("Gadget"), &testkit::gadgets().resource);
    let widgets = Api::<DynamicObject>::namespaced_with(client.clone(), &namespace, &widgets);
    let gadgets = Api::<DynamicObject>::all_with(client, &gadgets);
    assert!(widgets.get(widget).await.is_ok());
    assert!(gadgets.get("one").await.is_ok());
}

#[tokio::test]
async fn users_are_told_apart_and_may_do_nothing_yet() {
    let Some(cluster) = testkit::cluster() else { return };

    for user in [testkit::ALICE, testkit::BOB, testkit::NOBODY] {
        let namespaces = Api::<Namespace>::all(cluster.client_for(user).await);

        let refused = namespaces.get("default").await.unwrap_err().to_string();
        assert!(refused.contains(&format!("User \"{user}\" cannot get")), "{refused}");
    }
}

#[tokio::test]
async fn clients_of_ours_leave_repeating_to_the_caller() {
    let Some(cluster) = testkit::cluster() else { return };

    assert!(!cluster.config().await.default_retry);
}
