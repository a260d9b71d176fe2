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
    as_groups: Vec<String>,
}

impl Flags {
    pub(crate) fn new(lock: &LockArgs, cluster: &ClusterArgs) -> Self {
        Self { prefix: lock.prefix.clone(), ..Self::of_cluster(cluster) }
    }

    /// Those of a command that is about no one lock.
    pub(crate) fn of_cluster(cluster: &ClusterArgs) -> Self {
        Self {
            prefix: None,
            context: cluster.context.clone(),
            kubeconfig: cluster.kubeconfig.as_ref().map(|path| path.display().to_string()),
            as_user: cluster.as_user.clone(),
            as_groups: cluster.as_groups.clone(),
        }
    }

    /// None of them.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self { prefix: None, context: None, kubeconfig: None, as_user: None, as_groups: Vec::new() }
    }

    /// Whom `--as` names.
    pub(crate) fn as_user(&self) -> Option<&str> {
        self.as_user.as_deref()
    }

    /// The same without `--as`.
    pub(crate) fn as_oneself(&self) -> Self {
        Self { as_user: None, as_groups: Vec::new(), ..self.clone() }
    }

    /// `kubelock rbac deploy -n ci --for get --user zoe | kubectl apply -f -`.
    ///
    /// For an administrator, who acts as nobody else.
    pub(crate) fn grant(&self, wanted: &Wanted<'_>, user: Option<&str>) -> String {
        let Wanted { lock, on, place, commands } = wanted;
        let oneself = self.as_oneself();
        let mut command = format!("{} rbac", program::name());
        if let Some(lock) = lock {
            command.push(' ');
            command.push_str(lock);
        }
        add(&mut command, "--on", on.as_deref());
        place.add_to(&mut command);
        add(&mut command, "--for", *commands);
        match user.and_then(|user| user.strip_prefix("system:serviceaccount:")) {
            Some(account) => add(&mut command, "--serviceaccount", Some(account)),
            None => add(&mut command, "--user", user.or(self.as_user.as_deref())),
        }
        let command = oneself.cluster(command);
        format!("{command} | {}", oneself.cluster("kubectl apply -f -".to_owned()))
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

    /// `kubelock release deploy -n ci --owner alice`: the same with an option more.
    pub(crate) fn command_with(
        &self,
        verb: &str,
        target: &Target,
        (flag, value): (&str, &str),
    ) -> String {
        let mut command = self.command(verb, target);
        add(&mut command, flag, Some(value));
        command
    }

    /// `kubectl VERB TYPE/NAME -n ci`.
    pub(crate) fn kubectl(&self, verb: &str, target: &Target) -> String {
        let object = format!("{}/{}", target.kind.resource(), target.object);
        let mut command = format!("kubectl {verb} {}", quoted(&object));
        add(&mut command, "-n", target.namespace.as_deref());
        self.cluster(command)
    }

    /// `kubectl auth can-i list leases.coordination.k8s.io -n ci`.
    pub(crate) fn kubectl_can(&self, verb: &str, resource: &str, place: Place<'_>) -> String {
        let mut command = format!("kubectl auth can-i {verb} {}", quoted(resource));
        place.add_to(&mut command);
        self.cluster(command)
    }

    /// A command of this program's that is about no one lock.
    pub(crate) fn own_line(&self, words: &str) -> String {
        let mut command = format!("{} {words}", program::name());
        add(&mut command, "--prefix", self.prefix.as_deref());
        self.cluster(command)
    }

    /// A command of kubectl's, to the same cluster.
    pub(crate) fn kubectl_line(&self, words: &str) -> String {
        self.cluster(format!("kubectl {words}"))
    }

    fn cluster(&self, mut command: String) -> String {
        add(&mut command, "--context", self.context.as_deref());
        add(&mut command, "--kubeconfig", self.kubeconfig.as_deref());
        add(&mut command, "--as", self.as_user.as_deref());
        for group in &self.as_groups {
            add(&mut command, "--as-group", Some(group));
        }
        command
    }
}

