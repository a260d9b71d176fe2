//! As whom: which of a kubeconfig user's credentials counts.

use std::sync::Arc;
use std::time::SystemTime;

use kube::config::{AuthInfo, Cluster};
use secrecy::ExposeSecret;

use super::credentials::{Credentials, Source};
use super::pem_data;
use super::plugin::{Certificate, Plugin};
use super::token::TokenFile;
use crate::failure::Failure;
use crate::output::text;
use crate::secrets;

/// What kube is told, and the token that we keep ourselves.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) auth: AuthInfo,
    pub(super) credentials: Option<Credentials>,
}

/// Reads the token file or runs the plugin, where one of them counts.
///
/// Neither is left to kube: it would run the plugin thrice, hand it our stdin, which belongs to
/// whatever this program runs or is piped into, and choke on the newline of a token file.
pub(super) fn resolve(mut auth: AuthInfo, cluster: &Cluster) -> Result<Identity, Failure> {
    refuse_old_providers(&auth)?;
    hide(&auth);
    auth.token = auth.token.filter(|token| !token.expose_secret().is_empty());
    auth.username = auth.username.filter(|username| !username.is_empty());
    let has_other = auth.token.is_some() || auth.username.is_some() || auth.auth_provider.is_some();
    let plugin = auth.exec.take();
    let file = auth.token_file.take().filter(|path| !path.is_empty());
    match (file, plugin) {
        _ if has_other => Ok(Identity { auth, credentials: None }),
        (Some(path), _) => from_file(auth, TokenFile(path)),
        (None, Some(plugin)) => from_plugin(auth, Plugin::new(&plugin, cluster)?),
        (None, None) => Ok(Identity { auth, credentials: None }),
    }
}

/// What the kubeconfig itself gives away. What is sent is hidden when it is.
fn hide(auth: &AuthInfo) {
    for secret in [&auth.token, &auth.password, &auth.client_key_data].into_iter().flatten() {
        secrets::learn(secret.expose_secret());
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

fn from_file(auth: AuthInfo, file: TokenFile) -> Result<Identity, Failure> {
    let begun = SystemTime::now();
    let token = file.fetch()?;
    let credentials = Credentials::new(Arc::new(file), token, begun);
    Ok(Identity { auth, credentials: Some(credentials) })
}

/// The certificate is that of the connections from now on: only the token is renewed.
fn from_plugin(mut auth: AuthInfo, plugin: Plugin) -> Result<Identity, Failure> {
    let begun = SystemTime::now();
    let credential = plugin.ask()?;
    if let Some(certificate) = credential.certificate {
        present(&mut auth, certificate);
    }
    let source: Arc<dyn Source> = Arc::new(plugin);
    let credentials = credential.token.map(|token| Credentials::new(source, token, begun));
    Ok(Identity { auth, credentials })
}

fn present(auth: &mut AuthInfo, Certificate { chain, key }: Certificate) {
    auth.client_certificate_data = pem_data::encode(chain.into_bytes());
    auth.client_key_data = pem_data::encode(key.into_bytes()).map(Into::into);
}

#[cfg(test)]
mod tests {
    use kube::config::ExecConfig;

    use super::*;

    fn with_unusable_sources() -> AuthInfo {
        let plugin =
            ExecConfig { command: Some("/nonexistent/plugin".into()), ..ExecConfig::default() };
        let token_file = Some("/nonexistent/token".to_owned());
        AuthInfo { exec: Some(plugin), token_file, ..AuthInfo::default() }
    }

    #[test]
    fn what_the_kubeconfig_gives_itself_makes_plugin_and_file_superfluous() {
        let token = Some("t".to_owned().into());
        let username = Some("u".to_owned());
        for auth in [
            AuthInfo { token, ..with_unusable_sources() },
            AuthInfo { username, ..with_unusable_sources() },
        ] {
            let identity = resolve(auth, &Cluster::default()).unwrap();
            assert!(identity.credentials.is_none());
            assert!(identity.auth.exec.is_none() && identity.auth.token_file.is_none());
        }
    }

    #[test]
    fn a_token_file_counts_before_a_plugin() {
        let failure = resolve(with_unusable_sources(), &Cluster::default()).unwrap_err();
        assert!(failure.message.contains("tokenFile /nonexistent/token"), "{}", failure.message);
    }

    #[test]
    fn a_certificate_is_handed_on_as_kube_takes_it() {
        let mut auth = AuthInfo::default();
        present(&mut auth, Certificate { chain: "cert".to_owned(), key: "key".to_owned() });
        assert_eq!(auth.client_certificate_data.as_deref(), Some("Y2VydA=="));
        assert!(auth.client_key_data.is_some());
    }
}
