//! What who waits is told of, on paused time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubelock::{HoldOptions, Obstacle, OnWait};
use testkit::wire::{Fault, Reply};
use tokio::time::sleep;

use crate::paused::{MILLI, PausedStage, SECOND, TTL, hold, waiting, watch_verb};
use crate::support::{GET, PATCH};

/// What was told, a word each, and after how long the lock would be free.
type Told = Arc<Mutex<Vec<(String, Option<Duration>)>>>;

fn listener() -> (OnWait, Told) {
    let told = Told::default();
    let telling = told.clone();
    let on_wait = OnWait::new(move |obstacle| {
        let word = match obstacle {
            Obstacle::Holder(held) => (held.record.owner.clone(), held.free_after),
            Obstacle::Still(held) => (format!("still {}", held.record.owner), held.free_after),
            Obstacle::Unwatched(_) => ("unwatched".to_owned(), None),
            _ => ("trouble".to_owned(), None),
        };
        telling.lock().unwrap().push(word);
    });
    (on_wait, told)
}

fn words(told: &Told) -> Vec<String> {
    told.lock().unwrap().iter().map(|(word, _)| word.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told_of_a_holder_of_each_of_its_renewals_and_of_the_next_one() {
    let stage = PausedStage::new();
    let alice = stage.aside().lock().hold("app", hold("alice")).await.unwrap();
    let (on_wait, told) = listener();
    let options = HoldOptions { on_wait: Some(on_wait), ..waiting("bob") };
    let lock = stage.lock();
    let bob = tokio::spawn(async move { lock.hold("app", options).await });
    sleep(25 * SECOND).await;
    assert_eq!(words(&told), ["alice", "still alice", "still alice"]);
    assert!(told.lock().unwrap().iter().all(|(_, free_after)| *free_after == Some(TTL)));
    assert_eq!(stage.wire.take_methods(), [PATCH, GET, watch_verb()], "nothing is sent for it");

    stage.overwrite(Some(&crate::support::record("carol", "2026-01-01T00:00:25Z", 5 * SECOND)));
    sleep(MILLI).await;
    assert_eq!(words(&told).last().unwrap(), "carol");
    assert_eq!(told.lock().unwrap().last().unwrap().1, Some(5 * SECOND));
    drop(alice);
    bob.await.unwrap().unwrap().release().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_may_not_watch_is_told_so_once_with_the_servers_words() {
    for (code, is_forbidden) in [(403, true), (405, false)] {
        let stage = PausedStage::new();
        let alice = stage.aside().lock().hold("app", hold("alice")).await.unwrap();
        stage.wire.spoil_watches([Fault::Answer(Reply::new(code, "Denied"))]);
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = told.clone();
        let on_wait = OnWait::new(move |obstacle| {
            if let Obstacle::Unwatched(error) = obstacle {
                telling.lock().unwrap().push((error.is_forbidden(), error.to_string()));
            }
        });
        let options = HoldOptions { on_wait: Some(on_wait), ..waiting("bob") };
        let lock = stage.lock();
        let bob = tokio::spawn(async move { lock.hold("app", options).await });
        sleep(30 * SECOND).await;
        let told = std::mem::take(&mut *told.lock().unwrap());
        let [(forbidden, words)] = &told[..] else { panic!("{told:?}") };
        assert_eq!(*forbidden, is_forbidden);
        assert!(words.contains(&format!("injected {code}")), "{words}");
        drop(alice);
        bob.await.unwrap().unwrap().release().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told_when_the_server_is_back_and_the_holder_is_the_same() {
    let stage = PausedStage::new();
    let options = HoldOptions { ttl: 600 * SECOND, ..hold("alice") };
    let _alice = stage.aside().lock().hold("app", options).await.unwrap();
    let (on_wait, told) = listener();
    let options = HoldOptions { on_wait: Some(on_wait), ..waiting("bob") };
    let lock = stage.lock();
    let bob = tokio::spawn(async move { lock.hold("app", options).await });
    sleep(5 * SECOND).await;
    stage.wire.spoil_watches([Fault::Refuse]);
    stage.wire.down(true);
    stage.wire.cut_now();
    sleep(30 * SECOND).await;
    let before = words(&told);
    assert_eq!(before[0], "alice");
    assert!(before.len() > 1 && before[1..].iter().all(|word| word == "trouble"), "{before:?}");
    stage.wire.down(false);
    sleep(10 * SECOND).await;
    assert_eq!(words(&told)[before.len()..], ["still alice"]);
    bob.abort();
}
