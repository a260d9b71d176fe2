//! The network itself: up, down or a black hole, for all requests alike.

use std::future::pending;

use tokio::sync::watch;

/// What becomes of all requests. Clones are the same link.
#[derive(Clone)]
pub(super) struct Link {
    condition: watch::Sender<Condition>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Condition {
    is_down: bool,
    is_black_hole: bool,
    cuts: u64,
}

/// What becomes of a request that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Open,
    Refused,
    Lost,
}

impl Link {
    pub(super) fn new() -> Self {
        Self { condition: watch::Sender::new(Condition::default()) }
    }

    pub(super) fn set_down(&self, is_down: bool) {
        self.condition.send_modify(|condition| condition.is_down = is_down);
    }

    pub(super) fn set_black_hole(&self, is_black_hole: bool) {
        self.condition.send_modify(|condition| condition.is_black_hole = is_black_hole);
    }

    pub(super) fn cut(&self) {
        self.condition.send_modify(|condition| condition.cuts += 1);
    }

    pub(super) fn way(&self) -> Way {
        match *self.condition.borrow() {
            Condition { is_down: true, .. } => Way::Refused,
            Condition { is_black_hole: true, .. } => Way::Lost,
            _ => Way::Open,
        }
    }

    /// One exchange over it, from now on.
    pub(super) fn exchange(&self) -> Exchange {
        let changes = self.condition.subscribe();
        let cuts = changes.borrow().cuts;
        Exchange { changes, cuts }
    }
}

/// What one exchange feels of the link.
#[derive(Clone)]
pub(super) struct Exchange {
    changes: watch::Receiver<Condition>,
    /// How many cuts there had been when it began.
    cuts: u64,
}

impl Exchange {
    /// Comes when the connection is cut.
    pub(super) async fn cut(&mut self) {
        let before = self.cuts;
        self.reaches(|condition| condition.cuts != before).await;
    }

    /// Comes when something can pass: at once, unless the link is a black hole.
    pub(super) async fn passes(&mut self) {
        self.reaches(|condition| !condition.is_black_hole).await;
    }

    async fn reaches(&mut self, wanted: impl FnMut(&Condition) -> bool) {
        if self.changes.wait_for(wanted).await.is_err() {
            // Nobody is left who could change it.
            pending::<()>().await;
        }
    }
}
