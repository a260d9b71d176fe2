//! What RBAC, or whatever decides, allows: asked verb by verb.

use serde::Deserialize;
use serde_json::json;

use super::Subject;
use super::diagnosis::Diagnosis;
use super::finding::Finding;
use super::object::Sight;
use crate::output::text;
use crate::query::{Query, Reply};

/// The verbs that locks are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Get,
    Patch,
    Update,
    Watch,
    Create,
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Patch => "patch",
            Self::Update => "update",
            Self::Watch => "watch",
            Self::Create => "create",
        }
    }
}

/// What may be done; a verb that could not be asked for counts as allowed, so that the dry run
/// tells.
#[derive(Debug)]
pub(super) struct Access {
    allowed: Vec<Verb>,
    sight: Sight,
    own_lease: bool,
}

impl Access {
    fn may(&self, verb: Verb) -> bool {
        self.allowed.contains(&verb)
    }

    /// Whether a record could be written at all.
    pub(super) fn may_write(&self) -> bool {
        let changes = self.may(Verb::Patch) || (self.may(Verb::Get) && self.may(Verb::Update));
        match (self.sight, self.own_lease) {
            // Whoever may not make it has been told so.
            (Sight::Missing, true) => self.may(Verb::Create),
            (Sight::Missing, false) => false,
            _ => changes,
        }
    }
}

#[derive(Deserialize)]
struct Review {
    status: ReviewStatus,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ReviewStatus {
    allowed: bool,
    evaluation_error: String,
}

/// One access review for each verb.
pub(super) async fn examine(subject: &Subject, sight: Sight, diagnosis: &mut Diagnosis) -> Access {
    let own_lease = subject.target.own_lease;
    let verbs = [Verb::Get, Verb::Patch, Verb::Update, Verb::Watch, Verb::Create];
    // Nothing but a Lease is made for a lock.
    let verbs = &verbs[..if own_lease { 5 } else { 4 }];
    let mut access = Access { allowed: Vec::new(), sight, own_lease };
    let mut known = Vec::new();
    for verb in verbs {
        match allowed(subject, *verb, diagnosis).await {
            Ok(allowed) => {
                access.allowed.extend(allowed.then_some(*verb));
                known.push(*verb);
            }
            Err(why) => {
                access.allowed.push(*verb);
                diagnosis.add(unknown(*verb, &why));
            }
        }
    }
    for verb in known {
        let finding = finding(&Asked { subject, access: &access, diagnosis }, verb);
        diagnosis.add(finding);
    }
    access
}

/// The error says why it is not known.
async fn allowed(subject: &Subject, verb: Verb, diagnosis: &mut Diagnosis) -> Result<bool, String> {
    let query = review(subject, verb);
    let reply = query.send::<Review>(subject.session.connection(), subject.deadline()).await;
    let Reply { answer, glimpse } = reply.map_err(|failure| failure.message)?;
    diagnosis.saw(glimpse);
    let Review { status } = answer.map_err(|refusal| refusal.message)?;
    if !status.allowed && !status.evaluation_error.is_empty() {
        return Err(status.evaluation_error);
    }
    Ok(status.allowed)
}

fn unknown(verb: Verb, why: &str) -> Finding {
    let words = format!("cannot be asked for: {}", text::paragraph(why));
    Finding::warning(verb.word(), words).remedy("the dry run tells whether a lock can be taken")
}

fn review(subject: &Subject, verb: Verb) -> Query {
    let target = &subject.target;
    let gvr = &target.kind.gvr;
    let mut attributes = json!({
        "verb": verb.word(), "group": gvr.group, "version": gvr.version, "resource": gvr.resource,
    });
    if let Some(namespace) = &target.namespace {
        attributes["namespace"] = json!(namespace);
    }
    // What is to be made has no name yet, to those who authorise.
    if subject.is_named && verb != Verb::Create {
        attributes["name"] = json!(target.object);
    }
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": attributes },
    });
    Query::post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
}

/// What has been asked so far.
struct Asked<'a> {
    subject: &'a Subject,
    access: &'a Access,
    diagnosis: &'a Diagnosis,
}

impl Asked<'_> {
    fn grant(&self, verb: Verb) -> String {
        self.subject.grant(verb.word(), self.diagnosis)
    }
}

fn finding(asked: &Asked<'_>, verb: Verb) -> Finding {
    match verb {
        Verb::Get => get(asked),
        Verb::Patch => patch(asked),
        Verb::Update => update(asked.access),
        Verb::Watch => watch(asked),
        Verb::Create => create(asked),
    }
}

fn get(asked: &Asked<'_>) -> Finding {
    if asked.access.may(Verb::Get) {
        return Finding::ok("get", "allowed");
    }
    Finding::problem("get", "not allowed: nobody here could tell whose a lock is")
        .remedy(asked.grant(Verb::Get))
}

fn patch(asked: &Asked<'_>) -> Finding {
    let remedy = asked.grant(Verb::Patch);
    match (asked.access.may(Verb::Patch), asked.access.may(Verb::Update)) {
        (true, _) => Finding::ok("patch", "allowed: one request takes, renews or releases a lock"),
        (false, true) => Finding::warning(
            "patch",
            "not allowed: update takes its place, two requests each time, which meet the \
             conflicts of other writers",
        )
        .remedy(remedy),
        (false, false) => {
            Finding::problem("patch", "not allowed, nor is update: no lock can be taken")
                .remedy(remedy)
        }
    }
}

fn update(access: &Access) -> Finding {
    let words = match (access.may(Verb::Update), access.may(Verb::Patch)) {
        (true, true) => "allowed, and not needed where patch is",
        (true, false) => "allowed: it takes the place of patch",
        (false, true) => "not allowed, and not needed where patch is",
        (false, false) => "not allowed, and not needed once patch is",
    };
    Finding::ok("update", words)
}

fn watch(asked: &Asked<'_>) -> Finding {
    if asked.access.may(Verb::Watch) {
        return Finding::ok("watch", "allowed: who waits learns of a release at once");
    }
    Finding::warning("watch", "not allowed: who waits looks every two or three seconds instead")
        .remedy(asked.grant(Verb::Watch))
}

fn create(asked: &Asked<'_>) -> Finding {
    let Asked { subject, access, .. } = asked;
    let remedy = asked.grant(Verb::Create);
    let other = "or keep the lock on an object that exists, with --on";
    match (access.may(Verb::Create), access.sight) {
        (true, _) => Finding::ok("create", "allowed: the Lease of a new lock can be made"),
        (false, _) if !subject.is_named => {
            Finding::warning("create", "not allowed: only locks whose Lease is there can be taken")
                .remedy(remedy)
                .remedy(other)
        }
        (false, Sight::Free | Sight::Taken) => {
            let words = format!("not allowed, and not needed: {} is there", subject.target.on());
            Finding::ok("create", words)
        }
        (false, Sight::Missing | Sight::Unseen) => {
            let words = format!("not allowed: {} could not be made", subject.target.on());
            Finding::problem("create", words).remedy(remedy).remedy(other)
        }
    }
}
