//! A way to the API server for one contender, which can be cut, closed or made a black hole.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use kube::config::Kubeconfig;

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Open,
    /// What is sent waits until the way is open again.
    BlackHole,
    /// New connections are ended at once.
    Down,
}

/// The proxy, listening on a port of its own.
pub(super) struct Proxy {
    listener: Arc<TcpListener>,
    link: Arc<Link>,
}

struct Link {
    upstream: String,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    way: Way,
    /// Both sides of each connection; those that have ended among them.
    streams: Vec<TcpStream>,
}

impl Proxy {
    /// A proxy, and a kubeconfig in `folder` that goes by it.
    pub(super) fn start(kubeconfig: &Path, folder: &Path, name: &str) -> (Self, PathBuf) {
        let listener = Arc::new(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let server = format!("https://{}", listener.local_addr().unwrap());
        let (text, upstream) = redirected(kubeconfig, &server);
        let path = folder.join(format!("{name}.kubeconfig"));
        std::fs::write(&path, text).unwrap();

        let state = Mutex::new(State { way: Way::Open, streams: Vec::new() });
        let link = Arc::new(Link { upstream, state, changed: Condvar::new() });
        let (accepting, accepted) = (Arc::clone(&listener), Arc::clone(&link));
        thread::spawn(move || accept(&accepting, &accepted));
        (Self { listener, link }, path)
    }

    /// What is under way meets it too, except that a way that is closed cuts nothing by itself.
    pub(super) fn set(&self, way: Way) {
        self.link.state().way = way;
        self.link.changed.notify_all();
    }

    /// Ends all connections there are.
    pub(super) fn cut(&self) {
        for stream in self.link.state().streams.drain(..) {
            // The other side may have ended it already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both);
        self.set(Way::Down);
        self.cut();
    }
}

/// The same for another server, and where the real one listens.
fn redirected(kubeconfig: &Path, server: &str) -> (String, String) {
    let mut kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let mut upstream = None;
    for cluster in kubeconfig.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        let uri: http::Uri = cluster.server.take().unwrap().parse().unwrap();
        let host = uri.host().unwrap();
        upstream = Some(format!("{host}:{}", uri.port_u16().unwrap_or(443)));
        if host.parse::<Ipv4Addr>().is_err() {
            cluster.tls_server_name.get_or_insert(host.to_owned());
        }
        cluster.server = Some(server.to_owned());
    }
    // JSON is YAML too.
    (serde_json::to_string(&kubeconfig).unwrap(), upstream.unwrap())
}

/// Ends when the listener is shut down.
fn accept(listener: &TcpListener, link: &Arc<Link>) {
    while let Ok((near, _)) = listener.accept() {
        let link = Arc::clone(link);
        thread::spawn(move || link.carry(&near));
    }
}

impl Link {
    fn carry(&self, near: &TcpStream) {
        if self.through() != Way::Open {
            return;
        }
        let Ok(far) = TcpStream::connect(&self.upstream) else { return };
        if !self.keep([near, &far]) {
            return;
        }
        thread::scope(|scope| {
            scope.spawn(|| self.pump(near, &far));
            self.pump(&far, near);
        });
    }

    /// To be cut later; not if the way was closed meanwhile.
    fn keep(&self, streams: [&TcpStream; 2]) -> bool {
        let mut state = self.state();
        state.streams.retain(|stream| stream.peer_addr().is_ok());
        let copies = streams.into_iter().filter_map(|stream| stream.try_clone().ok());
        state.streams.extend(copies);
        state.way != Way::Down
    }

    /// Carries what comes one way to its end.
    fn pump(&self, mut from: &TcpStream, mut to: &TcpStream) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(got @ 1..) = from.read(&mut buffer) {
            self.through();
            if to.write_all(&buffer[..got]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Read), to.shutdown(Shutdown::Write));
    }

    /// Waits while the way is a black hole.
    fn through(&self) -> Way {
        let state = self.state();
        let is_black = |state: &mut State| state.way == Way::BlackHole;
        self.changed.wait_while(state, is_black).unwrap_or_else(PoisonError::into_inner).way
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
