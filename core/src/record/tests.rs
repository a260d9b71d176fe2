use super::*;
use proptest::prelude::*;

const WRITTEN: &str =
    r#"{"owner":"test-owner","createdAt":"2020-03-25T10:00:00.123456789Z","ttl":300000000000}"#;

fn at(unix_nanos: i128) -> Timestamp {
    Timestamp::from_unix_nanos(unix_nanos)
}

fn record(owner: &str, created_at: i128, ttl_nanos: i64) -> Record {
    Record { owner: owner.to_owned(), created_at: at(created_at), ttl_nanos, ..Record::nothing() }
}

fn decoded(text: &str) -> Record {
    Record::decode(text).unwrap()
}

fn reason(text: &str) -> &'static str {
    Record::decode(text).unwrap_err().reason()
}

#[test]
fn the_go_packages_own_example_reads_and_writes_back_the_same() {
    let expected = record("test-owner", 1_585_130_400_123_456_789, 300_000_000_000);

    assert_eq!(decoded(WRITTEN), expected);
    assert_eq!(expected.encode(), WRITTEN);
}

#[test]
fn whatever_is_missing_has_gos_zero_value() {
    let zero = record("", Timestamp::GO_ZERO.unix_nanos(), 0);

    for text in ["null", "{}", r#"{"owner":null,"createdAt":null,"ttl":null}"#] {
        assert_eq!(decoded(text), zero);
    }
}

#[test]
fn names_of_fields_count_in_any_letter_case() {
    let text = WRITTEN.replace("owner\":", "OWNER\":").replace("createdAt", "CREATEDat");

    assert_eq!(decoded(&text.replace("ttl", "\\u0054tL")), decoded(WRITTEN));
}

#[test]
fn names_that_only_look_alike_are_unknown_fields() {
    assert_eq!(decoded(r#"{"owner ":1,"ttls":"x","created_at":[],"tt\u0131":{}}"#), decoded("{}"));
}

#[test]
fn the_last_of_double_fields_counts_and_null_changes_nothing() {
    let text = r#"{"ttl":1,"owner":"a","TTL":2,"Owner":"b","owner":null,"ttl":null}"#;

    assert_eq!(decoded(text), record("b", Timestamp::GO_ZERO.unix_nanos(), 2));
}

#[test]
fn a_wrong_type_is_malformed_even_when_a_later_field_would_mend_it() {
    assert_eq!(reason(r#"{"owner":1,"owner":"a"}"#), "owner is no string");
    assert_eq!(reason(r#"{"ttl":"5m"}"#), "ttl is no number");
    assert_eq!(reason(r#"{"createdAt":0}"#), "createdAt is no string");
    assert_eq!(reason(r#"{"createdAt":{}}"#), "createdAt is no string");
}

#[test]
fn a_ttl_is_a_whole_number_of_64_bits() {
    assert_eq!(decoded(r#"{"ttl":-9223372036854775808}"#).ttl_nanos, i64::MIN);
    assert_eq!(decoded(r#"{"ttl":-0}"#).ttl_nanos, 0);
    for ttl in ["1e3", "1.0", "9223372036854775808", "-9223372036854775809"] {
        let expected = "ttl is no whole number of nanoseconds in 64 bits";
        assert_eq!(reason(&format!(r#"{{"ttl":{ttl}}}"#)), expected);
    }
}

#[test]
fn escapes_in_a_time_are_not_resolved() {
    let text = WRITTEN.replace("2020", "\\u0032020");

    assert_eq!(reason(&text), "createdAt is no time in RFC 3339");
}

#[test]
fn an_empty_value_is_malformed_and_never_free() {
    assert_eq!(reason(""), "a record is an object");
    assert_eq!(Record::decode("{\"owner\":").unwrap_err().offset(), 9);
}

#[test]
fn a_hold_is_read_from_its_exact_name_alone() {
    assert_eq!(decoded(r#"{"hold":"6f1c-\u0030"}"#).hold, HoldId::new("6f1c-0").ok());
    assert_eq!(decoded(r#"{"Hold":"6f1c"}"#).hold, None);
    assert_eq!(decoded(r#"{"x":{"hold":"6f1c"}}"#).hold, None);
}

#[test]
fn a_hold_that_is_none_of_ours_is_absent_and_not_malformed() {
    for hold in ["null", "7", "true", "[]", "{}", "\"\"", "\"A\"", "\"\\ud800\""] {
        assert_eq!(decoded(&format!(r#"{{"hold":{hold}}}"#)).hold, None, "{hold}");
    }
    assert_eq!(decoded(r#"{"hold":"a","hold":"B"}"#).hold, None);
}

#[test]
fn a_hold_is_written_last() {
    let record = decoded(WRITTEN).with_hold(HoldId::new("6f1c").unwrap());

    assert_eq!(record.encode(), WRITTEN.replace('}', r#","hold":"6f1c"}"#));
}

#[test]
fn a_stamp_that_nobody_could_read_is_written_as_the_nearest_readable() {
    let beyond = record("a", i128::MAX, 1).encode();
    let before = record("a", i128::MIN, 1).encode();

    assert_eq!(decoded(&beyond).created_at, Timestamp::LAST_WRITABLE);
    assert_eq!(decoded(&before).created_at, Timestamp::FIRST_WRITABLE);
}

#[test]
fn a_lock_stands_up_to_and_with_the_instant_it_expires_at() {
    let record = record("a", 100, 15);

    assert_eq!(record.expires_at(), at(115));
    assert!(!record.is_expired(at(115)));
    assert!(record.is_expired(at(116)));
}

#[test]
fn a_negative_ttl_has_expired_before_it_began() {
    assert!(record("a", 100, -1).is_expired(at(100)));
    assert!(!record("a", 100, -1).is_expired(at(99)));
}

#[test]
fn the_longest_ttl_lasts_for_292_years() {
    let forever = record("a", 0, i64::MAX);

    assert!(!forever.is_expired(at(i64::MAX.into())));
    assert!(forever.is_expired(at(i128::from(i64::MAX) + 1)));
}

prop_compose! {
    fn any_record()(
        owner in any::<String>(),
        seconds in -62_167_219_200_i128..253_402_300_800,
        nanos in 0..1_000_000_000_i128,
        ttl_nanos in any::<i64>(),
        hold in proptest::option::of("[a-z0-9-]{1,64}"),
    ) -> Record {
        let hold = hold.and_then(|text| HoldId::new(text).ok());
        Record { owner, created_at: at(seconds * 1_000_000_000 + nanos), ttl_nanos, hold, ..Record::nothing() }
    }
}

proptest! {
    #[test]
    fn what_was_written_reads_back_the_same(record in any_record()) {
        prop_assert_eq!(decoded(&record.encode()), record);
    }

    #[test]
    fn any_text_reads_or_is_malformed(text in any::<String>()) {
        let _ = Record::decode(&text);
    }

    #[test]
    fn a_cut_or_altered_record_reads_or_is_malformed(
        record in any_record(),
        cut in any::<prop::sample::Index>(),
        other in any::<char>(),
    ) {
        let mut text: Vec<char> = record.encode().chars().collect();
        let at = cut.index(text.len());
        text[at] = other;
        let altered: String = text.iter().collect();
        let shown = Record::decode(&altered).map_err(|error| error.to_string());
        prop_assert!(shown.err().is_none_or(|message| message.len() < 700));
        text.truncate(at);
        let cut: String = text.iter().collect();
        prop_assert!(Record::decode(&cut).is_err());
    }
}
