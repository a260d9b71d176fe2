//! Which names the API takes, in its own words.

const SUBDOMAIN_LIMIT: usize = 253;
const LABEL_LIMIT: usize = 63;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters \
    or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or \
    '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const OLD_LABEL: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or \
    '-', start with an alphabetic character, and end with an alphanumeric character (e.g. \
    'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start \
    and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex \
    used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric \
    characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
    'MyValue',  or 'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const DATA_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or \
    '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
    '[-._a-zA-Z0-9]+')";

/// What is wrong with a lowercase name with dots.
pub(crate) fn subdomain(name: &str) -> Vec<String> {
    let is_well_formed = is_subdomain(name);
    broken(name, SUBDOMAIN_LIMIT, "must be no more than 253 characters", is_well_formed, SUBDOMAIN)
}

/// What is wrong with a lowercase name without dots.
pub(crate) fn label(name: &str) -> Vec<String> {
    let rule = if is_subdomain(name) { "must not contain dots" } else { LABEL };
    broken(name, LABEL_LIMIT, "must be no more than 63 characters", is_label(name), rule)
}

/// The same, where it has to begin with a letter.
pub(crate) fn old_label(name: &str) -> Vec<String> {
    let is_well_formed = is_label(name) && name.starts_with(|char: char| char.is_ascii_lowercase());
    broken(name, LABEL_LIMIT, "must be no more than 63 characters", is_well_formed, OLD_LABEL)
}

/// What keeps a name from being a part of a path.
pub(crate) fn path_segment(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    let forbidden = ["/", "%"].into_iter().filter(|part| name.contains(part));
    forbidden.map(|part| format!("may not contain '{part}'")).collect()
}

/// A prefix may end with a dash, since it is no name's end.
pub(crate) fn as_prefix(name: &str) -> String {
    match name.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => format!("{rest}a"),
        _ => name.to_owned(),
    }
}

/// Whether a finalizer is one that Kubernetes itself uses, or says whose it is.
pub(crate) fn is_full_finalizer(name: &str) -> bool {
    name.contains('/') || ["kubernetes", "orphan", "foregroundDeletion"].contains(&name)
}

/// What is wrong with the keys of a config map or a secret.
pub(crate) fn data_key(key: &str) -> Vec<String> {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_well_formed = !key.is_empty() && key.bytes().all(is_inner);
    let too_long = "must be no more than 253 characters";
    broken(key, SUBDOMAIN_LIMIT, too_long, is_well_formed, DATA_KEY)
}

/// What is wrong with the key of a label, an annotation or a finalizer.
pub(crate) fn qualified_name(name: &str) -> Vec<String> {
    let (prefix, name) = match name.split('/').collect::<Vec<_>>().as_slice() {
        [name] => (None, *name),
        [prefix, name] => (Some(*prefix), *name),
        _ => {
            let prefixed = "with an optional DNS subdomain prefix and '/' (e.g. \
                            'example.com/MyName')";
            return vec![format!("a valid label key {QUALIFIED} {prefixed}")];
        }
    };
    let mut broken = Vec::new();
    match prefix {
        Some("") => broken.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => {
            broken.extend(subdomain(prefix).into_iter().map(|why| format!("prefix part {why}")));
        }
        None => {}
    }
    if name.is_empty() {
        broken.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_LIMIT {
        broken.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_loose_label(name) {
        broken.push(format!("name part {QUALIFIED}"));
    }
    broken
}

/// What is wrong with the value of a label.
pub(crate) fn label_value(value: &str) -> Vec<String> {
    let is_well_formed = value.is_empty() || is_loose_label(value);
    broken(value, LABEL_LIMIT, "must be no more than 63 bytes", is_well_formed, LABEL_VALUE)
}

fn broken(
    name: &str,
    limit: usize,
    too_long: &str,
    is_well_formed: bool,
    rule: &str,
) -> Vec<String> {
    let too_long = (name.len() > limit).then(|| too_long.to_owned());
    too_long.into_iter().chain((!is_well_formed).then(|| rule.to_owned())).collect()
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.bytes().all(is_inner) && !text.is_empty() && !text.starts_with('-') && !text.ends_with('-')
}

fn is_loose_label(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.iter().all(|byte| is_inner(*byte)) && is_edge(bytes.first()) && is_edge(bytes.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subdomain_is_lower_case_with_dots_inside() {
        for name in ["a", "a-1.b", "1"] {
            assert!(subdomain(name).is_empty(), "{name}");
        }
        for name in ["", "A", "a_b", ".a", "a.", "a..b", "-a", "a-", "é", &"a".repeat(254)] {
            assert!(!subdomain(name).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_key_has_a_name_and_maybe_a_subdomain_before_it() {
        for name in ["a", "A.b_c-d", "example.org/a", &format!("a.b/{}", "a".repeat(63))] {
            assert!(qualified_name(name).is_empty(), "{name}");
        }
        for name in ["", "/a", "a/", "a/b/c", "A.b/c", "-a", "a-", "a b", &"a".repeat(64)] {
            assert!(!qualified_name(name).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_label_may_be_empty() {
        assert!(label_value("").is_empty() && label_value("a_B.1").is_empty());
        assert!(!label_value("a/b").is_empty() && !label_value(&"a".repeat(64)).is_empty());
    }
}
