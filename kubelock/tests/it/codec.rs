//! The codec against the Go package itself, on generated values.
//!
//! `KUBELOCK_CODEC_INPUTS` sets how many, `KUBELOCK_SEED` replays a failure.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should end")]

use std::time::SystemTime;

use kubelock_core::go_json;
use kubelock_core::record::Record;
use kubelock_core::timestamp::Timestamp;
use kubelock_core::ttl::Ttl;
use serde_json::{Value, json};
use testkit::seed::Seed;

mod dice;
mod generator;

use dice::Dice;

const BATCH: usize = 1000;

#[test]
fn every_generated_value_reads_as_go_reads_it() {
    let (seed, mut go) = (replayed_or_new(), go());
    let mut dice = Dice::new(seed);
    let inputs = inputs();
    let mut accepted = 0;

    for batch in 0..inputs.div_ceil(BATCH) {
        let values: Vec<String> = (0..BATCH).map(|_| generator::value(&mut dice)).collect();
        accepted += compare(&mut go, &values).unwrap_or_else(|difference| {
            panic!("KUBELOCK_SEED={seed} replays this, in batch {batch}: {difference}")
        });
    }

    let share = accepted * 100 / (inputs.div_ceil(BATCH) * BATCH);
    assert!((25..=75).contains(&share), "{share} % accepted: seed {seed} proves little");
    println!("{share} % of {inputs} accepted, seed {seed}");
}

