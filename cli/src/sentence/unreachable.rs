//! No answer, or none to us: where it was tried, what was in the way, and the way out.

use super::LOG_IN;
use crate::client::Endpoint;
use crate::client::reach::Setback;
use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::output::text;

/// The server does not know us. A renewal that failed says more than it does.
pub(crate) fn unauthorized(endpoint: &Endpoint) -> Failure {
    let Endpoint { address, origin, .. } = endpoint;
    if endpoint.left_out {
        return Failure::failed(format!(
            "the API server at {address} wants credentials, and those of {origin} are not sent there"
        ))
        .hint("they go over https alone, for others can read http on its way: has it an https:// address?");
    }
    let mut failure = Failure::failed(format!(
        "the API server at {address} does not accept the credentials of {origin}"
    ));
    if let Some(Failure { message, .. }) = endpoint.trouble() {
        failure = failure.hint(format!("they could not be renewed: {}", text::paragraph(&message)));
    }
    failure.hint(LOG_IN)
}

/// The token has ended, and there is no other: nothing was sent.
pub(super) fn no_credentials(
    why: &Failure,
    Endpoint { address, origin, .. }: &Endpoint,
) -> Failure {
    let message = text::paragraph(&why.message);
    let failure = Failure::failed(format!(
        "cannot log in to the API server at {address} ({origin}): {message}"
    ));
    why.hints.iter().fold(failure, Failure::hint).hint(LOG_IN)
}

/// Nothing was heard until the deadline.
pub(crate) fn too_slow(endpoint: &Endpoint, deadline: Deadline) -> Failure {
    let (reach, within) = (&endpoint.reach, deadline.timeout());
    let (waited, hint) = if reach.is_reached() {
        (format!("no answer within {within:?}"), None)
    } else if reach.is_accepted_only() {
        let hint = "something accepts connections there: is it an API server, and the port right?";
        (format!("it accepts connections, but did not greet within {within:?}"), Some(hint))
    } else {
        let hint = "does a firewall drop what is sent, or is a VPN not up?";
        (format!("no connection within {within:?}"), Some(hint))
    };
    let failure = Failure::failed(cannot_reach(&waited, endpoint));
    let failure = hint.into_iter().fold(failure, Failure::hint);
    failure.hint(OTHER_CLUSTER).hint(format!("wait longer with {}", deadline.option()))
}

/// A request that kube could not bring to an answer; never what an authentication provider said.
pub(crate) fn unanswered(error: &kube::Error, endpoint: &Endpoint) -> Failure {
    match error {
        kube::Error::Service(error) => unreachable(&root_cause(error.as_ref()), endpoint),
        kube::Error::HyperError(error) => unreachable(&root_cause(error), endpoint),
        kube::Error::Auth(_) => match endpoint.withheld() {
            Some(why) => no_credentials(&why, endpoint),
            None => unreachable("the credentials cannot be used", endpoint),
        },
        _ => unreadable(endpoint),
    }
}

/// The innermost error, which alone says what happened.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// It answers that it cannot do it now; `answer` begins with the status.
pub(crate) fn failing(answer: &str, endpoint: &Endpoint) -> Failure {
    let (place, answer) = (place(endpoint), text::paragraph(answer));
    Failure::failed(format!("{place} fails: {answer}")).hint("try again")
}

/// An answer that says nothing.
pub(crate) fn unreadable(endpoint: &Endpoint) -> Failure {
    Failure::failed(cannot_reach("its answer cannot be read", endpoint))
        .hint("is it an API server, and the port right?")
        .hint(OTHER_CLUSTER)
}

/// By what is known of the connection; else by the words of whoever noticed.
pub(super) fn unreachable(message: &str, endpoint: &Endpoint) -> Failure {
    let (what, hint) = match endpoint.reach.setback() {
        Some(setback) => explained(setback, message, endpoint),
        None => (text::paragraph(message), None),
    };
    let failure = Failure::failed(cannot_reach(&what, endpoint));
    hint.into_iter().fold(failure, Failure::hint).hint(OTHER_CLUSTER)
}

const OTHER_CLUSTER: &str = "is it the right cluster? --context and --kubeconfig name another";

fn cannot_reach(what: &str, endpoint: &Endpoint) -> String {
    format!("cannot reach {}: {what}", place(endpoint))
}

/// `the API server at https://10.0.0.1:6443 (context "dev") by the proxy …`.
fn place(Endpoint { address, origin, proxy, .. }: &Endpoint) -> String {
    let by = proxy.as_ref().map(|proxy| format!(" by {proxy}")).unwrap_or_default();
    format!("the API server at {address} ({origin}){by}")
}

/// What was in the way, and what to do about it.
fn explained(
    setback: Setback,
    message: &str,
    endpoint: &Endpoint,
) -> (String, Option<&'static str>) {
    let message = text::paragraph(message);
    let is_proxied = endpoint.proxy.is_some();
    match setback {
        Setback::NoName => (
            format!("the name of {} has no address: {message}", met(endpoint)),
            Some("is it spelt right in the kubeconfig, and are DNS and VPN up?"),
        ),
        Setback::Refused if is_proxied => {
            (message, Some("nothing listens at the address of the proxy: is it up?"))
        }
        Setback::Refused => (
            message,
            Some("nothing listens at that address: is the cluster, or the tunnel to it, up?"),
        ),
        Setback::NoRoute => (message, Some("is a firewall in the way, or a VPN not up?")),
        Setback::Untrusted => (
            format!("its certificate is not trusted: {message}"),
            Some(
                "certificate-authority in the kubeconfig must be what signs for this very cluster",
            ),
        ),
        Setback::OtherName => (
            format!("its certificate is for other names: {message}"),
            Some(
                "put one of them into the server address, or into tls-server-name, of the kubeconfig",
            ),
        ),
        Setback::OutOfDate => (
            format!("its certificate is out of date: {message}"),
            Some("is this machine's clock right? Else the server needs a new certificate"),
        ),
        Setback::NoTls => (
            format!("it does not speak TLS: {message}"),
            Some("is the port right? An address without TLS begins with http://"),
        ),
        Setback::ProxyLogin => (
            "the proxy wants a user and a password".to_owned(),
            Some("its URL takes them: http://USER:PASSWORD@HOST:PORT"),
        ),
        Setback::ProxyRefusal => (
            format!("the proxy does not let it through: {message}"),
            Some("NO_PROXY names hosts that are reached without the proxy of the environment"),
        ),
        Setback::Other => (message, None),
    }
}

/// Whose name is looked up here: a proxy looks up the server's.
fn met(endpoint: &Endpoint) -> &'static str {
    if endpoint.proxy.is_some() { "the proxy" } else { "the server" }
}
