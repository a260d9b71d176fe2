//! What the command is told about the lock it runs under.

use std::process::Command;

/// Variables that are set, and those of an outer lock that do not hold here.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) lock: String,
    /// The object, as `--on` takes it.
    pub(super) on: String,
    /// `None` for cluster-scoped objects.
    pub(super) namespace: Option<String>,
    pub(super) owner: String,
    pub(super) hold: String,
    pub(super) token: String,
}

impl Environment {
    /// Everything else passes through.
    pub(super) fn apply(&self, command: &mut Command) {
        for (name, value) in self.variables() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }

    fn variables(&self) -> [(&'static str, Option<&str>); 6] {
        [
            ("KUBELOCK_LOCK", Some(&self.lock)),
            ("KUBELOCK_ON", Some(&self.on)),
            ("KUBELOCK_NAMESPACE", self.namespace.as_deref()),
            ("KUBELOCK_OWNER", Some(&self.owner)),
            ("KUBELOCK_HOLD", Some(&self.hold)),
            ("KUBELOCK_TOKEN", Some(&self.token)),
        ]
    }
}
