//! What a person is shown before the question.

use std::fmt::Write;

use kubelock::{ExpiryRule, Record, Standing};

use crate::output::{age, holder, text};
use crate::target::Target;

/// The record, a field a line.
pub(super) fn block(standing: &Standing, target: &Target) -> String {
    let mut block = target.describe();
    let fields = match standing.record() {
        Ok(record) => fields(record, standing),
        Err(malformed) => {
            vec![("value", value(standing)), ("state", text::paragraph(&malformed.to_string()))]
        }
    };
    for (name, value) in fields {
        // Writing to a string cannot fail.
        let _ = write!(block, "\n  {name:<8}{value}");
    }
    block
}

/// What stands there in place of a record.
pub(super) fn value(standing: &Standing) -> String {
    match standing.value() {
        "" => "\"\"".to_owned(),
        value => text::line(value),
    }
}

fn fields(record: &Record, standing: &Standing) -> Vec<(&'static str, String)> {
    let seen_at = standing.seen_at();
    let mut fields = vec![("owner", text::owner(&record.owner))];
    let expires_at = record.expires_at();
    let is_expired = standing.is_expired(ExpiryRule::default());
    fields.push(if is_expired {
        let since = age::human(seen_at.saturating_since(expires_at));
        ("state", format!("expired {since} ago"))
    } else {
        let left = age::human(expires_at.saturating_since(seen_at));
        ("state", format!("live, expires in {left}"))
    });
    let since = record.acquired_at.unwrap_or(record.created_at);
    let held_for = age::human(holder::age_of(record, seen_at));
    fields.push(("since", format!("{} ({held_for} ago)", age::second(since))));
    let optional = [
        ("hold", record.hold.as_ref().map(ToString::to_string)),
        ("where", place(record)),
        ("reason", record.reason.as_deref().map(text::line)),
    ];
    let present = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
    fields.extend(present);
    fields
}

/// `node-1, pid 7`.
fn place(record: &Record) -> Option<String> {
    let host = record.host.as_deref().map(text::line);
    let pid = record.pid.map(|pid| format!("pid {pid}"));
    let parts: Vec<String> = [host, pid].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
