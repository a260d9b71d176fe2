use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::Error;

/// Writes what the API server serves and signs with; returns the CA's certificate.
pub(crate) fn write_certificates(folder: &Path) -> Result<String, Error> {
    let (ca, ca_pem) = authority()?;
    let key = KeyPair::generate()?;
    let certificate = serving_params()?.signed_by(&key, &ca)?;
    let accounts = KeyPair::generate()?;
    write(folder, "server.crt", &certificate.pem())?;
    write(folder, "server.key", &key.serialize_pem())?;
    write(folder, "service-account.key", &accounts.serialize_pem())?;
    write(folder, "service-account.pub", &accounts.public_key_pem())?;
    Ok(ca_pem)
}

fn authority() -> Result<(Issuer<'static, KeyPair>, String), Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "kubelock test authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}

fn serving_params() -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(Error::io("write", &path))
}
