//! The table itself: what discovery on a cluster of that version says, written down.

use std::iter;

/// One kind as discovery would describe it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuiltIn {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
    /// The singular is the same in lower case.
    pub(crate) kind: &'static str,
    pub(crate) short: &'static [&'static str],
    pub(crate) namespaced: bool,
}

/// A group at its preferred version, with its kinds: plural, kind, short names.
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
            ("configmaps", "ConfigMap", &["cm"]),
            ("endpoints", "Endpoints", &["ep"]),
            ("events", "Event", &["ev"]),
            ("limitranges", "LimitRange", &["limits"]),
            ("persistentvolumeclaims", "PersistentVolumeClaim", &["pvc"]),
            ("pods", "Pod", &["po"]),
            ("podtemplates", "PodTemplate", &[]),
            ("replicationcontrollers", "ReplicationController", &["rc"]),
            ("resourcequotas", "ResourceQuota", &["quota"]),
            ("secrets", "Secret", &[]),
            ("serviceaccounts", "ServiceAccount", &["sa"]),
            ("services", "Service", &["svc"]),
        ],
        cluster: &[
            ("namespaces", "Namespace", &["ns"]),
            ("nodes", "Node", &["no"]),
            ("persistentvolumes", "PersistentVolume", &["pv"]),
        ],
    },
    Group {
        name: "apps",
        version: "v1",
        namespaced: &[
            ("controllerrevisions", "ControllerRevision", &[]),
            ("daemonsets", "DaemonSet", &["ds"]),
            ("deployments", "Deployment", &["deploy"]),
            ("replicasets", "ReplicaSet", &["rs"]),
            ("statefulsets", "StatefulSet", &["sts"]),
        ],
        cluster: &[],
    },
    Group {
        name: "coordination.k8s.io",
        version: "v1",
        namespaced: &[("leases", "Lease", &[])],
        cluster: &[],
    },
    Group {
        name: "batch",
        version: "v1",
        namespaced: &[("cronjobs", "CronJob", &["cj"]), ("jobs", "Job", &[])],
        cluster: &[],
    },
    Group {
        name: "autoscaling",
        version: "v2",
        namespaced: &[("horizontalpodautoscalers", "HorizontalPodAutoscaler", &["hpa"])],
        cluster: &[],
    },
    Group {
        name: "networking.k8s.io",
        version: "v1",
        namespaced: &[
            ("ingresses", "Ingress", &["ing"]),
            ("networkpolicies", "NetworkPolicy", &["netpol"]),
        ],
        cluster: &[
            ("ingressclasses", "IngressClass", &[]),
            ("ipaddresses", "IPAddress", &["ip"]),
            ("servicecidrs", "ServiceCIDR", &[]),
        ],
    },
    Group {
        name: "policy",
        version: "v1",
        namespaced: &[("poddisruptionbudgets", "PodDisruptionBudget", &["pdb"])],
        cluster: &[],
    },
    Group {
        name: "rbac.authorization.k8s.io",
        version: "v1",
        namespaced: &[("rolebindings", "RoleBinding", &[]), ("roles", "Role", &[])],
        cluster: &[
            ("clusterrolebindings", "ClusterRoleBinding", &[]),
            ("clusterroles", "ClusterRole", &[]),
        ],
    },
    Group {
        name: "storage.k8s.io",
        version: "v1",
        namespaced: &[("csistoragecapacities", "CSIStorageCapacity", &[])],
        cluster: &[
            ("csidrivers", "CSIDriver", &[]),
            ("csinodes", "CSINode", &[]),
            ("storageclasses", "StorageClass", &["sc"]),
            ("volumeattachments", "VolumeAttachment", &[]),
            ("volumeattributesclasses", "VolumeAttributesClass", &["vac"]),
        ],
    },
    Group {
        name: "discovery.k8s.io",
        version: "v1",
        namespaced: &[("endpointslices", "EndpointSlice", &[])],
        cluster: &[],
    },
    Group {
        name: "scheduling.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[("priorityclasses", "PriorityClass", &["pc"])],
    },
    Group {
        name: "node.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[("runtimeclasses", "RuntimeClass", &[])],
    },
    Group {
        name: "certificates.k8s.io",
        version: "v1",
        namespaced: &[("podcertificaterequests", "PodCertificateRequest", &[])],
        cluster: &[
            ("certificatesigningrequests", "CertificateSigningRequest", &["csr"]),
            ("clustertrustbundles", "ClusterTrustBundle", &[]),
        ],
    },
    Group {
        name: "resource.k8s.io",
        version: "v1",
        namespaced: &[
            ("resourceclaims", "ResourceClaim", &[]),
            ("resourceclaimtemplates", "ResourceClaimTemplate", &[]),
        ],
        cluster: &[
            ("deviceclasses", "DeviceClass", &[]),
            ("devicetaintrules", "DeviceTaintRule", &[]),
            ("resourceslices", "ResourceSlice", &[]),
        ],
    },
    Group {
        name: "admissionregistration.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[
            ("mutatingadmissionpolicies", "MutatingAdmissionPolicy", &[]),
            ("mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding", &[]),
            ("mutatingwebhookconfigurations", "MutatingWebhookConfiguration", &[]),
            ("validatingadmissionpolicies", "ValidatingAdmissionPolicy", &[]),
            ("validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", &[]),
            ("validatingwebhookconfigurations", "ValidatingWebhookConfiguration", &[]),
        ],
    },
    Group {
        name: "apiextensions.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[("customresourcedefinitions", "CustomResourceDefinition", &["crd", "crds"])],
    },
    Group {
        name: "apiregistration.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[("apiservices", "APIService", &[])],
    },
    Group {
        name: "flowcontrol.apiserver.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[
            ("flowschemas", "FlowSchema", &[]),
            ("prioritylevelconfigurations", "PriorityLevelConfiguration", &[]),
        ],
    },
    Group {
        name: "storagemigration.k8s.io",
        version: "v1",
        namespaced: &[],
        cluster: &[("storageversionmigrations", "StorageVersionMigration", &[])],
    },
    Group {
        name: "events.k8s.io",
        version: "v1",
        namespaced: &[("events", "Event", &["ev"])],
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
            kind: row.1,
            short: row.2,
            namespaced,
        })
    })
}
