use std::path::{Path, PathBuf};
use std::process::Command;

use ::sandbox::{Sandbox, Server, User};

use crate::stage::Stage;

/// A server as programs reach it: a kubeconfig, and a namespace of one's own.
pub struct Reached {
    pub stage: Stage,
    kubeconfig: PathBuf,
    /// It lives as long.
    _server: Option<Server>,
}

impl Reached {
    /// kube-apiserver; `None` where the environment asks for no tests on it.
    pub async fn real(test: &str) -> Option<Self> {
        let stage = Stage::real(test).await?;
        Some(Self { stage, kubeconfig: testkit::cluster()?.kubeconfig().to_owned(), _server: None })
    }

    /// A sandbox of its own, over HTTPS.
    pub async fn sandbox(test: &str) -> Self {
        let sandbox = Sandbox::new();
        let stage = Stage::on_sandbox(&sandbox, test).await;
        let server = Server::start(sandbox).unwrap();
        let kubeconfig = server.kubeconfig_for(User::ADMINISTRATOR).unwrap();
        Self { stage, kubeconfig, _server: Some(server) }
    }

    /// The same stage, reached as programs reach it.
    pub async fn over_https(&self) -> Stage {
        self.stage.with_client(testkit::client(&self.kubeconfig).await.unwrap())
    }

    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// kubectl in the namespace.
    pub fn kubectl(&self) -> Command {
        let mut command = testkit::kubectl(&self.kubeconfig);
        command.arg("--namespace").arg(self.stage.namespace());
        command
    }
}
