//! Credentials that end, or are refused, while a command runs.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use insta::assert_snapshot;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Kubelock, Outcome};

/// Every token of these tests begins so.
const SECRET: &str = "hush";

/// A server of no locks, which tells whose requests came.
struct Server {
    address: String,
    tokens: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request with a free lock or with 401, as `accepts` says of its token.
    fn new(accepts: impl Fn(&str) -> bool + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let tokens = Arc::new(Mutex::new(Vec::new()));
        let seen = tokens.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let (path, token) = request(&connection);
                // What may have been meant by a lock that is not held is looked for in a list.
                if path.contains("/leases?limit=") {
                    answer(&mut connection, true);
                    continue;
                }
                seen.lock().unwrap().push(token.clone());
                answer(&mut connection, accepts(&token));
            }
        });
        Self { address, tokens }
    }

    fn tokens(&self) -> Vec<String> {
        self.tokens.lock().unwrap().clone()
    }
}

/// Its path, and whose it is.
fn request(connection: &TcpStream) -> (String, String) {
    let lines = BufReader::new(connection).lines().map(Result::unwrap);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let header = head.iter().find_map(|line| line.strip_prefix("authorization: Bearer "));
    let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    (path.to_owned(), header.unwrap_or_default().to_owned())
}

fn answer(connection: &mut TcpStream, known: bool) {
    let (status, body) = if known {
        (
            "200 OK",
            json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a", "uid": "u", "resourceVersion": "1"}}),
        )
    } else {
        (
            "401 Unauthorized",
            json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 401}),
        )
    };
    let body = body.to_string();
    let length = body.len();
    write!(
        connection,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
}

/// A folder with a kubeconfig, and whatever its user needs.
struct Home(TempDir);

impl Home {
    fn new(server: &Server, user: &Value) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        let config = json!({
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{}", server.address)}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "dev", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "dev",
        });
        fs::write(home.path("config"), config.to_string()).unwrap();
        home
    }

    /// A plugin that notes its runs and its stdin, then does this with its count in `$n`.
    fn with_plugin(server: &Server, body: &str) -> Self {
        let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", "interactiveMode": "IfAvailable"});
        let home = Self::new(server, &json!({"exec": exec}));
        let plugin = format!(
            "#!/bin/sh\ncd \"$(dirname \"$0\")\"; cat >>stdin; echo >>runs; n=$(wc -l <runs)\n\
             credential() {{ printf '{{\"status\":{{\"token\":\"{SECRET}-%d\"%s}}}}' $n \"$1\"; }}\n{body}\n"
        );
        fs::write(home.path("plugin"), plugin).unwrap();
        fs::set_permissions(home.path("plugin"), fs::Permissions::from_mode(0o755)).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn runs(&self) -> usize {
        fs::read_to_string(self.path("runs")).unwrap().lines().count()
    }

    /// Whatever happens, no token is told, and nothing of ours is read.
    fn run(&self, args: &[&str]) -> Outcome {
        let outcome = Kubelock::new(args)
            .env("KUBECONFIG", self.path("config"))
            .stdin("not for the plugin")
            .run();
        let told = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!told.contains(SECRET), "{told}");
        assert!(fs::read_to_string(self.path("stdin")).unwrap_or_default().is_empty());
        outcome
    }

    fn transcript(&self, outcome: &Outcome) -> String {
        outcome.transcript().replace(self.0.path().to_str().unwrap(), "DIR")
    }
}

