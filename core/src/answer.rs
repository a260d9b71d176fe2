//! What the API server answered, in the terms that decisions need.

use std::time::Duration;

use crate::timestamp::Timestamp;

/// What an answer shows of the object and of our annotation on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sight {
    /// The object's UID.
    pub uid: String,
    /// The object's resourceVersion.
    pub resource_version: String,
    /// Whether the object has any annotation at all.
    pub has_annotations: bool,
    /// Whether it has any but the lock's: the map of annotations stays when the lock goes.
    pub has_others: bool,
    /// The value of the lock's annotation.
    pub value: Option<String>,
    /// Whether the object is being deleted, and waits for its finalizers.
    pub is_terminating: bool,
    /// The server's time in that very answer, cut to seconds.
    pub date: Option<Timestamp>,
}

impl Sight {
    /// Whether the lock's annotation holds exactly `value`.
    pub fn shows(&self, value: &str) -> bool {
        self.value.as_deref() == Some(value)
    }
}

/// A refusal as the server, a policy, a webhook or a proxy worded it.
///
/// A status alone classifies nothing: policies and webhooks answer with any code.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The HTTP status.
    pub code: u16,
    /// The reason of the `Status`; empty if there is none.
    pub reason: String,
    /// The message of the `Status`, or the start of the body.
    pub message: String,
    /// Whether the details list causes, as validation does.
    pub has_causes: bool,
    /// Whether the details name the object that was asked for.
    pub names_object: bool,
    /// When the server wants to be asked again.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// The object does not exist: a 404 that says so and names it.
    pub fn is_missing_object(&self) -> bool {
        let said = self.code == 404 && self.reason == "NotFound" && self.names_object;
        said && !self.is_by_webhook()
    }

    /// The verb may be missing: a 403 as RBAC words it (policies may, too).
    pub fn is_plain_forbidden(&self) -> bool {
        let by_rbac = self.code == 403 && self.reason == "Forbidden" && !self.has_causes;
        by_rbac && !self.is_by_webhook()
    }

    /// The API server says itself that a webhook kept the request from being stored.
    ///
    /// Webhooks deny with any code they like, a 500 included; the words around theirs are
    /// the API server's.
    pub fn is_by_webhook(&self) -> bool {
        let denied = self.message.starts_with("admission webhook \"")
            && self.message.contains("denied the request");
        denied || self.message.starts_with("Internal error occurred: failed calling webhook ")
    }

    /// The object may have changed since it was last seen: it looks as a failed `test` or a
    /// stale resourceVersion does.
    pub fn may_be_a_race(&self) -> bool {
        let stale = self.code == 409 && !self.is_by_webhook();
        stale || self.looks_like_a_failed_test()
    }

    /// A copy of the request may have been applied before this one was refused.
    pub fn may_follow_a_success(&self) -> bool {
        self.code == 409 || self.code == 422
    }

    /// The server's own words for a missing verb. For messages alone, never for decisions.
    pub fn denies_verb(&self) -> bool {
        self.is_plain_forbidden() && self.message.contains(" cannot ")
    }

    /// It looks as a failed `test` of a JSON Patch does.
    pub fn looks_like_a_failed_test(&self) -> bool {
        let bare = self.code == 422 && !self.has_causes && !self.names_object;
        bare && self.reason == "Invalid" && !self.is_by_webhook()
    }

    /// The server is busy and asks to come back.
    pub fn is_throttled(&self) -> bool {
        self.code == 429
    }
}

/// What came back for a write.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum WriteReply {
    /// The server stored it; this is the object as stored.
    Applied(Sight),
    /// The server answered that it did not.
    Refused(Refusal),
    /// No answer, or one that leaves it open: the write may have happened, or happen yet.
    Unanswered(String),
    /// The request never left this process.
    NotSent(String),
}

/// What came back for a read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReadReply {
    /// The object, as a read that is not served from a cache shows it.
    Seen(Sight),
    /// There is no such object.
    Missing,
    /// The server refused to show it.
    Refused(Refusal),
    /// No answer, or one that says nothing.
    Unanswered(String),
}
