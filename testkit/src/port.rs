use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::path::Path;

use crate::Error;

/// Below the range from which the kernel takes ports for outgoing connections:
/// none of those can sit on the port while its server is down.
const RANGE: Range<u16> = 18_000..30_000;

/// A loopback port that nobody listens on just now.
///
/// Another process may take it first; whoever starts a server on it tries again.
pub(crate) fn free_port() -> Result<u16, Error> {
    let size = u64::from(RANGE.end - RANGE.start);
    // Start anywhere, so that processes side by side don't try the same ones.
    let start = RandomState::new().hash_one(std::process::id());
    (0..size)
        .filter_map(|step| u16::try_from(start.wrapping_add(step) % size).ok())
        .map(|offset| RANGE.start + offset)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .ok_or_else(no_port)
}

fn no_port() -> Error {
    let source = std::io::ErrorKind::AddrInUse.into();
    Error::io("find a free port on", Path::new("127.0.0.1"))(source)
}
