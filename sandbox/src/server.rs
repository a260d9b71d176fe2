//! The sandbox over HTTPS on the loopback.

mod connection;
mod listener;
mod until_end;

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::sync::watch;

use crate::certificate::Identity;
use crate::{Sandbox, kubeconfig};

/// A sandbox that any client reaches over HTTPS: kubectl, client-go, another process.
///
/// It listens on 127.0.0.1 alone, with a certificate that no other server has and a random token
/// for each user. It has a thread and a runtime of its own, so it serves blocking callers, too.
/// Dropping it ends all watches and removes the kubeconfigs; what is in the sandbox stays.
///
/// # Examples
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// let server = sandbox::Server::start(sandbox::Sandbox::new())?;
/// let kubeconfig = server.kubeconfig_for(sandbox::User::ADMINISTRATOR)?;
/// std::process::Command::new("kubectl")
///     .args(["get", "configmaps", "--kubeconfig"])
///     .arg(kubeconfig)
///     .status()?;
/// # Ok(())
/// # }
/// ```
pub struct Server {
    sandbox: Sandbox,
    address: SocketAddr,
    authority_pem: String,
    folder: TempDir,
    end: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts on a free port.
    pub fn start(sandbox: Sandbox) -> io::Result<Self> {
        Self::start_on(sandbox, 0)
    }

    /// Starts on this port; 0 is any that is free.
    pub fn start_on(sandbox: Sandbox, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let folder = private_folder()?;
        let Identity { tls, authority_pem } = Identity::generate()?;
        let (end, ending) = watch::channel(false);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let serving = listener::serve(listener, tls, sandbox.clone(), ending);
        let thread = thread::Builder::new()
            .name("kubelock-sandbox".to_owned())
            .spawn(move || runtime.block_on(serving))?;
        Ok(Self { sandbox, address, authority_pem, folder, end, thread: Some(thread) })
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The certificate of the authority that signed the server's, as PEM.
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// A kubeconfig that makes its reader this user; none but the owner of this process may read
    /// it. It is gone with the server.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] for a user that was not [added](Sandbox::add_user).
    pub fn kubeconfig_for(&self, user: &str) -> io::Result<PathBuf> {
        let token = self.sandbox.token_of(user).ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, format!("the sandbox has no user {user:?}"))
        })?;
        let text = kubeconfig::text(&self.url(), &self.authority_pem, user, &token);
        let path = self.folder.path().join(file_name(user));
        write_private(&path, &text)?;
        Ok(path)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended, too.
            let _ = thread.join();
        }
    }
}

/// Never a token.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("url", &self.url()).finish_non_exhaustive()
    }
}

fn private_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("kubelock-sandbox-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

/// A name that is no path, and another one for each user.
fn file_name(user: &str) -> String {
    let spelt = user.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        byte => format!("_{byte:02x}"),
    });
    // The longest name that every file system takes is 255 bytes.
    let name: String = spelt.collect::<String>().chars().take(200).collect();
    format!("{name}.kubeconfig")
}

/// Written beside and moved: whoever reads it meanwhile reads a whole one.
fn write_private(path: &std::path::Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("part");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&beside)?.write_all(text.as_bytes())?;
    fs::rename(beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_a_file_of_its_own_in_the_folder_and_nowhere_else() {
        let names = ["bob", "BOB", "../bob", "system:serviceaccount:ci:bob", "", "_42_4f_42"];
        let files: Vec<String> = names.into_iter().map(file_name).collect();
        for (index, file) in files.iter().enumerate() {
            assert!(!file.contains('/') && !file.starts_with('.') || file == ".kubeconfig");
            assert!(!files[..index].contains(file), "{file}");
        }
    }
}
