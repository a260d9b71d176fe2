//! Who this is, unless `--owner` says otherwise.

/// `user@host`.
pub(crate) fn default() -> String {
    format!("{}@{}", user(), host())
}

/// Empty variables count as absent: some shells export them so.
fn from_env(names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty())
}

fn user() -> String {
    from_env(&["USER", "LOGNAME", "USERNAME"]).unwrap_or_else(user_id)
}

/// Containers and services often run without these variables, or as a user without a name.
#[cfg(unix)]
fn user_id() -> String {
    let id = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    named(&users, &id).map_or(id.clone(), ToOwned::to_owned)
}

/// The name of a user in `passwd`: `name:password:id:…`.
#[cfg(unix)]
fn named<'a>(users: &'a str, id: &str) -> Option<&'a str> {
    let mine = users.lines().find(|line| line.split(':').nth(2) == Some(id))?;
    mine.split(':').next().filter(|name| !name.is_empty())
}

#[cfg(not(unix))]
fn user_id() -> String {
    "unknown".to_owned()
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    from_env(&["COMPUTERNAME", "HOSTNAME"]).unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_user_goes_by_name_where_the_system_knows_it() {
        let users = "root:x:0:0:root:/root:/bin/sh\nci:x:1000:1000::/home/ci:/bin/sh\n";
        assert_eq!(named(users, "1000"), Some("ci"));
        assert_eq!(named(users, "100"), None);
    }
}
