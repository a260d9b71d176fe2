//! All of it at one instant, and what can happen next.

use std::rc::Rc;

use kubelock_core::answer::WriteReply;

use super::clock::Moment;
use super::explorer::Model;
use super::holder::Move;
use super::ledger::{self, By, Change, Ledger, Told};
use super::object::{Object, Server};
use super::process::Process;
use super::request::{Answer, Ask, Edit, Message, Reply};
use super::stage::{Faults, Stage, Start};

/// Everything at one instant.
#[derive(Debug, Clone, Hash)]
pub struct World {
    tick: u16,
    /// Ticks that each machine was suspended for.
    asleep: Vec<u16>,
    server: Server,
    messages: Vec<Message>,
    processes: Vec<Option<Rc<Process>>>,
    faults: Faults,
    ledger: Ledger,
}

/// What can happen.
#[derive(Debug, Clone, Copy)]
pub enum Action {
    /// Time passes.
    Tick,
    /// Time passes; this process's machine is suspended meanwhile.
    Suspend(u8),
    /// A process acts.
    Act(u8, Move),
    /// A request is slow.
    Delay(u8),
    /// A process gives up waiting for its answer.
    Silence(u8),
    /// A process ends.
    Crash(u8),
    /// A request arrives; its answer, too, unless answers take time.
    Arrive(u8),
    /// A request arrives, and once more later: the first of the two is answered.
    ArriveAndStay(u8),
    /// A request arrives, and once more later: the second of the two is answered.
    ArriveUnheard(u8),
    /// A request arrives, and a webhook drops the record from it.
    ArriveAltered(u8),
    /// An answer arrives.
    Answer(u8),
    /// Somebody who keeps to no protocol does something.
    Tamper(Tamper),
}

/// What is done to the object beside the protocol.
#[derive(Debug, Clone, Copy)]
pub enum Tamper {
    /// The record is removed.
    Remove,
    /// The object is deleted, and made anew without annotations of ours.
    Recreate,
    /// The object is deleted, and made anew from a copy that holds the record.
    Restore,
    /// It is deleted; finalizers keep it.
    Delete,
    /// Something else in it is changed.
    Touch,
}

impl Model for Stage {
    type State = World;
    type Action = Action;

    fn start(&self) -> World {
        let exists = self.object != Start::Missing;
        let who = (0_u8..).zip(&self.actors);
        World {
            tick: 0,
            asleep: vec![0; self.actors.len()],
            server: Server::new(exists, self.object == Start::Annotated),
            messages: Vec::new(),
            processes: who.map(|(who, it)| Some(Rc::new(Process::new(who, it)))).collect(),
            faults: self.faults,
            ledger: Ledger::new(self.actors.len()),
        }
    }

    fn actions(&self, world: &World) -> Vec<Action> {
        let mut actions = Vec::new();
        world.deliveries(self, &mut actions);
        for (who, process) in (0_u8..).zip(&world.processes) {
            if let Some(process) = process {
                world.of_process(self, who, process, &mut actions);
            }
        }
        world.tampering(&mut actions);
        if world.can_tick(self) {
            actions.push(Action::Tick);
        }
        actions
    }

    fn step(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        next.happen(self, action)?;
        let believers = next.believers(self);
        next.ledger.believed(&believers);
        next.forget_what_tells_nobody();
        Some(next)
    }

    fn violation(&self, world: &World) -> Option<String> {
        world.ledger.violation.as_deref().map(str::to_owned)
    }

    fn describe(&self, action: Action, after: &World) -> String {
        let processes = (0_usize..).zip(&after.processes).map(|(who, process)| match process {
            Some(process) => format!("{who} {}", process.describe(&after.moment(self, who))),
            None => format!("{who} dead"),
        });
        let processes: Vec<String> = processes.collect();
        let record = after.server.value().map_or("nothing", |value| value);
        let millis = u64::from(after.tick) * self.tick;
        let action = format!("{action:?}");
        format!("{millis:>5} ms  {action:<22} {:<50} {record}", processes.join(", "))
    }
}

impl World {
    fn moment(&self, stage: &Stage, who: usize) -> Moment {
        let clock = stage.actors.get(who).map_or(super::clock::Clock::TRUE, |actor| actor.clock);
        let asleep = self.asleep.get(who).copied().unwrap_or_default();
        Moment::at(&clock, u64::from(self.tick) * stage.tick, u64::from(asleep) * stage.tick)
    }

    fn believers(&self, stage: &Stage) -> Vec<u8> {
        let believes = |who: u8, process: &Option<Rc<Process>>| {
            let moment = self.moment(stage, usize::from(who));
            process.as_ref().is_some_and(|process| process.believes(&moment))
        };
        let all = (0_u8..).zip(&self.processes);
        all.filter(|(who, process)| believes(*who, process)).map(|(who, _)| who).collect()
    }

