//! A client fit for locks.

/// Builds a client that never repeats a request by itself. Tell the locks of it with
/// [`crate::KubeLock::with_client_that_sends_once`].
///
/// kube's own client repeats 429, 503 and 504 up to fifteen times, for longer than a
/// lock lasts and without telling. kubelock stays correct with such a client, but can
/// tell less often what became of a write.
///
/// kube's connector does not set `TCP_NODELAY`, so the first requests over a new connection may
/// take some 40 ms more. Where that matters, build the client by [`kube::client::ConfigExt`] over
/// a connector with `set_nodelay(true)`, and without a retry layer.
///
/// # Errors
/// As [`kube::Client::try_from`]: a proxy, certificate or credential that cannot be used.
///
/// # Panics
/// Outside of a tokio runtime, as [`kube::Client`] itself.
pub fn client_without_retries(mut config: kube::Config) -> Result<kube::Client, Box<kube::Error>> {
    config.default_retry = false;
    kube::Client::try_from(config).map_err(Box::new)
}
