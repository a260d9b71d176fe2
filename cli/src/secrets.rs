//! Secrets that this process has sent: they are cut out of what others say.
//!
//! A server, or a proxy that opens TLS, may repeat a request in the words of its refusal, and
//! those end in logs that many may read.

use std::borrow::Cow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::HeaderValue;

/// What stands in their place.
const HIDDEN: &str = "[secret]";
/// What is shorter is found in words that are none.
const SHORTEST: usize = 4;

static KNOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Remembers a secret.
pub(crate) fn learn(secret: &str) {
    let mut known = known();
    if secret.len() >= SHORTEST && !known.iter().any(|other| other == secret) {
        known.push(secret.to_owned());
        // The longest first: one may be the beginning of another.
        known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }
}

/// Remembers what a request is authorized by: what stands behind `Bearer` or `Basic`.
pub(crate) fn learn_authorization(header: &HeaderValue) {
    let words = header.to_str().unwrap_or_default();
    learn(words.split_once(' ').map_or(words, |(_, secret)| secret.trim()));
}

/// The words without any secret.
pub(crate) fn hidden(words: &str) -> Cow<'_, str> {
    without(Cow::Borrowed(words), &known())
}

/// The same of words that were cut off, perhaps within one.
pub(crate) fn hidden_of_cut(words: &str) -> String {
    let known = known();
    let mut words = without(Cow::Borrowed(words), &known).into_owned();
    let tail = known.iter().filter_map(|secret| begun(&words, secret)).max();
    if let Some(length) = tail {
        words.truncate(words.len() - length);
        words.push_str(HIDDEN);
    }
    words
}

fn without<'a>(words: Cow<'a, str>, known: &[String]) -> Cow<'a, str> {
    let hide = |words: Cow<'a, str>, secret: &String| {
        if words.contains(secret.as_str()) {
            Cow::Owned(words.replace(secret.as_str(), HIDDEN))
        } else {
            words
        }
    };
    known.iter().fold(words, hide)
}

/// How many bytes of a secret the words end with.
fn begun(words: &str, secret: &str) -> Option<usize> {
    let lengths = (SHORTEST..secret.len()).rev().filter(|length| secret.is_char_boundary(*length));
    lengths.into_iter().find(|length| words.ends_with(&secret[..*length]))
}

/// Nothing that holds it can panic halfway.
fn known() -> MutexGuard<'static, Vec<String>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_was_sent_is_not_repeated() {
        learn_authorization(&HeaderValue::from_static("Bearer first-secret"));
        learn_authorization(&HeaderValue::from_static("Basic Zmlyc3Q6c2VjcmV0"));
        learn("first-secret-and-more");
        assert_eq!(hidden("got Bearer first-secret, twice first-secret"), {
            "got Bearer [secret], twice [secret]"
        });
        assert_eq!(hidden("Zmlyc3Q6c2VjcmV0"), "[secret]");
        assert_eq!(hidden("first-secret-and-more"), "[secret]");
        assert_eq!(hidden("no secret"), "no secret");
    }

    #[test]
    fn words_that_were_cut_off_do_not_end_within_a_secret() {
        learn("another-secret");
        assert_eq!(hidden_of_cut("it was anothe"), "it was [secret]");
        assert_eq!(hidden_of_cut("another-secret ano"), "[secret] ano");
        assert_eq!(hidden_of_cut("it was fine"), "it was fine");
    }

    #[test]
    fn a_word_that_is_too_short_to_be_told_from_others_is_no_secret() {
        learn("abc");
        assert_eq!(hidden("abc"), "abc");
    }
}
