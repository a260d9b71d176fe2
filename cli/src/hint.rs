//! The way out: what to type next.

use crate::args::cluster::ClusterArgs;
use crate::args::lock::LockArgs;
use crate::program;
use crate::target::Target;

/// The options of this command that its hints must repeat to mean the same lock.
#[derive(Debug, Clone)]
pub(crate) struct Flags {
    prefix: Option<String>,
    context: Option<String>,
    kubeconfig: Option<String>,
    as_user: Option<String>,
}

impl Flags {
    pub(crate) fn new(lock: &LockArgs, cluster: &ClusterArgs) -> Self {
        Self {
            prefix: lock.prefix.clone(),
            context: cluster.context.clone(),
            kubeconfig: cluster.kubeconfig.as_ref().map(|path| path.display().to_string()),
            as_user: cluster.as_user.clone(),
        }
    }

    /// Those of a command that is about no one lock.
    pub(crate) fn of_cluster(cluster: &ClusterArgs) -> Self {
        Self {
            prefix: None,
            context: cluster.context.clone(),
            kubeconfig: cluster.kubeconfig.as_ref().map(|path| path.display().to_string()),
            as_user: cluster.as_user.clone(),
        }
    }

    /// `kubelock rbac deploy --on configmap/app -n ci --for break --user zoe`.
    pub(crate) fn rbac_of(&self, commands: &str, target: &Target) -> String {
        let nobody = Self { as_user: None, ..self.clone() };
        let mut command = nobody.command("rbac", target);
        add(&mut command, "--for", Some(commands));
        add(&mut command, "--user", self.as_user.as_deref());
        command
    }

    /// `kubelock rbac --for gc -n ci`.
    pub(crate) fn rbac(&self, commands: &str, namespace: Option<&str>) -> String {
        let mut command = format!("{} rbac --for {commands}", program::name());
        match namespace {
            Some(_) => add(&mut command, "-n", namespace),
            None => command.push_str(" -A"),
        }
        add(&mut command, "--user", self.as_user.as_deref());
        command
    }

    /// `kubelock get deploy --on configmap/app -n ci`.
    pub(crate) fn command(&self, verb: &str, target: &Target) -> String {
        let mut command = format!("{} {verb} {}", program::name(), target.lock);
        if !target.own_lease {
            add(&mut command, "--on", Some(&target.on()));
        }
        add(&mut command, "-n", target.namespace.as_deref());
        add(&mut command, "--prefix", self.prefix.as_deref());
        self.cluster(command)
    }

    /// `kubectl VERB TYPE/NAME -n ci`.
    pub(crate) fn kubectl(&self, verb: &str, target: &Target) -> String {
        let mut command = format!("kubectl {verb} {}/{}", target.kind.resource(), target.object);
        add(&mut command, "-n", target.namespace.as_deref());
        self.cluster(command)
    }

    /// `kubectl auth can-i list leases.coordination.k8s.io -n ci`.
    pub(crate) fn kubectl_can(
        &self,
        verb: &str,
        resource: &str,
        namespace: Option<&str>,
    ) -> String {
        let mut command = format!("kubectl auth can-i {verb} {resource}");
        match namespace {
            Some(_) => add(&mut command, "-n", namespace),
            None => command.push_str(" -A"),
        }
        self.cluster(command)
    }

    fn cluster(&self, mut command: String) -> String {
        add(&mut command, "--context", self.context.as_deref());
        add(&mut command, "--kubeconfig", self.kubeconfig.as_deref());
        add(&mut command, "--as", self.as_user.as_deref());
        command
    }
}

fn add(command: &mut String, flag: &str, value: Option<&str>) {
    if let Some(value) = value {
        command.push(' ');
        command.push_str(flag);
        command.push(' ');
        command.push_str(&quoted(value));
    }
}

/// A word as a shell takes it back.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_can_be_pasted_into_a_shell() {
        assert_eq!(quoted("configmap/app"), "configmap/app");
        assert_eq!(quoted("my context"), "'my context'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
