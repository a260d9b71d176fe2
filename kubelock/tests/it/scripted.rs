//! The library on the scripted server, on paused time.

use std::time::Duration;

use kubelock::AcquireOptions;
use serde_json::json;
use testkit::wire::Fault;
use tokio::time::{Instant, advance};

use crate::paused::{APP, PausedStage};
use crate::support::{GET, PATCH, acquire, hasty, release};

#[tokio::test(start_paused = true)]
async fn a_lock_is_acquired_and_released_with_one_request_each() {
    let stage = PausedStage::new();
    let acquired = stage.lock().acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(stage.value(), Some(acquired.record().encode()));
    let created_at = acquired.record().created_at;
    assert!(created_at.saturating_since(stage.server.now().into()) < Duration::from_millis(1));
    acquired.release().await.unwrap();
    assert_eq!(stage.value(), None);
    assert_eq!(stage.wire.take_methods(), [PATCH, PATCH]);
}

#[tokio::test(start_paused = true)]
async fn a_held_lock_is_refused_to_others_until_its_ttl_is_over() {
    let stage = PausedStage::new();
    let ttl = Duration::from_secs(10);
    let alices = AcquireOptions { ttl, ..acquire("alice") };
    stage.lock().acquire("app", alices).await.unwrap();
    let refused = stage.lock().acquire("app", acquire("bob")).await.unwrap_err();
    assert!(refused.is_owner_mismatch(), "{refused}");
    let refused = stage.lock().release("app", release("bob")).await.unwrap_err();
    assert!(refused.is_owner_mismatch(), "{refused}");

    advance(ttl + Duration::from_secs(2)).await;
    stage.lock().acquire("app", acquire("bob")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_deleted_object_is_missing_and_the_lock_is_gone_when_it_is_made_anew() {
    let stage = PausedStage::new();
    let acquired = stage.lock().acquire("app", acquire("alice")).await.unwrap();
    stage.server.delete(APP);
    let missing = stage.lock().acquire("app", acquire("bob")).await.unwrap_err();
    assert!(missing.is_object_missing(), "{missing}");
    stage.server.put_object(APP, json!({}));
    assert!(acquired.release().await.unwrap_err().is_not_found());
}

#[tokio::test(start_paused = true)]
async fn the_servers_date_mends_a_record_stamped_by_a_wrong_clock() {
    let stage = PausedStage::new();
    let lock = stage.lock_ahead(Duration::from_hours(24));
    let acquired = lock.acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, PATCH]);
    let ahead = acquired.record().created_at.saturating_since(stage.server.now().into());
    assert!(ahead <= Duration::from_secs(303), "{ahead:?}");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_removed_before_it_is_mended_may_come_back_while_an_attempt_is_under_way()
{
    let stage = PausedStage::new();
    let late = Fault::ArriveLate(Duration::from_secs(50));
    stage.wire.spoil_writes([late, Fault::None, Fault::Hang]);
    let lock = stage.lock_ahead(Duration::from_hours(24));
    let (told, ()) = tokio::join!(lock.acquire("app", acquire("alice")), async {
        while stage.value().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stage.overwrite(None);
    });
    let error = told.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(stage.value().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_is_known_to_have_sent_nothing() {
    let stage = PausedStage::new();
    stage.wire.spoil_writes([Fault::Refuse]);
    stage.lock().acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, PATCH]);

    stage.wire.down(true);
    let error = stage.lock().release("app", release("alice")).await.unwrap_err();
    assert!(error.is_unavailable() && error.to_string().contains("refused"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_leaves_the_outcome_unknown_after_exactly_the_deadline() {
    let stage = PausedStage::new();
    stage.wire.blackhole(true);
    let options = hasty("alice");
    let (began, deadline) = (Instant::now(), options.deadline);
    let error = stage.lock().acquire("app", options).await.unwrap_err();
    assert!(error.is_outcome_unknown(), "{error}");
    assert!(began.elapsed() <= deadline + Duration::from_millis(1), "{:?}", began.elapsed());

    stage.wire.blackhole(false);
    stage.wire.take_methods();
    stage.wire.spoil_writes([Fault::LoseReply]);
    stage.lock().acquire("app", acquire("alice")).await.unwrap();
    assert_eq!(stage.wire.take_methods(), [PATCH, GET]);
}
