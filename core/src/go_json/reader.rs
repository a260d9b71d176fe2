//! What Go accepts as JSON.

use std::borrow::Cow;

use super::text::unescape;

/// How deep arrays and objects may nest, in Go.
const NESTING_LIMIT: usize = 10_000;

/// Why a text was refused, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) reason: &'static str,
}

/// The value of a member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Null,
    Bool,
    /// The digits as they stand.
    Number(&'a str),
    String(Text<'a>),
    /// An array or an object: no record looks into these.
    Nested,
}

/// The text between two quotes, its escapes unresolved.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    pub(crate) raw: &'a str,
}

impl<'a> Text<'a> {
    pub(crate) fn unescaped(&self) -> Cow<'a, str> {
        unescape(self.raw)
    }
}

/// Shows each member of an object to `visit`, in the order they stand.
///
/// A bare `null` is an object without members, since Go reads it so. Members
/// may already have been visited when a later fault refuses the whole.
pub(crate) fn read_object<'a>(
    text: &'a str,
    mut visit: impl FnMut(&str, Value<'a>) -> Result<(), &'static str>,
) -> Result<(), Fault> {
    let mut reader = Reader::new(text);
    reader.skip_space();
    match reader.peek() {
        Some(b'{') => reader.members(&mut visit)?,
        _ => reader.null()?,
    }
    reader.end()
}

#[derive(Clone, Copy)]
enum Container {
    Array,
    Object,
}

/// A position in a text.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn fault(&self, reason: &'static str) -> Fault {
        Fault { offset: self.at, reason }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, reason: &'static str) -> Result<(), Fault> {
        self.skip_space();
        if self.take(byte) { Ok(()) } else { Err(self.fault(reason)) }
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) -> usize {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
        self.at - start
    }

    fn skip_space(&mut self) {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.skip_space();
        if self.at == self.text.len() {
            Ok(())
        } else {
            Err(self.fault("something follows the record"))
        }
    }

    fn members(
        &mut self,
        visit: &mut impl FnMut(&str, Value<'a>) -> Result<(), &'static str>,
    ) -> Result<(), Fault> {
        self.at += 1;
        self.skip_space();
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            let key = self.key()?;
            self.skip_space();
            let offset = self.at;
            let value = self.value()?;
            visit(&key.unescaped(), value).map_err(|reason| Fault { offset, reason })?;
            self.skip_space();
            if !self.take(b',') {
                return self.expect(b'}', "a comma or a closing brace is missing");
            }
        }
    }

    /// A member's name and the colon after it.
    fn key(&mut self) -> Result<Text<'a>, Fault> {
        self.expect(b'"', "the name of a field is missing")?;
        let key = self.string()?;
        self.expect(b':', "a colon is missing")?;
        Ok(key)
    }

    fn value(&mut self) -> Result<Value<'a>, Fault> {
        match self.peek() {
            Some(b'[' | b'{') => self.skip_nested().map(|()| Value::Nested),
            _ => self.scalar(),
        }
    }

    fn scalar(&mut self) -> Result<Value<'a>, Fault> {
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                self.string().map(Value::String)
            }
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.word("true").map(|()| Value::Bool),
            Some(b'f') => self.word("false").map(|()| Value::Bool),
            Some(b'n') => self.word("null").map(|()| Value::Null),
            Some(_) => Err(self.fault("no value begins like this")),
            None => Err(self.fault("the text ends too early")),
        }
    }

    /// Passes over an array or object without recursion: its depth is the writer's choice.
    fn skip_nested(&mut self) -> Result<(), Fault> {
        let mut open = Vec::new();
        loop {
            self.skip_space();
            if let Some(container) = self.open_container() {
                open.push(container);
                // The record itself is the first level.
                if open.len() >= NESTING_LIMIT {
                    return Err(self.fault("nested too deeply"));
                }
                self.skip_space();
                if !self.take(closing(container)) {
                    self.element_follows(container)?;
                    continue;
                }
                open.pop();
            } else {
                self.scalar()?;
            }
            if !self.close_containers(&mut open)? {
                return Ok(());
            }
        }
    }

    fn open_container(&mut self) -> Option<Container> {
        if self.take(b'[') {
            Some(Container::Array)
        } else if self.take(b'{') {
            Some(Container::Object)
        } else {
            None
        }
    }

    /// After a value: closes what ends here, and tells whether another value follows.
    fn close_containers(&mut self, open: &mut Vec<Container>) -> Result<bool, Fault> {
        while let Some(&container) = open.last() {
            self.skip_space();
            if self.take(b',') {
                return self.element_follows(container).map(|()| true);
            }
            self.expect(closing(container), "a comma or a closing bracket is missing")?;
            open.pop();
        }
        Ok(false)
    }

    /// Stands before the next value: an object names it first.
    fn element_follows(&mut self, container: Container) -> Result<(), Fault> {
        match container {
            Container::Array => Ok(()),
            Container::Object => self.key().map(|_| ()),
        }
    }

    fn null(&mut self) -> Result<(), Fault> {
        let refused = self.fault("a record is an object");
        if self.word("null").is_ok() { Ok(()) } else { Err(refused) }
    }

    fn word(&mut self, word: &'static str) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(self.fault("no value begins like this"));
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(self.since(start))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        match self.skip_while(|byte| byte.is_ascii_digit()) {
            0 => Err(self.fault("a digit is missing")),
            _ => Ok(()),
        }
    }

    /// The rest of a string whose opening quote has been read.
    fn string(&mut self) -> Result<Text<'a>, Fault> {
        let start = self.at;
        loop {
            self.skip_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f));
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.fault("a control character in a string")),
                None => return Err(self.fault("a string is not closed")),
            }
        }
        let raw = self.since(start);
        self.at += 1;
        Ok(Text { raw })
    }

    fn escape(&mut self) -> Result<(), Fault> {
        self.at += 1;
        match self.peek() {
            Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 1,
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.fault("an unknown escape in a string")),
        }
        Ok(())
    }

    fn unicode_escape(&mut self) -> Result<(), Fault> {
        self.at += 1;
        for _ in 0..4 {
            if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                return Err(self.fault("an escape of fewer than four digits in a string"));
            }
            self.at += 1;
        }
        Ok(())
    }
}