    fn can_tick(&self, stage: &Stage) -> bool {
        self.tick < stage.ticks && self.messages.iter().all(|message| message.is_late)
    }

    fn deliveries(&self, stage: &Stage, actions: &mut Vec<Action>) {
        for (index, message) in (0_u8..).zip(&self.messages) {
            if !message.is_late && self.faults.delays > 0 {
                actions.push(Action::Delay(index));
            }
            if message.answer.is_some() {
                actions.push(Action::Answer(index));
                continue;
            }
            actions.push(Action::Arrive(index));
            let writes = *message.ask != Ask::Get;
            if writes && self.faults.copies > 0 {
                actions.push(Action::ArriveAndStay(index));
                actions.push(Action::ArriveUnheard(index));
            }
            if writes && self.faults.alterations > 0 && !stage.forbids_patch {
                actions.push(Action::ArriveAltered(index));
            }
        }
    }

    fn of_process(&self, stage: &Stage, who: u8, process: &Process, actions: &mut Vec<Action>) {
        let moment = self.moment(stage, usize::from(who));
        actions.extend(process.moves(&moment).into_iter().map(|act| Action::Act(who, act)));
        if self.faults.silences > 0 && process.awaits() {
            actions.push(Action::Silence(who));
        }
        if self.faults.crashes > 0 && process.has_begun() {
            actions.push(Action::Crash(who));
        }
        if self.faults.suspends > 0 && process.has_begun() && self.can_tick(stage) {
            actions.push(Action::Suspend(who));
        }
    }

    fn tampering(&self, actions: &mut Vec<Action>) {
        let stands = self.server.value().is_some();
        let lives = self.server.object.as_ref().is_some_and(|object| !object.is_dying);
        let faults = &self.faults;
        let can = [
            (Tamper::Remove, faults.removals > 0 && stands),
            (Tamper::Recreate, faults.recreations > 0 && stands),
            (Tamper::Restore, faults.recreations > 0 && stands),
            (Tamper::Delete, faults.deletions > 0 && lives),
            (Tamper::Touch, faults.touches > 0 && lives),
        ];
        actions.extend(can.into_iter().filter_map(|(it, can)| can.then_some(Action::Tamper(it))));
    }

    fn happen(&mut self, stage: &Stage, action: Action) -> Option<()> {
        match action {
            Action::Tick => self.tick += 1,
            Action::Suspend(who) => {
                self.faults.suspends -= 1;
                self.tick += 1;
                *self.asleep.get_mut(usize::from(who))? += 1;
            }
            Action::Act(who, act) => {
                self.let_process(stage, who, |process, moment| process.act(act, moment))?;
            }
            Action::Delay(index) => {
                self.faults.delays -= 1;
                self.messages.get_mut(usize::from(index))?.is_late = true;
            }
            Action::Silence(who) => {
                self.faults.silences -= 1;
                let answer = self.processes.get(usize::from(who))?.as_ref()?.no_answer();
                self.let_process(stage, who, |process, at| process.answered(&answer, at))?;
            }
            Action::Crash(who) => {
                self.faults.crashes -= 1;
                *self.processes.get_mut(usize::from(who))? = None;
            }
            Action::Arrive(index) => self.arrive(stage, index, false),
            Action::ArriveAndStay(index) => {
                self.faults.copies -= 1;
                let message = self.messages.get(usize::from(index))?.clone();
                self.messages.push(Message { is_copy: true, ..message });
                self.arrive(stage, index, false);
            }
            Action::ArriveUnheard(index) => {
                self.faults.copies -= 1;
                let copy = self.messages.get(usize::from(index))?.clone();
                self.write(stage, &copy, false);
                self.ledger.repeats(copy.from);
            }
            Action::ArriveAltered(index) => {
                self.faults.alterations -= 1;
                self.arrive(stage, index, true);
            }
            Action::Answer(index) => {
                let message = self.messages.remove(usize::from(index));
                self.answer(stage, &message)?;
            }
            Action::Tamper(tamper) => self.tamper(tamper),
        }
        Some(())
    }

    /// A process does something: what it sends is on its way, what it tells is noted.
    fn let_process(
        &mut self,
        stage: &Stage,
        who: u8,
        act: impl FnOnce(&mut Process, &Moment) -> Vec<Told>,
    ) -> Option<()> {
        let moment = self.moment(stage, usize::from(who));
        let process = Rc::make_mut(self.processes.get_mut(usize::from(who))?.as_mut()?);
        let told = act(process, &moment);
        let (ask, ticket) = (process.outbox(stage.forbids_patch), process.ticket());
        if let Some(ask) = ask {
            self.messages.push(Message {
                from: who,
                ticket,
                ask,
                answer: None,
                is_late: false,
                is_copy: false,
            });
        }
        for told in told {
            self.ledger.told(who, &told, self.server.value().map(AsRef::as_ref));
        }
        Some(())
    }

