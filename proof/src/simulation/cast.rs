//! Who takes part: machines, and the processes that live on them one after the other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clocks::{Flaws, Machine, RIGHT_RATE};
use super::contender::Contender;
use super::dice::Dice;
use super::go_peer::GoPeer;
use super::process::{Process, State};
use super::profile::Profile;
use super::world::World;

/// What runs on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trade {
    Library,
    Go,
}

struct Role {
    name: String,
    owner: String,
    trade: Trade,
    machine: Arc<Machine>,
    is_exact: bool,
    repeats: bool,
    dice: Dice,
    lives: Mutex<Life>,
}

struct Life {
    process: Arc<Process>,
    count: u32,
    is_done: bool,
}

/// All of them.
pub(crate) struct Cast {
    world: Arc<World>,
    roles: Vec<Role>,
}

impl Cast {
    /// Three to five contenders, some of them Go peers.
    pub(crate) fn new(world: &Arc<World>) -> Arc<Self> {
        let dice = &world.dice;
        let count = 3 + dice.below(3);
        let peers =
            if world.profile == Profile::Honest { 2 + dice.below(2) } else { dice.below(2) };
        let roles = (0..count + peers).map(|index| {
            let trade = if index < count { Trade::Library } else { Trade::Go };
            role(world, index, trade)
        });
        let cast = Arc::new(Self { world: world.clone(), roles: roles.collect() });
        (0..cast.len()).for_each(|index| cast.start(index));
        cast
    }

    pub(crate) fn len(&self) -> usize {
        self.roles.len()
    }

    pub(crate) fn process(&self, index: usize) -> Arc<Process> {
        self.life(index).process.clone()
    }

    pub(crate) fn is_exact(&self, index: usize) -> bool {
        self.roles[index].is_exact
    }

    /// Those who are not done.
    pub(crate) fn waiting(&self) -> Vec<usize> {
        (0..self.len()).filter(|index| !self.life(*index).is_done).collect()
    }

    pub(crate) fn name(&self, index: usize) -> &str {
        &self.roles[index].name
    }

    /// Starts a process on this machine: the first one, or one after a crash.
    pub(crate) fn start(self: &Arc<Self>, index: usize) {
        let role = &self.roles[index];
        let (name, machine) = (role.name.clone(), role.machine.clone());
        let process = {
            let mut life = self.life(index);
            life.count += 1;
            let name = if life.count > 1 { format!("{name}.{}", life.count) } else { name };
            life.process = Process::start(&self.world, name, machine, role.dice.fork());
            life.process.clone()
        };
        let cast = self.clone();
        let task =
            live(process.clone(), role.trade, role.owner.clone(), role.repeats, role.is_exact);
        let lived = process.clone();
        process.run(async move {
            task.await;
            if lived.state() == State::Runs {
                lived.note(|| "is done".into());
                cast.life(index).is_done = true;
            }
        });
    }

    fn life(&self, index: usize) -> MutexGuard<'_, Life> {
        self.roles[index].lives.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn role(world: &Arc<World>, index: u64, trade: Trade) -> Role {
    let dice = world.dice.fork();
    let profile = world.profile;
    let flaws = match trade {
        Trade::Library => profile.flaws(&dice),
        Trade::Go => profile.go_flaws(&dice),
    };
    let name = match trade {
        Trade::Library => format!("p{index}"),
        Trade::Go => format!("go{index}"),
    };
    // A label is no identity: where outsiders meddle, two may share one.
    let shares = profile == Profile::Outsiders && dice.chance(300);
    let owner = if shares { "p0".into() } else { name.clone() };
    let is_exact = flaws.ahead_millis == Flaws::NONE.ahead_millis && flaws.rate == RIGHT_RATE;
    let is_exact = is_exact && profile == Profile::Honest;
    let machine = Arc::new(Machine::new(world.time, flaws));
    world.note(&name, || format!("has clocks that are off: {flaws:?}"));
    let process = Process::start(world, name.clone(), machine.clone(), dice.fork());
    let repeats = trade == Trade::Library && dice.chance(profile.traits().repeating);
    let lives = Mutex::new(Life { process, count: 0, is_done: false });
    Role { name, owner, trade, machine, is_exact, repeats, dice, lives }
}

async fn live(process: Arc<Process>, trade: Trade, owner: String, repeats: bool, is_exact: bool) {
    match trade {
        Trade::Go => GoPeer::new(&process, owner).live().await,
        Trade::Library => match Contender::new(&process, owner, repeats, is_exact) {
            Ok(contender) => contender.live().await,
            Err(error) => process.note(|| format!("cannot begin: {error}")),
        },
    }
}
