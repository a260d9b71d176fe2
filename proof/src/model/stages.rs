//! The configurations: several small ones, each about a few rules.

use std::time::Duration;

use kubelock_core::expiry::ExpiryRule;
use kubelock_core::takeover::Takeover;

use super::clock::Clock;
use super::stage::{Actor, Faults, Stage, Start};

const TRUE: Clock = Clock::TRUE;
const NONE: Faults = Faults {
    delays: 0,
    silences: 0,
    copies: 0,
    crashes: 0,
    suspends: 0,
    removals: 0,
    recreations: 0,
    deletions: 0,
    touches: 0,
    alterations: 0,
};

/// The one of this name.
pub fn named(name: &str) -> Option<Stage> {
    all().into_iter().find(|stage| stage.name == name)
}

/// All of them.
pub fn all() -> Vec<Stage> {
    vec![
        race(),
        takeover(),
        slow_answers(),
        renewal(),
        stale(),
        suspend(),
        doubt(),
        renewal_in_doubt(),
        guard(),
        late_copies(),
        removal(),
        recreation(),
        deletion(),
        webhook(),
        release(),
        caller(),
        caller_in_doubt(),
        wall_clock(),
        go_peer(),
        puts(),
        lease(),
        three(),
    ]
}

fn holder(clock: Clock) -> Actor {
    Actor::holder(clock)
}

/// Two want a free lock at once, on an object without annotations, and give it back.
fn race() -> Stage {
    let actor = || holder(TRUE).releasing().sending(3);
    let faults = Faults { delays: 1, crashes: 1, ..NONE };
    let stage = Stage::new("race", vec![actor(), actor()]).lasting(3, 1_000).with(faults);
    Stage { object: Start::Bare, ..stage }
}

/// One holds, the other waits for it to end. Their clocks run at different paces, and their wall
/// clocks are far apart.
fn takeover() -> Stage {
    let first = holder(TRUE.pace(960).wall(-20_000)).renewing().sending(3);
    let second = holder(TRUE.pace(1_040).wall(20_000)).sending(4);
    let faults = Faults { delays: 2, ..NONE };
    Stage::new("takeover", vec![first, second]).lasting(4, 1_000).with(faults)
}

/// One holds and renews, the other waits for it to end; answers take time, too.
fn slow_answers() -> Stage {
    let first = holder(TRUE).renewing().sending(3);
    let second = holder(TRUE).sending(4);
    let faults = Faults { delays: 1, ..NONE };
    let stage = Stage::new("slow answers", vec![first, second]).lasting(5, 1_000).with(faults);
    Stage { slow_answers: true, ..stage }
}

/// One holds and renews, the other waits for it to end.
fn renewal() -> Stage {
    let first = holder(TRUE.pace(960)).renewing().sending(4);
    let second = holder(TRUE.pace(1_040)).sending(4);
    let faults = Faults { delays: 1, ..NONE };
    Stage::new("renewal", vec![first, second]).lasting(6, 1_000).with(faults)
}

/// The second's server is ahead by eight seconds, and so is its own wall clock, by more.
fn stale() -> Stage {
    let takeover = Takeover::Observed { stale_after: Some(Takeover::STALE_AFTER_MIN) };
    let first = holder(TRUE).renewing().sending(3);
    let second = holder(TRUE.server(8_000).wall(90_000)).taking_over(takeover).sending(5);
    let faults = Faults { delays: 1, ..NONE };
    Stage::new("stale", vec![first, second]).lasting(6, 1_000).with(faults)
}

/// Machines are suspended while others work on.
fn suspend() -> Stage {
    let actor = || holder(TRUE).renewing().sending(3);
    let faults = Faults { suspends: 1, ..NONE };
    Stage::new("suspend", vec![actor(), actor()]).lasting(5, 1_000).with(faults)
}

/// Answers to claims are lost, or late.
fn doubt() -> Stage {
    let actor = || holder(TRUE).sending(4);
    let faults = Faults { silences: 2, ..NONE };
    Stage::new("doubt", vec![actor(), actor()]).lasting(3, 1_000).with(faults)
}

/// Answers to renewals and releases are lost, or late.
fn renewal_in_doubt() -> Stage {
    let first = holder(TRUE).renewing().releasing().sending(6);
    let faults = Faults { delays: 1, silences: 2, ..NONE };
    Stage::new("renewal in doubt", vec![first]).lasting(4, 500).with(faults)
}

/// Guarded writes are lost, late, and repeated.
fn guard() -> Stage {
    let first = holder(TRUE).guarding(1).sending(5);
    let second = holder(TRUE).sending(3);
    let faults = Faults { silences: 1, copies: 1, ..NONE };
    Stage::new("guard", vec![first, second]).lasting(3, 1_000).with(faults)
}

