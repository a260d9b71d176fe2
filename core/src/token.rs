//! The fencing token: which of two holders came later.

use std::cmp::Ordering;
use std::fmt;

use thiserror::Error;

/// A number that grows from one holder of a lock to the next.
///
/// Hand it to whatever the lock protects, and let that refuse a smaller one than it has seen:
/// so a holder that was paused for too long can do no harm when it goes on.
///
/// # Guarantees
/// Of two holds of one lock the later one has the larger token, in whatever way the first one
/// ended. Tokens compare by resourceVersion alone, as decimal numbers of any length.
/// # Assumptions
/// Both come from one resource type of one cluster, whose etcd was not restored from a backup
/// between them. Kubernetes promises the order since 1.35; etcd's revision gave the same before.
/// # Shape
/// The object's `resourceVersion` in decimal digits. The object's UID goes beside it.
/// # Source
/// KEP-5504; Martin Kleppmann, "How to do distributed locking", 2016.
///
/// # Examples
/// ```
/// use kubelock_core::token::FencingToken;
///
/// let first = FencingToken::new("999", "uid")?;
/// let second = FencingToken::new("1000", "uid")?;
/// assert!(first < second);
/// assert_eq!(second.to_string(), "1000");
/// # Ok::<(), kubelock_core::token::Unordered>(())
/// ```
#[derive(Debug, Clone)]
pub struct FencingToken {
    digits: String,
    uid: String,
}

impl FencingToken {
    /// The token of a hold that began at this resourceVersion.
    ///
    /// # Errors
    /// [`Unordered`] unless it is a decimal number: an API server that gives such versions
    /// promises no order.
    pub fn new(resource_version: &str, uid: &str) -> Result<Self, Unordered> {
        let is_decimal =
            !resource_version.is_empty() && resource_version.bytes().all(|b| b.is_ascii_digit());
        if !is_decimal {
            return Err(Unordered);
        }
        Ok(Self { digits: resource_version.to_owned(), uid: uid.to_owned() })
    }

    /// The object's resourceVersion, in decimal digits.
    pub fn resource_version(&self) -> &str {
        &self.digits
    }

    /// The UID of the object that carries the lock.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    fn number(&self) -> &str {
        self.digits.trim_start_matches('0')
    }
}

impl PartialEq for FencingToken {
    fn eq(&self, other: &Self) -> bool {
        self.number() == other.number()
    }
}

impl Eq for FencingToken {}

impl std::hash::Hash for FencingToken {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.number().hash(state);
    }
}

impl Ord for FencingToken {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.number(), other.number());
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    }
}

impl PartialOrd for FencingToken {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.digits)
    }
}

/// A resourceVersion that is no decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the resourceVersion is no decimal number, so it has no order")]
pub struct Unordered;

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> FencingToken {
        FencingToken::new(text, "u").unwrap()
    }

    #[test]
    fn tokens_compare_as_numbers_of_any_length() {
        let rising = ["0", "9", "10", "18446744073709551616", "99999999999999999999999999999"];
        for pair in rising.windows(2) {
            assert!(token(pair[0]) < token(pair[1]), "{pair:?}");
        }
        assert_eq!(token("007"), token("7"));
        assert_eq!(token("7"), FencingToken::new("7", "another").unwrap());
    }

    #[test]
    fn what_has_no_order_is_no_token() {
        for text in ["", "a1", "-1", "1.0", " 1", "１"] {
            assert_eq!(FencingToken::new(text, "u"), Err(Unordered), "{text:?}");
        }
    }
}
