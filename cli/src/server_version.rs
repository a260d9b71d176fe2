//! Which Kubernetes the API server is.

use serde::Deserialize;

use crate::client::Connection;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::query::{Query, Reply};

/// What `/version` says, as far as it matters here.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerVersion {
    /// `v1.37.2`.
    pub(crate) git_version: String,
    /// `linux/amd64`.
    #[serde(default)]
    pub(crate) platform: String,
    #[serde(default)]
    major: String,
    #[serde(default)]
    minor: String,
}

impl ServerVersion {
    /// Asks for it; one request.
    pub(crate) async fn ask(
        connection: &Connection,
        deadline: Deadline,
    ) -> Result<Reply<Self>, Failure> {
        Query::get("/version").send(connection, deadline).await
    }

    /// Whether it is this version or a later one; a provider's `28+` is 28.
    pub(crate) fn is_at_least(&self, major: u32, minor: u32) -> bool {
        (number(&self.major), number(&self.minor)) >= (major, minor)
    }
}

fn number(text: &str) -> u32 {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(major: &str, minor: &str) -> ServerVersion {
        let text = format!(r#"{{"gitVersion":"v","major":"{major}","minor":"{minor}"}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn versions_are_compared_as_numbers_whatever_a_provider_adds() {
        for (major, minor) in [("1", "35"), ("1", "100"), ("2", "0"), ("1", "35+")] {
            assert!(version(major, minor).is_at_least(1, 35), "{major}.{minor}");
        }
        for (major, minor) in [("1", "34"), ("1", "9"), ("0", "99"), ("", ""), ("1", "x")] {
            assert!(!version(major, minor).is_at_least(1, 35), "{major}.{minor}");
        }
    }
}
