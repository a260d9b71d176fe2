//! The table itself: what discovery on a cluster of that version says, written down.

use std::iter;

/// One kind as discovery would describe it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuiltIn {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) singular: &'static str,
    pub(crate) short: &'static [&'static str],
    pub(crate) namespaced: bool,
}

/// A group at its preferred version, with its kinds: plural, singular, short names.
struct Group {
    name: &'static str,
    version: &'static str,
    namespaced: &'static [Row],
    cluster: &'static [Row],
}

type Row = (&'static str, &'static str, &'static [&'static str]);

/// Every stored kind of Kubernetes 1.37 that is served by default. Where two
/// groups share a word, the first one means it, as in kubectl.
const GROUPS: &[Group] = &[
    Group {
        name: "",
        version: "v1",
        namespaced: &[
            ("configmaps", "configmap", &["cm"]),
            ("endpoints", "endpoints", &["ep"]),
            ("events", "event", &["ev"]),
            ("limitranges", "limitrange", &["limits"]),
            ("persistentvolumeclaims", "persistentvolumeclaim", &["pvc"]),
            ("pods", "pod", &["po"]),
            ("podtemplates", "podtemplate", &[]),
            ("replicationcontrollers", "replicationcontroller", &["rc"]),
            ("resourcequotas", "resourcequota", &["quota"]),
            ("secrets", "secret", &[]),
            ("serviceaccounts", "serviceaccount", &["sa"]),
            ("services", "service", &["svc"]),
        ],
        cluster: &[
            ("namespaces", "namespace", &["ns"]),
            ("nodes", "node", &["no"]),
            ("persistentvolumes", "persistentvolume", &["pv"]),
        ],
    },
    Group {
        name: "apps",
        version: "v1",
        namespaced: &[
            ("controllerrevisions", "controllerrevision", &[]),
            ("daemonsets", "daemonset", &["ds"]),
            ("deployments", "deployment", &["deploy"]),
            ("replicasets", "replicaset", &["rs"]),
            ("statefulsets", "statefulset", &["sts"]),
        ],
        cluster: &[],
    },
    Group {
        name: "coordination.k8s.io",
        version: "v1",
        namespaced: &[("leases", "lease", &[])],
        cluster: &[],
    },
    Group {
        name: "batch",
        version: "v1",
        namespaced: &[("cronjobs", "cronjob", &["cj"]), ("jobs", "job", &[])],
        cluster: &[],
    },
    Group {
        name: "autoscaling",
        version: "v2",
        namespaced: &[("horizontalpodautoscalers", "horizontalpodautoscaler", &["hpa"])],
        cluster: &[],
    },
    Group {
        name: "networking.k8s.io",
        version: "v1",
        namespaced: &[
            ("ingresses", "ingress", &["ing"]),
            ("networkpolicies", "networkpolicy", &["netpol"]),
        ],
        cluster: &[
            ("ingressclasses", "ingressclass", &[]),
            ("ipaddresses", "ipaddress", &["ip"]),
            ("servicecidrs", "servicecidr", &[]),
        ],
    },
    Group {
        name: "policy",
        version: "v1",
        namespaced: &[("poddisruptionbudgets", "poddisruptionbudget", &["pdb"])],
        cluster: &[],
    },
    Group {
        name: "rbac.authorization.k8s.io",
        version: "v1",
        namespaced: &[("rolebindings", "rolebinding", &[]), ("roles", "role", &[])],
        cluster: &[
            ("clusterrolebindings", "clusterrolebinding", &[]),
            ("clusterroles", "clusterrole", &[]),
        ],
    },
    Group {
        name: "storage.k8s.io",
        version: "v1",
        namespaced: &[("csistoragecapacities", "csistoragecapacity", &[])],
        cluster: &[
            ("csidrivers", "csidriver", &[]),
            ("csinodes", "csinode", &[]),
            ("storageclasses", "storageclass", &["sc"]),
            ("volumeattachments", "volumeattachment", &[]),
            ("volumeattributesclasses", "volumeattributesclass", &["vac"]),
        ],
    },
    Group {
        name: "discovery.k8s.io",
        version: "v1",
        namespaced: &[("endpointslices", "endpointslice", &[])],
        cluster: &[],
    },
    Group {
        name: "scheduling.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[("priorityclasses", "priorityclass", &["pc"])],
    },
    Group {
        name: "node.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[("runtimeclasses", "runtimeclass", &[])],
    },
    Group {
        name: "certificates.k8s.io",
        version: "v1",
        namespaced: &[("podcertificaterequests", "podcertificaterequest", &[])],
        cluster: &[
            ("certificatesigningrequests", "certificatesigningrequest", &["csr"]),
            ("clustertrustbundles", "clustertrustbundle", &[]),
        ],
    },
    Group {
        name: "resource.k8s.io",
        version: "v1",
        namespaced: &[
            ("resourceclaims", "resourceclaim", &[]),
            ("resourceclaimtemplates", "resourceclaimtemplate", &[]),
        ],
        cluster: &[
            ("deviceclasses", "deviceclass", &[]),
            ("devicetaintrules", "devicetaintrule", &[]),
            ("resourceslices", "resourceslice", &[]),
        ],
    },
    Group {
        name: "admissionregistration.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[
            ("mutatingadmissionpolicies", "mutatingadmissionpolicy", &[]),
            ("mutatingadmissionpolicybindings", "mutatingadmissionpolicybinding", &[]),
            ("mutatingwebhookconfigurations", "mutatingwebhookconfiguration", &[]),
            ("validatingadmissionpolicies", "validatingadmissionpolicy", &[]),
            ("validatingadmissionpolicybindings", "validatingadmissionpolicybinding", &[]),
            ("validatingwebhookconfigurations", "validatingwebhookconfiguration", &[]),
        ],
    },
    Group {
        name: "apiextensions.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[("customresourcedefinitions", "customresourcedefinition", &["crd", "crds"])],
    },
    Group {
        name: "apiregistration.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[("apiservices", "apiservice", &[])],
    },
    Group {
        name: "flowcontrol.apiserver.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[
            ("flowschemas", "flowschema", &[]),
            ("prioritylevelconfigurations", "prioritylevelconfiguration", &[]),
        ],
    },
    Group {
        name: "storagemigration.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[("storageversionmigrations", "storageversionmigration", &[])],
    },
    Group {
        name: "events.k8s.io",
        version: "v1",
        namespaced: &[("events", "event", &["ev"])],
        cluster: &[],
    },
];

/// All kinds, in the order in which they claim a word.
pub(crate) fn all() -> impl Iterator<Item = BuiltIn> {
    GROUPS.iter().flat_map(|group| {
        let namespaced = group.namespaced.iter().zip(iter::repeat(true));
        let cluster = group.cluster.iter().zip(iter::repeat(false));
        namespaced.chain(cluster).map(|(row, namespaced)| BuiltIn {
            group: group.name,
            version: group.version,
            plural: row.0,
            singular: row.1,
            short: row.2,
            namespaced,
        })
    })
}
