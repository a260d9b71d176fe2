//! Manifests in the docs are what a real API server takes.

use http::Request;

use super::page::pages;
use crate::support::Stage;

/// Objects of Kubernetes among the blocks of YAML, each with its page.
fn manifests() -> Vec<(String, String)> {
    let mut manifests = Vec::new();
    for page in pages() {
        let blocks = page.blocks("yaml").into_iter().filter(|it| it.starts_with("apiVersion:"));
        manifests.extend(blocks.map(|block| (page.path.clone(), block.to_owned())));
    }
    manifests
}

/// What stands behind the first `name:` of the manifest.
fn field<'a>(manifest: &'a str, name: &str) -> Option<&'a str> {
    let lines = manifest.lines().map(str::trim);
    lines.filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map(|it| it.1)
}

/// Where objects of this kind are made.
fn collection(manifest: &str, namespace: &str) -> String {
    let version = field(manifest, "apiVersion").unwrap();
    let plural = field(manifest, "kind").unwrap().to_lowercase() + "s";
    match field(manifest, "namespace") {
        Some(_) => format!("/apis/{version}/namespaces/{namespace}/{plural}"),
        None => format!("/apis/{version}/{plural}"),
    }
}

#[tokio::test]
async fn every_manifest_is_accepted_by_the_api_server_with_all_its_fields() {
    let Some(stage) = Stage::new("manifests").await else { return };
    let manifests = manifests();
    assert!(manifests.len() >= 3, "{}", manifests.len());
    for (path, manifest) in manifests {
        let collection = collection(&manifest, &stage.namespace);
        let named = field(&manifest, "namespace").unwrap_or("none");
        let body = manifest.replace(
            &format!("namespace: {named}\n"),
            &format!("namespace: {}\n", stage.namespace),
        );
        let request = Request::post(format!("{collection}?dryRun=All&fieldValidation=Strict"))
            .header("Content-Type", "application/yaml")
            .body(body.into_bytes())
            .unwrap();
        let answer = stage.admin.request_text(request).await;
        assert!(answer.is_ok(), "{path}: {collection}: {}", answer.unwrap_err());
    }
}
