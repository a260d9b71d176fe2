//! Those who write to the object and know nothing of locks, or more than the protocol.

use std::sync::Arc;
use std::time::Duration;

use kubelock::Record;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::dice::Dice;
use super::history::Author;
use super::profile::Profile;
use super::store::{Carrier, KEY};
use super::world::World;

/// What an outsider does.
#[derive(Debug, Clone, Copy)]
enum Deed {
    /// Another controller writes something else.
    Annotate,
    /// A person removes the record that she saw.
    Break,
    /// A person renews the record of a hold, by its id.
    Prolong,
    /// Somebody writes what is no record.
    Garble,
    Delete,
    /// The object is deleted, and waits for a finalizer.
    Linger,
    /// etcd forgets its history.
    Compact,
}

/// Meddles while there are faults.
pub(crate) async fn meddle(world: Arc<World>, dice: Dice) {
    let mean = world.profile.traits().outsiders;
    let pause = match (mean, world.profile) {
        // Each write wakes those who watch.
        (_, Profile::Honest) => 1,
        (0, _) => 15,
        _ => mean,
    };
    while world.has_faults() {
        sleep(dice.millis(10, pause * 2_000)).await;
        let foul = if mean == 0 { 0 } else { 2 };
        let deed = dice.weighed(&[
            (Deed::Annotate, 3),
            (Deed::Compact, 1),
            (Deed::Break, foul * 4),
            (Deed::Prolong, foul / 2),
            (Deed::Garble, foul / 2),
            (Deed::Delete, foul),
            (Deed::Linger, foul),
        ]);
        act(&world, &dice, deed).await;
    }
    mend(&world);
}

async fn act(world: &World, dice: &Dice, deed: Deed) {
    match deed {
        Deed::Annotate => annotate(world, "touched", Some(&dice.next().to_string())),
        Deed::Compact => world.store.compact(),
        Deed::Break => break_it(world, dice).await,
        Deed::Prolong => prolong(world),
        Deed::Garble => {
            annotate(world, KEY, Some("neither free nor held"));
            sleep(dice.millis(10, 5_000)).await;
            if world.value().is_some_and(|value| value.starts_with("neither")) {
                annotate(world, KEY, None);
            }
        }
        Deed::Delete => {
            let copy = world.store.get(&world.path);
            world.change(&Author::Outsider("a deleter"), |store| store.remove(&world.path));
            sleep(dice.millis(0, 4_000)).await;
            make_again(world, dice, copy);
        }
        Deed::Linger => {
            world.change(&Author::Outsider("a deleter"), |store| store.begin_deletion(&world.path));
            sleep(dice.millis(10, 8_000)).await;
            let copy = world.store.get(&world.path);
            world.change(&Author::Outsider("a finalizer"), |store| store.remove(&world.path));
            sleep(dice.millis(0, 2_000)).await;
            make_again(world, dice, copy);
        }
    }
}

/// Somebody else annotates the object; `None` removes.
fn annotate(world: &World, key: &str, value: Option<&str>) {
    let Some(mut object) = world.store.get(&world.path) else { return };
    let annotations = &mut object["metadata"]["annotations"];
    if !annotations.is_object() {
        *annotations = json!({});
    }
    annotations[key] = json!(value);
    if let (None, Some(annotations)) = (value, annotations.as_object_mut()) {
        annotations.remove(key);
    }
    world.change(&Author::Outsider("a writer"), |store| store.put(&world.path, object));
}

fn prolong(world: &World) {
    let Some(Ok(record)) = world.value().as_deref().map(Record::decode) else { return };
    if record.hold.is_some() {
        let renewed = record.stamped(world.time.stamp(world.now()));
        annotate(world, KEY, Some(&renewed.encode()));
    }
}

/// A person may come just before a write that is late, where many are.
pub(crate) fn precede(world: &World, dice: &Dice) {
    if world.profile.traits().late > 0 && dice.chance(800) && world.value().is_some() {
        annotate(world, KEY, None);
    }
}

async fn break_it(world: &World, dice: &Dice) {
    let seen = world.value();
    sleep(dice.millis(0, 3_000)).await;
    if seen.is_some() && seen == world.value() {
        annotate(world, KEY, None);
    }
}

/// Made anew, with its annotations or without; a Lease is left to whoever wants one.
fn make_again(world: &World, dice: &Dice, copy: Option<Value>) {
    if world.store.get(&world.path).is_some() {
        return;
    }
    let annotations = match copy {
        Some(copy) if dice.chance(600) => copy["metadata"]["annotations"].clone(),
        _ if world.carrier == Carrier::Lease => return,
        _ => Value::Null,
    };
    put_new(world, &annotations);
}

fn put_new(world: &World, annotations: &Value) {
    let object = world.carrier.new_object(annotations);
    world.change(&Author::Outsider("a maker"), |store| store.put(&world.path, object));
}

/// Leaves the object so that a lock can be had.
fn mend(world: &World) {
    let truth = world.truth();
    if truth.is_dying {
        world.change(&Author::Outsider("a finalizer"), |store| store.remove(&world.path));
    }
    if !truth.exists() && world.carrier != Carrier::Lease {
        put_new(world, &Value::Null);
    }
}

/// So long is what outsiders begin under way at most.
pub(crate) const DEED_MAX: Duration = Duration::from_secs(15);
