//! An admission webhook of our own, over TLS on the loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use kube::api::{Api, DeleteParams, DynamicObject, PostParams};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::support::{KEY, Stage};

const ALLOW: u16 = 0;

/// What the webhook does with a request it is asked about.
#[derive(Clone, Copy)]
enum Manner {
    Deny,
    Alter,
}

/// A webhook in force for the configmaps of a stage.
pub struct Webhook {
    code: Arc<AtomicU16>,
    kind: &'static str,
    name: String,
}

impl Webhook {
    /// One that validates: it allows until it is told to deny.
    pub async fn start(stage: &Stage) -> Self {
        let webhook = Self::register(stage, "ValidatingWebhookConfiguration", Manner::Deny).await;
        webhook.deny(418);
        webhook.until_in_force(async || touch(stage).await.is_err()).await;
        webhook.allow();
        webhook
    }

    /// One that puts another record in the place of each that is written.
    pub async fn start_mutating(stage: &Stage) -> Self {
        let webhook = Self::register(stage, "MutatingWebhookConfiguration", Manner::Alter).await;
        webhook
            .until_in_force(async || {
                stage.annotate(KEY, Some("mine")).await;
                stage.value().await.as_deref() == Some("altered")
            })
            .await;
        stage.annotate(KEY, None).await;
        webhook
    }

    /// Denies from now on, with this status.
    pub fn deny(&self, code: u16) {
        self.code.store(code, Ordering::SeqCst);
    }

    /// Allows from now on.
    pub fn allow(&self) {
        self.code.store(ALLOW, Ordering::SeqCst);
    }

    /// Takes it out of force.
    pub async fn stop(self, stage: &Stage) {
        api(stage, self.kind).delete(&self.name, &DeleteParams::default()).await.unwrap();
    }

    async fn register(stage: &Stage, kind: &'static str, manner: Manner) -> Self {
        let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let code = Arc::new(AtomicU16::new(ALLOW));
        let port = serve(&certificate, code.clone(), manner).await;
        let configuration = json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": { "name": stage.namespace },
            "webhooks": [{
                "name": "webhook.kubelock.test", "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Fail",
                "clientConfig": { "url": format!("https://127.0.0.1:{port}/"), "caBundle": base64(certificate.cert.pem().as_bytes()) },
                "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": stage.namespace } },
                "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["configmaps"] }],
            }],
        });
        api(stage, kind)
            .create(&PostParams::default(), &serde_json::from_value(configuration).unwrap())
            .await
            .unwrap();
        Self { code, kind, name: stage.namespace.clone() }
    }

    /// The API server learns of webhooks by watch: waits until it has.
    async fn until_in_force(&self, in_force: impl AsyncFn() -> bool) {
        for _ in 0..200 {
            if in_force().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the webhook was not asked within ten seconds");
    }
}

async fn touch(stage: &Stage) -> Result<(), kube::Error> {
    let now = kubelock::Timestamp::from(std::time::SystemTime::now()).to_string();
    let patch = json!({ "data": { "touched": now } });
    let params = kube::api::PatchParams::default();
    stage.configmaps().patch("app", &params, &kube::api::Patch::Merge(patch)).await.map(drop)
}

fn api(stage: &Stage, kind: &str) -> Api<DynamicObject> {
    let gvk = kube::core::GroupVersionKind::gvk("admissionregistration.k8s.io", "v1", kind);
    Api::all_with(stage.admin.clone(), &kube::core::ApiResource::from_gvk(&gvk))
}

/// Serves until the test's runtime ends. Answers with the port.
async fn serve(
    certificate: &rcgen::CertifiedKey<rcgen::KeyPair>,
    code: Arc<AtomicU16>,
    manner: Manner,
) -> u16 {
    let key = PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der());
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = config
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, code) = (acceptor.clone(), code.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = hyper::service::service_fn(move |request| {
                    answer(request, code.clone(), manner)
                });
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await
                    .ok();
            });
        }
    });
    port
}

async fn answer(
    request: Request<Incoming>,
    code: Arc<AtomicU16>,
    manner: Manner,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let review: Value = serde_json::from_slice(&body).unwrap();
    let mut response = json!({ "uid": review["request"]["uid"], "allowed": true });
    match (manner, code.load(Ordering::SeqCst)) {
        (Manner::Alter, _) if !carries_a_record(&review) => {}
        (Manner::Alter, _) => {
            let path = format!("/metadata/annotations/{}", KEY.replace('/', "~1"));
            let patch = json!([{ "op": "replace", "path": path, "value": "altered" }]);
            response["patchType"] = "JSONPatch".into();
            response["patch"] = base64(&serde_json::to_vec(&patch).unwrap()).into();
        }
        (Manner::Deny, ALLOW) => {}
        (Manner::Deny, code) => {
            response["allowed"] = false.into();
            response["status"] = json!({ "code": code, "message": "the webhook says no" });
        }
    }
    let answer = json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response });
    Ok(Response::new(Full::new(Bytes::from(serde_json::to_vec(&answer).unwrap()))))
}

fn carries_a_record(review: &Value) -> bool {
    review["request"]["object"]["metadata"]["annotations"].get(KEY).is_some()
}

/// k8s-openapi spells bytes in JSON just so.
fn base64(bytes: &[u8]) -> String {
    let Ok(Value::String(text)) = serde_json::to_value(k8s_openapi::ByteString(bytes.to_vec()))
    else {
        unreachable!()
    };
    text
}
