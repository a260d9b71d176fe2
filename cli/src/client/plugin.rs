//! Credential plugins: programs that print a credential; never with our stdin.

use std::fs::File;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use kube::config::{Cluster, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use serde::{Deserialize, Serialize};

use super::child::{self, NoOutput};
use super::credentials::Source;
use super::token::{Expiry, Token};
use super::unblocked;
use crate::failure::Failure;
use crate::output::text;

/// A person may have to log in, in a browser or with a code.
const FIRST_MAX: Duration = Duration::from_mins(10);
/// Nobody is asked for a renewal, and locks wait for it.
const RENEWAL_MAX: Duration = Duration::from_mins(1);

const SAME_FOR_KUBECTL: &str = "kubectl runs the same plugin: what does kubectl auth whoami say?";

/// Whether somebody sits there who can be asked: nobody does at a Tab key.
static ATTENDED: AtomicBool = AtomicBool::new(true);

/// From now on no plugin gets the terminal, and one that cannot do without is not run.
pub(crate) fn ask_nobody() {
    ATTENDED.store(false, Ordering::Relaxed);
}

/// A plugin of the kubeconfig, ready to run.
pub(super) struct Plugin {
    program: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    /// The `ExecCredential` it is asked with.
    question: String,
    /// It cannot do without a terminal.
    asks: bool,
    install_hint: Option<String>,
}

/// What a plugin hands out.
#[derive(Debug)]
pub(super) struct Credential {
    pub(super) token: Option<Token>,
    pub(super) certificate: Option<Certificate>,
}

/// A client certificate and its key, in PEM.
pub(super) struct Certificate {
    pub(super) chain: String,
    pub(super) key: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    api_version: Option<&'a str>,
    kind: &'static str,
    spec: Spec,
}

#[derive(Serialize)]
struct Spec {
    interactive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<ExecAuthCluster>,
}

#[derive(Deserialize)]
struct Answer {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    expiration_timestamp: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

impl Plugin {
    pub(super) fn new(config: &ExecConfig, cluster: &Cluster) -> Result<Self, Failure> {
        let asks = config.interactive_mode == Some(ExecInteractiveMode::Always);
        let pair = |pair: &std::collections::HashMap<String, String>| {
            Some((pair.get("name")?.clone(), pair.get("value")?.clone()))
        };
        Ok(Self {
            program: config.command.clone().unwrap_or_default(),
            args: config.args.clone().unwrap_or_default(),
            env: config.env.iter().flatten().filter_map(pair).collect(),
            question: question(config, cluster, asks)?,
            asks,
            install_hint: config.install_hint.clone(),
        })
    }

    /// Asks for the first time: before the first request, when a person may be asked in turn.
    pub(super) fn ask(&self) -> Result<Credential, Failure> {
        if !ATTENDED.load(Ordering::Relaxed) {
            return self.ask_unattended();
        }
        let output = child::output(&mut self.command(self.stdin()?), FIRST_MAX, false);
        self.read(output, FIRST_MAX).map_err(|failure| match failure.hints.as_slice() {
            [] => failure.hint(SAME_FOR_KUBECTL),
            _ => failure,
        })
    }

    /// In the background, where there is no terminal.
    fn ask_unattended(&self) -> Result<Credential, Failure> {
        if self.asks {
            return Err(self.failed("asks questions, and runs only when a command starts"));
        }
        let mut command = unblocked::command(&self.command(Stdio::null()));
        let output = child::output(command.stdin(Stdio::null()), RENEWAL_MAX, true);
        self.read(output, RENEWAL_MAX)
    }

    /// Stdin is not ours to give away; a plugin that cannot do without gets the terminal itself.
    fn stdin(&self) -> Result<Stdio, Failure> {
        if !self.asks {
            return Ok(Stdio::null());
        }
        let terminal = File::open("/dev/tty").map_err(|_| {
            Failure::usage(format!("{} asks questions, and there is no terminal", self.name()))
        })?;
        Ok(terminal.into())
    }

    fn command(&self, stdin: Stdio) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .env("KUBERNETES_EXEC_INFO", &self.question)
            .stdin(stdin)
            // As in kubectl: what a person must see, they say there.
            .stderr(Stdio::inherit());
        command
    }

    /// Its output is never shown: it is the credential.
    fn read(
        &self,
        output: Result<Vec<u8>, NoOutput>,
        limit: Duration,
    ) -> Result<Credential, Failure> {
        let output = output.map_err(|why| self.no_output(&why, limit))?;
        let answer: Option<Answer> =
            std::str::from_utf8(&output).ok().and_then(|text| serde_saphyr::from_str(text).ok());
        let status = answer.and_then(|answer| answer.status);
        self.credential(status.ok_or_else(|| self.failed("did not print an ExecCredential"))?)
    }

    fn credential(&self, status: Status) -> Result<Credential, Failure> {
        let Status { token, expiration_timestamp, client_certificate_data, client_key_data } =
            status;
        let expiry = self.expiry(expiration_timestamp.as_deref())?;
        let token = token.filter(|token| !token.is_empty()).map(|token| {
            Token::new(&token, expiry)
                .ok_or_else(|| self.failed("returned a token that no request can carry"))
        });
        let credential = Credential {
            token: token.transpose()?,
            certificate: client_certificate_data
                .zip(client_key_data)
                .map(|(chain, key)| Certificate { chain, key }),
        };
        if credential.token.is_none() && credential.certificate.is_none() {
            return Err(self.failed("returned neither a token nor a certificate with its key"));
        }
        Ok(credential)
    }

    /// As in client-go, no date means that it holds until the server refuses it.
    fn expiry(&self, timestamp: Option<&str>) -> Result<Expiry, Failure> {
        let Some(timestamp) = timestamp.filter(|timestamp| !timestamp.is_empty()) else {
            return Ok(Expiry::Never);
        };
        let at: Timestamp = timestamp.parse().map_err(|_| {
            self.failed("returned an expirationTimestamp that is no time of RFC 3339")
        })?;
        // One that asks questions is not run again: the server says when its token has ended.
        Ok(if self.asks { Expiry::Never } else { Expiry::Ends(at.into()) })
    }

    fn failed(&self, what: &str) -> Failure {
        Failure::failed(format!("{} {what}", self.name()))
    }

    fn no_output(&self, why: &NoOutput, limit: Duration) -> Failure {
        match why {
            NoOutput::NotStarted(error) => self.cannot_run(error),
            NoOutput::Lost(error) => self.failed(&format!("was lost: {error}")),
            NoOutput::Failed(status) => self.failed(&format!("failed ({status})")),
            NoOutput::TooSlow => self.failed(&format!("did not end within {limit:?}")),
        }
    }

    fn cannot_run(&self, error: &std::io::Error) -> Failure {
        let failure = Failure::usage(format!("cannot run {}: {error}", self.name()));
        match self.install_hint.as_deref().map(str::trim).filter(|hint| !hint.is_empty()) {
            Some(hint) => failure.hint(text::line(hint)),
            None => failure,
        }
    }
}

impl Source for Plugin {
    fn name(&self) -> String {
        format!("the credential plugin {}", text::line(&self.program))
    }

    fn fetch(&self) -> Result<Token, Failure> {
        let credential = self.ask_unattended()?;
        credential.token.ok_or_else(|| self.failed("returned no token this time"))
    }
}

/// A key is not for logs.
impl std::fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Certificate")
    }
}

