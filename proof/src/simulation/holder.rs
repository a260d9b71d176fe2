//! What a contender does while it holds the lock, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use kubelock::{Error, Guard, json_patch};
use serde_json::{Value, json};

use super::contender::Contender;
use super::judge::Kind;
use super::profile::Rule;
use super::store::Carrier;

/// Longer than this nobody works.
const WORK_MAX: Duration = Duration::from_secs(45);

/// It has the lock: it works, until it is done or the lock is lost.
pub(crate) async fn holds(contender: &Contender, guard: Guard) {
    let process = &contender.process;
    let guard = Arc::new(guard);
    process.note(|| format!("holds it: {:.4}, token {}", guard.hold_id().as_str(), guard.token()));
    let number = process.world.judge().got_hold(process, &guard);
    let loss = tokio::select! {
        biased;
        loss = guard.lost() => Some(loss),
        () = work(contender, &guard, number) => None,
    };
    if let Some(loss) = loss {
        process.note(|| format!("is told that it lost it: {loss}"));
        return process.world.judge().told_lost(number, &loss);
    }
    end(contender, guard, number).await;
}

async fn work(contender: &Contender, guard: &Guard, number: usize) {
    let process = &contender.process;
    let dice = &process.dice;
    let ttl = u64::try_from(guard.record().ttl_nanos).unwrap_or(0);
    let least = if dice.chance(300) { Duration::from_secs(10) } else { Duration::ZERO };
    let most = (Duration::from_nanos(ttl) * 2).max(least).min(WORK_MAX);
    let span = dice.span(least, most + Duration::from_millis(1));
    let until = process.world.now() + span;
    while process.world.now() < until {
        process.sleep(dice.millis(1, 4_000).min(span)).await;
        if dice.chance(350) {
            write(contender, guard, number).await;
        }
        if !process.world.has_faults() && dice.chance(500) {
            return;
        }
    }
}

/// A guarded write that leaves something unlike all others.
async fn write(contender: &Contender, guard: &Guard, number: usize) {
    let process = &contender.process;
    let marker = {
        let mut judge = process.world.judge();
        judge.began(process, Kind::Work, Rule::Observed, contender.repeats);
        judge.guarding(number, contender.repeats)
    };
    let dice = &process.dice;
    let on_status = process.world.carrier == Carrier::Widget && dice.chance(600);
    let operations = operations(process.world.carrier, on_status, &marker, dice.chance(80));
    let Ok(patch) = serde_json::from_value::<json_patch::Patch>(operations) else { return };
    process.note(|| format!("writes {marker}"));
    let result = guard.patch(patch, on_status.then_some("status")).await;
    process.note(|| match &result {
        Ok(version) => format!("has written {marker} at {version}"),
        Err(error) => format!("is told of {marker}: {error}"),
    });
    process.world.judge().told_guarded(&marker, &result);
}

fn operations(carrier: Carrier, on_status: bool, marker: &str, fails: bool) -> Value {
    let path = match (carrier, on_status) {
        (Carrier::ConfigMap, _) => format!("/data/{marker}"),
        (Carrier::Widget, true) => "/status/log/-".into(),
        (Carrier::Widget, false) => "/spec/log/-".into(),
        (Carrier::Lease, _) => "/spec/holderIdentity".into(),
    };
    let add = json!({ "op": "add", "path": path, "value": marker });
    if fails {
        let test = json!({ "op": "test", "path": "/kind", "value": "Other" });
        return json!([test, add]);
    }
    json!([add])
}

async fn end(contender: &Contender, guard: Arc<Guard>, number: usize) {
    let process = &contender.process;
    process.world.judge().began(process, Kind::Work, Rule::Observed, contender.repeats);
    let confirmed = guard.record().encode();
    // The judge looks at it, and keeps nothing.
    let Some(guard) = Arc::into_inner(guard) else { return };
    process.world.judge().ending(number);
    if process.dice.chance(200) {
        process.note(|| "drops its guard".into());
        return drop(guard);
    }
    process.note(|| "gives it back".into());
    let result = guard.release().await;
    process.note(|| match &result {
        Ok(()) => "gave it back".into(),
        Err(error) => format!("is told of giving it back: {error}"),
    });
    let mut judge = process.world.judge();
    match result {
        Ok(()) => judge.told_released(number, &confirmed),
        Err(Error::Lost { loss, .. }) => judge.told_lost(number, &loss),
        Err(_) => {}
    }
}
