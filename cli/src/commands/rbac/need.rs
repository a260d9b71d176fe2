//! What a user of locks does, and which requests that takes.

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Need {
    Acquire,
    Renew,
    Release,
    Run,
    Get,
    Break,
    Gc,
}

impl Need {
    /// Of those who use locks. To break one is for who watches over them.
    pub(super) const USUAL: [Self; 5] =
        [Self::Acquire, Self::Renew, Self::Release, Self::Run, Self::Get];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Acquire => "acquire",
            Self::Renew => "renew",
            Self::Release => "release",
            Self::Run => "run",
            Self::Get => "get",
            Self::Break => "break",
            Self::Gc => "gc",
        }
    }

    /// On the object that carries the lock. Who waits watches it, and who follows it lists it before.
    pub(super) fn on_object(self) -> &'static [&'static str] {
        match self {
            Self::Acquire | Self::Run => &["get", "watch", "patch"],
            Self::Renew | Self::Release | Self::Break => &["get", "patch"],
            Self::Get => &["get", "list", "watch"],
            Self::Gc => &[],
        }
    }

    /// Whether it makes a Lease that is missing.
    pub(super) fn makes_leases(self) -> bool {
        matches!(self, Self::Acquire | Self::Run)
    }
}
