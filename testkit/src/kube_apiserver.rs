use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use http::Request;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};

use crate::Error;
use crate::blocking::with_runtime;
use crate::kubeconfig;
use crate::port::free_port;
use crate::server::Server;

/// Generous: the machine may be busy compiling.
const READY_LIMIT: Duration = Duration::from_mins(3);
const CALL_LIMIT: Duration = Duration::from_secs(5);

/// The API server, on one port for all its lives.
pub(crate) struct KubeApiserver {
    pub(crate) server: Server,
    port: u16,
}

impl KubeApiserver {
    pub(crate) fn new(binary: &Path, folder: &Path, etcd_url: &str) -> Result<Self, Error> {
        let port = free_port()?;
        let command_line = command_line(binary, folder, port, etcd_url);
        Ok(Self { server: Server::new("kube-apiserver", folder, command_line), port })
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    pub(crate) fn wait_ready(&self, kubeconfig: &Path) -> Result<(), Error> {
        with_runtime(|runtime| {
            let client = runtime.block_on(kubeconfig::client(kubeconfig))?;
            self.server.wait_until(READY_LIMIT, || runtime.block_on(is_ready_in_time(&client)))
        })
    }
}

async fn is_ready_in_time(client: &Client) -> bool {
    tokio::time::timeout(CALL_LIMIT, is_ready(client)).await.unwrap_or(false)
}

/// `/readyz` alone comes before the first namespaces do.
async fn is_ready(client: &Client) -> bool {
    let Ok(request) = Request::get("/readyz").body(Vec::new()) else { return false };
    let namespaces = Api::<Namespace>::all(client.clone());
    client.request_text(request).await.is_ok()
        && namespaces.get_metadata("default").await.is_ok()
        && namespaces.get_metadata("kube-system").await.is_ok()
}

/// No endpoint reconciler: it refuses loopback addresses. No `ServiceAccount`
/// admission: nobody here makes the accounts that it would ask for.
fn command_line(binary: &Path, folder: &Path, port: u16, etcd_url: &str) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        binary.display().to_string(),
        format!("--etcd-servers={etcd_url}"),
        format!("--bind-address={}", Ipv4Addr::LOCALHOST),
        format!("--advertise-address={}", Ipv4Addr::LOCALHOST),
        format!("--secure-port={port}"),
        format!("--tls-cert-file={}", file("server.crt")),
        format!("--tls-private-key-file={}", file("server.key")),
        format!("--token-auth-file={}", file("tokens.csv")),
        "--authorization-mode=RBAC".into(),
        "--service-account-issuer=https://kubelock.test".into(),
        format!("--service-account-key-file={}", file("service-account.pub")),
        format!("--service-account-signing-key-file={}", file("service-account.key")),
        "--service-cluster-ip-range=10.0.0.0/24".into(),
        "--endpoint-reconciler-type=none".into(),
        "--disable-admission-plugins=ServiceAccount".into(),
        "--profiling=false".into(),
    ]
}
