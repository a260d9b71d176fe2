//! What a call that came to nothing is told of the server, on paused time: the last that was heard.

use kubelock::{AcquireOptions, Error, GetOptions};
use testkit::wire::{Fault, Reply};

use crate::paused::{PausedStage, SECOND};

fn busy(code: u16) -> Fault {
    Fault::Answer(Reply::new(code, ""))
}

/// More than any call here makes.
fn always(fault: &Fault) -> Vec<Fault> {
    vec![fault.clone(); 200]
}

/// What a reader is told.
async fn said_to_a_reader(faults: Vec<Fault>) -> String {
    let stage = PausedStage::new();
    stage.wire.spoil_reads(faults);
    let options = GetOptions { deadline: 4 * SECOND, ..Default::default() };
    match stage.lock().get("app", options).await {
        Err(Error::Unavailable { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

/// What a writer is told whose writes and reads go so.
async fn said_to_a_writer(writes: Vec<Fault>, reads: Vec<Fault>) -> String {
    let stage = PausedStage::new();
    stage.wire.spoil_writes(writes);
    stage.wire.spoil_reads(reads);
    let options =
        AcquireOptions { owner: "alice".into(), deadline: 4 * SECOND, ..Default::default() };
    match stage.lock().acquire("app", options).await {
        Err(Error::OutcomeUnknown { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_is_quoted_with_its_status() {
    assert_eq!(said_to_a_reader(always(&busy(503))).await, "503 Service Unavailable: injected 503");
    assert_eq!(
        said_to_a_writer(always(&busy(500)), always(&busy(500))).await,
        "500 Internal Server Error: injected 500"
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_the_deadline_cuts_short_hides_nothing_that_was_heard_before() {
    let then_silence = |first: &[Fault]| [first.to_vec(), always(&Fault::Hang)].concat();
    assert_eq!(
        said_to_a_writer(vec![busy(503)], then_silence(&[])).await,
        "503 Service Unavailable: injected 503"
    );
    assert_eq!(
        said_to_a_writer(vec![busy(504)], then_silence(&[busy(504), busy(502)])).await,
        "502 Bad Gateway: injected 502"
    );
    assert_eq!(
        said_to_a_reader(then_silence(&[busy(429)])).await,
        "429 Too Many Requests: injected 429"
    );
}

#[tokio::test(start_paused = true)]
async fn what_an_answer_has_made_up_for_is_not_told_any_more() {
    let writes = [vec![busy(503)], always(&Fault::Hang)].concat();
    let said = said_to_a_writer(writes, [vec![Fault::None], always(&Fault::Hang)].concat()).await;
    assert!(said.starts_with("no answer within "), "{said}");
}