    fn arrive(&mut self, stage: &Stage, index: u8, is_altered: bool) {
        let mut message = self.messages.remove(usize::from(index));
        let date = self.moment(stage, usize::from(message.from)).date;
        let reply = match &*message.ask {
            Ask::Get => Reply::Read(self.server.read(date)),
            _ => Reply::Write(self.write(stage, &message, is_altered)),
        };
        message.answer = Some(Rc::new(Answer { reply, date: Some(date) }));
        if stage.slow_answers {
            self.messages.push(message);
            return;
        }
        // A late request of the dead, or of who waits no more, is done all the same.
        let _ = self.answer(stage, &message);
    }

    fn write(&mut self, stage: &Stage, message: &Message, is_altered: bool) -> WriteReply {
        let who = message.from;
        let believers = self.believers(stage);
        let date = self.moment(stage, usize::from(who)).date;
        let before = self.server.object.clone();
        let mut reply = self.server.write(&message.ask, stage.forbids_patch, date);
        let was_applied = self.server.object != before;
        if is_altered && was_applied {
            self.server.tamper(|object| object.value = None);
            if let Some(object) = &self.server.object {
                reply = WriteReply::Applied(object.sight(date));
            }
        }
        if was_applied {
            let by = if is_altered { By::Nobody } else { By::Process(who, message.is_copy) };
            self.note(by, message, before.as_ref(), &believers);
        }
        reply
    }

    /// A write was applied: does it keep the rules?
    fn note(&mut self, by: By, message: &Message, before: Option<&Object>, believers: &[u8]) {
        let (who, ask) = (message.from, &*message.ask);
        let stood = before.and_then(|object| object.value.as_deref());
        let guards = matches!(ask, Ask::Patch(edits) if edits.contains(&Edit::Guarded(who)));
        if guards {
            self.ledger.guarded(who, stood);
        }
        let stands = self.server.value().map(AsRef::as_ref);
        let is_taken = stands.and_then(ledger::owner).is_some_and(|(owner, _)| owner == who);
        let was_own = stood.and_then(ledger::owner).is_some_and(|(owner, _)| owner == who);
        let is_dying = before.is_some_and(|object| object.is_dying);
        if is_dying && is_taken && !was_own && matches!(ask, Ask::Patch(_)) {
            self.ledger.took_dying(who);
        }
        let change = Change { by, before: stood, after: stands, is_elsewhere: false };
        self.ledger.changed(change, believers);
    }

    fn answer(&mut self, stage: &Stage, message: &Message) -> Option<()> {
        let answer = message.answer.as_ref()?;
        let process = self.processes.get(usize::from(message.from))?.as_ref()?;
        if !process.awaits() || process.ticket() != message.ticket {
            return None;
        }
        self.let_process(stage, message.from, |process, at| process.answered(answer, at))
    }

    fn tamper(&mut self, tamper: Tamper) {
        let before = self.server.value().cloned();
        match tamper {
            Tamper::Remove => {
                self.faults.removals -= 1;
                self.server.tamper(|object| object.value = None);
            }
            Tamper::Recreate => {
                self.faults.recreations -= 1;
                self.server.make(true, None);
            }
            Tamper::Restore => {
                self.faults.recreations -= 1;
                self.server.make(true, before.clone());
            }
            Tamper::Delete => {
                self.faults.deletions -= 1;
                self.server.tamper(|object| object.is_dying = true);
            }
            Tamper::Touch => {
                self.faults.touches -= 1;
                self.server.tamper(|_| ());
            }
        }
        let is_elsewhere = matches!(tamper, Tamper::Restore);
        let after = self.server.value().map(AsRef::as_ref);
        let change = Change { by: By::Nobody, before: before.as_deref(), after, is_elsewhere };
        self.ledger.changed(change, &[]);
    }

    /// Answers that nobody waits for, and reads whose sender waits no more, change nothing.
    fn forget_what_tells_nobody(&mut self) {
        let processes = &self.processes;
        self.messages.retain_mut(|message| {
            let process = processes.get(usize::from(message.from)).and_then(Option::as_ref);
            let is_awaited = process.is_some_and(|it| it.awaits() && it.ticket() == message.ticket);
            message.is_late |= !is_awaited;
            is_awaited || (message.answer.is_none() && *message.ask != Ask::Get)
        });
    }
}
