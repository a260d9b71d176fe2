//! A server that shows one Lease, and answers no write to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

/// Gone with the test.
pub(crate) struct Server {
    folder: TempDir,
}

impl Server {
    pub(crate) fn with_lease(name: &str, key: &str, value: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let metadata =
            json!({"name": name, "uid": "u", "resourceVersion": "7", "annotations": {key: value}});
        let lease = json!({"kind": "Lease", "metadata": metadata}).to_string();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let lease = lease.clone();
                std::thread::spawn(move || serve(connection.unwrap(), &lease));
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let config = json!({
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{address}")}}],
            "contexts": [{"name": "x", "context": {"cluster": "c"}}],
            "current-context": "x",
        });
        std::fs::write(folder.path().join("config"), config.to_string()).unwrap();
        Self { folder }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("config")
    }
}

fn serve(connection: TcpStream, lease: &str) {
    let mut writer = connection.try_clone().unwrap();
    let mut reader = BufReader::new(connection);
    while let Some(method) = next_request(&mut reader) {
        let (code, body) = match method.as_str() {
            "GET" => (200, lease),
            "POST" => (404, "{}"),
            _ => continue,
        };
        // So far ahead that every record has expired by this clock, too.
        let date = "Thu, 01 Jan 2099 00:00:00 GMT";
        let head = format!(
            "HTTP/1.1 {code} X\r\ndate: {date}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if writer.write_all((head + body).as_bytes()).is_err() {
            return;
        }
    }
}

/// The method of the next request, with its body read.
fn next_request(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let method = line.split_whitespace().next()?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink()).ok()?;
    Some(method)
}
