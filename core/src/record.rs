//! The record of a lock: what one annotation says.

use std::fmt::Write;

use crate::go_json::{Value, push_quoted, read_object, read_time};
use crate::timestamp::Timestamp;
use crate::ttl::Ttl;

mod hold_id;
mod malformed;

pub use hold_id::{HoldId, InvalidHoldId};
pub use malformed::Malformed;

/// Who holds a lock, since when and for how long.
///
/// # Shape
/// ```json
/// {"owner":"ci","createdAt":"2020-03-25T10:00:00.12Z","ttl":300000000000,"hold":"6f1c"}
/// ```
/// The first three fields are the Go package's. The others are ours, and absent from records of
/// the calls that are compatible with it; Go does not look at them:
///
/// | field | |
/// | --- | --- |
/// | `hold` | the id of the one hold that the record belongs to |
/// | `acquiredAt` | when that hold began, RFC 3339; `createdAt` moves with each renewal |
/// | `host`, `pid` | where the holder runs, for people |
/// | `reason` | why it holds the lock, in the holder's own words |
///
/// # Units
/// `ttl` in nanoseconds.
///
/// # Examples
/// ```
/// use kubelock_core::{record::Record, timestamp::Timestamp, ttl::Ttl};
///
/// let record = Record::new("ci", Timestamp::from_unix_nanos(0), Ttl::DEFAULT);
/// let written = r#"{"owner":"ci","createdAt":"1970-01-01T00:00:00Z","ttl":300000000000}"#;
/// assert_eq!(record.encode(), written);
/// assert_eq!(Record::decode(written)?, record);
/// # Ok::<(), kubelock_core::record::Malformed>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Record {
    /// Whoever took the lock calls itself so: a label, not an identity.
    pub owner: String,
    /// When the lock was taken or last renewed, by the holder's clock.
    pub created_at: Timestamp,
    /// How long it lasts from then. Foreign records may hold any number, negative ones too.
    pub ttl_nanos: i64,
    /// The one hold that this record belongs to, unless it belongs to its owner.
    pub hold: Option<HoldId>,
    /// When that hold began, by the holder's clock.
    pub acquired_at: Option<Timestamp>,
    /// The host that the holder runs on, as it calls itself.
    pub host: Option<String>,
    /// The holder's process id there.
    pub pid: Option<u32>,
    /// Why the lock is held: whatever the holder said.
    pub reason: Option<String>,
}

impl Record {
    /// A record of the three fields that the Go package knows.
    pub fn new(owner: impl Into<String>, created_at: Timestamp, ttl: Ttl) -> Self {
        Self { owner: owner.into(), created_at, ttl_nanos: ttl.nanos(), ..Self::nothing() }
    }

    /// What Go reads from `{}`.
    const fn nothing() -> Self {
        Self {
            owner: String::new(),
            created_at: Timestamp::GO_ZERO,
            ttl_nanos: 0,
            hold: None,
            acquired_at: None,
            host: None,
            pid: None,
            reason: None,
        }
    }

    /// The same record, as that of one hold.
    #[must_use]
    pub fn with_hold(self, hold: HoldId) -> Self {
        Self { hold: Some(hold), ..self }
    }

    /// The same record, taken or renewed at `created_at`. That of a hold keeps when it began.
    #[must_use]
    pub fn stamped(&self, created_at: Timestamp) -> Self {
        let acquired_at = self.acquired_at.or(self.hold.as_ref().map(|_| created_at));
        Self { created_at, acquired_at, ..self.clone() }
    }

    /// Reads an annotation's value: just what Go accepts, with the same result.
    ///
    /// That is more than we write: keys in any letter case, fields that are
    /// missing, `null`, unknown or double (the last one counts), any offset
    /// from UTC, and a bare `null` for a record that has everything missing. A
    /// field of ours with a value of another kind counts as absent, since Go accepts it.
    ///
    /// # Guarantees
    /// Takes time in proportion to the text, and a bounded stack, whatever it holds.
    /// # Errors
    /// [`Malformed`] for whatever Go rejects. Such a lock is not free.
    pub fn decode(text: &str) -> Result<Self, Malformed> {
        let mut record = Self::nothing();
        read_object(text, |key, value| record.read_field(key, &value))
            .map_err(|fault| Malformed::new(text, &fault))?;
        Ok(record)
    }