/// A claim and a guarded write, each sent twice since the first answer did not come: what is late
/// comes after the release.
fn late_copies() -> Stage {
    let only = holder(TRUE.wall(500).server(500)).guarding(1).releasing().sending(8);
    let faults = Faults { silences: 2, ..NONE };
    Stage::new("late copies", vec![only]).lasting(0, 1_000).with(faults)
}

/// Somebody removes the record while its holder works, and a copy of it comes late.
fn removal() -> Stage {
    let first = holder(TRUE.wall(500).server(500)).renewing().guarding(1).sending(6);
    let faults = Faults { delays: 1, removals: 1, copies: 1, ..NONE };
    Stage::new("removal", vec![first]).lasting(2, 1_000).with(faults)
}

/// Somebody deletes the object and makes it anew, with the record on it or without.
fn recreation() -> Stage {
    let first = holder(TRUE).renewing().guarding(1).releasing().sending(4);
    let second = holder(TRUE).sending(2);
    let faults = Faults { delays: 1, recreations: 1, ..NONE };
    Stage::new("recreation", vec![first, second]).lasting(3, 1_000).with(faults)
}

/// Somebody deletes an object that has finalizers.
fn deletion() -> Stage {
    let actor = || holder(TRUE).renewing().releasing().sending(3);
    let faults = Faults { delays: 1, deletions: 1, ..NONE };
    Stage::new("deletion", vec![actor(), actor()]).lasting(3, 1_000).with(faults)
}

/// A webhook drops the record from what is stored.
fn webhook() -> Stage {
    let actor = || holder(TRUE).renewing().guarding(1).sending(4);
    let faults = Faults { alterations: 1, ..NONE };
    Stage::new("webhook", vec![actor(), actor()]).lasting(3, 1_000).with(faults)
}

/// A release is late, and somebody else holds by then.
fn release() -> Stage {
    let first = holder(TRUE).releasing().sending(4);
    let second = holder(TRUE).sending(4);
    let faults = Faults { delays: 1, ..NONE };
    Stage::new("release", vec![first, second]).lasting(5, 1_000).with(faults)
}

/// Callers by both clocks, whose own are wrong, beside a holder.
fn caller() -> Stage {
    let first = holder(TRUE).renewing().sending(4);
    let early = Actor::caller(TRUE.wall(20_000), ExpiryRule::BothClocks);
    let faults = Faults { delays: 1, ..NONE };
    Stage::new("caller", vec![first, early.claiming(2).sending(5)]).lasting(6, 1_000).with(faults)
}

/// A caller's answers are lost, or late, while another holds and gives back.
fn caller_in_doubt() -> Stage {
    let first = holder(TRUE).releasing().sending(3);
    let second = Actor::caller(TRUE, ExpiryRule::BothClocks).releasing().sending(5);
    let faults = Faults { silences: 1, copies: 1, ..NONE };
    Stage::new("caller in doubt", vec![first, second]).lasting(2, 1_000).with(faults)
}

/// Takeover by the clocks: the own one is far ahead, the server's decides.
fn wall_clock() -> Stage {
    let takeover =
        Takeover::WallClock { expiry: ExpiryRule::BothClocks, tolerance: Duration::ZERO };
    let first = holder(TRUE.wall(500).server(500)).sending(3);
    let second = holder(TRUE.wall(20_000).server(500)).taking_over(takeover).sending(5);
    let faults = Faults { delays: 1, ..NONE };
    Stage::new("wall clock", vec![first, second]).lasting(5, 1_000).with(faults)
}

/// A Go peer whose clock is right, and a holder whose clock is late.
fn go_peer() -> Stage {
    let first = holder(TRUE.wall(-20_000).server(900)).renewing().sending(4);
    let second = Actor::go(TRUE.wall(900).server(900)).releasing().sending(4);
    let faults = Faults { delays: 1, ..NONE };
    Stage::new("go peer", vec![first, second]).lasting(6, 1_000).with(faults)
}

/// Nobody may patch.
fn puts() -> Stage {
    let actor = || holder(TRUE).renewing().releasing().sending(5);
    let faults = Faults { silences: 1, touches: 1, ..NONE };
    let stage = Stage::new("puts", vec![actor(), actor()]).lasting(2, 1_000).with(faults);
    Stage { forbids_patch: true, ..stage }
}

/// The object does not exist: who comes first makes it, and answers are lost.
fn lease() -> Stage {
    let actor = || holder(TRUE).creating().releasing().sending(4);
    let faults = Faults { silences: 1, ..NONE };
    let stage = Stage::new("lease", vec![actor(), actor()]).lasting(3, 1_000).with(faults);
    Stage { object: Start::Missing, ..stage }
}

/// Three of them.
fn three() -> Stage {
    let actor = |requests| holder(TRUE).sending(requests);
    let faults = Faults { delays: 1, ..NONE };
    Stage::new("three", vec![actor(3), actor(3), actor(2)]).lasting(3, 1_000).with(faults)
}
