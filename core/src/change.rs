//! How a record that is known to the byte is replaced or removed.
//!
//! The write tests the exact record and the object's UID, so a copy of it that comes late
//! can do nothing once either has changed: unlike an acquire, a change is settled by any
//! read that shows something else.

use crate::answer::{ReadReply, Sight, WriteReply};
use crate::call::{Call, Step, Write};
use crate::doubt::{Doubt, Failure, Setback};
use crate::mutant::Mutant;
use crate::name::{AnnotationKey, PathSegment};
use crate::pace::Pace;
use crate::patch;
use crate::timestamp::Timestamp;
use crate::verb::Verb;

/// How the call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The change stands, confirmed by this answer.
    Changed(Sight),
    /// The caller's operations were applied, and the record is as it was: the kind takes no
    /// annotations with this subresource.
    Applied(Sight),
    /// The record went away after an attempt without an answer: by that attempt, as far as can be
    /// told. This is what stands in its place, if anything does.
    Vanished(Sight),
    /// The record was gone before: this is what stands in its place.
    Gone(Sight),
    /// Anything else.
    Failed(Failure),
}

/// One call that replaces or removes a record.
#[derive(Debug, Clone, Hash)]
pub struct Change {
    uid: String,
    old: String,
    new: Option<String>,
    verb: Verb,
    /// The resourceVersion that the write sent last relied on, if it was a PUT.
    put_version: Option<String>,
    more: Option<More>,
    doubt: Doubt,
}

/// What else is to be done in the same write.
#[derive(Debug, Clone, Hash)]
struct More {
    operations: Vec<serde_json::Value>,
    subresource: Option<PathSegment>,
    /// Whether the write is known to replace the record, too: then it can be sent again without
    /// being applied twice.
    repeatable: bool,
}

impl Change {
    /// Prepares to remove the record `old` from the object with this UID.
    pub fn remove(uid: String, old: String) -> Self {
        Self {
            uid,
            old,
            new: None,
            verb: Verb::default(),
            put_version: None,
            more: None,
            doubt: Doubt::default(),
        }
    }

    /// Prepares to replace the record `old` on the object with this UID.
    pub fn replace(uid: String, old: String, new: String) -> Self {
        Self { new: Some(new), ..Self::remove(uid, old) }
    }

    /// Does more in the same write: the operations of a JSON Patch, on a subresource if one is
    /// named. `repeatable` tells whether a write to it is known to store the record, too.
    #[must_use]
    pub fn with_operations(
        mut self,
        operations: Vec<serde_json::Value>,
        subresource: Option<PathSegment>,
        repeatable: bool,
    ) -> Self {
        self.more = Some(More { operations, subresource, repeatable });
        self
    }

    /// Whether an attempt got no answer.
    pub fn has_unanswered(&self) -> bool {
        self.doubt.has_unanswered()
    }

    /// Puts the whole object, where patching is known to be forbidden. `version` is the
    /// resourceVersion of the whole object that the caller has read, if it has.
    #[must_use]
    pub fn by_put(mut self, version: Option<String>) -> Self {
        self.verb = Verb::put();
        self.put_version = version;
        self
    }

    /// The record to be replaced or removed.
    pub fn old(&self) -> &str {
        &self.old
    }
}

impl Call for Change {
    type Outcome = Outcome;

    fn start(&self) -> Step<Outcome> {
        if self.verb.is_put() && self.put_version.is_none() {
            Step::Read(Pace::Now)
        } else {
            Step::Write(Pace::Now)
        }
    }

