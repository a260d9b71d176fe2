//! Kinds that a `CustomResourceDefinition` defines.

use serde_json::Value;

use super::Kind;

/// The group and the plural of what it defines.
pub(super) fn names(definition: &Value) -> (&str, &str) {
    let spec = &definition["spec"];
    (text(&spec["group"]), text(&spec["names"]["plural"]))
}

/// One for each version that is served.
pub(super) fn kinds(definition: &Value) -> Vec<Kind> {
    let versions = definition["spec"]["versions"].as_array();
    let served = versions.into_iter().flatten().filter(|version| version["served"] == true);
    served.map(|version| kind(&definition["spec"], version)).collect()
}

fn kind(spec: &Value, version: &Value) -> Kind {
    let names = &spec["names"];
    let kind = Kind::custom(
        text(&spec["group"]),
        text(&version["name"]),
        text(&names["kind"]),
        text(&names["plural"]),
    );
    let kind = if spec["scope"] == "Cluster" { kind.cluster_scoped() } else { kind };
    let has_status = version["subresources"]["status"].is_object();
    let kind = if has_status { kind.with_status() } else { kind };
    let or = |told: &Value, usual: String| told.as_str().map_or(usual, str::to_owned);
    Kind {
        singular: or(&names["singular"], kind.singular),
        list: or(&names["listKind"], kind.list),
        short_names: texts(&names["shortNames"]),
        categories: texts(&names["categories"]),
        printer_columns: version["additionalPrinterColumns"]
            .as_array()
            .cloned()
            .unwrap_or_default(),
        schema: version["schema"].get("openAPIV3Schema").cloned(),
        ..kind
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<String> {
    let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}
