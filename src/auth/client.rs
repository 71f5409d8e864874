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

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn client(peer: &str, lines: &[&str]) -> Result<String, TooManyHops> {
        let networks = ["10.0.0.0/8", "192.0.2.7/32", "fd00::/8"];
        let proxies =
            TrustedProxies::new(networks.map(|it| it.parse().expect("a network")).to_vec());
        let mut headers = HeaderMap::new();
        for line in lines {
            let value = HeaderValue::from_bytes(line.as_bytes()).expect("a header");
            headers.append(X_FORWARDED_FOR, value);
        }
        let peer = peer.parse().expect("an address");
        proxies
            .client(peer, &headers)
            .map(|address| address.to_string())
    }

    #[test]
    fn only_a_trusted_peer_is_believed() {
        let strange = client("198.51.100.9", &["203.0.113.5"]);
        assert_eq!(strange.as_deref(), Ok("198.51.100.9"));
        assert_eq!(
            client("10.0.0.1", &["203.0.113.5"]).as_deref(),
            Ok("203.0.113.5")
        );
        assert_eq!(
            client("::ffff:10.0.0.1", &["203.0.113.5"]).as_deref(),
            Ok("203.0.113.5")
        );
        assert_eq!(client("10.0.0.1", &[]).as_deref(), Ok("10.0.0.1"));
    }

    #[test]
    fn the_walk_is_from_the_right_over_all_lines_and_ends_at_the_first_stranger() {
        let cases: &[(&[&str], &str)] = &[
            (&["1.1.1.1, 203.0.113.5, 10.9.9.9"], "203.0.113.5"),
            (
                &["1.1.1.1", "203.0.113.5", "10.9.9.9,192.0.2.7"],
                "203.0.113.5",
            ),
            (&["10.1.1.1,10.2.2.2"], "10.1.1.1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["[2001:db8::1]:443"], "2001:db8::1"),
            (&["203.0.113.5:65535"], "203.0.113.5"),
            (&["::ffff:203.0.113.5"], "203.0.113.5"),
            (&["203.0.113.5, fd00::5"], "203.0.113.5"),
        ];
        for (lines, expected) in cases {
            assert_eq!(
                client("10.0.0.1", lines).as_deref(),
                Ok(*expected),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk_at_the_last_address_that_could() {
        for lie in [
            "",
            " ",
            "unknown",
            "_hidden",
            "203.0.113.5:http",
            "203.0.113.5:99999",
            "[2001:db8::1",
            "[2001:db8::1]x",
            "1.2.3",
            "203.0.113.5;",
            "kürz",
        ] {
            let line = format!("203.0.113.5, {lie}, 10.9.9.9");
            assert_eq!(
                client("10.0.0.1", &[&line]).as_deref(),
                Ok("10.9.9.9"),
                "{lie:?}"
            );
            assert_eq!(
                client("10.0.0.1", &[lie]).as_deref(),
                Ok("10.0.0.1"),
                "{lie:?}"
            );
        }
    }

    #[test]
    fn more_than_32_proxies_are_no_request() {
        let hops = |count: usize| vec!["10.0.0.2"; count].join(",");
        assert_eq!(client("10.0.0.1", &[&hops(32)]).as_deref(), Ok("10.0.0.2"));
        assert_eq!(client("10.0.0.1", &[&hops(33)]), Err(TooManyHops));
        assert_eq!(
            client("198.51.100.9", &[&hops(33)]).as_deref(),
            Ok("198.51.100.9")
        );
    }

    proptest! {
        #[test]
        fn no_header_moves_an_untrusted_peer_or_breaks_the_walk(line in "[ -~]{0,60}") {
            prop_assert_eq!(client("198.51.100.9", &[&line]), Ok("198.51.100.9".to_owned()));
            prop_assert!(client("10.0.0.1", &[&line]).is_ok());
        }
    }
}