    fn on_write(&mut self, reply: WriteReply) -> Step<Outcome> {
        match reply {
            WriteReply::Applied(sight)
                if self.stands_in(&sight) || Mutant::TrustsTheAnswer.is_on() =>
            {
                Step::Done(Outcome::Changed(sight))
            }
            WriteReply::Applied(sight) if self.took_no_record(&sight) => {
                Step::Done(Outcome::Applied(sight))
            }
            WriteReply::Applied(_) => fail(Failure::Altered),
            WriteReply::Refused(refusal) if Mutant::TakesRefusalAtItsWord.is_on() => {
                fail(Failure::Refused(refusal))
            }
            WriteReply::Refused(refusal) => {
                if refusal.is_plain_forbidden() && self.more.is_none() {
                    self.verb.forbidden();
                }
                self.doubt.refused(refusal);
                Step::Read(Pace::Now)
            }
            WriteReply::Unanswered(words) if Mutant::NoReadBack.is_on() => {
                fail(Failure::Unavailable(words))
            }
            WriteReply::Unanswered(words) => {
                self.doubt.unanswered(words);
                Step::Read(Pace::Now)
            }
            WriteReply::NotSent(words) if self.doubt.not_sent(&words) => Step::Write(Pace::BackOff),
            WriteReply::NotSent(_) => fail(self.doubt.give_up()),
        }
    }

    fn on_read(&mut self, reply: ReadReply, _local: Timestamp) -> Step<Outcome> {
        match self.doubt.read(reply) {
            Ok(Some(sight)) => self.on_sight(sight),
            Ok(None) => fail(Failure::ObjectMissing),
            Err(Setback::Again(pace)) => Step::Read(pace),
            Err(Setback::Failed(failure)) => fail(failure),
        }
    }

    fn give_up(&self) -> Outcome {
        Outcome::Failed(self.doubt.give_up().naming(VERBS))
    }

    fn write(&self, key: &AnnotationKey) -> serde_json::Result<Write> {
        if self.verb.is_put() {
            let expected = Some(self.old.clone());
            return Ok(Write::Put { expected, value: self.new.clone() });
        }
        let (operations, subresource) = match &self.more {
            Some(more) => (more.operations.as_slice(), more.subresource.clone()),
            None => (&[][..], None),
        };
        let body = patch::change(key, &self.uid, &self.old, self.new.as_deref(), operations)?;
        Ok(Write::Patch { body, subresource })
    }

    fn is_whole(&self) -> bool {
        self.verb.is_put()
    }
}

impl Change {
    fn on_sight(&mut self, sight: Sight) -> Step<Outcome> {
        if self.is_another(&sight) || !sight.shows(&self.old) {
            return Step::Done(self.without_the_old(sight));
        }
        let inexplicable = self.doubt.settle(self.should_have_passed(&sight));
        if self.more.as_ref().is_some_and(|more| !more.repeatable) {
            return fail(self.doubt.as_it_stands().naming(VERBS));
        }
        self.put_version = self.verb.is_put().then_some(sight.resource_version);
        match self.doubt.write_again(inexplicable) {
            Ok(pace) => Step::Write(pace),
            Err(failure) => fail(failure.naming(VERBS)),
        }
    }

    /// The record is as it was: only a PUT may have met another change of the object.
    fn should_have_passed(&self, sight: &Sight) -> bool {
        let same =
            self.put_version.as_ref().is_none_or(|version| *version == sight.resource_version);
        same || !self.doubt.may_be_a_race()
    }

    /// The old record is not there any more: why, as far as can be told.
    fn without_the_old(&self, sight: Sight) -> Outcome {
        let same_object = !self.is_another(&sight);
        match &self.new {
            Some(new) if same_object && sight.shows(new) => Outcome::Changed(sight),
            None if self.doubt.has_unanswered() => Outcome::Vanished(sight),
            _ => Outcome::Gone(sight),
        }
    }

    /// Whether it is an object of the same name that was made anew.
    fn is_another(&self, sight: &Sight) -> bool {
        sight.uid != self.uid && !Mutant::NoUidTest.is_on()
    }

    /// Some kinds store nothing but the subresource itself.
    fn took_no_record(&self, sight: &Sight) -> bool {
        let on_subresource = self.more.as_ref().is_some_and(|more| more.subresource.is_some());
        on_subresource && sight.uid == self.uid && sight.shows(&self.old)
    }

    fn stands_in(&self, sight: &Sight) -> bool {
        match &self.new {
            Some(new) => sight.shows(new),
            None => !sight.shows(&self.old),
        }
    }
}

/// The verbs that a change may take.
const VERBS: &[&str] = &["patch", "update"];

