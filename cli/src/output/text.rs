//! Foreign words, made fit for a terminal.
//!
//! Owners and the like come out of annotations that anybody may have written:
//! they must not move the cursor, forge a line or flood the screen.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use crate::secrets;

/// Longest owner in a table or a sentence, in characters.
const OWNER_MAX: usize = 60;
/// Longest word of other kinds.
const LINE_MAX: usize = 120;
/// Longest message of the server, in characters.
const PARAGRAPH_MAX: usize = 1_000;

/// An owner; one that shows nothing, or begins or ends with a blank, between quotes.
pub(crate) fn owner(owner: &str) -> String {
    let shown = bounded(owner, OWNER_MAX);
    let is_clear = shown.width() > 0 && owner.trim() == owner;
    if is_clear { shown } else { format!("\"{shown}\"") }
}

/// A name, a path, a word; none of our secrets.
pub(crate) fn line(words: &str) -> String {
    spoken(words, LINE_MAX)
}

/// The words of a server, but for our secrets.
pub(crate) fn paragraph(words: &str) -> String {
    spoken(words.trim(), PARAGRAPH_MAX)
}

/// Whether it is shown as it is, however long: nothing of it is escaped, or kept back.
pub(crate) fn is_plain(words: &str) -> bool {
    bounded(&secrets::hidden(words), usize::MAX) == words
}

/// Cut before secrets are looked for: else those that are cut out would make room for the first
/// half of the next one.
fn spoken(words: &str, max: usize) -> String {
    match words.char_indices().nth(max) {
        None => bounded(&secrets::hidden(words), usize::MAX),
        Some((end, _)) => bounded(&secrets::hidden_of_cut(&words[..end]), usize::MAX) + "…",
    }
}

fn bounded(words: &str, max: usize) -> String {
    let mut shown: String = words.chars().take(max).flat_map(visible).collect();
    if words.chars().nth(max).is_some() {
        shown.push('…');
    }
    shown
}

fn visible(c: char) -> Vec<char> {
    if c.is_control() || is_invisible(c) { c.escape_default().collect() } else { vec![c] }
}

/// What reorders or hides text, or shows nothing, without being a control character to Unicode.
///
/// These are its default ignorable characters, less the variation selectors, which emoji are
/// written with; separators; and the braille pattern without a dot.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// JSON with all that a terminal would obey or hide written as escapes: the same value.
///
/// Such characters stand in strings alone, so the text need not be parsed.
pub(crate) fn escaped_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        let layout = c == '\n';
        if (c.is_control() && !layout) || is_invisible(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_foreign_moves_the_cursor_or_forges_a_line() {
        assert_eq!(owner("a\x1b[2Jb\nerror: c\r\u{9b}d\0"), r"a\u{1b}[2Jb\nerror: c\r\u{9b}d\u{0}");
        assert_eq!(owner("abc\u{202e}cba\u{200b}"), r"abc\u{202e}cba\u{200b}");
    }

    #[test]
    fn json_keeps_its_value_and_obeys_no_annotation() {
        let owner = "a\u{7f}\u{9b}2J\u{202e}\u{e0041}\u{1b}é";
        let json = serde_json::to_string_pretty(&[owner]).unwrap();
        let escaped = escaped_json(&json);
        assert!(escaped.chars().all(|c| c == '\n' || !(c.is_control() || is_invisible(c))));
        assert_eq!(serde_json::from_str::<[String; 1]>(&escaped).unwrap(), [owner]);
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        assert_eq!(owner("zoë@büro 7 🚀"), "zoë@büro 7 🚀");
    }

    #[test]
    fn an_owner_that_shows_nothing_is_made_visible() {
        let fillers = "\u{3164}\u{115f}\u{1160}\u{ffa0}\u{180e}\u{34f}\u{fff9}\u{2800}";
        let shown = r"\u{3164}\u{115f}\u{1160}\u{ffa0}\u{180e}\u{34f}\u{fff9}\u{2800}";
        assert_eq!(owner(fillers), shown);
        assert_eq!(owner(""), "\"\"");
        assert_eq!(owner("\u{fe0f}\u{301}"), "\"\u{fe0f}\u{301}\"");
        for blank in ["   ", " alice", "alice ", "\u{3000}"] {
            assert_eq!(owner(blank), format!("\"{blank}\""));
        }
    }

    #[test]
    fn nothing_foreign_floods_the_screen() {
        assert_eq!(owner(&"x".repeat(100_000)), format!("{}…", "x".repeat(60)));
        assert_eq!(owner(&"x".repeat(60)), "x".repeat(60));
        assert!(owner(&"\n".repeat(100_000)).len() < 200);
    }
}