#[test]
fn a_plugin_is_not_run_twice_while_its_token_is_good() {
    let server = Server::new(|_| true);
    let home =
        Home::with_plugin(&server, r#"credential ',"expirationTimestamp":"2999-01-01T00:00:00Z"'"#);

    let outcome = home.run(&["get", "a", "b", "c", "-v"]);

    assert_eq!(outcome.code, Some(12), "{}", outcome.stderr);
    assert_eq!(server.tokens(), ["hush-1"; 3]);
    assert_eq!(home.runs(), 1);
}

#[test]
fn a_token_that_has_ended_is_followed_by_a_new_one() {
    let end = SystemTime::now() + Duration::from_secs(3);
    let server = Server::new(move |_| {
        // The first answer comes when its token has ended.
        std::thread::sleep(end.duration_since(SystemTime::now()).unwrap_or_default());
        true
    });
    let first = format!(
        r#"if [ $n = 1 ]; then credential ',"expirationTimestamp":"{}"'; else credential ''; fi"#,
        Timestamp::try_from(end).unwrap()
    );
    let home = Home::with_plugin(&server, &first);

    let outcome = home.run(&["get", "a", "b", "c", "-v", "--request-timeout", "1m"]);

    assert_eq!(outcome.code, Some(12), "{}", outcome.stderr);
    assert_eq!(server.tokens(), ["hush-1", "hush-2", "hush-2"]);
    assert_eq!(home.runs(), 2);
}

#[test]
fn a_token_that_is_refused_is_followed_by_a_new_one_at_the_next_request() {
    let server = Server::new(|token| token != "hush-1");
    let home = Home::with_plugin(&server, "credential ''");

    let outcome = home.run(&["get", "a", "b", "c", "-v"]);

    assert_eq!(outcome.code, Some(1));
    assert_eq!(server.tokens(), ["hush-1", "hush-2", "hush-2"], "{}", outcome.stderr);
    assert_eq!(home.runs(), 2);
}

#[test]
fn a_server_that_refuses_every_token_does_not_start_the_plugin_in_a_loop() {
    let server = Server::new(|_| false);
    let home = Home::with_plugin(&server, "credential ''");

    let outcome = home.run(&["get", "a", "b", "c", "d", "e", "f", "-v"]);

    assert_eq!(outcome.code, Some(1));
    assert_eq!(server.tokens(), ["hush-1", "hush-2", "hush-2", "hush-2", "hush-2", "hush-2"]);
    assert_eq!(home.runs(), 2);
}

#[test]
fn a_refusal_comes_with_why_the_credentials_could_not_be_renewed() {
    let server = Server::new(|_| false);
    let fails = "if [ $n = 1 ]; then credential ''; else echo hush-hush; exit 3; fi";
    let home = Home::with_plugin(&server, fails);

    let outcome = home.run(&["get", "a", "b"]);

    assert_eq!(server.tokens(), ["hush-1", "hush-1"]);
    assert_snapshot!(home.transcript(&outcome));
}

#[test]
fn a_request_without_a_token_to_send_is_not_sent_and_says_why() {
    let server = Server::new(|_| false);
    let fails = r#"if [ $n = 1 ]; then credential ',"expirationTimestamp":"2000-01-01T00:00:00Z"'; else echo hush-hush; exit 3; fi"#;
    let home = Home::with_plugin(&server, fails);

    let outcome = home.run(&["get", "a", "b", "--request-timeout", "2s"]);

    assert_eq!(outcome.code, Some(1));
    assert_eq!(server.tokens(), ["hush-1"]);
    assert_eq!(home.runs(), 2);
    assert_snapshot!(home.transcript(&outcome));
}

#[test]
fn a_token_file_that_was_renewed_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "hush-1\n").unwrap();
    let renewed = file.clone();
    let server = Server::new(move |token| {
        fs::write(&renewed, "hush-2\n").unwrap();
        token == "hush-2"
    });
    let home = Home::new(&server, &json!({"tokenFile": file}));

    let outcome = home.run(&["get", "a", "b", "-v"]);

    assert_eq!(outcome.code, Some(1));
    assert_eq!(server.tokens(), ["hush-1", "hush-2"], "{}", outcome.stderr);
}

#[test]
fn a_token_file_that_is_gone_leaves_the_last_token() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, "hush-1\n").unwrap();
    let gone = file.clone();
    let server = Server::new(move |_| {
        let _ = fs::remove_file(&gone);
        false
    });
    let home = Home::new(&server, &json!({"tokenFile": file}));

    let outcome = home.run(&["get", "a", "b"]);

    assert_eq!(server.tokens(), ["hush-1", "hush-1"]);
    let hint = format!("could not be renewed: cannot read tokenFile {}", file.display());
    assert!(outcome.stderr.contains(&hint), "{}", outcome.stderr);
}
