//! Names: of a lock, of the annotation that carries it, and of objects.

use std::fmt;

/// Longest name part of an annotation key, in characters (Kubernetes' limit).
const NAME_MAX: usize = 63;
/// Longest DNS subdomain, in characters (RFC 1123, and Kubernetes' limit).
const SUBDOMAIN_MAX: usize = 253;
/// The prefix that the Go package writes.
const DEFAULT_PREFIX: &str = "kubelock.giantswarm.io";

/// A name was refused before anything was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what} {shown}: {why}")]
pub struct InvalidName {
    what: &'static str,
    shown: String,
    why: String,
}

impl InvalidName {
    fn new(what: &'static str, input: &str, why: impl Into<String>) -> Self {
        Self { what, shown: quoted(input), why: why.into() }
    }
}

/// `input` quoted, escaped and cut, so that no input can flood or forge a message.
pub fn quoted(input: &str) -> String {
    const SHOWN_MAX: usize = 80;
    match input.char_indices().nth(SHOWN_MAX) {
        None => format!("{input:?}"),
        Some((end, _)) => format!("{:?}… ({} bytes)", &input[..end], input.len()),
    }
}

/// The part of an annotation key before the slash: a DNS subdomain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prefix(String);

impl Prefix {
    /// Checks a prefix.
    ///
    /// # Errors
    /// [`InvalidName`] unless it is a DNS subdomain as RFC 1123 has it, of at most 253 characters.
    pub fn new(prefix: &str) -> Result<Self, InvalidName> {
        subdomain("annotation prefix", prefix).map(|()| Self(prefix.to_owned()))
    }

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Prefix {
    /// `kubelock.giantswarm.io`, as the Go package writes it.
    fn default() -> Self {
        Self(DEFAULT_PREFIX.to_owned())
    }
}

/// The name of a lock: the part of the annotation key behind the slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LockName(String);

impl LockName {
    /// Checks a lock's name.
    ///
    /// # Errors
    /// [`InvalidName`] unless it is 1 to 63 of `A-Z a-z 0-9 - _ .`, with a letter or digit at both ends.
    pub fn new(name: &str) -> Result<Self, InvalidName> {
        let invalid = |why: &str| InvalidName::new("lock name", name, why);
        if name.is_empty() {
            return Err(invalid("it is empty"));
        }
        if name.len() > NAME_MAX {
            return Err(invalid(&format!(
                "it has {} characters, at most {NAME_MAX} fit in an annotation key",
                name.len()
            )));
        }
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        {
            return Err(invalid(
                "only letters, digits, '-', '_' and '.' may stand in an annotation key",
            ));
        }
        if !has_alphanumeric_ends(name) {
            return Err(invalid("it must begin and end with a letter or digit"));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The annotation key of a lock: `prefix/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AnnotationKey(String);

impl AnnotationKey {
    /// Joins a prefix and a name.
    pub fn new(prefix: &Prefix, name: &LockName) -> Self {
        Self(format!("{}/{}", prefix.0, name.0))
    }

    /// The key as it stands in the object.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key's JSON Pointer (RFC 6901: `~` and `/` escaped).
    pub fn pointer(&self) -> String {
        format!("/metadata/annotations/{}", self.0.replace('~', "~0").replace('/', "~1"))
    }
}

/// One segment of an API path: the name of an object, a namespace or a resource.
///
/// Checked so that no name can reach another object, a subresource or a query.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathSegment(String);

impl PathSegment {
    /// Checks the name of an object: what every kind of object must keep to.
    ///
    /// # Errors
    /// [`InvalidName`] if it is empty, longer than 253 characters, `.` or `..`,
    /// or holds a character that an API path cannot carry as it is.
    pub fn object(name: &str) -> Result<Self, InvalidName> {
        Self::checked("object name", name)
    }

    /// Checks a namespace.
    ///
    /// # Errors
    /// [`InvalidName`] unless it is an RFC 1123 label of at most 63 characters.
    pub fn namespace(name: &str) -> Result<Self, InvalidName> {
        label("namespace", name).map(|()| Self(name.to_owned()))
    }

    /// Checks a part of a group, version and resource.
    ///
    /// # Errors
    /// As [`PathSegment::object`]; `what` names the part in the message.
    pub fn checked(what: &'static str, name: &str) -> Result<Self, InvalidName> {
        let invalid = |why: String| Err(InvalidName::new(what, name, why));
        if name.is_empty() {
            return invalid("it is empty".into());
        }
        if name.len() > SUBDOMAIN_MAX {
            return invalid(format!(
                "it has {} characters, Kubernetes allows {SUBDOMAIN_MAX}",
                name.len()
            ));
        }
        if name == "." || name == ".." {
            return invalid("Kubernetes forbids it as a name".into());
        }
        match name.chars().find(|c| !is_path_character(*c)) {
            Some(c) => invalid(format!("{c:?} cannot stand in it")),
            None => Ok(Self(name.to_owned())),
        }
    }

    /// The segment as text: safe to put between slashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PathSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Letters, digits and what RFC 3986 lets stand raw in a path segment.
/// RBAC objects are named `system:node`, hence the colon; `%` would be decoded.
fn is_path_character(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            '-' | '_'
                | '.'
                | '~'
                | ':'
                | '@'
                | '!'
                | '$'
                | '&'
                | '\''
                | '('
                | ')'
                | '*'
                | '+'
                | ','
                | ';'
                | '='
        )
}

/// Whether `name` may name a Lease or any other object with an RFC 1123 subdomain name.
///
/// # Errors
/// [`InvalidName`] that says what is wrong with it.
pub fn subdomain(what: &'static str, name: &str) -> Result<(), InvalidName> {
    let invalid = |why: &str| Err(InvalidName::new(what, name, why));
    if name.is_empty() {
        return invalid("it is empty");
    }
    if name.len() > SUBDOMAIN_MAX {
        return invalid("it has more than 253 characters");
    }
    if name.split('.').all(is_label) {
        Ok(())
    } else {
        invalid(
            "it is no RFC 1123 name: lower case letters, digits, '-' and '.', with a letter or digit at both ends of each part",
        )
    }
}

fn label(what: &'static str, name: &str) -> Result<(), InvalidName> {
    if name.len() <= NAME_MAX && is_label(name) {
        return Ok(());
    }
    Err(InvalidName::new(
        what,
        name,
        "it is no RFC 1123 label: 1 to 63 lower case letters, digits and '-', with a letter or digit at both ends",
    ))
}

fn is_label(part: &str) -> bool {
    has_alphanumeric_ends(part)
        && part
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn has_alphanumeric_ends(name: &str) -> bool {
    let ends = [name.bytes().next(), name.bytes().last()];
    ends.iter().all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_name_is_what_an_annotation_key_allows_behind_the_slash() {
        for name in ["a", "Deploy_Prod", "a.b-c", "0", &"x".repeat(63)] {
            assert!(LockName::new(name).is_ok(), "{name}");
        }
        for name in ["", "-a", "a-", ".a", "a/b", "a b", "é", "a\n", "a\0", &"x".repeat(64)] {
            assert!(LockName::new(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn an_object_name_never_leaves_its_segment() {
        for name in ["web", "system:node", "kube-root-ca.crt", "Deploy_Prod"] {
            assert!(PathSegment::object(name).is_ok(), "{name}");
        }
        for name in
            ["", ".", "..", "a/status", "a?dryRun=All", "a#b", "a%2fb", "a b", "a\r\nb", "é"]
        {
            assert!(PathSegment::object(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_prefix_and_a_namespace_keep_to_rfc_1123() {
        assert!(Prefix::new("locks.example.org").is_ok());
        for prefix in ["", "Locks.example.org", "a..b", "a/b", "-a", &"x".repeat(254)] {
            assert!(Prefix::new(prefix).is_err(), "{prefix:?}");
        }
        assert!(PathSegment::namespace("kube-system").is_ok());
        for namespace in ["", "a.b", "A", &"x".repeat(64), "../x"] {
            assert!(PathSegment::namespace(namespace).is_err(), "{namespace:?}");
        }
    }

    #[test]
    fn the_pointer_escapes_the_slash_of_the_key() {
        let key = AnnotationKey::new(&Prefix::default(), &LockName::new("deploy").unwrap());
        assert_eq!(key.pointer(), "/metadata/annotations/kubelock.giantswarm.io~1deploy");
    }

    #[test]
    fn a_message_never_carries_more_than_a_line_of_the_input() {
        let error = LockName::new(&"\n".repeat(100_000)).unwrap_err().to_string();
        assert!(error.len() < 300 && !error.contains('\n'), "{error}");
    }
}
