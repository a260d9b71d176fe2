//! What a user may not do: the verb that is missing, on what, and the command that grants it.

use crate::failure::Failure;
use crate::hint::{Flags, Place, Wanted};
use crate::output::text;

/// What was tried in vain.
pub(crate) struct Denied<'a> {
    /// `get`; `patch or update`.
    pub(crate) verbs: &'a [&'a str],
    /// With its group: `leases.coordination.k8s.io`.
    pub(crate) resource: String,
    /// The object, if it is one.
    pub(crate) object: Option<&'a str>,
    /// The API server's words.
    pub(crate) message: &'a str,
}

impl Denied<'_> {
    /// `what` is what a person calls it: `lease/deploy in namespace ci`.
    pub(crate) fn failure(&self, what: &str, wanted: &Wanted<'_>, flags: &Flags) -> Failure {
        if let Some(failure) = impersonation(self.message, flags) {
            return failure;
        }
        let missing = self.verbs.join(" or ");
        let message = text::paragraph(self.message);
        let failure = Failure::failed(format!("not allowed to {missing} {what}: {message}"));
        let user = user_of(self.message);
        if user.as_deref() == Some("system:anonymous") {
            return failure
                .hint("the API server does not know who you are: no credentials were sent")
                .hint(super::LOG_IN);
        }
        failure
            .hint(format!(
                "the verb {missing} on {} is needed; check with: {}",
                self.resource,
                self.check(wanted.place, flags)
            ))
            .hint(format!(
                "an administrator grants it with: {}",
                flags.grant(wanted, user.as_deref())
            ))
    }

    fn check(&self, place: Place<'_>, flags: &Flags) -> String {
        let verb = self.verbs.first().unwrap_or(&"get");
        let object = self.object.map(|object| format!("/{object}")).unwrap_or_default();
        flags.kubectl_can(verb, &format!("{}{object}", self.resource), place)
    }
}

/// To act as another user is a permission of its own, and the first one that is looked at.
pub(crate) fn impersonation(message: &str, flags: &Flags) -> Option<Failure> {
    let (_, rest) = message.split_once(" cannot impersonate")?;
    let resource = rest.strip_prefix(" resource ").and_then(quoted).unwrap_or_default();
    let resource = if resource.is_empty() { "users".to_owned() } else { text::line(&resource) };
    let message = text::paragraph(message);
    let check = flags.as_oneself().kubectl_can("impersonate", &resource, Place::Cluster);
    let (whom, way_out) = match flags.as_user() {
        Some(user) => (format!("as {} (--as)", text::line(user)), "or leave --as out"),
        None => ("as another".to_owned(), "or leave \"as\" out of the kubeconfig's user"),
    };
    Some(
        Failure::failed(format!("not allowed to act {whom}: {message}"))
            .hint(format!(
                "the verb impersonate on {resource} is needed, of a ClusterRole; check with: {check}"
            ))
            .hint(way_out),
    )
}

/// The user, as the API server calls them: `User "zoe" cannot get …`. `None` where it words that
/// otherwise, or where the name is not fit to be pasted.
pub(crate) fn user_of(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("User ")?;
    let name = quoted(rest)?;
    (!name.is_empty() && text::is_plain(&name)).then_some(name)
}

/// What stands in Go's quotes at the start, which are those of JSON but for odd characters.
fn quoted(words: &str) -> Option<String> {
    let mut texts = serde_json::Deserializer::from_str(words).into_iter::<String>();
    texts.next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_read_from_the_servers_own_words() {
        let user = |message| user_of(message);
        let rbac = r#"configmaps "app" is forbidden: User "zoe" cannot get resource "configmaps""#;
        assert_eq!(user(rbac).as_deref(), Some("zoe"));
        assert_eq!(user(r#"User "a \"b\"" cannot get"#).as_deref(), Some(r#"a "b""#));
        let long = format!("system:serviceaccount:ci:{}", "nightly-".repeat(25));
        assert_eq!(user_of(&format!("User {long:?} cannot get")), Some(long));
        for odd in
            ["forbidden", "User zoe", r#"User "" cannot"#, r#"User "a\x1b" cannot"#, r#"User "zoe"#]
        {
            assert_eq!(user(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_a_server_calls_a_resource_is_one_word_of_the_check() {
        let message = r#"User "zoe" cannot impersonate resource "users; reboot #" in API group """#;
        let failure = impersonation(message, &Flags::none()).unwrap();
        let check = "check with: kubectl auth can-i impersonate 'users; reboot #'";
        assert!(failure.hints[0].ends_with(check), "{:?}", failure.hints);
    }
}
