//! Credential plugins: run once, before the first request, never with our stdin.

use std::fs::File;
use std::process::{Command, Stdio};

use kube::config::{AuthInfo, Cluster, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::pem_data;
use crate::failure::Failure;
use crate::output::text;

/// Credentials without a plugin in them.
///
/// kube would run the plugin thrice, and hand it our stdin, which belongs to
/// whatever this program runs or is piped into.
pub(super) fn resolve(mut auth: AuthInfo, cluster: &Cluster) -> Result<AuthInfo, Failure> {
    refuse_old_providers(&auth)?;
    read_token_file(&mut auth)?;
    auth.token = auth.token.filter(|token| !token.expose_secret().is_empty());
    auth.username = auth.username.filter(|username| !username.is_empty());
    let has_other = auth.token.is_some() || auth.username.is_some() || auth.auth_provider.is_some();
    match auth.exec.take() {
        Some(plugin) if !has_other => run(&plugin, cluster)?.apply(auth),
        _ => Ok(auth),
    }
}

/// kubectl dropped these in 1.26; kube would run a command for one of them, twice.
fn refuse_old_providers(auth: &AuthInfo) -> Result<(), Failure> {
    match &auth.auth_provider {
        Some(provider) if provider.name != "oidc" => {
            let name = text::line(&provider.name);
            let failure = Failure::usage(format!(
                "the kubeconfig's auth-provider \"{name}\" is not supported"
            ));
            Err(failure.hint(
                "Kubernetes replaced these by credential plugins (users[].user.exec) in 1.26",
            ))
        }
        _ => Ok(()),
    }
}

/// kube would choke on the newline that such files end with.
fn read_token_file(auth: &mut AuthInfo) -> Result<(), Failure> {
    let Some(path) = auth.token_file.take().filter(|path| !path.is_empty() && auth.token.is_none())
    else {
        return Ok(());
    };
    let token = std::fs::read_to_string(&path).map_err(|error| {
        Failure::usage(format!("cannot read tokenFile {path} of the kubeconfig: {error}"))
    })?;
    auth.token = Some(token.trim().to_owned().into());
    Ok(())
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
    status: Option<Credential>,
}

/// What a plugin hands out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

impl Credential {
    fn apply(self, mut auth: AuthInfo) -> Result<AuthInfo, Failure> {
        auth.token = self.token.filter(|token| !token.is_empty()).map(Into::into);
        if let (Some(certificate), Some(key)) = (self.client_certificate_data, self.client_key_data)
        {
            auth.client_certificate_data = pem_data::encode(certificate.into_bytes());
            auth.client_key_data = pem_data::encode(key.into_bytes()).map(Into::into);
        } else if auth.token.is_none() {
            return Err(Failure::failed(
                "the credential plugin returned neither a token nor a certificate with its key",
            ));
        }
        Ok(auth)
    }
}

fn run(plugin: &ExecConfig, cluster: &Cluster) -> Result<Credential, Failure> {
    let program = plugin.command.as_deref().unwrap_or_default();
    let name = text::line(program);
    let (stdin, interactive) = stdin_for(plugin, &name)?;
    let output = Command::new(program)
        .args(plugin.args.iter().flatten())
        .envs(
            plugin
                .env
                .iter()
                .flatten()
                .filter_map(|pair| Some((pair.get("name")?, pair.get("value")?))),
        )
        .env("KUBERNETES_EXEC_INFO", question(plugin, cluster, interactive)?)
        .stdin(stdin)
        // As in kubectl: what a person must see, they say there.
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| cannot_start(plugin, &name, &error))?;
    if !output.status.success() {
        return Err(Failure::failed(format!(
            "the credential plugin {name} failed ({})",
            output.status
        )));
    }
    // Its output is never shown: it is the credential.
    let answer: Option<Answer> =
        std::str::from_utf8(&output.stdout).ok().and_then(|text| serde_saphyr::from_str(text).ok());
    let credential = answer.and_then(|answer| answer.status);
    credential.ok_or_else(|| {
        Failure::failed(format!("the credential plugin {name} did not print an ExecCredential"))
    })
}

/// Stdin is not ours to give away; a plugin that cannot do without gets the terminal itself.
fn stdin_for(plugin: &ExecConfig, name: &str) -> Result<(Stdio, bool), Failure> {
    if plugin.interactive_mode != Some(ExecInteractiveMode::Always) {
        return Ok((Stdio::null(), false));
    }
    match File::open("/dev/tty") {
        Ok(terminal) => Ok((terminal.into(), true)),
        Err(_) => Err(Failure::usage(format!(
            "the credential plugin {name} asks questions, and there is no terminal"
        ))),
    }
}

fn question(plugin: &ExecConfig, cluster: &Cluster, interactive: bool) -> Result<String, Failure> {
    let unusable =
        || Failure::usage("the kubeconfig's cluster cannot be passed to the credential plugin");
    let cluster = plugin.provide_cluster_info.then(|| ExecAuthCluster::try_from(cluster));
    let cluster = cluster.transpose().map_err(|_| unusable())?;
    let spec = Spec { interactive, cluster };
    let question =
        Question { api_version: plugin.api_version.as_deref(), kind: "ExecCredential", spec };
    serde_json::to_string(&question).map_err(|_| unusable())
}

fn cannot_start(plugin: &ExecConfig, name: &str, error: &std::io::Error) -> Failure {
    let failure = Failure::usage(format!("cannot run the credential plugin {name}: {error}"));
    match plugin.install_hint.as_deref().map(str::trim).filter(|hint| !hint.is_empty()) {
        Some(hint) => failure.hint(text::line(hint)),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: &str) -> Result<AuthInfo, Failure> {
        let credential: Credential = serde_json::from_str(status).unwrap();
        credential.apply(AuthInfo::default())
    }

    #[test]
    fn a_certificate_counts_with_its_key_only() {
        let both = answered(r#"{"clientCertificateData":"cert","clientKeyData":"key"}"#).unwrap();
        assert_eq!(both.client_certificate_data.as_deref(), Some("Y2VydA=="));
        assert!(both.client_key_data.is_some() && both.token.is_none());

        assert!(answered(r#"{"clientCertificateData":"cert"}"#).is_err());
        assert!(answered(r#"{"token":""}"#).is_err());
    }

    #[test]
    fn what_the_kubeconfig_gives_itself_makes_the_plugin_superfluous() {
        let plugin =
            ExecConfig { command: Some("/nonexistent/plugin".into()), ..ExecConfig::default() };
        let auth = AuthInfo {
            exec: Some(plugin),
            token: Some("t".to_owned().into()),
            ..AuthInfo::default()
        };

        assert!(resolve(auth, &Cluster::default()).unwrap().exec.is_none());
    }
}
