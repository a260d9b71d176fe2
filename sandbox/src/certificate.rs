//! The certificate of one server, signed by an authority that nobody else has.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};

/// What the server shows, and by what its clients know it.
pub(crate) struct Identity {
    pub(crate) tls: Arc<ServerConfig>,
    /// The certificate of the authority, as kubeconfigs carry it.
    pub(crate) authority_pem: String,
}

impl Identity {
    /// A fresh one for the loopback. Neither key is ever written anywhere.
    pub(crate) fn generate() -> io::Result<Self> {
        let (authority, authority_pem) = authority().map_err(io::Error::other)?;
        let (certificate, key) = signed_by(&authority).map_err(io::Error::other)?;
        let tls = config(certificate, key).map_err(io::Error::other)?;
        Ok(Self { tls: Arc::new(tls), authority_pem })
    }
}

fn authority() -> Result<(Issuer<'static, KeyPair>, String), rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "kubelock sandbox authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}

fn signed_by(
    authority: &Issuer<'static, KeyPair>,
) -> Result<(CertificateDer<'static>, KeyPair), rcgen::Error> {
    let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "kubelock sandbox");
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, authority)?;
    Ok((certificate.der().clone(), key))
}

/// Names its own provider of cryptography: the process may have set another one, or none.
fn config(
    certificate: CertificateDer<'static>,
    key: KeyPair,
) -> Result<ServerConfig, tokio_rustls::rustls::Error> {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
