//! The Go package itself, run by a program that answers line by line.

use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// A running program that holds the Go package; killed when dropped.
///
/// One request at a time: the program answers in order.
pub struct Seed {
    child: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Seed {
    /// Starts `program`, for the cluster of `kubeconfig` if it is to reach one.
    ///
    /// # Errors
    /// Those of starting a process.
    pub fn spawn(program: &Path, kubeconfig: Option<&Path>) -> io::Result<Self> {
        let mut command = Command::new(program);
        // The caller's own cluster is nobody's test bed.
        command.env_remove("KUBECONFIG");
        if let Some(path) = kubeconfig {
            command.arg("--kubeconfig").arg(path);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("a piped stream is missing"));
        };
        let (requests, answers) = (BufWriter::new(stdin), BufReader::new(stdout));
        Ok(Self { child, requests, answers })
    }

    /// Sends one request and waits for its answer.
    ///
    /// # Panics
    /// When the program has ended, which no test provokes.
    #[expect(clippy::expect_used, reason = "a test whose peer died cannot go on")]
    #[expect(clippy::needless_pass_by_value, reason = "callers write the request in place")]
    pub fn call(&mut self, request: Value) -> Value {
        self.try_call(&request).expect("the program with the Go package answers")
    }

    fn try_call(&mut self, request: &Value) -> io::Result<Value> {
        serde_json::to_writer(&mut self.requests, request)?;
        self.requests.write_all(b"\n")?;
        self.requests.flush()?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_str(&answer)?)
    }

    /// The package's `Acquire`; a ttl of zero asks for its default.
    pub fn acquire(&mut self, target: &SeedTarget, owner: &str, ttl: Duration) -> SeedOutcome {
        self.acquire_after(Duration::ZERO, target, owner, ttl).outcome
    }

    /// The package's `Release`.
    pub fn release(&mut self, target: &SeedTarget, owner: &str) -> SeedOutcome {
        self.release_after(Duration::ZERO, target, owner).outcome
    }

    /// The package's `Acquire`, called so much later.
    pub fn acquire_after(
        &mut self,
        delay: Duration,
        target: &SeedTarget,
        owner: &str,
        ttl: Duration,
    ) -> SeedAnswer {
        let mut request = target.request("acquire", owner, delay);
        request["ttl_nanos"] = json!(saturating_nanos(ttl));
        SeedAnswer::read(&self.call(request))
    }

    /// The package's `Release`, called so much later.
    pub fn release_after(
        &mut self,
        delay: Duration,
        target: &SeedTarget,
        owner: &str,
    ) -> SeedAnswer {
        SeedAnswer::read(&self.call(target.request("release", owner, delay)))
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nobody to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One lock on one object, in the words of the Go package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeedTarget {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version of the API group.
    pub version: String,
    /// The plural name of the resource.
    pub resource: String,
    /// The namespace; empty for cluster-scoped resources.
    pub namespace: String,
    /// The name of the object.
    pub object: String,
    /// The name of the lock.
    pub lock: String,
}

impl SeedTarget {
    /// A lock on a `ConfigMap`.
    pub fn config_map(namespace: &str, object: &str, lock: &str) -> Self {
        Self {
            group: String::new(),
            version: "v1".to_owned(),
            resource: "configmaps".to_owned(),
            namespace: namespace.to_owned(),
            object: object.to_owned(),
            lock: lock.to_owned(),
        }
    }

    /// A request of this kind, to be completed and sent with [`Seed::call`].
    pub fn request(&self, op: &str, owner: &str, delay: Duration) -> Value {
        json!({
            "op": op,
            "group": self.group,
            "version": self.version,
            "resource": self.resource,
            "namespace": self.namespace,
            "object": self.object,
            "lock": self.lock,
            "owner": owner,
            "delay_nanos": saturating_nanos(delay),
        })
    }
}

/// What came of one call of the package, and when it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedAnswer {
    /// How it ended.
    pub outcome: SeedOutcome,
    /// By the program's wall clock.
    pub started_unix_nanos: i64,
    /// By the program's wall clock.
    pub ended_unix_nanos: i64,
}

impl SeedAnswer {
    fn read(answer: &Value) -> Self {
        let nanos = |name: &str| answer[name].as_i64().unwrap_or_default();
        Self {
            outcome: SeedOutcome::read(answer),
            started_unix_nanos: nanos("started_unix_nanos"),
            ended_unix_nanos: nanos("ended_unix_nanos"),
        }
    }
}

/// How a call of the package ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeedOutcome {
    /// It succeeded.
    Ok,
    /// The lock is held by the same owner.
    AlreadyExists,
    /// The lock is held by another owner.
    OwnerMismatch,
    /// There is no such lock, or it has expired.
    NotFound,
    /// The package refused its configuration.
    InvalidConfig,
    /// Somebody else wrote the object meanwhile: a 409 of the API server.
    Conflict,
    /// There is no such object: a 404 of the API server.
    ObjectMissing,
    /// The annotation is no record.
    Malformed,
    /// Anything else, in the package's words.
    Error(String),
}

impl SeedOutcome {
    fn read(answer: &Value) -> Self {
        match answer["outcome"].as_str().unwrap_or_default() {
            "ok" => Self::Ok,
            "already_exists" => Self::AlreadyExists,
            "owner_mismatch" => Self::OwnerMismatch,
            "not_found" => Self::NotFound,
            "invalid_config" => Self::InvalidConfig,
            "conflict" => Self::Conflict,
            "object_missing" => Self::ObjectMissing,
            "malformed" => Self::Malformed,
            _ => Self::Error(answer["message"].as_str().unwrap_or_default().to_owned()),
        }
    }
}

fn saturating_nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
