//! A server that answers as a test tells it to, or not at all.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;

/// One request, as it came.
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without its query.
    pub(crate) path: String,
    /// All its headers, as they came.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A status and a body; `None` for no answer.
type Answer = Option<(u16, String)>;
type Answers = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

/// Gone with the test.
pub(crate) struct Stub {
    folder: TempDir,
    address: SocketAddr,
}

impl Stub {
    pub(crate) fn new(answers: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers: Answers = Arc::new(answers);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let answers = Arc::clone(&answers);
                std::thread::spawn(move || serve(connection.unwrap(), &answers));
            }
        });
        let folder = tempfile::tempdir().unwrap();
        let config = json!({
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{address}")}}],
            "contexts": [{"name": "x", "context": {"cluster": "c"}}],
            "current-context": "x",
        });
        std::fs::write(folder.path().join("config"), config.to_string()).unwrap();
        Self { folder, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("config")
    }
}

fn serve(connection: TcpStream, answers: &Answers) {
    let mut writer = connection.try_clone().unwrap();
    let mut reader = BufReader::new(connection);
    while let Some(request) = next_request(&mut reader) {
        let Some((code, body)) = answers(&request) else { continue };
        // So far ahead that every record has expired by this clock.
        let date = "Thu, 01 Jan 2099 00:00:00 GMT";
        let head = format!(
            "HTTP/1.1 {code} X\r\ndate: {date}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if writer.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn next_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let method = words.next()?.to_owned();
    let path = words.next()?.split('?').next()?.to_owned();
    let (mut length, mut head) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        head.push_str(&header);
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body).ok()?;
    Some(Request { method, path, head, body })
}
