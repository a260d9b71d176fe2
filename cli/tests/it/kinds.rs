//! The table of built-in kinds against what the API server itself says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::space::block_on;

#[path = "../../src/kinds/table.rs"]
mod table;

/// The version of Kubernetes that the table was written for.
const MINOR: &str = "37";
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// What a kind is called, where it lives, and its preferred version.
#[derive(Debug, PartialEq)]
struct Row {
    version: String,
    singular: String,
    kind: String,
    short: Vec<String>,
    namespaced: bool,
}

/// By plural and group.
type Rows = BTreeMap<(String, String), Row>;

async fn get(client: &kube::Client, path: &str) -> Value {
    let request =
        http::Request::get(path).header("accept", format!("{AGGREGATED},application/json"));
    client.request(request.body(Vec::new()).unwrap()).await.unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

/// Each kind that can be read and changed, at the first version that has it: the preferred one.
fn rows(list: &Value) -> Rows {
    let mut rows = Rows::new();
    for group in list["items"].as_array().unwrap() {
        for version in group["versions"].as_array().into_iter().flatten() {
            for resource in version["resources"].as_array().into_iter().flatten() {
                let verbs = texts(&resource["verbs"]);
                if !["get", "patch"].iter().all(|verb| verbs.iter().any(|offered| offered == verb))
                {
                    continue;
                }
                let row = Row {
                    version: text(&version["version"]),
                    singular: text(&resource["singularResource"]),
                    kind: text(&resource["responseKind"]["kind"]),
                    short: texts(&resource["shortNames"]),
                    namespaced: resource["scope"] == "Namespaced",
                };
                rows.entry((text(&resource["resource"]), text(&group["metadata"]["name"])))
                    .or_insert(row);
            }
        }
    }
    rows
}

#[test]
fn the_table_of_built_in_kinds_is_what_the_server_offers() {
    let Some(cluster) = testkit::cluster() else { return };
    let (minor, defined, mut offered) = block_on(async {
        let client = cluster.client().await;
        let mut offered = rows(&get(&client, "/api").await);
        offered.append(&mut rows(&get(&client, "/apis").await));
        let definitions =
            get(&client, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions").await;
        let groups = definitions["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| text(&item["spec"]["group"]));
        (text(&get(&client, "/version").await["minor"]), groups.collect::<BTreeSet<_>>(), offered)
    });
    if minor.trim_end_matches('+') != MINOR {
        return; // A cluster of somebody's own, of another version.
    }
    let known: Rows = table::all()
        .map(|kind| {
            let row = Row {
                version: kind.version.to_owned(),
                singular: kind.kind.to_ascii_lowercase(),
                kind: kind.kind.to_owned(),
                short: kind.short.iter().map(ToString::to_string).collect(),
                namespaced: kind.namespaced,
            };
            ((kind.plural.to_owned(), kind.group.to_owned()), row)
        })
        .collect();
    // Kinds that others defined are none of the table's business.
    offered.retain(|(_, group), _| !defined.contains(group));

    let differs = |(one, other): (&Rows, &Rows)| -> Vec<String> {
        let rows = one.iter().filter(|(name, row)| other.get(*name) != Some(row));
        rows.map(|(name, row)| format!("{name:?} {row:?}")).collect()
    };
    assert_eq!(
        differs((&offered, &known)),
        Vec::<String>::new(),
        "on the server, and not so in the table"
    );
    assert_eq!(
        differs((&known, &offered)),
        Vec::<String>::new(),
        "in the table, and not so on the server"
    );
}
