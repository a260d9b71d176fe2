//! Acting as somebody else, which takes the verb `impersonate` on whom.

use http::{HeaderMap, HeaderValue};

use super::{AUTHENTICATED, SERVICE_ACCOUNT, UNAUTHENTICATED, User, service_account_groups};
use crate::attributes::Attributes as Wanted;
use crate::rbac::{self, Attributes, ResourceAttributes, Roles};
use crate::status::Status;

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";

/// Whom the request is to be answered as: the one it names, or the one it comes from.
pub(crate) fn impersonated(
    roles: &impl Roles,
    user: &User,
    headers: &HeaderMap,
    wanted: &Wanted,
) -> Result<User, Status> {
    let groups = texts(headers, GROUP);
    let Some(name) = texts(headers, USER).into_iter().next().filter(|name| !name.is_empty()) else {
        return if groups.is_empty() { Ok(user.clone()) } else { Err(nobody_named(&groups)) };
    };
    for whom in whom(&name, &groups) {
        let whom = Attributes::Resource(whom);
        if !rbac::decide(roles, user, &whom).allowed {
            return Err(refusal(user, &name, wanted));
        }
    }
    Ok(User::exactly(&name, groups_of(&name, groups)))
}

/// What the user must be allowed to impersonate.
fn whom(name: &str, groups: &[String]) -> Vec<ResourceAttributes> {
    let one = |resource: &str, namespace: &str, name: &str| ResourceAttributes {
        verb: "impersonate".to_owned(),
        resource: resource.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        ..ResourceAttributes::default()
    };
    let account = name.strip_prefix(SERVICE_ACCOUNT).and_then(|rest| rest.split_once(':'));
    let user = match account {
        Some((namespace, name)) => one("serviceaccounts", namespace, name),
        None => one("users", "", name),
    };
    std::iter::once(user).chain(groups.iter().map(|group| one("groups", "", group))).collect()
}

fn groups_of(name: &str, mut groups: Vec<String>) -> Vec<String> {
    if groups.is_empty() {
        groups = service_account_groups(name);
    }
    let everybody = if name == "system:anonymous" { UNAUTHENTICATED } else { AUTHENTICATED };
    if !groups.iter().any(|group| group == everybody || group == UNAUTHENTICATED) {
        groups.push(everybody.to_owned());
    }
    groups
}

/// The real server tells which of its newer, narrower permissions is missing.
fn refusal(user: &User, name: &str, wanted: &Wanted) -> Status {
    let mode = if name.starts_with(SERVICE_ACCOUNT) { "serviceaccount" } else { "user-info" };
    let verb = format!("impersonate-on:{mode}:{}", wanted.verb);
    Attributes::of(&Wanted { verb, ..wanted.clone() }).forbidden(user, "")
}

fn nobody_named(groups: &[String]) -> Status {
    let groups: Vec<String> = groups.iter().map(|group| format!("{group:?}")).collect();
    Status::bad_request(format!(
        "requested &user.DefaultInfo{{Name:\"\", UID:\"\", Groups:[]string{{{}}}, \
         Extra:map[string][]string(nil)}} without impersonating a user name",
        groups.join(", ")
    ))
}

fn texts(headers: &HeaderMap, name: &str) -> Vec<String> {
    // Names are UTF-8; what is none is still somebody else than who asks.
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.get_all(name).into_iter().map(text).collect()
}
