//! Whose address counts: the peer's, or behind trusted proxies the one that they name.
use std::net::IpAddr;

use actix_web::http::header::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// No honest chain of proxies is longer.
const MAX_HOPS: usize = 32;
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

/// The request has passed more than 32 proxies, or says so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TooManyHops;

impl TrustedProxies {
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this peer is one of the proxies.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client's address: read from the right, the first that no trusted proxy has. What stands
    /// left of something unreadable was written by nobody whom we know.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Result<IpAddr, TooManyHops> {
        let mut client = peer.to_canonical();
        if self.0.is_empty() || !self.contains(client) {
            return Ok(client);
        }
        let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).collect();
        let hops = lines
            .iter()
            .rev()
            .flat_map(|line| line.as_bytes().rsplit(|&byte| byte == b','));
        for (number, hop) in hops.enumerate() {
            if number == MAX_HOPS {
                return Err(TooManyHops);
            }
            let Some(address) = read_hop(hop) else { break };
            client = address;
            if !self.contains(client) {
                break;
            }
        }
        Ok(client)
    }
}

/// Reads `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` and `[2001:db8::1]:443`.
fn read_hop(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim();
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let address = match (bracketed, text.split_once(':')) {
        (Some((address, port)), _) if is_port(port) => address,
        (None, Some((address, port))) if !port.contains(':') && is_port(&text[address.len()..]) => {
            address
        }
        (None, _) => text,
        _ => return None,
    };
    Some(address.parse::<IpAddr>().ok()?.to_canonical())
}

/// Nothing, or a colon and a port.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok())
}
