//! As whom: which of a kubeconfig user's credentials counts.

use std::sync::Arc;
use std::time::SystemTime;

use kube::config::{AuthInfo, Cluster};
use secrecy::ExposeSecret;

use super::credentials::{Credentials, Source};
use super::pem_data;
use super::plugin::{Certificate, Plugin};
use super::token::{Expiry, Token, TokenFile};
use crate::failure::Failure;
use crate::output::text;
use crate::secrets;

/// What kube is told, and the token that we keep ourselves.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) auth: AuthInfo,
    pub(super) credentials: Option<Credentials>,
    /// Whether there are credentials that are not used.
    pub(super) left_out: bool,
}

impl Identity {
    /// One whose credentials, if there are any, are not renewed by us.
    fn of(auth: AuthInfo) -> Self {
        Self { auth, credentials: None, left_out: false }
    }
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
    refuse_unusable_token(&auth)?;
    let plugin = auth.exec.take();
    let file = auth.token_file.take().filter(|path| !path.is_empty());
    if auth.username.is_some() || auth.auth_provider.is_some() {
        return Ok(Identity::of(auth));
    }
    match (file, plugin) {
        (Some(path), _) => from_file(auth, TokenFile(path)),
        (None, Some(plugin)) if auth.token.is_none() => {
            from_plugin(auth, Plugin::new(&plugin, cluster)?)
        }
        _ => Ok(Identity::of(auth)),
    }
}

/// Who asks over a way that others can read: whom to impersonate is no secret, all else is left
/// out unread. No plugin runs.
pub(super) fn left_out(auth: AuthInfo) -> Identity {
    let left_out = auth.token.is_some()
        || auth.token_file.is_some()
        || auth.username.is_some()
        || auth.client_certificate.is_some()
        || auth.client_certificate_data.is_some()
        || auth.exec.is_some()
        || auth.auth_provider.is_some();
    let auth = AuthInfo {
        impersonate: auth.impersonate,
        impersonate_uid: auth.impersonate_uid,
        impersonate_groups: auth.impersonate_groups,
        impersonate_user_extra: auth.impersonate_user_extra,
        ..AuthInfo::default()
    };
    Identity { left_out, ..Identity::of(auth) }
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

/// kube would panic.
fn refuse_unusable_token(auth: &AuthInfo) -> Result<(), Failure> {
    let token = auth.token.as_ref().map(ExposeSecret::expose_secret);
    match token {
        Some(token) if Token::new(token, Expiry::Never).is_none() => {
            Err(Failure::usage("the token of the kubeconfig holds what no request can carry")
                .hint("is there a line break in it?"))
        }
        _ => Ok(()),
    }
}

/// The kubeconfig's own token counts until the file can be read, as in kubectl.
fn from_file(mut auth: AuthInfo, file: TokenFile) -> Result<Identity, Failure> {
    let begun = SystemTime::now();
    let own = auth.token.take();
    let own = own.and_then(|token| Token::new(token.expose_secret(), TokenFile::looked_at_now()));
    let token = file.fetch().or_else(|failure| own.ok_or(failure))?;
    let credentials = Credentials::new(Arc::new(file), token, begun);
    Ok(Identity { credentials: Some(credentials), ..Identity::of(auth) })
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
    Ok(Identity { credentials, ..Identity::of(auth) })
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

    fn with_token() -> AuthInfo {
        AuthInfo { token: Some("own".to_owned().into()), ..with_unusable_sources() }
    }

    async fn sent(identity: Identity) -> String {
        assert!(identity.auth.token.is_none(), "kube would send it");
        let pass = identity.credentials.unwrap().pass().await.unwrap();
        pass.header.to_str().unwrap().to_owned()
    }

    #[test]
    fn what_the_kubeconfig_gives_itself_makes_a_plugin_superfluous() {
        let username = Some("u".to_owned());
        for auth in [
            AuthInfo { token_file: None, ..with_token() },
            AuthInfo { username, ..with_unusable_sources() },
        ] {
            let identity = resolve(auth, &Cluster::default()).unwrap();
            assert!(identity.credentials.is_none());
            assert!(identity.auth.exec.is_none() && identity.auth.token_file.is_none());
        }
    }

    #[tokio::test]
    async fn a_token_file_counts_before_a_token_which_counts_until_it_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "of the file\n").unwrap();
        let token_file = path.to_str().map(str::to_owned);
        let both = AuthInfo { token_file, ..with_token() };

        let of_file = resolve(both, &Cluster::default()).unwrap();
        assert_eq!(sent(of_file).await, "Bearer of the file");
        let unreadable = resolve(with_token(), &Cluster::default()).unwrap();
        assert_eq!(sent(unreadable).await, "Bearer own");
    }

    #[test]
    fn a_token_that_no_request_can_carry_is_refused_without_being_shown() {
        let auth =
            AuthInfo { token: Some("hush\nhush".to_owned().into()), ..with_unusable_sources() };
        let failure = resolve(auth, &Cluster::default()).unwrap_err();
        assert!(!failure.message.contains("hush"), "{}", failure.message);
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
