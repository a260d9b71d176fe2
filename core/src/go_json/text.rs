//! Strings between their quotes.

use std::borrow::Cow;

/// Appends `text` to `out` as a JSON string, escaped as Go escapes it.
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(needs_escape) {
        let (plain, escaped) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = escaped.chars();
        if let Some(char) = chars.next() {
            push_escaped(out, char);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Whether Go escapes this character by itself, beyond what JSON demands.
///
/// `<`, `>` and `&` could end a script in a web page, and both separators used
/// to end a line of JavaScript.
pub(super) fn is_unsafe_in_web_pages(char: char) -> bool {
    matches!(char, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
}

fn needs_escape(char: char) -> bool {
    matches!(char, '"' | '\\' | '\0'..='\x1f') || is_unsafe_in_web_pages(char)
}

fn push_escaped(out: &mut String, char: char) {
    match char {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        other => out.push_str(&unicode_escape(other)),
    }
}

pub(super) fn unicode_escape(char: char) -> String {
    format!("\\u{:04x}", u32::from(char))
}

/// What stands for the `raw` text between two quotes, its escapes resolved.
///
/// Half a surrogate pair becomes U+FFFD, as in Go; other readers reject it.
pub(super) fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let (char, after) = resolve(escape);
        out.push(char);
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character that `escape`, the text after a backslash, begins with.
fn resolve(escape: &str) -> (char, &str) {
    let mut chars = escape.chars();
    let char = match chars.next() {
        Some('u') => return resolve_unicode(chars.as_str()),
        Some('b') => '\x08',
        Some('f') => '\x0c',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some(itself) => itself,
        None => char::REPLACEMENT_CHARACTER,
    };
    (char, chars.as_str())
}

fn resolve_unicode(digits: &str) -> (char, &str) {
    let Some((unit, rest)) = code_unit(digits) else {
        return (char::REPLACEMENT_CHARACTER, digits);
    };
    if let Some(char) = char::from_u32(unit) {
        return (char, rest);
    }
    let second = rest.strip_prefix("\\u").and_then(code_unit);
    match second.and_then(|(low, after)| Some((surrogate_pair(unit, low)?, after))) {
        Some(pair) => pair,
        // What follows a lone half is read on its own.
        None => (char::REPLACEMENT_CHARACTER, rest),
    }
}

fn code_unit(digits: &str) -> Option<(u32, &str)> {
    let (unit, rest) = digits.split_at_checked(4)?;
    Some((u32::from_str_radix(unit, 16).ok()?, rest))
}

fn surrogate_pair(high: u32, low: u32) -> Option<char> {
    if (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low) {
        char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quoted(text: &str) -> String {
        let mut out = String::new();
        push_quoted(&mut out, text);
        out
    }

    #[test]
    fn control_characters_are_written_as_go_writes_them() {
        assert_eq!(
            quoted("\0\x07\x08\t\n\x0b\x0c\r\x1f"),
            r#""\u0000\u0007\b\t\n\u000b\f\r\u001f""#
        );
    }

    #[test]
    fn what_could_break_a_web_page_is_escaped_and_nothing_else() {
        assert_eq!(
            quoted("<a href='x'>&\u{2028}\u{2029}\x7f\u{80}é\u{fffd}🦀/"),
            "\"\\u003ca href='x'\\u003e\\u0026\\u2028\\u2029\x7f\u{80}é\u{fffd}🦀/\""
        );
    }

    #[test]
    fn a_pair_of_surrogates_is_one_character() {
        assert_eq!(unescape(r"\ud83e\udd80 \uD83E\uDD80"), "🦀 🦀");
    }

    #[test]
    fn half_a_pair_is_replaced_and_what_follows_is_read_on_its_own() {
        assert_eq!(unescape(r"\ud83ex"), "\u{fffd}x");
        assert_eq!(unescape(r"\udd80\ud83e"), "\u{fffd}\u{fffd}");
        assert_eq!(unescape(r"\ud83e\ud83e\udd80"), "\u{fffd}🦀");
        assert_eq!(unescape(r"\ud83e\u0041"), "\u{fffd}A");
        assert_eq!(unescape(r"\ud83e\n"), "\u{fffd}\n");
    }

    proptest! {
        #[test]
        fn what_was_quoted_reads_back_the_same(text in any::<String>()) {
            let written = quoted(&text);
            prop_assert_eq!(unescape(&written[1..written.len() - 1]), text);
        }

        #[test]
        fn any_text_can_be_unescaped(text in r"(\\|u|d8|00|.)*") {
            let _ = unescape(&text);
        }
    }
}
