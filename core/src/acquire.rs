//! How a lock is taken: what to send next, given all that came back so far.
//!
//! Free lock: one write. Held: the write that is refused, and the read that tells by
//! whom. Every attempt carries the same bytes, so an attempt whose answer was lost is
//! recognised when it is seen, and may be repeated without harm.

use crate::answer::{ReadReply, Refusal, Sight, WriteReply};
use crate::call::{Call, Step, Write};
use crate::doubt::{Doubt, Failure, Setback};
use crate::expiry::{Clocks, ExpiryRule};
use crate::mutant::Mutant;
use crate::name::AnnotationKey;
use crate::pace::Pace;
use crate::patch::{self, Form};
use crate::record::{Malformed, Record};
use crate::timestamp::Timestamp;
use crate::verb::Verb;

/// How the call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The record stands, confirmed by this answer.
    Acquired(Sight),
    /// Somebody holds the lock: this was seen.
    Held {
        /// Whose record.
        record: Box<Record>,
        /// What the read showed.
        sight: Box<Sight>,
    },
    /// For a hold: this was seen instead of an object that the write fits.
    Seen(Sight),
    /// For a hold: the object does not exist.
    Missing,
    /// The annotation is no record.
    Malformed(Malformed),
    /// Anything else.
    Failed(Failure),
}

/// Who takes it: a call that is done then, or a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Caller {
    Once,
    Hold,
}

/// One call that takes a lock.
#[derive(Debug, Clone, Hash)]
pub struct Acquire {
    object: String,
    value: String,
    rule: ExpiryRule,
    may_create: bool,
    caller: Caller,
    verb: Verb,
    /// The resourceVersion that the write sent last was decided on, if any was seen.
    version: Option<String>,
    /// Whether the write sent last was a PUT.
    sent_put: bool,
    first_contact: bool,
    form: Form,
    doubt: Doubt,
}

impl Acquire {
    /// Prepares to write `value` on the object of this name.
    ///
    /// `has_others` tells whether the object has annotations beside the lock's, as far as the last
    /// answer showed, if there was one.
    pub fn new(object: String, value: String, rule: ExpiryRule, has_others: Option<bool>) -> Self {
        let form = if has_others == Some(false) { Form::NewMap } else { Form::NewKey };
        Self {
            object,
            value,
            rule,
            may_create: false,
            caller: Caller::Once,
            verb: Verb::default(),
            version: None,
            sent_put: false,
            first_contact: has_others.is_none(),
            form,
            doubt: Doubt::default(),
        }
    }

    /// Makes the object when it is missing.
    #[must_use]
    pub fn creating(mut self, may_create: bool) -> Self {
        self.may_create = may_create;
        self
    }

    /// Writes in this form, decided on what was seen at this resourceVersion, if it was seen.
    #[must_use]
    pub fn in_form(mut self, form: Form, version: Option<String>) -> Self {
        (self.form, self.version, self.first_contact) = (form, version, false);
        self
    }

    /// Takes the lock for a hold: only on a living object, and in one form only. Whatever else
    /// is to be done is for the hold to decide, and to do with fresh bytes.
    #[must_use]
    pub fn for_hold(mut self) -> Self {
        (self.caller, self.first_contact) = (Caller::Hold, false);
        self
    }

    /// Whether an answer that confirms the record is that to its only attempt.
    pub fn is_first_try(&self) -> bool {
        self.doubt.is_first_try()
    }

    /// Whether an attempt got no answer: it may land yet.
    pub fn has_unanswered(&self) -> bool {
        self.doubt.has_unanswered()
    }

    /// Reads and puts the whole object from the start, where patching is known to be forbidden.
    #[must_use]
    pub fn by_put(mut self, by_put: bool) -> Self {
        self.verb = if by_put { Verb::put() } else { Verb::default() };
        self
    }
}

impl Call for Acquire {
    type Outcome = Outcome;

    fn start(&self) -> Step<Outcome> {
        // What is to be made need not be read.
        let reads = self.verb.is_put() && self.form != Form::Create;
        if reads { Step::Read(Pace::Now) } else { Step::Write(Pace::Now) }
    }

