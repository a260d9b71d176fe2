//! One process of whatever kind.

use std::rc::Rc;

use super::caller::Caller;
use super::clock::Moment;
use super::go_peer::GoPeer;
use super::holder::{Holder, Move};
use super::ledger::Told;
use super::request::{Answer, Ask};
use super::session::Session;
use super::stage::{Actor, Role};

/// One process.
#[derive(Debug, Clone, Hash)]
pub struct Process {
    kind: Kind,
    /// What it waits for an answer to.
    asked: Option<Rc<Ask>>,
}

#[derive(Debug, Clone, Hash)]
enum Kind {
    Holder(Holder),
    Caller(Caller),
    Go(GoPeer),
}

impl Process {
    /// One that has done nothing yet.
    pub fn new(who: u8, actor: &Actor) -> Self {
        let kind = match actor.role {
            Role::Holder(takeover) => Kind::Holder(Holder::new(who, actor, takeover)),
            Role::Caller(rule) => Kind::Caller(Caller::new(who, actor, rule)),
            Role::Go => Kind::Go(GoPeer::new(who, actor)),
        };
        Self { kind, asked: None }
    }

    fn session(&self) -> &Session {
        match &self.kind {
            Kind::Holder(holder) => &holder.session,
            Kind::Caller(caller) => &caller.session,
            Kind::Go(peer) => &peer.session,
        }
    }

    fn session_mut(&mut self) -> &mut Session {
        match &mut self.kind {
            Kind::Holder(holder) => &mut holder.session,
            Kind::Caller(caller) => &mut caller.session,
            Kind::Go(peer) => &mut peer.session,
        }
    }

    /// Whether it waits for an answer.
    pub fn awaits(&self) -> bool {
        self.session().awaits
    }

    /// Whether it ever did anything.
    pub fn has_begun(&self) -> bool {
        self.session().claim > 0
    }

    /// Its last request.
    pub fn ticket(&self) -> u8 {
        self.session().ticket
    }

    /// What it wants sent now.
    pub fn outbox(&mut self, puts: bool) -> Option<Rc<Ask>> {
        self.session_mut().rest(puts);
        let ask = self.session_mut().outbox.take();
        if let Some(ask) = &ask {
            self.asked = Some(ask.clone());
        }
        ask
    }

    /// That no answer came to what it asked for last.
    pub fn no_answer(&self) -> Answer {
        Answer::none(self.asked.as_deref().unwrap_or(&Ask::Get))
    }

    /// Whether it would say that it holds the lock.
    pub fn believes(&self, at: &Moment) -> bool {
        match &self.kind {
            Kind::Holder(holder) => holder.believes(at),
            Kind::Caller(caller) => caller.believes(at),
            Kind::Go(peer) => peer.believes(at),
        }
    }

    /// What it can do now.
    pub fn moves(&self, at: &Moment) -> Vec<Move> {
        match &self.kind {
            Kind::Holder(holder) => holder.moves(at),
            Kind::Caller(caller) => caller.moves(at),
            Kind::Go(peer) => peer.moves(at),
        }
    }

    /// Does it.
    pub fn act(&mut self, act: Move, at: &Moment) -> Vec<Told> {
        match &mut self.kind {
            Kind::Holder(holder) => holder.act(act, at),
            Kind::Caller(caller) => caller.act(act, at),
            Kind::Go(peer) => peer.act(act, at),
        }
    }

    /// Takes an answer.
    pub fn answered(&mut self, answer: &Answer, at: &Moment) -> Vec<Told> {
        match &mut self.kind {
            Kind::Holder(holder) => holder.answered(answer, at),
            Kind::Caller(caller) => caller.answered(answer, at),
            Kind::Go(peer) => peer.answered(answer, at),
        }
    }

    /// In a few words, for people.
    pub fn describe(&self, at: &Moment) -> String {
        match &self.kind {
            Kind::Holder(holder) => holder.describe(at),
            Kind::Caller(caller) => caller.describe(at),
            Kind::Go(peer) => peer.describe(at),
        }
    }
}
