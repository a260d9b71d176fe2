//! `kubelock version`: of this program, and of the server it would talk to.

use serde::Serialize;

use crate::args::CommonArgs;
use crate::args::cluster::ClusterArgs;
use crate::client::{self, Connection};
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, DocumentFormat, text};
use crate::query::Refusal;
use crate::sentence;
use crate::server_version::ServerVersion;

/// Print the versions of this program and of the server
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct VersionArgs {
    /// Print that of this program alone; no cluster is needed
    #[arg(long)]
    client: bool,
    /// Print a document: json or yaml
    #[arg(short, long, value_name = "FORMAT", hide_possible_values = true)]
    output: Option<DocumentFormat>,
}

const EXAMPLES: &str = "\
Examples:
  kubelock version
  kubelock version --client -o json

Exit status: 0 both are known; 1 the server did not answer, 2 the configuration names none: that of
this program is printed then, too";

/// Both, as far as they are known.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Versions {
    client_version: Version,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_version: Option<Version>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
    platform: String,
}

pub(crate) async fn run(
    args: VersionArgs,
    cluster: &ClusterArgs,
    common: &CommonArgs,
) -> Result<Exit, Failure> {
    let asked = if args.client { None } else { Some(ask(cluster, common).await) };
    let (server, failure) = match asked {
        None => (None, None),
        Some(Ok(version)) => (Some(version), None),
        Some(Err(failure)) => (None, Some(failure)),
    };
    show(args.output, Versions { client_version: own(), server_version: server })?;
    failure.map_or(Ok(Exit::Done), Err)
}

async fn ask(cluster: &ClusterArgs, common: &CommonArgs) -> Result<Version, Failure> {
    let connection = client::connect(cluster, common.verbose)?;
    let deadline = Deadline::after(cluster.request_timeout);
    match ServerVersion::ask(&connection, deadline).await?.answer {
        Ok(ServerVersion { git_version, platform, .. }) => {
            Ok(Version { git_version: text::line(&git_version), platform: text::line(&platform) })
        }
        Err(Refusal { code: 401, .. }) => Err(sentence::unauthorized(&connection.endpoint)),
        Err(refusal) => Err(refused(&refusal, &connection)),
    }
}

fn refused(Refusal { code, message }: &Refusal, connection: &Connection) -> Failure {
    let failure = Failure::failed(format!(
        "the API server refused to tell its version ({code}): {}",
        text::paragraph(message)
    ));
    if *code != 403 {
        return failure;
    }
    sentence::impersonation(message, &connection.flags).unwrap_or_else(|| failure.hint(
        "the verb get on the URL /version is needed: the ClusterRole system:public-info-viewer has it",
    ))
}

/// As Kubernetes spells versions and platforms.
fn own() -> Version {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let os = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
    Version {
        git_version: concat!("v", env!("CARGO_PKG_VERSION")).to_owned(),
        platform: format!("{os}/{arch}"),
    }
}

fn show(format: Option<DocumentFormat>, versions: Versions) -> Result<(), Failure> {
    if let Some(format) = format {
        return output::any(format, &versions);
    }
    let server = versions.server_version.map(|it| format!("Server Version: {}\n", it.git_version));
    let client = versions.client_version.git_version;
    output::print(&format!("Client Version: {client}\n{}", server.unwrap_or_default()))
}
