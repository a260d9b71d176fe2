//! Certificates and keys, inline or in a file.

use k8s_openapi::ByteString;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use crate::failure::Failure;

/// Reads what a kubeconfig gives as base64 (which counts first) or as the path of a file.
pub(super) fn read(
    what: &str,
    data: Option<&str>,
    path: Option<&str>,
) -> Result<Option<Vec<u8>>, Failure> {
    let given = |text: &&str| !text.is_empty();
    if let Some(data) = data.filter(given) {
        return decode(data)
            .map(Some)
            .ok_or_else(|| Failure::usage(format!("{what}-data of the kubeconfig is no base64")));
    }
    let Some(path) = path.filter(given) else { return Ok(None) };
    match std::fs::read(path) {
        Ok(pem) => Ok(Some(pem)),
        Err(error) => {
            Err(Failure::usage(format!("cannot read {what} {path} of the kubeconfig: {error}")))
        }
    }
}

/// The certificates in a PEM file, in DER.
pub(super) fn certificates(what: &str, pem: &[u8]) -> Result<Vec<Vec<u8>>, Failure> {
    let invalid =
        || Failure::usage(format!("{what} of the kubeconfig holds no certificate in PEM"));
    let blocks = pem::parse_many(pem).map_err(|_| invalid())?;
    let certificates = blocks
        .into_iter()
        .filter(|block| block.tag() == "CERTIFICATE")
        .map(pem::Pem::into_contents);
    let found: Vec<Vec<u8>> = certificates.collect();
    if found.is_empty() { Err(invalid()) } else { Ok(found) }
}

/// Base64, as Kubernetes' own `ByteString` reads and writes it.
fn decode(data: &str) -> Option<Vec<u8>> {
    let joined: String = data.split_ascii_whitespace().collect();
    let text: StrDeserializer<'_, Error> = joined.as_str().into_deserializer();
    ByteString::deserialize(text).ok().map(|bytes| bytes.0)
}

/// The reverse, for what kube takes as base64 only.
pub(super) fn encode(bytes: Vec<u8>) -> Option<String> {
    match serde_json::to_value(ByteString(bytes)) {
        Ok(serde_json::Value::String(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_survives_the_way_there_and_back() {
        let bytes = vec![0, 159, 146, 150, 10];
        assert_eq!(encode(bytes.clone()).as_deref().and_then(decode), Some(bytes));
    }

    #[test]
    fn folded_base64_is_read_too() {
        assert_eq!(decode("aGVs\n  bG8=\n"), Some(b"hello".to_vec()));
        assert_eq!(decode("not base64!"), None);
    }
}