fn fail(failure: Failure) -> Step<Outcome> {
    Step::Done(Outcome::Failed(failure))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{BOBS, at, failed_test, plain_forbidden, refusal, seen, sight};

    const OLD: &str = "old";
    const NEW: &str = "new";

    fn removal() -> Change {
        Change::remove("u".into(), OLD.into())
    }

    fn replacement() -> Change {
        Change::replace("u".into(), OLD.into(), NEW.into())
    }

    fn read(call: &mut Change, reply: ReadReply) -> Step<Outcome> {
        call.on_read(reply, at(0))
    }

    fn unanswered() -> WriteReply {
        WriteReply::Unanswered("timeout".into())
    }

    #[test]
    fn a_release_with_the_record_at_hand_takes_one_write() {
        let mut call = removal();
        assert_eq!(call.start(), Step::Write(Pace::Now));
        assert!(matches!(
            call.on_write(WriteReply::Applied(sight(None))),
            Step::Done(Outcome::Changed(_))
        ));
    }

    #[test]
    fn a_release_that_got_no_answer_is_over_once_the_record_is_gone() {
        for after in [None, Some(BOBS)] {
            let mut call = removal();
            call.on_write(unanswered());
            assert!(matches!(read(&mut call, seen(after)), Step::Done(Outcome::Vanished(_))));
        }
    }

    #[test]
    fn a_release_that_was_refused_tells_what_stands_there_instead() {
        let mut call = removal();
        call.on_write(failed_test());
        assert_eq!(read(&mut call, seen(Some(BOBS))), Step::Done(Outcome::Gone(sight(Some(BOBS)))));
    }

    #[test]
    fn the_same_bytes_on_another_object_are_not_ours() {
        let mut call = removal();
        call.on_write(failed_test());
        let copy = Sight { uid: "other".into(), ..sight(Some(OLD)) };
        assert_eq!(read(&mut call, ReadReply::Seen(copy.clone())), Step::Done(Outcome::Gone(copy)));
    }

    #[test]
    fn an_unanswered_change_is_sent_again_while_the_old_record_stands() {
        let mut call = replacement();
        call.on_write(unanswered());
        assert_eq!(read(&mut call, seen(Some(OLD))), Step::Write(Pace::BackOff));
        assert!(matches!(call.give_up(), Outcome::Failed(Failure::Unknown(_))));
        call.on_write(failed_test());
        assert_eq!(
            read(&mut call, seen(Some(NEW))),
            Step::Done(Outcome::Changed(sight(Some(NEW))))
        );
    }

    #[test]
    fn a_replacement_that_finds_another_record_has_lost() {
        let mut call = replacement();
        call.on_write(unanswered());
        assert_eq!(read(&mut call, seen(Some(BOBS))), Step::Done(Outcome::Gone(sight(Some(BOBS)))));
    }

    #[test]
    fn a_refusal_that_should_not_be_is_tried_once_more() {
        let mut call = removal();
        call.on_write(WriteReply::Refused(refusal(500, "")));
        assert_eq!(read(&mut call, seen(Some(OLD))), Step::Write(Pace::Now));
        call.on_write(WriteReply::Refused(refusal(500, "")));
        assert!(matches!(
            read(&mut call, seen(Some(OLD))),
            Step::Done(Outcome::Failed(Failure::Refused(_)))
        ));
    }

    #[test]
    fn a_forbidden_patch_becomes_a_put_of_what_was_read() {
        let mut call = removal();
        call.on_write(plain_forbidden("patch"));
        assert!(call.is_whole());
        assert_eq!(read(&mut call, seen(Some(OLD))), Step::Write(Pace::Now));
        call.on_write(plain_forbidden("update"));
        assert!(matches!(
            read(&mut call, seen(Some(OLD))),
            Step::Done(Outcome::Failed(Failure::Forbidden(..)))
        ));
    }

    #[test]
    fn a_record_that_survived_its_removal_was_altered_by_the_server() {
        assert_eq!(
            removal().on_write(WriteReply::Applied(sight(Some(OLD)))),
            Step::Done(Outcome::Failed(Failure::Altered))
        );
    }
}