#[test]
fn the_odd_corners_of_the_format_read_as_go_reads_them() {
    let cases = [
        ("null", true),
        (" \t\r\n{}\n", true),
        ("", false),
        ("\"\"", false),
        ("[]", false),
        ("{}{}", false),
        ("\u{feff}{}", false),
        (r#"{"OWNER":"a","CREATEDAT":"2020-03-25T10:00:00Z","TTL":1}"#, true),
        (r#"{"owner":"a","Owner":"b","oWNER":null}"#, true),
        (r#"{"owner":1,"owner":"a"}"#, false),
        (r#"{"owner":"\ud800\u0041"}"#, true),
        (r#"{"owner":"\'"}"#, false),
        (r#"{"ttl":-0}"#, true),
        (r#"{"ttl":1e3}"#, false),
        (r#"{"ttl":9223372036854775808}"#, false),
        (r#"{"ttl":"5m"}"#, false),
        (r#"{"tt\u017f":"s folds to a long s, but no field holds one"}"#, true),
        (r#"{"createdAt":null}"#, true),
        (r#"{"createdAt":"2020-03-25T1:00:00,5+24:60"}"#, true),
        (r#"{"createdAt":"2020-03-25T10:00:00.1234567899999Z"}"#, true),
        (r#"{"createdAt":"0000-02-29T00:00:00Z"}"#, true),
        (r#"{"createdAt":"1900-02-29T00:00:00Z"}"#, false),
        (r#"{"createdAt":"2020-03-25T24:00:00Z"}"#, false),
        (r#"{"createdAt":"2020-03-25t10:00:00z"}"#, false),
        (r#"{"createdAt":"2020-03-25T10:00:00\u005a"}"#, false),
        (r#"{"createdAt":{"a":1}}"#, false),
        (r#"{"hold":{"any":["thing",{}]},"hold":7}"#, true),
    ];

    let mut go = go();
    for (value, accepted) in cases {
        let compared = compare(&mut go, &[value.to_owned()]);
        assert_eq!(compared, Ok(usize::from(accepted)), "{value:?}");
    }
}

#[test]
fn values_nest_as_deep_as_in_go_and_no_deeper() {
    let nested = |depth: usize| format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let values: Vec<String> = [1, 9_998, 9_999, 10_000, 100_000].map(nested).into();

    assert_eq!(compare(&mut go(), &values), Ok(3));
}

#[test]
fn we_write_the_same_bytes_as_go() {
    let (seed, mut go) = (replayed_or_new(), go());
    let mut dice = Dice::new(seed);
    let mut owners: Vec<String> =
        ('\0'..='\u{2ff}').chain('\u{2000}'..='\u{2100}').map(String::from).collect();
    owners.extend((0..inputs() / 10).map(|_| any_owner(&mut dice)));

    for owners in owners.chunks(BATCH) {
        let records: Vec<Record> =
            owners.iter().map(|owner| any_record(&mut dice, owner)).collect();
        let asked = records.iter().map(in_numbers).collect::<Vec<_>>();
        let answer = go.call(json!({"op": "encode_batch", "records": asked}));
        for (record, value) in records.iter().zip(list(&answer, "values")) {
            assert_eq!(Some(record.encode().as_str()), value.as_str(), "seed {seed}, {record:?}");
            assert_eq!(formatted(record), record.encode(), "seed {seed}");
        }
    }
}

#[test]
fn what_the_package_wrote_is_written_again_with_the_same_bytes() {
    let (seed, mut go) = (replayed_or_new(), go());
    let mut dice = Dice::new(seed);
    for _ in 0..500 {
        let owner = any_owner(&mut dice);
        let ttl = dice.between(0, i64::MAX);

        let answer = go.call(json!({"op": "acquire_bytes", "owner": owner, "ttl_nanos": ttl}));

        let value = answer["value"].as_str().unwrap();
        let record = Record::decode(value).unwrap();
        assert_eq!(record.encode(), value, "seed {seed}");
        assert_eq!((record.owner, record.ttl_nanos), (owner, ttl), "seed {seed}");
    }
}

#[test]
fn the_packages_default_ttl_is_ours() {
    let answer = go().call(json!({"op": "acquire_bytes", "owner": "a", "ttl_nanos": 0}));

    let record = Record::decode(answer["value"].as_str().unwrap()).unwrap();
    assert_eq!(record.ttl_nanos, Ttl::DEFAULT.nanos());
}

fn go() -> Seed {
    Seed::spawn(&testkit::go::seed_v0(), None).unwrap()
}

fn replayed_or_new() -> u64 {
    let new = || u64::try_from(now().unix_nanos()).unwrap_or_default();
    std::env::var("KUBELOCK_SEED").map_or_else(|_| new(), |seed| seed.parse().unwrap())
}

fn inputs() -> usize {
    std::env::var("KUBELOCK_CODEC_INPUTS").map_or(100_000, |inputs| inputs.parse().unwrap())
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// How many values both accept, or the first that they do not agree on.
fn compare(go: &mut Seed, values: &[String]) -> Result<usize, String> {
    let answer = go.call(json!({"op": "decode_batch", "values": values}));
    let results = list(&answer, "results");
    assert_eq!(results.len(), values.len());
    let mut accepted = 0;
    for (value, theirs) in values.iter().zip(results) {
        let ours = Record::decode(value);
        if let Some(difference) = difference(ours.as_ref().ok(), theirs) {
            let shown: String = value.chars().take(2000).collect();
            return Err(format!("{difference}\nvalue {shown:?}\nours {ours:?}\nGo's {theirs}"));
        }
        accepted += usize::from(ours.is_ok());
    }
    Ok(accepted)
}

fn difference(ours: Option<&Record>, theirs: &Value) -> Option<&'static str> {
    if theirs["accepted"] != theirs["package_accepted"] {
        return Some("the package and the struct with its fields differ");
    }
    if theirs["accepted"] != ours.is_some() {
        return Some("only one of us accepts it");
    }
    let ours = ours?;
    let same = in_numbers(ours).as_object()?.iter().all(|(name, number)| theirs[name] == *number);
    if !same {
        return Some("we read different records");
    }
    let expired = ours.is_expired(now());
    (theirs["expired"] != expired && !expires_about_now(ours))
        .then_some("only one of us sees it expired")
}

/// Whether the two of us may look at our clocks before and after it expires.
fn expires_about_now(record: &Record) -> bool {
    const MINUTE: i128 = 60_000_000_000;
    (record.expires_at().unix_nanos() - now().unix_nanos()).abs() < MINUTE
}

fn in_numbers(record: &Record) -> Value {
    let nanos = record.created_at.unix_nanos();
    json!({
        "owner": record.owner,
        "created_at_unix_seconds": i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap(),
        "created_at_nanos": i64::try_from(nanos.rem_euclid(1_000_000_000)).unwrap(),
        "ttl_nanos": record.ttl_nanos,
    })
}

fn any_owner(dice: &mut Dice) -> String {
    let awkward = [
        '<', '>', '&', '"', '\\', '/', '\u{7f}', '\u{2028}', '\u{2029}', '\u{d7ff}', '\u{e000}',
        '\u{fffd}', '\u{feff}', '🦀',
    ];
    let any_char = |dice: &mut Dice| match dice.below(4) {
        0 => Some(awkward[dice.below(awkward.len())]),
        1 => char::from_u32(u32::try_from(dice.below(0x11_0000)).unwrap()),
        2 => char::from_u32(u32::try_from(dice.below(0x20)).unwrap()),
        _ => char::from_u32(u32::try_from(dice.below(0x60)).unwrap() + 0x20),
    };
    (0..dice.below(12)).filter_map(|_| any_char(dice)).collect()
}

/// With any stamp and ttl that Go would write.
fn any_record(dice: &mut Dice, owner: &str) -> Record {
    let seconds = dice.between(-62_167_219_200, 253_402_300_799);
    let precision = 10_i64.pow(u32::try_from(dice.below(10)).unwrap());
    let nanos = dice.between(0, 999_999_999) / precision * precision;
    let unix_nanos = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    let mut record = Record::new(owner, Timestamp::from_unix_nanos(unix_nanos), Ttl::DEFAULT);
    record.ttl_nanos = dice.between(i64::MIN, i64::MAX);
    record
}

/// The record as the writer of request bodies spells it.
fn formatted(record: &Record) -> String {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Fields<'a> {
        owner: &'a str,
        created_at: String,
        ttl: i64,
    }
    let (owner, created_at) = (record.owner.as_str(), record.created_at.to_string());
    let fields = Fields { owner, created_at, ttl: record.ttl_nanos };
    String::from_utf8(go_json::to_vec(&fields).unwrap()).unwrap()
}
