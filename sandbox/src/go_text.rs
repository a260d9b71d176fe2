//! JSON as Go takes it, made such as Rust takes it too.

use std::borrow::Cow;

/// The same JSON in valid UTF-8, without halves of surrogate pairs: Go reads either as U+FFFD.
///
/// What stands in is an escape, which unlike the character itself is never the server's spelling.
pub(crate) fn valid(body: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(body);
    let text = match text {
        Cow::Owned(lossy) => Cow::Owned(lossy.replace('\u{fffd}', "\\ufffd")),
        borrowed @ Cow::Borrowed(_) => borrowed,
    };
    if has_surrogate(&text) { Cow::Owned(without_halves(&text)) } else { text }
}

fn has_surrogate(text: &str) -> bool {
    text.contains("\\ud") || text.contains("\\uD")
}

fn without_halves(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        whole.push_str(plain);
        let length = match (unit(escape), escape.get(5..).and_then(second_unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 11,
            (Some(0xd800..=0xdfff), _) => {
                whole.push_str("\\ufffd");
                rest = &escape[5..];
                continue;
            }
            _ => escape.chars().next().map_or(0, char::len_utf8),
        };
        let (escape, after) = escape.split_at(length);
        whole.push('\\');
        whole.push_str(escape);
        rest = after;
    }
    whole.push_str(rest);
    whole
}

/// The code unit of an escape like `ud800`.
fn unit(escape: &str) -> Option<u32> {
    let digits = escape.strip_prefix('u')?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

fn second_unit(text: &str) -> Option<u32> {
    unit(text.strip_prefix('\\')?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_pairs_and_broken_bytes_are_replaced_and_nothing_else() {
        for text in [r#""a\u00e9\\ud800""#, r#""\ud83e\udd80\n""#, r#""é<\"""#] {
            assert_eq!(valid(text.as_bytes()), text);
        }
        assert_eq!(valid(br#""\ud800x""#), r#""\ufffdx""#);
        assert_eq!(valid(br#""\udd80\ud83e\udd80""#), r#""\ufffd\ud83e\udd80""#);
        assert_eq!(valid(b"\"\xff\""), r#""\ufffd""#);
        assert_eq!(valid(br#""\ud8"#), r#""\ud8"#);
    }
}
