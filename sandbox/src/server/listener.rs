//! Who connects, and for how long all this goes on.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::connection::{self, Connection};
use crate::Sandbox;

/// More wait in the backlog until one of these is gone.
const CONNECTIONS: usize = 1024;
/// What connections may take for their end, once watches have ended.
const GRACE: Duration = Duration::from_millis(250);
/// Without descriptors there is nothing to do but wait for one.
const AFTER_FAILURE: Duration = Duration::from_millis(10);

/// Serves until it is told to end.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    sandbox: Sandbox,
    mut ending: watch::Receiver<bool>,
) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let mut connections = JoinSet::new();
    let end = connection::ended(ending.clone());
    let tls = TlsAcceptor::from(tls);
    tokio::select! {
        () = end => {}
        () = accept(&listener, &mut connections, |stream| {
            connection::serve(Connection {
                stream, tls: tls.clone(), sandbox: sandbox.clone(), ending: ending.clone(),
            })
        }) => {}
    }
    drop(listener);
    let _ = ending.borrow_and_update();
    let all = async { while connections.join_next().await.is_some() {} };
    // The rest is broken off.
    let _ = tokio::time::timeout(GRACE, all).await;
}

async fn accept<F>(
    listener: &tokio::net::TcpListener,
    connections: &mut JoinSet<()>,
    serve: impl Fn(TcpStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        match next(listener).await {
            Ok(stream) => {
                let serving = serve(stream);
                connections.spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            Err(_) => tokio::time::sleep(AFTER_FAILURE).await,
        }
        // Those that have ended need no memory.
        while connections.try_join_next().is_some() {}
    }
}

async fn next(listener: &tokio::net::TcpListener) -> io::Result<TcpStream> {
    let (stream, _) = listener.accept().await?;
    // An answer is one small packet, and somebody waits for it.
    stream.set_nodelay(true)?;
    Ok(stream)
}
