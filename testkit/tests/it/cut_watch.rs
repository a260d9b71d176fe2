//! What the wire does to a real server.

use testkit::wire::Wire;

use crate::talk::{Heard, Watch};

#[tokio::test]
async fn a_wire_breaks_the_watches_of_a_real_server_too() {
    let Some(cluster) = testkit::cluster() else { return };
    let namespace = cluster.namespace("conformance").await;
    let collection = format!("/api/v1/namespaces/{namespace}/configmaps");
    let wire = Wire::new(cluster.client().await);
    let client = wire.client();
    cluster.ensure_configmap(&namespace, "app").await;
    let mut watch = Watch::open(&client, &collection, "fieldSelector=metadata.name%3Dapp").await;
    assert_eq!(watch.hear().await.words(), "ADDED app");
    wire.cut_now();
    assert_eq!(watch.hear().await, Heard::Broken);
}
