//! Who asks.

mod impersonation;
mod token;

use std::fmt;

use http::{HeaderMap, header};

pub(crate) use impersonation::impersonated;
use token::Token;

use crate::sandbox::Sandbox;

/// Everybody whose credentials are known.
const AUTHENTICATED: &str = "system:authenticated";
/// Everybody else.
const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The group that may do everything.
const MASTERS: &str = "system:masters";
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Who asks: a name, and the groups that it is in.
///
/// The service of a sandbox takes it from a request's extensions; a request without one is the
/// administrator's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    name: String,
    groups: Vec<String>,
}

impl User {
    /// Somebody with credentials: in `system:authenticated` beside these groups.
    ///
    /// A service account (`system:serviceaccount:NAMESPACE:NAME`) is in its two groups, too.
    pub fn new(name: &str, groups: &[&str]) -> Self {
        let mut all: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        all.extend(service_account_groups(name));
        all.push(AUTHENTICATED.to_owned());
        Self { name: name.to_owned(), groups: all }
    }

    /// May do everything.
    pub fn administrator() -> Self {
        Self::new(Self::ADMINISTRATOR, &[MASTERS])
    }

    /// The name of the one who may do everything.
    pub const ADMINISTRATOR: &str = "kubernetes-admin";

    /// In these groups and no others.
    pub(crate) fn exactly(name: &str, groups: Vec<String>) -> Self {
        Self { name: name.to_owned(), groups }
    }

    /// Somebody without credentials.
    pub fn anonymous() -> Self {
        Self { name: "system:anonymous".to_owned(), groups: vec![UNAUTHENTICATED.to_owned()] }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The groups, those that come by themselves included.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Whatever the roles say.
    pub(crate) fn may_do_everything(&self) -> bool {
        self.is_in(MASTERS)
    }

    pub(crate) fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }
}

/// Each service account is in the group of all, and in that of its namespace.
fn service_account_groups(name: &str) -> Vec<String> {
    let parts = name.strip_prefix(SERVICE_ACCOUNT).and_then(|rest| rest.split_once(':'));
    let namespace = parts.map(|(namespace, _)| namespace);
    let groups = namespace.map(|namespace| {
        ["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")]
    });
    groups.into_iter().flatten().collect()
}

/// The users that have a token.
#[derive(Clone, Default)]
pub(crate) struct Users(Vec<(Token, User)>);

impl Users {
    /// Adds a user with a fresh token, in place of one of that name.
    pub(crate) fn add(&mut self, user: User) -> String {
        let token = Token::random();
        let shown = token.reveal();
        self.0.retain(|(_, known)| known.name != user.name);
        self.0.push((token, user));
        shown
    }

    /// The token of a user.
    pub(crate) fn token_of(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(_, user)| user.name == name);
        found.map(|(token, _)| token.reveal())
    }

    /// Who sends these headers: anonymous without credentials, nobody with wrong ones.
    pub(crate) fn authenticate(&self, headers: &HeaderMap) -> Option<User> {
        let Some(credentials) = headers.get(header::AUTHORIZATION) else {
            return Some(User::anonymous());
        };
        let bearer = credentials.to_str().ok().and_then(bearer);
        match bearer {
            Some(token) => self.with_token(token),
            // Another scheme is no credential to the API server.
            None => Some(User::anonymous()),
        }
    }

    /// Looks at all of them, so that the time it takes tells nothing.
    fn with_token(&self, shown: &str) -> Option<User> {
        self.0.iter().fold(
            None,
            |found, (token, user)| {
                if token.is(shown) { Some(user.clone()) } else { found }
            },
        )
    }
}

impl Sandbox {
    /// Adds a user who may do what roles allow, and returns the bearer token that says so to a
    /// [`Server`](crate::Server). A user of that name loses the token it had.
    ///
    /// # Examples
    /// ```
    /// let sandbox = sandbox::Sandbox::new();
    /// let token = sandbox.add_user("bob", &["team"]);
    /// let robot = sandbox.add_user("system:serviceaccount:ci:runner", &[]);
    /// assert_ne!(token, robot);
    /// ```
    pub fn add_user(&self, name: &str, groups: &[&str]) -> String {
        self.state().users.add(User::new(name, groups))
    }

    pub(crate) fn token_of(&self, name: &str) -> Option<String> {
        self.state().users.token_of(name)
    }

    /// Who sends these headers, if the credentials are any.
    pub(crate) fn authenticate(&self, headers: &HeaderMap) -> Option<User> {
        self.state().users.authenticate(headers)
    }
}

/// Never the tokens.
impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(_, user)| &user.name)).finish()
    }
}

fn bearer(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(authorization: &str) -> HeaderMap {
        [(header::AUTHORIZATION, authorization.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn a_token_tells_who_asks_and_a_wrong_one_nobody() {
        let mut users = Users::default();
        let token = users.add(User::new("bob", &["team"]));
        users.add(User::administrator());

        let bob = users.authenticate(&headers(&format!("Bearer {token}"))).unwrap();
        assert_eq!(
            (bob.name(), bob.groups()),
            ("bob", &["team".to_owned(), "system:authenticated".to_owned()][..])
        );
        assert_eq!(users.authenticate(&headers(&format!("bearer  {token}"))), Some(bob));
        assert_eq!(users.authenticate(&headers("Bearer wrong")), None);
        assert_eq!(users.authenticate(&headers(&format!("Bearer {}", &token[1..]))), None);
    }

    #[test]
    fn without_a_token_one_is_anonymous() {
        let users = Users::default();
        assert_eq!(users.authenticate(&HeaderMap::new()), Some(User::anonymous()));
        assert_eq!(users.authenticate(&headers("Basic Ym9iOg==")), Some(User::anonymous()));
        assert_eq!(users.authenticate(&headers("Bearer ")), Some(User::anonymous()));
    }

    #[test]
    fn a_user_that_is_added_again_has_the_new_token_alone() {
        let mut users = Users::default();
        let old = users.add(User::new("bob", &[]));
        let new = users.add(User::new("bob", &["team"]));

        assert_ne!(old, new);
        assert_eq!(users.authenticate(&headers(&format!("Bearer {old}"))), None);
        assert_eq!(users.token_of("bob"), Some(new));
    }

    #[test]
    fn a_service_account_is_in_the_groups_of_its_kind() {
        let user = User::new("system:serviceaccount:ci:runner", &[]);
        for group in ["system:serviceaccounts", "system:serviceaccounts:ci", AUTHENTICATED] {
            assert!(user.is_in(group), "{group}");
        }
    }

    #[test]
    fn what_is_logged_of_users_has_no_token_in_it() {
        let mut users = Users::default();
        let token = users.add(User::new("bob", &[]));
        assert!(!format!("{users:?}").contains(&token));
    }
}
