//! The kinds of Kubernetes itself.

use super::{Habit, Kind, NameRule};

const ALL: &str = "all";

pub(super) fn kinds() -> Vec<Kind> {
    [core(), apps(), batch(), access(), others()].concat()
}

fn v1(group: &str, kind: &str, plural: &str) -> Kind {
    Kind::built_in(group, "v1", kind, plural)
}

impl Kind {
    fn in_category(self, category: &str) -> Self {
        Self { categories: vec![category.to_owned()], ..self }
    }

    fn named_by(self, names: NameRule) -> Self {
        Self { names, ..self }
    }

    fn doing(mut self, habit: Habit) -> Self {
        self.habits.push(habit);
        self
    }

    /// Its generation counts the changes of what is wanted.
    fn counted(self) -> Self {
        self.doing(Habit::CountsGenerations)
    }

    fn needing_version(self) -> Self {
        self.doing(Habit::NeedsVersion)
    }

    fn created_by_put(self) -> Self {
        self.doing(Habit::CreatesByPut)
    }

    fn returning_deleted(self) -> Self {
        self.doing(Habit::ReturnsDeleted)
    }
}

/// One kind, which two groups serve.
fn events(group: &str) -> Kind {
    let kind = v1(group, "Event", "events").short(&["ev"]).created_by_put();
    Kind { kept_group: String::new(), ..kind.doing(Habit::HasNoDependents) }
}

fn core() -> Vec<Kind> {
    let namespaces = v1("", "Namespace", "namespaces").cluster_scoped().with_status();
    vec![
        v1("", "ConfigMap", "configmaps").short(&["cm"]),
        v1("", "Endpoints", "endpoints").short(&["ep"]).created_by_put(),
        events("").named_by(NameRule::PathSegment),
        v1("", "LimitRange", "limitranges").short(&["limits"]).created_by_put(),
        namespaces
            .short(&["ns"])
            .named_by(NameRule::Label)
            .returning_deleted()
            .doing(Habit::KeepsCollection),
        v1("", "Node", "nodes").cluster_scoped().with_status().short(&["no"]),
        v1("", "PersistentVolumeClaim", "persistentvolumeclaims")
            .with_status()
            .short(&["pvc"])
            .returning_deleted(),
        v1("", "PersistentVolume", "persistentvolumes")
            .cluster_scoped()
            .with_status()
            .short(&["pv"])
            .returning_deleted(),
        v1("", "Pod", "pods")
            .with_status()
            .short(&["po"])
            .in_category(ALL)
            .counted()
            .returning_deleted(),
        v1("", "PodTemplate", "podtemplates").counted().returning_deleted(),
        v1("", "ReplicationController", "replicationcontrollers")
            .with_status()
            .short(&["rc"])
            .in_category(ALL)
            .counted(),
        v1("", "ResourceQuota", "resourcequotas")
            .with_status()
            .short(&["quota"])
            .returning_deleted(),
        v1("", "Secret", "secrets"),
        v1("", "ServiceAccount", "serviceaccounts").short(&["sa"]).returning_deleted(),
        v1("", "Service", "services")
            .with_status()
            .short(&["svc"])
            .in_category(ALL)
            .named_by(NameRule::OldLabel)
            .created_by_put()
            .returning_deleted(),
    ]
}

fn apps() -> Vec<Kind> {
    let kind = |kind, plural, short| {
        v1("apps", kind, plural).with_status().short(&[short]).in_category(ALL).counted()
    };
    vec![
        v1("apps", "ControllerRevision", "controllerrevisions"),
        kind("DaemonSet", "daemonsets", "ds"),
        kind("Deployment", "deployments", "deploy"),
        kind("ReplicaSet", "replicasets", "rs"),
        kind("StatefulSet", "statefulsets", "sts"),
    ]
}

fn batch() -> Vec<Kind> {
    let kind = |kind, plural| v1("batch", kind, plural).with_status().in_category(ALL).counted();
    vec![
        kind("CronJob", "cronjobs").short(&["cj"]),
        kind("Job", "jobs"),
        v1("coordination.k8s.io", "Lease", "leases").needing_version().created_by_put(),
        events("events.k8s.io"),
    ]
}

fn access() -> Vec<Kind> {
    let kind = |kind, plural| {
        v1("rbac.authorization.k8s.io", kind, plural)
            .named_by(NameRule::PathSegment)
            .created_by_put()
    };
    vec![
        kind("ClusterRoleBinding", "clusterrolebindings").cluster_scoped(),
        kind("ClusterRole", "clusterroles").cluster_scoped(),
        kind("RoleBinding", "rolebindings"),
        kind("Role", "roles"),
    ]
}

fn others() -> Vec<Kind> {
    vec![
        v1("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions")
            .cluster_scoped()
            .with_status()
            .short(&["crd", "crds"])
            .in_category("api-extensions")
            .counted()
            .needing_version(),
        Kind::built_in("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
            .with_status()
            .short(&["hpa"])
            .in_category(ALL),
        v1("discovery.k8s.io", "EndpointSlice", "endpointslices").counted(),
        v1("networking.k8s.io", "Ingress", "ingresses").with_status().short(&["ing"]).counted(),
        v1("networking.k8s.io", "NetworkPolicy", "networkpolicies").short(&["netpol"]).counted(),
        v1("policy", "PodDisruptionBudget", "poddisruptionbudgets")
            .with_status()
            .short(&["pdb"])
            .counted()
            .needing_version(),
        v1("scheduling.k8s.io", "PriorityClass", "priorityclasses")
            .cluster_scoped()
            .short(&["pc"])
            .counted(),
        v1("storage.k8s.io", "StorageClass", "storageclasses")
            .cluster_scoped()
            .short(&["sc"])
            .returning_deleted(),
    ]
}
