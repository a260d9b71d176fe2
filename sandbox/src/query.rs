//! What follows the question mark.

use std::str::FromStr;

use crate::status::Status;

/// The parameters of a request, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(crate) fn parse(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes());
        Self { pairs: pairs.map(|(key, value)| (key.into_owned(), value.into_owned())).collect() }
    }

    /// The first value.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let of_key = self.pairs.iter().filter(move |(name, _)| name == key);
        of_key.map(|(_, value)| value.as_str())
    }

    /// What is neither absent nor `false` nor `0` is true, the empty value included.
    pub(crate) fn is_true(&self, key: &str) -> bool {
        let is_true = |value: &str| !(value == "0" || value.eq_ignore_ascii_case("false"));
        self.get(key).is_some_and(is_true)
    }

    /// A number, `None` where it is absent.
    pub(crate) fn number<T: FromStr>(&self, key: &str) -> Result<Option<T>, Status> {
        let parsed = self.get(key).map(|value| value.parse().map_err(|_| not_a_number(value)));
        parsed.transpose()
    }
}

fn not_a_number(value: &str) -> Status {
    Status::bad_request(format!("strconv.ParseInt: parsing {value:?}: invalid syntax"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_true_unless_it_says_otherwise() {
        let query = Query::parse("a=1&b=true&c=&d=false&e=FALSE&f=0&g");
        let values = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|key| query.is_true(key));
        assert_eq!(values, [true, true, true, false, false, false, true, false]);
    }

    #[test]
    fn values_are_decoded_and_keys_may_repeat() {
        let query = Query::parse("labelSelector=a%3Db%2Cc+in+(d)&dryRun=All&dryRun=x");
        assert_eq!(query.get("labelSelector"), Some("a=b,c in (d)"));
        assert_eq!(query.all("dryRun").collect::<Vec<_>>(), ["All", "x"]);
    }
}
