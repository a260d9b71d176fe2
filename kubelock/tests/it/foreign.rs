//! Records that others wrote, in whatever spelling, on the real server.

use kubelock::{ExpiryRule, GetOptions, ReleaseOptions};

use crate::support::{KEY, Stage, acquire, release};

/// Owners with characters that encoders spell in different ways.
const OWNERS: [&str; 10] = [
    "a<b>c",
    "a&b",
    "é",
    "🔒",
    "del\u{7f}",
    "ls\u{2028}ps\u{2029}",
    "sp  ace",
    "quote\\\"s",
    "tab\\tnew\\n",
    "\u{fffd}\u{feff}",
];

/// Spellings of one record, as kubectl, Python or a person may write it.
fn spellings(owner: &str, created_at: &str) -> Vec<String> {
    #[expect(clippy::format_collect, reason = "a handful of characters")]
    let ascii: String = owner
        .chars()
        .map(|c| {
            if c.is_ascii() {
                c.to_string()
            } else {
                c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect()
            }
        })
        .collect();
    vec![
        format!(r#"{{"owner":"{owner}","createdAt":"{created_at}","ttl":10000000000}}"#),
        format!(
            r#"{{"ttl": 10000000000, "createdAt": "{created_at}", "owner": "{owner}", "note": {{"by": ["<hand>"]}}}}"#
        ),
        format!(
            "{{\n  \"OWNER\": \"{ascii}\",\n\t\"CreatedAt\": \"{created_at}\", \"Ttl\": 10000000000\n}}"
        ),
    ]
}

fn decoded(owner: &str) -> String {
    serde_json::from_str(&format!("\"{owner}\"")).unwrap()
}

#[tokio::test]
async fn a_foreign_record_is_read_respected_and_released_in_any_spelling() {
    let Some(stage) = Stage::new("foreign").await else { return };
    let lock = stage.lock();
    let now = kubelock::Timestamp::from(std::time::SystemTime::now()).to_string();
    for owner in OWNERS {
        for spelling in spellings(owner, &now)
            .into_iter()
            .map(|text| text.replace("10000000000", "600000000000"))
        {
            stage.annotate(KEY, Some(&spelling)).await;
            let state = lock.get("app", GetOptions::default()).await.unwrap();
            assert_eq!(state.record.as_ref().unwrap().owner, decoded(owner), "{spelling}");
            assert!(state.is_held(), "{spelling}");
            assert!(
                lock.acquire("app", acquire("bob")).await.unwrap_err().is_owner_mismatch(),
                "{spelling}"
            );
            assert_eq!(stage.value().await.as_deref(), Some(spelling.as_str()), "left as it was");
            lock.release("app", release(&decoded(owner)))
                .await
                .unwrap_or_else(|error| panic!("{spelling}: {error}"));
            assert_eq!(stage.value().await, None, "{spelling}");
        }
    }
}

#[tokio::test]
async fn a_foreign_record_expires_and_is_taken_over_in_any_spelling() {
    let Some(stage) = Stage::new("foreign").await else { return };
    let lock = stage.lock();
    for owner in OWNERS {
        for spelling in spellings(owner, "2020-03-25T12:00:00.5+02:00") {
            stage.annotate(KEY, Some(&spelling)).await;
            assert!(
                lock.release("app", release(&decoded(owner))).await.unwrap_err().is_not_found(),
                "{spelling}"
            );
            let acquired = lock
                .acquire("app", acquire("bob"))
                .await
                .unwrap_or_else(|error| panic!("{spelling}: {error}"));
            acquired.release().await.unwrap_or_else(|error| panic!("{spelling}: {error}"));
        }
    }
}

#[tokio::test]
async fn our_own_records_are_released_whatever_their_owner_is_called() {
    let Some(stage) = Stage::new("foreign").await else { return };
    let lock = stage.lock();
    let controls: String = (1..0xa0_u32).filter_map(char::from_u32).collect();
    for owner in OWNERS.map(decoded).into_iter().chain([controls, "x".repeat(200_000)]) {
        lock.acquire("app", acquire(&owner)).await.unwrap().release().await.unwrap();
        lock.acquire("app", acquire(&owner)).await.unwrap();
        lock.release("app", release(&owner)).await.unwrap();
        assert_eq!(stage.value().await, None, "{:?}", owner.get(..20));
    }
}

#[tokio::test]
async fn what_is_no_record_is_an_error_and_never_a_free_lock() {
    let Some(stage) = Stage::new("foreign").await else { return };
    let lock = stage.lock();
    let deep = "[".repeat(20_000);
    for malformed in [
        "",
        "mine",
        "{}x",
        r#"{"owner":1}"#,
        r#"{"ttl":"5m"}"#,
        r#"{"createdAt":"yesterday"}"#,
        deep.as_str(),
    ] {
        stage.annotate(KEY, Some(malformed)).await;
        assert!(
            lock.acquire("app", acquire("bob")).await.unwrap_err().is_malformed(),
            "{malformed}"
        );
        assert!(
            lock.release("app", release("bob")).await.unwrap_err().is_malformed(),
            "{malformed}"
        );
        assert!(
            lock.get("app", GetOptions::default()).await.unwrap_err().is_malformed(),
            "{malformed}"
        );
        assert_eq!(stage.value().await.as_deref(), Some(malformed), "left as it was");
    }
}

#[tokio::test]
async fn a_record_with_a_hold_id_is_spared_by_whoever_asks_for_that() {
    let Some(stage) = Stage::new("foreign").await else { return };
    let lock = stage.lock();
    let now = kubelock::Timestamp::from(std::time::SystemTime::now());
    stage
        .annotate(
            KEY,
            Some(&format!(
                r#"{{"owner":"alice","createdAt":"{now}","ttl":600000000000,"hold":"a1"}}"#
            )),
        )
        .await;
    let sparing = ReleaseOptions { spare_holds: true, ..release("alice") };
    let error = lock.release("app", sparing).await.unwrap_err();
    assert_eq!(error.held().unwrap().record.hold.as_ref().unwrap().to_string(), "a1");
    lock.release("app", ReleaseOptions { expiry: ExpiryRule::LocalClock, ..release("alice") })
        .await
        .unwrap();
}
