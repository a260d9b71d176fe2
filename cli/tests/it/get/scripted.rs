//! A server that answers as it is told, one request after the other.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{JoinHandle, spawn};
use std::time::SystemTime;

use serde_json::{Value, json};
use tempfile::TempDir;

const JSON: &str = "content-type: application/json\r\n";

/// The server, and a kubeconfig for it.
pub(crate) struct Server {
    folder: TempDir,
    served: JoinHandle<Vec<String>>,
}

/// One answer.
pub(crate) struct Reply {
    status: u16,
    headers: String,
    body: String,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: JSON.to_owned(), body: body.to_string() }
    }

    /// A server that is busy, for no time.
    pub(crate) fn busy() -> Self {
        Self::busy_for(0)
    }

    pub(crate) fn busy_for(seconds: u64) -> Self {
        Self { status: 429, headers: format!("retry-after: {seconds}\r\n"), body: String::new() }
    }

    /// The events of a watch that ends after them.
    pub(crate) fn watch(events: &[Value]) -> Self {
        let body = events.iter().flat_map(|event| [event.to_string(), "\n".to_owned()]).collect();
        Self { status: 200, headers: JSON.to_owned(), body }
    }

    /// By the server's clock it is so late.
    pub(crate) fn dated(self, date: SystemTime) -> Self {
        let date = httpdate::fmt_http_date(date);
        Self { headers: format!("{}date: {date}\r\n", self.headers), ..self }
    }
}

impl Server {
    /// Answers so many requests, then no more.
    pub(crate) fn new(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = json!({
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{address}")}}],
            "contexts": [{"name": "x", "context": {"cluster": "c"}}],
            "current-context": "x",
        });
        std::fs::write(folder.path().join("config"), config.to_string()).unwrap();
        let served = spawn(move || {
            replies.into_iter().map(|reply| serve(listener.accept().unwrap().0, &reply)).collect()
        });
        Self { folder, served }
    }

    pub(crate) fn kubeconfig(&self) -> std::path::PathBuf {
        self.folder.path().join("config")
    }

    /// What was asked for, once all was answered.
    pub(crate) fn requests(self) -> Vec<String> {
        self.served.join().unwrap()
    }
}

/// Answers one request; returns its path and query.
fn serve(mut connection: TcpStream, reply: &Reply) -> String {
    let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    while !lines.next().unwrap().unwrap().is_empty() {}
    let Reply { status, headers, body } = reply;
    let head = format!("HTTP/1.1 {status} x\r\n{headers}connection: close\r\n\r\n");
    connection.write_all((head + body).as_bytes()).unwrap();
    first.split(' ').nth(1).unwrap().to_owned()
}

/// A lease with a lock on it, held until far from now.
pub(crate) fn lease(name: &str, owner: &str, version: &str) -> Value {
    lease_since("2126-01-01T00:00:00Z", name, owner, version)
}

/// The same, held for five minutes from then on.
pub(crate) fn lease_since(created_at: &str, name: &str, owner: &str, version: &str) -> Value {
    let record = format!(r#"{{"owner":"{owner}","createdAt":"{created_at}","ttl":300000000000}}"#);
    json!({"metadata": {
        "name": name, "namespace": "default", "uid": format!("uid-{name}"),
        "resourceVersion": version, "annotations": {"kubelock.giantswarm.io/l": record},
    }})
}

/// A page; the last one has no token.
pub(crate) fn page(version: &str, token: &str, items: &[Value]) -> Reply {
    let metadata = json!({"resourceVersion": version, "continue": token});
    Reply::json(
        200,
        &json!({"kind": "PartialObjectMetadataList", "metadata": metadata, "items": items}),
    )
}
