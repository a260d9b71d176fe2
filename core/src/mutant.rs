//! Deliberate bugs, each a rule of the protocol left out.
//!
//! What proves the protocol must catch every one of them: a rule that nothing misses is either
//! not needed or not tested. Without the feature `mutants` there are none, and
//! [`Mutant::is_on`] is a constant. No program of ours is built with it.

/// A rule left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mutant {
    /// A hold is valid for its whole ttl.
    NoMargin,
    /// A record is stale as soon as it has expired.
    StaleAtOnce,
    /// A record on an object made anew counts as the one on the old object.
    NoUidTest,
    /// A claim does not remember what it has sent.
    ForgetsWhatItSent,
    /// Validity counts from the answer.
    CountsFromTheAnswer,
    /// Stamps lean on the bare `Date`.
    StampsByBareDate,
    /// A stamp that an answer shows to be off stays.
    NoRestamp,
    /// A takeover by the wall clock asks the own clock alone.
    OneClockExpiry,
    /// Expiry is judged by the server's time as it must be by now.
    ExtrapolatesDate,
    /// Time in suspend does not count for holders.
    NoBootTime,
    /// Observation counts from before the read.
    ObservesFromTheRequest,
    /// Half the ttl of observation is enough.
    ObservesHalf,
    /// Observation goes on when the record changes.
    KeepsObserving,
    /// A release removes whatever stands there.
    ReleasesUntested,
    /// A hold remembers the renewal that it sent last alone.
    ForgetsUnresolved,
    /// A record of the own hold id is the own record, whatever its bytes.
    OwnsById,
    /// What was sent before the confirmed record may still be the own record.
    KeepsSuperseded,
    /// A hold is handed out although an attempt may land yet.
    HandsOutInDoubt,
    /// A hold ends once its release is answered.
    ValidUntilReleased,
    /// A lock is taken without a test.
    NoTest,
    /// Who waits judges by the own wall clock.
    OwnWallClock,
    /// A hold comes back when its renewal is confirmed late.
    RevivesAfterLoss,
    /// A write without an answer has failed.
    NoReadBack,
    /// A refusal means that nothing was written.
    TakesRefusalAtItsWord,
    /// Another's record settles a call that has an attempt without an answer.
    SettlesUnanswered,
    /// An answer with status 200 confirms, whatever it shows.
    TrustsTheAnswer,
    /// A guarded write does not test the record.
    GuardsWithoutTest,
    /// A guarded write leaves the record as it is.
    GuardsWithoutRenewal,
    /// What a call that was given up has left is nobody's business.
    LeavesLateRecords,
    /// The token is that of the first answer that showed the record.
    FirstToken,
    /// A lock is taken on an object that is being deleted.
    TakesDying,
    /// An unknown outcome is said to be settled at once.
    SettlesTooSoon,
    /// The end of a watch, or an error on it, is not noticed, and nothing is polled.
    DeafToTheWatch,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 33] = [
        Self::NoMargin,
        Self::StaleAtOnce,
        Self::NoUidTest,
        Self::ForgetsWhatItSent,
        Self::CountsFromTheAnswer,
        Self::StampsByBareDate,
        Self::NoRestamp,
        Self::OneClockExpiry,
        Self::ExtrapolatesDate,
        Self::NoBootTime,
        Self::ObservesFromTheRequest,
        Self::ObservesHalf,
        Self::KeepsObserving,
        Self::ReleasesUntested,
        Self::ForgetsUnresolved,
        Self::OwnsById,
        Self::KeepsSuperseded,
        Self::HandsOutInDoubt,
        Self::ValidUntilReleased,
        Self::NoTest,
        Self::OwnWallClock,
        Self::RevivesAfterLoss,
        Self::NoReadBack,
        Self::TakesRefusalAtItsWord,
        Self::SettlesUnanswered,
        Self::TrustsTheAnswer,
        Self::GuardsWithoutTest,
        Self::GuardsWithoutRenewal,
        Self::LeavesLateRecords,
        Self::FirstToken,
        Self::TakesDying,
        Self::SettlesTooSoon,
        Self::DeafToTheWatch,
    ];

    /// Whether this thread runs with this bug.
    #[cfg(not(feature = "mutants"))]
    #[must_use]
    pub const fn is_on(self) -> bool {
        false
    }

    /// Whether this thread runs with this bug.
    #[cfg(feature = "mutants")]
    #[must_use]
    pub fn is_on(self) -> bool {
        ACTIVE.get() == Some(self)
    }

    /// Runs `work` in this thread with this bug.
    #[cfg(feature = "mutants")]
    pub fn during<T>(self, work: impl FnOnce() -> T) -> T {
        struct Off;
        impl Drop for Off {
            fn drop(&mut self) {
                ACTIVE.set(None);
            }
        }
        ACTIVE.set(Some(self));
        let _off = Off;
        work()
    }
}

#[cfg(feature = "mutants")]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}
