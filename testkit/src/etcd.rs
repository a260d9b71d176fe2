use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::Error;
use crate::server::Server;

const START_LIMIT: Duration = Duration::from_mins(1);
const CALL_LIMIT: Duration = Duration::from_secs(2);

/// The store, alone in its cluster.
///
/// It listens on sockets in its folder: they can't be anyone else's, as a port
/// could, and nobody else can read what it stores.
pub(crate) struct Etcd {
    pub(crate) server: Server,
    socket: PathBuf,
}

impl Etcd {
    pub(crate) fn new(binary: &Path, folder: &Path) -> Self {
        let server = Server::new("etcd", folder, command_line(binary, folder));
        Self { server, socket: client_socket(folder) }
    }

    pub(crate) fn url(&self) -> String {
        url(&self.socket)
    }

    pub(crate) fn wait_ready(&self) -> Result<(), Error> {
        self.server.wait_until(START_LIMIT, || is_healthy(&self.socket).unwrap_or(false))
    }

    /// Forgets every revision but the last.
    pub(crate) fn compact(&self) -> Result<(), Error> {
        let body = json!({"revision": self.revision()?.to_string(), "physical": true});
        self.call("/v3/kv/compaction", &body).map(drop)
    }

    /// That of the last write.
    pub(crate) fn revision(&self) -> Result<u64, Error> {
        let status = self.call("/v3/maintenance/status", &json!({}))?;
        // 64-bit numbers are strings in JSON by protobuf's rules.
        let revision = status["header"]["revision"].as_str().and_then(|text| text.parse().ok());
        let unknown = || io::Error::other(format!("no revision in {status}"));
        revision.ok_or_else(unknown).map_err(self.trouble())
    }

    /// Removes every key that was made after this revision.
    pub(crate) fn remove_newer_than(&self, revision: u64) -> Result<(), Error> {
        // All keys, from the zero byte on.
        let (key, first) = ("AA==", (revision + 1).to_string());
        let newer = json!({
            "key": key, "range_end": key, "min_create_revision": first, "keys_only": true,
        });
        let newer = self.call("/v3/kv/range", &newer)?;
        for key in newer["kvs"].as_array().into_iter().flatten() {
            self.call("/v3/kv/deleterange", &json!({"key": key["key"]}))?;
        }
        Ok(())
    }

    fn call(&self, path: &str, body: &Value) -> Result<Value, Error> {
        let call = || {
            let answer = ask(&self.socket, &format!("POST {path}"), &body.to_string())?;
            let body = answer.split_once("\r\n\r\n").filter(|_| is_ok(&answer));
            let (_, body) = body.ok_or_else(|| io::Error::other(answer.clone()))?;
            serde_json::from_str(body).map_err(io::Error::other)
        };
        call().map_err(self.trouble())
    }

    fn trouble(&self) -> impl FnOnce(io::Error) -> Error {
        Error::io("ask the etcd at", &self.socket)
    }
}

/// No fsync: the data need outlive etcd, not the machine. With the shortest
/// election it serves half a second earlier.
fn command_line(binary: &Path, folder: &Path) -> Vec<String> {
    let client_url = url(&client_socket(folder));
    let peer_url = url(&folder.join("etcd-peer.sock"));
    vec![
        binary.display().to_string(),
        format!("--data-dir={}", folder.join("etcd").display()),
        "--unsafe-no-fsync".into(),
        "--heartbeat-interval=10".into(),
        "--election-timeout=100".into(),
        format!("--listen-client-urls={client_url}"),
        format!("--advertise-client-urls={client_url}"),
        format!("--listen-peer-urls={peer_url}"),
        format!("--initial-advertise-peer-urls={peer_url}"),
        format!("--initial-cluster=default={peer_url}"),
    ]
}

fn client_socket(folder: &Path) -> PathBuf {
    folder.join("etcd.sock")
}

fn url(socket: &Path) -> String {
    format!("unix://{}", socket.display())
}

fn is_healthy(socket: &Path) -> io::Result<bool> {
    Ok(is_ok(&ask(socket, "GET /health", "")?))
}

fn is_ok(answer: &str) -> bool {
    answer.split_whitespace().nth(1) == Some("200")
}

/// Head and body of the answer.
fn ask(socket: &Path, what: &str, body: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(CALL_LIMIT))?;
    let length = body.len();
    stream.write_all(
        format!("{what} HTTP/1.0\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes(),
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
