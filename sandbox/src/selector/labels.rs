//! Label selectors: `app=web,tier in (front,back),!canary`.

use serde_json::Value;

use crate::names;

/// What a label has to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Exists,
    DoesNotExist,
    In,
    NotIn,
    GreaterThan,
    LessThan,
}

impl Requirement {
    pub(super) fn holds(&self, labels: &Value) -> bool {
        let label = labels.get(&self.key).and_then(Value::as_str);
        let is_listed = |label| self.values.iter().any(|value| value == label);
        match self.operator {
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::In => label.is_some_and(is_listed),
            Operator::NotIn => !label.is_some_and(is_listed),
            Operator::GreaterThan => self.compares(label, |label, bound| label > bound),
            Operator::LessThan => self.compares(label, |label, bound| label < bound),
        }
    }

    fn compares(&self, label: Option<&str>, compare: impl Fn(i64, i64) -> bool) -> bool {
        let label = label.and_then(|label| label.parse().ok());
        let bound = self.values.first().and_then(|bound| bound.parse().ok());
        label.zip(bound).is_some_and(|(label, bound)| compare(label, bound))
    }

    fn new(key: &str, operator: Operator, values: Vec<String>) -> Result<Self, String> {
        for (at, value) in values.iter().enumerate() {
            let invalid =
                |why: &str| format!("values[{at}][{key}]: Invalid value: {value:?}: {why}");
            if let Some(broken) = names::label_value(value).first() {
                return Err(invalid(broken));
            }
            let compares = matches!(operator, Operator::GreaterThan | Operator::LessThan);
            if compares && value.parse::<i64>().is_err() {
                return Err(format!(
                    "values[{at}]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value \
                     must be an integer"
                ));
            }
        }
        Ok(Self { key: key.to_owned(), operator, values })
    }
}

/// The requirements of a selector, or what of it cannot be read.
pub(super) fn parse(selector: &str) -> Result<Vec<Requirement>, String> {
    let mut tokens = Tokens { words: words(selector), at: 0 };
    let mut requirements = Vec::new();
    while !tokens.peek().is_empty() {
        if !is_word(tokens.peek()) && tokens.peek() != "!" {
            let found = tokens.peek();
            return Err(format!("found '{found}', expected: !, identifier, or 'end of string'"));
        }
        let unable = |why: String| format!("unable to parse requirement: {why}");
        requirements.push(tokens.requirement().map_err(unable)?);
        match tokens.next().as_str() {
            "" => break,
            "," if is_word(tokens.peek()) || tokens.peek() == "!" => {}
            "," => {
                return Err(format!("found '{}', expected: identifier after ','", tokens.peek()));
            }
            other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
        }
    }
    Ok(requirements)
}

fn is_word(text: &str) -> bool {
    text.starts_with(|char: char| !SPECIAL.contains(char))
}

struct Tokens {
    words: Vec<String>,
    at: usize,
}

impl Tokens {
    fn peek(&self) -> &str {
        self.words.get(self.at).map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        let word = self.peek().to_owned();
        self.at += 1;
        word
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        if self.peek() == "!" {
            self.at += 1;
            let key = self.key()?;
            return Requirement::new(&key, Operator::DoesNotExist, Vec::new());
        }
        let key = self.key()?;
        if matches!(self.peek(), "" | ",") {
            return Requirement::new(&key, Operator::Exists, Vec::new());
        }
        let (operator, has_list) = match self.next().as_str() {
            "=" | "==" => (Operator::In, false),
            "!=" => (Operator::NotIn, false),
            ">" => (Operator::GreaterThan, false),
            "<" => (Operator::LessThan, false),
            "in" => (Operator::In, true),
            "notin" => (Operator::NotIn, true),
            other => {
                let expected = "in, notin, =, ==, !=, gt, lt";
                return Err(format!("found '{other}', expected: {expected}"));
            }
        };
        let values = if has_list { self.list()? } else { vec![self.value()?] };
        Requirement::new(&key, operator, values)
    }

    fn key(&mut self) -> Result<String, String> {
        let key = self.identifier()?;
        match names::qualified_name(&key).as_slice() {
            [] => Ok(key),
            broken => Err(format!("<nil>: Invalid value: {key:?}: {}", broken.join("; "))),
        }
    }

    fn identifier(&mut self) -> Result<String, String> {
        let word = self.next();
        if is_word(&word) { Ok(word) } else { Err(format!("found '{word}', expected: identifier")) }
    }

    /// A value may be missing: it is the empty one.
    fn value(&mut self) -> Result<String, String> {
        if matches!(self.peek(), "" | ",") { Ok(String::new()) } else { self.identifier() }
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        let open = self.next();
        if open != "(" {
            return Err(format!("found '{open}' expected: '('"));
        }
        let mut values = Vec::new();
        loop {
            match self.peek() {
                ")" | "," => values.push(String::new()),
                _ => values.push(self.next()),
            }
            match self.next().as_str() {
                ")" => return Ok(values),
                "," => {}
                other => return Err(format!("found '{other}', expected: ',' or ')'")),
            }
        }
    }
}

/// What is a word by itself, or a part of one.
const SPECIAL: &str = "=!(),><";

fn words(selector: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = selector.trim_start();
    while !rest.is_empty() {
        let end = match rest.find(|char: char| SPECIAL.contains(char) || char.is_whitespace()) {
            Some(0) => special_length(rest),
            Some(end) => end,
            None => rest.len(),
        };
        let (word, after) = rest.split_at(end);
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

fn special_length(rest: &str) -> usize {
    if ["==", "!="].iter().any(|double| rest.starts_with(double)) { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn selects(selector: &str) -> bool {
        let labels = json!({ "app": "web", "tier": "front", "n": "5", "empty": "" });
        parse(selector).unwrap().iter().all(|requirement| requirement.holds(&labels))
    }

    #[test]
    fn every_operator_selects_what_it_says() {
        for selector in [
            "",
            "app=web",
            "app==web",
            "app = web , tier",
            "app!=api",
            "other!=web",
            "app in (web,api)",
            "app in (api, web),tier notin (back)",
            "other notin (a)",
            "!other",
            "! other",
            "empty=",
            "empty in ()",
            "n>4,n<6",
        ] {
            assert!(selects(selector), "{selector}");
        }
        for selector in ["app=api", "app!=web", "!app", "other", "app notin (web)", "n>5", "a>1"] {
            assert!(!selects(selector), "{selector}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for selector in
            ["=", "a=b,", ",a", "a in b", "a in (b", "a b", "a==b==c", "-a=b", "a=b c", "a>b", "!"]
        {
            assert!(parse(selector).is_err(), "{selector}");
        }
    }
}