fn question(config: &ExecConfig, cluster: &Cluster, interactive: bool) -> Result<String, Failure> {
    let unusable =
        || Failure::usage("the kubeconfig's cluster cannot be passed to the credential plugin");
    let cluster = config.provide_cluster_info.then(|| ExecAuthCluster::try_from(cluster));
    let cluster = cluster.transpose().map_err(|_| unusable())?;
    let spec = Spec { interactive, cluster };
    let question =
        Question { api_version: config.api_version.as_deref(), kind: "ExecCredential", spec };
    serde_json::to_string(&question).map_err(|_| unusable())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn plugin(mode: ExecInteractiveMode) -> Plugin {
        let config = ExecConfig {
            command: Some("log-in".into()),
            interactive_mode: Some(mode),
            ..ExecConfig::default()
        };
        Plugin::new(&config, &Cluster::default()).unwrap()
    }

    fn answered(mode: ExecInteractiveMode, status: &str) -> Result<Credential, Failure> {
        let answer = format!(r#"{{"kind":"ExecCredential","status":{status}}}"#);
        plugin(mode).read(Ok(answer.into_bytes()), FIRST_MAX)
    }

    fn expiry(mode: ExecInteractiveMode, timestamp: &str) -> Expiry {
        let status = format!(r#"{{"token":"t","expirationTimestamp":{timestamp}}}"#);
        answered(mode, &status).unwrap().token.unwrap().expiry
    }

    #[test]
    fn a_certificate_counts_with_its_key_only() {
        let if_available = ExecInteractiveMode::IfAvailable;
        let status = r#"{"clientCertificateData":"cert","clientKeyData":"key"}"#;
        let both = answered(if_available.clone(), status).unwrap();
        assert!(both.certificate.is_some() && both.token.is_none());

        let half = r#"{"clientCertificateData":"cert"}"#;
        assert!(answered(if_available.clone(), half).is_err());
        assert!(answered(if_available, r#"{"token":""}"#).is_err());
    }

    #[test]
    fn the_end_of_a_token_is_the_plugins_word() {
        let never = ExecInteractiveMode::Never;
        let at = SystemTime::UNIX_EPOCH + Duration::from_hours(36);
        assert_eq!(expiry(never.clone(), r#""1970-01-02T12:00:00Z""#), Expiry::Ends(at));
        assert_eq!(expiry(never.clone(), r#""1970-01-02T14:00:00+02:00""#), Expiry::Ends(at));
        assert_eq!(expiry(never, "null"), Expiry::Never);
    }

    #[test]
    fn a_plugin_that_asks_questions_is_not_run_again() {
        let always = ExecInteractiveMode::Always;
        assert_eq!(expiry(always.clone(), r#""1970-01-02T12:00:00Z""#), Expiry::Never);
        let message = plugin(always).fetch().unwrap_err().message;
        assert_eq!(
            message,
            "the credential plugin log-in asks questions, and runs only when a command starts"
        );
    }

    #[test]
    fn what_cannot_be_used_is_named_by_the_plugin_and_not_quoted() {
        for status in [
            r#"{"token":"hush-hush","expirationTimestamp":"hush-hush"}"#,
            r#"{"token":"hush\nhush"}"#,
            r#""hush-hush""#,
        ] {
            let message = answered(ExecInteractiveMode::Never, status).unwrap_err().message;
            assert!(message.contains("log-in") && !message.contains("hush"), "{message}");
        }
    }
}