/// What a role is to be printed for.
pub(crate) struct Wanted<'a> {
    pub(crate) lock: Option<&'a str>,
    /// `configmap/app`, or a kind alone; `None` for the locks' own Leases.
    pub(crate) on: Option<String>,
    pub(crate) place: Place<'a>,
    /// `None` for all that users of locks need.
    pub(crate) commands: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    /// The object of a lock.
    pub(crate) fn of(target: &'a Target, commands: &'a str) -> Self {
        Self {
            lock: Some(target.lock.as_str()),
            on: (!target.own_lease).then(|| target.on()),
            place: Place::of(target.namespace.as_deref()),
            commands: Some(commands),
        }
    }
}

/// Where something is to be allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    Namespace(&'a str),
    AllNamespaces,
    /// What is to be allowed has no namespace.
    Cluster,
}

impl<'a> Place<'a> {
    /// That of an object.
    pub(crate) fn of(namespace: Option<&'a str>) -> Self {
        namespace.map_or(Self::Cluster, Self::Namespace)
    }

    fn add_to(self, command: &mut String) {
        match self {
            Self::Namespace(namespace) => add(command, "-n", Some(namespace)),
            Self::AllNamespaces => command.push_str(" -A"),
            Self::Cluster => {}
        }
    }
}

fn add(command: &mut String, flag: &str, value: Option<&str>) {
    if let Some(value) = value {
        command.push(' ');
        command.push_str(flag);
        // Behind a space it would be taken for the next option.
        command.push(if value.starts_with('-') { '=' } else { ' ' });
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
    use kubelock::LockName;

    use super::*;
    use crate::target::Carrier;

    fn flags() -> Flags {
        Flags {
            prefix: None,
            context: Some("my context".to_owned()),
            kubeconfig: None,
            as_user: Some("zoe".to_owned()),
            as_groups: vec!["readers".to_owned()],
        }
    }

    #[test]
    fn a_check_is_made_as_whoever_was_refused() {
        assert_eq!(
            flags().kubectl_can("list", "nodes", Place::Cluster),
            "kubectl auth can-i list nodes --context 'my context' --as zoe --as-group readers"
        );
    }

    #[test]
    fn a_grant_is_for_who_was_refused_and_goes_to_the_same_cluster_as_oneself() {
        let wanted = Wanted {
            lock: Some("deploy"),
            on: Some("configmap/app".to_owned()),
            place: Place::Namespace("ci"),
            commands: Some("run"),
        };
        assert_eq!(
            flags().grant(&wanted, None),
            "kubelock rbac deploy --on configmap/app -n ci --for run --user zoe \
             --context 'my context' | kubectl apply -f - --context 'my context'"
        );
        let account = Some("system:serviceaccount:ci:runner");
        let wanted = Wanted { lock: None, on: None, place: Place::AllNamespaces, commands: None };
        assert_eq!(
            flags().grant(&wanted, account),
            "kubelock rbac -A --serviceaccount ci:runner \
             --context 'my context' | kubectl apply -f - --context 'my context'"
        );
    }

    #[test]
    fn whatever_others_called_an_object_or_a_user_a_hint_is_one_command() {
        let carrier = Carrier::parse(Some("clusterrole/deploy;reboot")).unwrap();
        let kind = carrier.known_kind().unwrap();
        let target = Target::new(LockName::new("deploy").unwrap(), &carrier, kind, "ci");
        let flags = Flags::none();
        let object = "clusterroles.rbac.authorization.k8s.io/deploy;reboot";
        assert_eq!(flags.kubectl("get", &target), format!("kubectl get '{object}'"));
        assert_eq!(
            flags.kubectl_can("get", object, Place::Cluster),
            format!("kubectl auth can-i get '{object}'")
        );
        assert_eq!(
            flags.command_with("release", &target, ("--owner", "-x y")),
            "kubelock release deploy --on 'clusterrole/deploy;reboot' --owner='-x y'"
        );
        let flags = Flags { as_user: Some("-zoe".to_owned()), ..Flags::none() };
        assert_eq!(flags.kubectl_line("version"), "kubectl version --as=-zoe");
    }

    #[test]
    fn a_hint_can_be_pasted_into_a_shell() {
        assert_eq!(quoted("configmap/app"), "configmap/app");
        assert_eq!(quoted("my context"), "'my context'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
