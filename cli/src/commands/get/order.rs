//! In which order locks are shown.

use std::cmp::Reverse;

use crate::output::holder;
use crate::output::view::View;

/// A column to sort by. What has none there comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Order {
    /// Those that have been held longest first.
    Age,
    /// Those that expire, or have expired, soonest first.
    Expires,
    Owner,
    Lock,
}

impl Order {
    /// Those that are alike stay as they were listed.
    pub(super) fn sort(self, views: &mut [View]) {
        match self {
            Self::Age => views.sort_by_key(|view| {
                let age = view.state.record().map(|record| holder::age_of(record, view.seen_at));
                Reverse(age)
            }),
            Self::Expires => views.sort_by_key(|view| {
                let at = view.state.record().map(kubelock::Record::expires_at);
                (at.is_none(), at)
            }),
            Self::Owner => views.sort_by(|a, b| {
                let owner = |view: &View| {
                    let record = view.state.record();
                    (record.is_none(), record.map(|record| record.owner.clone()))
                };
                owner(a).cmp(&owner(b))
            }),
            Self::Lock => views.sort_by(|a, b| a.lock.cmp(&b.lock)),
        }
    }
}
