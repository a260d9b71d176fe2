use serde_json::{Value, json};

use super::Stage;

/// A kind that a definition brought.
pub struct Defined {
    group: &'static str,
    plural: String,
    pub kind: String,
    namespace: String,
}

impl Defined {
    /// Where its objects are, by one version.
    pub fn path(&self, version: &str) -> String {
        let Self { group, plural, namespace, .. } = self;
        format!("/apis/{group}/{version}/namespaces/{namespace}/{plural}")
    }

    /// An object that says that it is of this version.
    pub fn object(&self, version: &str, name: &str) -> Value {
        json!({
            "apiVersion": format!("{}/{version}", self.group),
            "kind": self.kind,
            "metadata": { "name": name },
        })
    }
}

impl Stage {
    /// A kind of this stage's own with these versions, once all of them are served.
    pub async fn define(&self, group: &'static str, versions: Vec<Value>) -> Defined {
        let plural = format!("t{}", self.namespace().rsplit('-').next().unwrap());
        let namespace = self.namespace().to_owned();
        let defined = Defined { group, kind: format!("T{plural}"), plural, namespace };
        let versions: Vec<Value> = versions.into_iter().map(whole).collect();
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("{}.{group}", defined.plural) },
            "spec": {
                "group": group, "scope": "Namespaced", "versions": versions,
                "names": { "plural": defined.plural, "kind": defined.kind },
            },
        });
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        self.post(definitions, &definition).await.created();
        for version in &versions {
            self.until_served(&defined.path(version["name"].as_str().unwrap())).await;
        }
        defined
    }

    async fn until_served(&self, path: &str) {
        for _ in 0..500 {
            if self.get(path).await.code == 200 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{path} is not served")
    }
}

/// A version with what all have.
fn whole(mut version: Value) -> Value {
    let schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    version["served"] = json!(true);
    version["schema"] = json!({ "openAPIV3Schema": schema });
    version
}
