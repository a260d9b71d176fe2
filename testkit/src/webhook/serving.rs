//! What the API server reaches of a webhook.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use rcgen::{CertifiedKey, KeyPair};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use super::{ALLOW, Manner, WORDS};

/// Where it listens, and by what it is known.
pub(super) struct Served {
    pub(super) port: u16,
    /// As configurations carry it.
    pub(super) ca_bundle: String,
}

/// Serves until the process ends, on a thread of its own: tests come and go with their runtimes.
pub(super) fn serve(code: Arc<AtomicU16>, manner: Manner) -> Served {
    let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config(&certificate)));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(accept(listener, acceptor, code, manner));
    });
    Served { port, ca_bundle: base64(certificate.cert.pem().as_bytes()) }
}

fn config(certificate: &CertifiedKey<KeyPair>) -> ServerConfig {
    let key = PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der());
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key.into())
        .unwrap()
}

async fn accept(
    listener: std::net::TcpListener,
    acceptor: TlsAcceptor,
    code: Arc<AtomicU16>,
    manner: Manner,
) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, code, manner) = (acceptor.clone(), code.clone(), manner.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = hyper::service::service_fn(move |request| {
                answer(request, code.load(Ordering::SeqCst), manner.clone())
            });
            let http = hyper::server::conn::http1::Builder::new();
            // A server that hangs up has its answer.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    code: u16,
    manner: Manner,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let review: Value = serde_json::from_slice(&body).unwrap();
    let mut response = json!({ "uid": review["request"]["uid"], "allowed": true });
    match manner {
        Manner::Alter { key } => alter(&mut response, &review, &key),
        Manner::Deny if code == ALLOW => {}
        Manner::Deny => {
            response["allowed"] = false.into();
            response["status"] = json!({ "code": code, "message": WORDS });
        }
    }
    let answer = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response,
    });
    Ok(Response::new(Full::new(Bytes::from(answer.to_string()))))
}

fn alter(response: &mut Value, review: &Value, key: &str) {
    if review["request"]["object"]["metadata"]["annotations"].get(key).is_none() {
        return;
    }
    let path = format!("/metadata/annotations/{}", key.replace('/', "~1"));
    let operations = json!([{ "op": "replace", "path": path, "value": "altered" }]);
    response["patchType"] = "JSONPatch".into();
    response["patch"] = base64(operations.to_string().as_bytes()).into();
}

/// k8s-openapi spells bytes in JSON just so.
fn base64(bytes: &[u8]) -> String {
    let text = serde_json::to_value(k8s_openapi::ByteString(bytes.to_vec())).unwrap();
    text.as_str().unwrap().to_owned()
}
