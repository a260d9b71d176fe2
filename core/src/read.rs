//! How an object is read: once, and a few times more where no answer comes.

use crate::answer::{ReadReply, Sight, WriteReply};
use crate::call::{Call, Step, Write};
use crate::doubt::{Doubt, Failure, Setback};
use crate::name::AnnotationKey;
use crate::pace::Pace;
use crate::timestamp::Timestamp;

/// One call that reads an object and writes nothing.
#[derive(Debug, Clone, Default, Hash)]
pub struct Read {
    whole: bool,
    doubt: Doubt,
}

impl Read {
    /// Prepares to read all of the object, or its metadata.
    pub fn new(whole: bool) -> Self {
        Self { whole, doubt: Doubt::default() }
    }
}

impl Call for Read {
    type Outcome = Result<Sight, Failure>;

    fn start(&self) -> Step<Self::Outcome> {
        Step::Read(Pace::Now)
    }

    fn on_write(&mut self, _reply: WriteReply) -> Step<Self::Outcome> {
        Step::Read(Pace::Now)
    }

    fn on_read(&mut self, reply: ReadReply, _local: Timestamp) -> Step<Self::Outcome> {
        match self.doubt.read(reply) {
            Ok(Some(sight)) => Step::Done(Ok(sight)),
            Ok(None) => Step::Done(Err(Failure::ObjectMissing)),
            Err(Setback::Again(pace)) => Step::Read(pace),
            Err(Setback::Failed(failure)) => Step::Done(Err(failure)),
        }
    }

    fn give_up(&self) -> Self::Outcome {
        Err(self.doubt.give_up())
    }

    fn write(&self, _key: &AnnotationKey) -> serde_json::Result<Write> {
        Ok(Write::Patch { body: b"[]".to_vec(), subresource: None })
    }

    fn is_whole(&self) -> bool {
        self.whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, refusal};

    #[test]
    fn a_server_too_busy_to_be_read_is_a_refusal_in_its_words() {
        let mut call = Read::new(false);
        for _ in 0..20 {
            let busy = ReadReply::Refused(refusal(429, "TooManyRequests"));
            assert_eq!(call.on_read(busy, at(0)), Step::Read(Pace::BackOff));
        }
        assert!(matches!(call.give_up(), Err(Failure::Refused(words)) if words.code == 429));
    }
}