    // Go folds letters by Unicode's rules, which beyond ASCII add relatives of
    // `k` and `s` alone: none of the three names holds either.
    fn read_field(&mut self, key: &str, value: &Value<'_>) -> Result<(), &'static str> {
        if key.eq_ignore_ascii_case("owner") {
            set(&mut self.owner, read_owner(value)?);
        } else if key.eq_ignore_ascii_case("createdAt") {
            set(&mut self.created_at, read_created_at(value)?);
        } else if key.eq_ignore_ascii_case("ttl") {
            set(&mut self.ttl_nanos, read_ttl(value)?);
        } else {
            self.read_own_field(key, value);
        }
        Ok(())
    }

    fn read_own_field(&mut self, key: &str, value: &Value<'_>) {
        match key {
            "hold" => self.hold = text(value).and_then(|text| HoldId::new(text).ok()),
            "acquiredAt" => self.acquired_at = read_created_at(value).ok().flatten(),
            "host" => self.host = text(value),
            "pid" => self.pid = number(value),
            "reason" => self.reason = text(value),
            _ => {}
        }
    }

    /// Writes the annotation's value: the same bytes as Go, then the fields of ours that it has.
    ///
    /// A stamp outside of the years 0 to 9999 is written as the nearest one
    /// inside, since nobody could read it.
    ///
    /// Foreign records can be spelled in many ways: to compare with what is
    /// stored, keep the text that was read instead of encoding the record again.
    pub fn encode(&self) -> String {
        let mut text = String::from("{\"owner\":");
        push_quoted(&mut text, &self.owner);
        let created_at = self.created_at.clamp(Timestamp::FIRST_WRITABLE, Timestamp::LAST_WRITABLE);
        // Writing to a string cannot fail.
        let _ = write!(text, ",\"createdAt\":\"{created_at}\",\"ttl\":{}", self.ttl_nanos);
        self.push_own_fields(&mut text);
        text.push('}');
        text
    }

    fn push_own_fields(&self, text: &mut String) {
        if let Some(hold) = &self.hold {
            let _ = write!(text, ",\"hold\":\"{hold}\"");
        }
        if let Some(acquired_at) = self.acquired_at {
            let acquired_at =
                acquired_at.clamp(Timestamp::FIRST_WRITABLE, Timestamp::LAST_WRITABLE);
            let _ = write!(text, ",\"acquiredAt\":\"{acquired_at}\"");
        }
        push_text(text, "host", self.host.as_deref());
        if let Some(pid) = self.pid {
            let _ = write!(text, ",\"pid\":{pid}");
        }
        push_text(text, "reason", self.reason.as_deref());
    }

    /// The last instant at which the lock stands.
    pub fn expires_at(&self) -> Timestamp {
        self.created_at.saturating_add_nanos(self.ttl_nanos.into())
    }

    /// Whether the lock has expired by then: strictly after [`Record::expires_at`], as in Go.
    ///
    /// A negative ttl has expired before it began. Go's own sum cannot overflow
    /// for anything that it reads: ten thousand years and 292 fit.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at() < now
    }
}

/// `null` leaves a field as it was.
fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn read_owner(value: &Value<'_>) -> Result<Option<String>, &'static str> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.unescaped().into_owned())),
        _ => Err("owner is no string"),
    }
}

fn read_created_at(value: &Value<'_>) -> Result<Option<Timestamp>, &'static str> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => match read_time(text.raw) {
            Some(time) => Ok(Some(time)),
            None => Err("createdAt is no time in RFC 3339"),
        },
        _ => Err("createdAt is no string"),
    }
}

fn read_ttl(value: &Value<'_>) -> Result<Option<i64>, &'static str> {
    match value {
        Value::Null => Ok(None),
        Value::Number(digits) => match digits.parse() {
            Ok(nanos) => Ok(Some(nanos)),
            Err(_) => Err("ttl is no whole number of nanoseconds in 64 bits"),
        },
        _ => Err("ttl is no number"),
    }
}

fn text(value: &Value<'_>) -> Option<String> {
    match value {
        Value::String(text) => Some(text.unescaped().into_owned()),
        _ => None,
    }
}

fn number(value: &Value<'_>) -> Option<u32> {
    match value {
        Value::Number(digits) => digits.parse().ok(),
        _ => None,
    }
}

fn push_text(text: &mut String, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = write!(text, ",\"{key}\":");
        push_quoted(text, value);
    }
}

#[cfg(test)]
mod tests;