    fn on_write(&mut self, reply: WriteReply) -> Step<Outcome> {
        match reply {
            WriteReply::Applied(sight)
                if sight.shows(&self.value) || Mutant::TrustsTheAnswer.is_on() =>
            {
                Step::Done(Outcome::Acquired(sight))
            }
            WriteReply::Applied(_) => fail(Failure::Altered),
            WriteReply::Refused(refusal) if Mutant::TakesRefusalAtItsWord.is_on() => {
                fail(Failure::Refused(refusal))
            }
            WriteReply::Refused(refusal) => self.on_refusal(refusal),
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

    fn on_read(&mut self, reply: ReadReply, local: Timestamp) -> Step<Outcome> {
        match self.doubt.read(reply) {
            Ok(Some(sight)) => self.on_sight(sight, local),
            Ok(None) => self.on_missing(),
            Err(Setback::Again(pace)) => Step::Read(pace),
            Err(Setback::Failed(failure)) => fail(failure),
        }
    }

    fn give_up(&self) -> Outcome {
        Outcome::Failed(self.doubt.give_up().naming(self.verbs()))
    }

    fn write(&self, key: &AnnotationKey) -> serde_json::Result<Write> {
        Ok(match &self.form {
            Form::Create => Write::Create(patch::new_lease(key, &self.object, &self.value)?),
            form if self.verb.is_put() => {
                Write::Put { expected: form.expected(), value: Some(self.value.clone()) }
            }
            form => {
                let body = patch::acquire(key, form, &self.value, self.caller == Caller::Hold)?;
                Write::Patch { body, subresource: None }
            }
        })
    }

    fn is_whole(&self) -> bool {
        self.verb.is_put()
    }
}

impl Acquire {
    fn on_refusal(&mut self, refusal: Refusal) -> Step<Outcome> {
        let (missing, failed_test, forbidden) = (
            refusal.is_missing_object(),
            refusal.looks_like_a_failed_test(),
            refusal.is_plain_forbidden(),
        );
        self.doubt.refused(refusal);
        self.sent_put = self.verb.is_put() && self.form != Form::Create;
        if missing && self.caller == Caller::Hold {
            return Step::Done(Outcome::Missing);
        }
        if missing && self.may_create && self.form != Form::Create {
            self.form = Form::Create;
            return Step::Write(Pace::Now);
        }
        // On first contact the map was guessed. Nearly always that is what was wrong, and
        // the other form, which carries the same bytes, saves the read.
        if failed_test && std::mem::take(&mut self.first_contact) && self.form == Form::NewKey {
            self.form = Form::NewMap;
            return Step::Write(Pace::Now);
        }
        if forbidden && self.form != Form::Create {
            self.verb.forbidden();
        }
        Step::Read(Pace::Now)
    }

    fn on_sight(&mut self, sight: Sight, local: Timestamp) -> Step<Outcome> {
        if sight.shows(&self.value) {
            return Step::Done(Outcome::Acquired(sight));
        }
        let inexplicable = self.doubt.settle(self.should_have_passed(&sight));
        self.version = Some(sight.resource_version.clone());
        if self.caller == Caller::Hold {
            return self.on_sight_for_hold(sight, inexplicable);
        }
        let shown = sight.clone();
        let clocks = Clocks { local, server: sight.date };
        let next = match sight.value {
            None if sight.has_annotations => Ok(Form::NewKey),
            None => Ok(Form::NewMap),
            Some(value) => self.form_over(value, clocks, shown),
        };
        match next {
            Ok(form) => self.write_again(form, inexplicable),
            // An attempt that got no answer may be on its way yet: the lock may become ours
            // after all, so its present holder settles nothing.
            Err(_) if self.doubt.has_unanswered() && !Mutant::SettlesUnanswered.is_on() => {
                self.persist()
            }
            Err(outcome) => Step::Done(outcome),
        }
    }

    /// The same bytes go out again where they fit: after an attempt without an answer, after one
    /// that should have passed, and after the read that a PUT begins with.
    fn on_sight_for_hold(&mut self, sight: Sight, inexplicable: bool) -> Step<Outcome> {
        if !sight.is_terminating && self.form_fits(&sight) {
            return self.write_again(self.form.clone(), inexplicable);
        }
        Step::Done(Outcome::Seen(sight))
    }

    /// Goes on with the same bytes where they cannot be applied at present. A patch does so
    /// under its test; a PUT would overwrite what stands there, so it looks again instead.
    fn persist(&mut self) -> Step<Outcome> {
        if self.verb.is_put() {
            return Step::Read(Pace::BackOff);
        }
        self.write_in(Form::NewKey, Pace::BackOff)
    }

    /// How to take a lock that carries `value`, or why not.
    fn form_over(&self, value: String, clocks: Clocks, sight: Sight) -> Result<Form, Outcome> {
        let record = Record::decode(&value).map_err(Outcome::Malformed)?;
        if self.rule.is_expired(&record, clocks) {
            Ok(Form::Replace(value))
        } else {
            Err(Outcome::Held { record: Box::new(record), sight: Box::new(sight) })
        }
    }

    fn write_again(&mut self, form: Form, inexplicable: bool) -> Step<Outcome> {
        match self.doubt.write_again(inexplicable) {
            Ok(pace) => self.write_in(form, pace),
            Err(failure) => fail(failure.naming(self.verbs())),
        }
    }

    fn on_missing(&mut self) -> Step<Outcome> {
        let inexplicable = self.doubt.settle(self.form == Form::Create);
        if self.caller == Caller::Hold && (self.form != Form::Create || !inexplicable) {
            return Step::Done(Outcome::Missing);
        }
        if self.may_create {
            return self.write_again(Form::Create, inexplicable);
        }
        if self.doubt.has_unanswered() { self.persist() } else { fail(Failure::ObjectMissing) }
    }

    /// Whether the write sent last should have passed, as far as what is now seen tells.
    fn should_have_passed(&self, sight: &Sight) -> bool {
        // Somebody may have taken the lock and given it back meanwhile.
        let same = self.version.as_ref().is_none_or(|version| *version == sight.resource_version);
        if !same && self.doubt.may_be_a_race() {
            return false;
        }
        self.sent_put || self.form_fits(sight)
    }

    fn form_fits(&self, sight: &Sight) -> bool {
        match &self.form {
            Form::NewMap => !sight.has_annotations,
            Form::NewKey => sight.has_annotations && sight.value.is_none(),
            Form::Replace(old) => sight.shows(old),
            Form::Create => false,
        }
    }

    /// The verbs of which one must be missing where the server speaks of a missing verb.
    fn verbs(&self) -> &'static [&'static str] {
        if self.form == Form::Create { &["create"] } else { &["patch", "update"] }
    }

    fn write_in(&mut self, form: Form, pace: Pace) -> Step<Outcome> {
        self.form = form;
        Step::Write(pace)
    }
}

fn fail(failure: Failure) -> Step<Outcome> {
    Step::Done(Outcome::Failed(failure))
}

#[cfg(test)]
mod tests;
