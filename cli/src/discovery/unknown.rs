//! A word that means no kind, and those that it may have been meant for.

use std::collections::HashSet;

use super::listing::Offered;
use crate::alike;
use crate::failure::Failure;
use crate::hint::{Flags, quoted};
use crate::kinds;
use crate::output::text;
use crate::target::TypeName;

/// So many kinds are offered.
const OFFERED: usize = 2;

/// What was typed.
pub(super) struct Unknown<'a> {
    pub(super) name: &'a TypeName,
    /// What stands behind the slash.
    pub(super) object: Option<&'a str>,
    pub(super) flags: &'a Flags,
}

impl Unknown<'_> {
    pub(super) fn failure(&self, offered: &[Offered]) -> Failure {
        let spelled = text::line(&self.name.spelled);
        let failure = Failure::usage(format!("the server has no kind \"{spelled}\""));
        let object = self.object.map(|object| format!("/{object}")).unwrap_or_default();
        let words: Vec<_> =
            closest(offered, self.name).into_iter().map(|word| quoted(&(word + &object))).collect();
        failure.hint(alike::question(&words).unwrap_or_else(|| {
            format!("{} lists the kinds there are", self.flags.kubectl_line("api-resources"))
        }))
    }
}

/// The kinds of which a name looks like what was typed; those of a group that does first.
fn closest(offered: &[Offered], name: &TypeName) -> Vec<String> {
    let built_in = kinds::all().map(|kind| Alike {
        called: kind.names(),
        group: kind.group.to_owned(),
        shown: kind.shown(),
    });
    let is_other =
        |kind: &&Offered| kinds::known(&kind.group, &kind.version, &kind.resource.plural).is_none();
    let of_cluster =
        offered.iter().filter(is_other).filter(|kind| kind.lockable().is_ok()).map(|kind| Alike {
            called: kind.resource.names(),
            group: kind.group.clone(),
            shown: kind.shown(),
        });
    let known: Vec<Alike> = built_in.chain(of_cluster).collect();
    let called = known.iter().flat_map(|kind| kind.called.iter().map(String::as_str));
    let mut shown: Vec<String> = Vec::new();
    for word in alike::closest(&name.resource, called) {
        let mut kinds: Vec<_> =
            known.iter().filter(|kind| kind.called.iter().any(|called| called == word)).collect();
        kinds.sort_by_key(|kind| kind.is_of_another_group(name));
        shown.extend(kinds.iter().map(|kind| kind.shown.clone()));
    }
    let mut seen = HashSet::new();
    shown.retain(|word| seen.insert(word.clone()));
    shown.truncate(OFFERED);
    shown
}

/// A kind that may have been meant.
struct Alike {
    called: Vec<String>,
    group: String,
    shown: String,
}

impl Alike {
    fn is_of_another_group(&self, name: &TypeName) -> bool {
        let typed = name.group.as_deref().filter(|group| !group.is_empty());
        typed.is_some_and(|typed| {
            alike::closest(typed, [self.group.as_str()]).is_empty()
                && !self.group.starts_with(typed)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_can_be_pasted_behind_on() {
        let name = TypeName::parse("confgmap").unwrap();
        let said = |object| {
            let unknown = Unknown { name: &name, object, flags: &Flags::none() };
            unknown.failure(&[]).hints
        };
        assert_eq!(said(Some("app")), ["did you mean configmap/app?"]);
        assert_eq!(said(Some("app;reboot")), ["did you mean 'configmap/app;reboot'?"]);
    }
}
