use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use k8s_openapi::ByteString;

use crate::Error;

/// May do everything.
pub const ADMIN: &str = "admin";
/// In the group `team`; may do what a test grants.
pub const ALICE: &str = "alice";
/// In the group `team`; may do what a test grants.
pub const BOB: &str = "bob";
/// In no group, and never granted anything.
pub const NOBODY: &str = "nobody-in-particular";

/// Each user's group, apart from `system:authenticated`.
const USERS: [(&str, Option<&str>); 4] =
    [(ADMIN, Some("system:masters")), (ALICE, Some("team")), (BOB, Some("team")), (NOBODY, None)];

/// The groups of one of the users.
pub(crate) fn groups_of(user: &str) -> Vec<String> {
    let groups = USERS.iter().filter(|(name, _)| *name == user);
    groups.filter_map(|(_, group)| group.map(str::to_owned)).collect()
}

/// Writes the API server's token file, and a kubeconfig for each user.
pub(crate) fn write_users(folder: &Path, server_url: &str, ca_pem: &str) -> Result<(), Error> {
    let mut tokens = Vec::new();
    for (user, group) in USERS {
        let token = random_token()?;
        let group = group.unwrap_or_default();
        tokens.push(format!("{token},{user},{user},\"{group}\""));
        write(&kubeconfig_path(folder, user), &kubeconfig(user, &token, server_url, ca_pem))?;
    }
    write(&folder.join("tokens.csv"), &tokens.join("\n"))
}

pub(crate) fn kubeconfig_path(folder: &Path, user: &str) -> PathBuf {
    folder.join(format!("{user}.kubeconfig"))
}

/// Ours run on loopback, where other people of the machine could knock.
fn random_token() -> Result<String, Error> {
    let source = Path::new("/dev/urandom");
    let mut bytes = [0; 16];
    File::open(source)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(Error::io("read", source))?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

fn kubeconfig(user: &str, token: &str, server_url: &str, ca_pem: &str) -> String {
    let ca = base64(ca_pem);
    format!(
        "apiVersion: v1
kind: Config
current-context: {user}
clusters:
- name: kubelock-test
  cluster:
    server: {server_url}
    certificate-authority-data: {ca}
users:
- name: {user}
  user:
    token: {token}
contexts:
- name: {user}
  context:
    cluster: kubelock-test
    user: {user}
"
    )
}

/// A `ByteString` of the Kubernetes API is written as base64.
fn base64(text: &str) -> String {
    let value = serde_json::to_value(ByteString(text.as_bytes().to_vec())).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(Error::io("write", path))
}
