//! Who asks.

/// Somebody who sends requests. Put one into a request's extensions to send it as that user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Such as `alice` or `system:serviceaccount:default:app`.
    pub name: String,
    /// Such as `system:masters`, who may do everything.
    pub groups: Vec<String>,
}

impl User {
    /// A user of these groups.
    pub fn new(name: &str, groups: &[&str]) -> Self {
        let groups = groups.iter().map(|&group| group.to_owned()).collect();
        Self { name: name.to_owned(), groups }
    }

    /// Who may do everything.
    pub fn administrator() -> Self {
        Self::new("kubernetes-admin", &["system:masters", "system:authenticated"])
    }
}
