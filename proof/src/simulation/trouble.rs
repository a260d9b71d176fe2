//! What happens to processes and API servers as a whole.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::sleep;

use super::cast::Cast;
use super::dice::Dice;
use super::fault::Fault;
use super::process::{Process, State};
use super::world::World;

/// Stops, suspends and kills processes while there are faults, and steps their wall clocks.
pub(crate) async fn halt(world: Arc<World>, cast: Arc<Cast>, dice: Dice) {
    let traits = world.profile.traits();
    let steps_clocks = traits.wall_millis > 5_000;
    if traits.halts == 0 && !steps_clocks {
        return;
    }
    let mean = if traits.halts == 0 { 60 } else { traits.halts };
    while world.has_faults() {
        sleep(dice.millis(100, mean * 2_000)).await;
        let index = usize::try_from(dice.below(cast.len() as u64)).unwrap_or(0);
        let process = cast.process(index);
        let may_halt = traits.halts > 0;
        if steps_clocks && (!may_halt || dice.chance(300)) {
            step(&cast, index, &process, &dice);
        } else if may_halt && process.state() == State::Runs {
            begin(&world, &cast, index, &dice);
        }
    }
}

/// Halts those who are struck while a request of theirs is on its way.
pub(crate) async fn strike(
    world: Arc<World>,
    cast: Arc<Cast>,
    mut strikes: UnboundedReceiver<usize>,
    dice: Dice,
) {
    while let Some(number) = strikes.recv().await {
        let struck = (0..cast.len()).find(|index| cast.process(*index).number == number);
        if let Some(index) = struck
            && cast.process(index).state() == State::Runs
        {
            begin(&world, &cast, index, &dice);
        }
    }
}

fn begin(world: &Arc<World>, cast: &Arc<Cast>, index: usize, dice: &Dice) {
    let fault = dice.weighed(&[
        (Fault::Outage, 3),
        (Fault::Pause, 3),
        (Fault::Suspend, 2),
        (Fault::Crash, 2),
    ]);
    let span = match dice.below(3) {
        0 => dice.millis(100, 3_000),
        1 => dice.secs(2, 15),
        _ => dice.secs(10, 75),
    };
    drop(tokio::spawn(befall(world.clone(), cast.clone(), index, fault, span)));
}

fn step(cast: &Cast, index: usize, process: &Process, dice: &Dice) {
    if cast.is_exact(index) {
        return;
    }
    let ahead = process.world.profile.wall_error(dice);
    process.note(|| format!("its wall clock steps to {ahead} ms ahead"));
    process.machine.step_to(ahead);
}

async fn befall(world: Arc<World>, cast: Arc<Cast>, index: usize, fault: Fault, span: Duration) {
    let process = cast.process(index);
    process.note(|| format!("{fault:?} for {span:?}"));
    let steps = world.judge().open_steps(&process);
    for open in steps {
        world.coverage().note(fault, open);
    }
    world.coverage().halted();
    match fault {
        Fault::Outage => return process.cut_off(world.now() + span),
        Fault::Pause => {
            process.stop();
            sleep(span).await;
        }
        Fault::Suspend => {
            process.stop();
            process.machine.suspend();
            sleep(span).await;
            process.machine.resume();
        }
        _ => {
            process.die();
            sleep(span).await;
            cast.start(index);
            return;
        }
    }
    process.note(|| "goes on".into());
    process.go_on();
}

/// Restarts API servers while there are faults.
pub(crate) async fn restart(world: Arc<World>, dice: Dice) {
    let mean = world.profile.traits().restarts;
    if mean == 0 {
        return;
    }
    while world.has_faults() {
        sleep(dice.millis(1_000, mean * 2_000)).await;
        let down_until = world.now() + dice.millis(10, 9_000);
        let both = dice.chance(400);
        let count = if both { world.fronts.len() } else { 1 };
        world.note("world", || format!("{count} API servers restart until {down_until:?}"));
        for front in world.fronts.iter().take(count) {
            front.restart(down_until);
        }
    }
}
