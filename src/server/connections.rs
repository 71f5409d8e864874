//! How many connections there are, in all and from one address.
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv6Addr, Shutdown, TcpListener},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::{dev::Extensions, rt::net::TcpStream};
use rustix::process::{Resource, getrlimit};
use socket2::{SockRef, TcpKeepalive};

/// The most connections at once, where the process may have so many files open.
const MAX_CONNECTIONS: u64 = 8192;
/// Files that are no connections of clients: the log, connections to Gitea, the runtime's own.
const OTHER_FILES: u64 = 256;
/// A reader that acknowledges nothing for so long is dropped.
const STALLED_READER: Duration = Duration::from_secs(30);
/// After so long in silence a client is asked whether it is there, and again until it is dropped as a
/// stalled reader is.
const PROBED: Duration = Duration::from_secs(15);
const PROBES: Duration = Duration::from_secs(5);

/// One connection too many gets an answer that says so; so many times the limit get none.
const FLOOD: usize = 4;

/// Counts the open connections of each address.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One open connection; it is counted until dropped.
#[derive(Debug)]
pub(super) struct Connection {
    connections: Connections,
    address: Option<IpAddr>,
    /// How many its address had when it was opened, with this one.
    count: usize,
}

impl Connections {
    /// To be called with each new connection. `is_proxy` speaks for many and is not counted.
    pub(super) fn open(
        &self,
        stream: &TcpStream,
        data: &mut Extensions,
        most: usize,
        is_proxy: impl Fn(IpAddr) -> bool,
    ) {
        let peer = stream.peer_addr().ok().map(|peer| peer.ip());
        let connection = self.count(peer.filter(|peer| !is_proxy(*peer)).map(network));
        if connection.count > most.saturating_mul(FLOOD) {
            // It ends as if its client had closed it; there is nothing more to do if that fails.
            let _ = SockRef::from(stream).shutdown(Shutdown::Both);
        }
        data.insert(connection);
    }

    fn count(&self, address: Option<IpAddr>) -> Connection {
        let mut counts = self.counts();
        let count = address.map_or(0, |address| {
            let count = counts.entry(address).or_default();
            *count += 1;
            *count
        });
        Connection {
            connections: self.clone(),
            address,
            count,
        }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Whether its address had `most` others.
    pub(super) fn is_beyond(&self, most: usize) -> bool {
        self.count > most
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut counts = self.connections.counts();
        if let Some(count) = counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&address);
            }
        }
    }
}

/// An IPv6 subscriber has a whole network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// Prepares a listener: what it accepts inherits its options.
pub(super) fn prepare(listener: &TcpListener) -> io::Result<()> {
    let listener = SockRef::from(listener);
    listener.set_tcp_user_timeout(Some(STALLED_READER))?;
    let probes = TcpKeepalive::new().with_time(PROBED).with_interval(PROBES);
    listener.set_tcp_keepalive(&probes)
}

/// How many connections one of `workers` may have. Where too few files may be open, a worker would
/// panic.
pub(super) fn most_a_worker(workers: usize) -> io::Result<usize> {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if files < 16 + 8 * workers as u64 {
        return Err(io::Error::other(format!(
            "only {files} files may be open at once: raise `ulimit -n`"
        )));
    }
    Ok((most_of(files) / workers).max(1))
}

/// How many connections there may be where the process may have so many `files` open. Where these are
/// few, half of them are left for what is no connection: without any, no key is read anew.
fn most_of(files: u64) -> usize {
    let most = files.saturating_sub(OTHER_FILES).max(files / 2);
    usize::try_from(most.min(MAX_CONNECTIONS)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_client_that_is_gone_without_a_word_is_noticed() -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        prepare(&listener)?;
        let _client = TcpStream::connect(listener.local_addr()?)?;
        let (accepted, _) = listener.accept()?;
        let accepted = SockRef::from(&accepted);
        assert!(accepted.keepalive()?);
        assert_eq!(accepted.tcp_keepalive_time()?, PROBED);
        assert_eq!(accepted.tcp_keepalive_interval()?, PROBES);
        Ok(())
    }

    #[test]
    fn connections_leave_files_for_the_keys_and_the_log_however_few_there_are() {
        let files = [0, 64, 256, 512, 1024, 8448, u64::MAX];
        let most = files.map(most_of);
        assert_eq!(most, [0, 32, 128, 256, 768, 8192, 8192]);
    }
}
