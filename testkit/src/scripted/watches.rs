//! What tests do to watches.

use tokio::sync::watch;

/// How a watch from a version too old is told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooOld {
    /// By an event on a stream that is opened, as the API server does.
    Event,
    /// By the answer to the request.
    Answer,
}

/// What is to become of watches. Clones are the same.
#[derive(Clone)]
pub(super) struct Watches {
    plan: watch::Sender<Plan>,
}

#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// The number of the next watch; all that are open now are numbered below.
    next: u64,
    pub(super) open: usize,
    pub(super) ended_below: u64,
    pub(super) cut_below: u64,
    /// What watches numbered below are told last.
    pub(super) error_below: Option<(u64, String)>,
    pub(super) are_silent: bool,
    pub(super) have_bookmarks: bool,
    pub(super) too_old: TooOld,
}

impl Watches {
    pub(super) fn new() -> Self {
        let plan = Plan {
            next: 0,
            open: 0,
            ended_below: 0,
            cut_below: 0,
            error_below: None,
            are_silent: false,
            have_bookmarks: true,
            too_old: TooOld::Event,
        };
        Self { plan: watch::Sender::new(plan) }
    }

    pub(super) fn plan(&self) -> Plan {
        self.plan.borrow().clone()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Plan)) {
        self.plan.send_modify(change);
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Plan> {
        self.plan.subscribe()
    }

    /// One more is open, with this number.
    pub(super) fn open(&self) -> u64 {
        self.change(|plan| {
            plan.next += 1;
            plan.open += 1;
        });
        self.plan.borrow().next - 1
    }

    pub(super) fn close(&self) {
        self.change(|plan| plan.open -= 1);
    }
}

impl Plan {
    pub(super) fn end(&mut self) {
        self.ended_below = self.next;
    }

    pub(super) fn cut(&mut self) {
        self.cut_below = self.next;
    }

    pub(super) fn err(&mut self, line: String) {
        self.error_below = Some((self.next, line));
    }
}