fn closing(container: Container) -> u8 {
    match container {
        Container::Array => b']',
        Container::Object => b'}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Result<Vec<(String, String)>, Fault> {
        let mut members = Vec::new();
        read_object(text, |key, value| {
            members.push((key.to_owned(), format!("{value:?}")));
            Ok(())
        })?;
        Ok(members)
    }

    fn reason(text: &str) -> &'static str {
        members(text).unwrap_err().reason
    }

    #[test]
    fn each_member_is_shown_in_the_order_it_stands() {
        let seen =
            members(r#" { "a" : -1.5e+3 , "\u0062":[{},[1,{"x":null}]],"a":true} "#).unwrap();

        let seen: Vec<_> = seen.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let expected = [("a", r#"Number("-1.5e+3")"#), ("b", "Nested"), ("a", "Bool")];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_bare_null_has_no_members() {
        assert_eq!(members("\t\r\n null "), Ok(Vec::new()));
        assert_eq!(members("{ }"), Ok(Vec::new()));
    }

    #[test]
    fn whatever_is_no_object_is_refused() {
        for text in ["", " ", "[]", "1", "true", "\"{}\"", "nul", "nulll", "\u{feff}{}"] {
            assert!(members(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let refused = [
            "{",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":1 \"b\":2}",
            "{a:1}",
            "{} {}",
            "{\"a\":01}",
            "{\"a\":+1}",
            "{\"a\":.5}",
            "{\"a\":1.}",
            "{\"a\":1e}",
            "{\"a\":-}",
            "{\"a\":0x1}",
            "{\"a\":NaN}",
            "{\"a\":tru}",
            "{\"a\":[1,]}",
            "{\"a\":[1}",
            "{\"a\":[,1]}",
            "{\"a\":{\"b\"}}",
            "{\"a\":{1:2}}",
            "{\"a\":]}",
            "{'a':1}",
            "{\"a\":1}/**/",
            "{\"a\u{a0}\":1\u{a0}}",
        ];
        for text in refused {
            assert!(members(text).is_err(), "{text}");
        }
    }

    #[test]
    fn strings_may_not_hold_control_characters_nor_unknown_escapes() {
        assert_eq!(reason("{\"a\":\"\n\"}"), "a control character in a string");
        assert_eq!(reason(r#"{"a":"\'"}"#), "an unknown escape in a string");
        assert_eq!(reason(r#"{"a":"\u12g4"}"#), "an escape of fewer than four digits in a string");
        assert_eq!(reason(r#"{"a":"\"#), "an unknown escape in a string");
        assert_eq!(reason(r#"{"a":"b"#), "a string is not closed");
        assert!(members("{\"\x7f\":\"\u{80}\"}").is_ok());
    }

    #[test]
    fn ten_thousand_levels_are_read_and_one_more_is_refused() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));

        assert!(members(&nested(NESTING_LIMIT - 1)).is_ok());
        assert_eq!(reason(&nested(NESTING_LIMIT)), "nested too deeply");
    }

    #[test]
    fn an_endless_nest_is_refused_without_overflowing_the_stack() {
        assert_eq!(reason(&format!("{{\"a\":{}", "[".repeat(300_000))), "nested too deeply");
        assert_eq!(reason(&"{\"a\":".repeat(300_000)), "nested too deeply");
    }
}
