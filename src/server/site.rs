//! Under which names the server answers, and to pages of which origins: a page in somebody's browser
//! must not reach it by a name of its own choice (DNS rebinding).
use std::{net::Ipv4Addr, str::FromStr as _};

use url::Url;

/// The names and origins that are ours. Loopback names and origins always are, on any port.
#[derive(Clone, Debug, Default)]
pub struct Site {
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Site {
    /// `hosts` in lower case, each meant on any port unless it names one; `origins` as browsers write
    /// them. The address by which people reach the server is one more of both.
    pub fn new(public_url: Option<&Url>, mut hosts: Vec<String>, mut origins: Vec<String>) -> Self {
        hosts.extend(public_url.and_then(Url::host_str).map(str::to_owned));
        origins.extend(public_url.map(|url| url.origin().ascii_serialization()));
        Self { hosts, origins }
    }

    /// Whether `host`, from a `Host` header or a request's address, is a name of ours.
    pub(super) fn allows_host(&self, host: &[u8]) -> bool {
        let Ok(host) = std::str::from_utf8(host) else {
            return false;
        };
        let name = without_port(host);
        let is_ours = |ours: &String| {
            // Clients leave out the port that their scheme has.
            let usual = [":443", ":80"].iter().find_map(|it| ours.strip_suffix(it));
            let mut forms = [Some(ours.as_str()), usual].into_iter().flatten();
            ours.eq_ignore_ascii_case(name) || forms.any(|ours| ours.eq_ignore_ascii_case(host))
        };
        is_loopback(name) || self.hosts.iter().any(is_ours)
    }

    /// Whether pages of `origin` may ask us.
    pub(super) fn allows_origin(&self, origin: &[u8]) -> bool {
        let Ok(origin) = std::str::from_utf8(origin) else {
            return false;
        };
        let rest = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        rest.is_some_and(|host| is_loopback(without_port(host)))
            || self
                .origins
                .iter()
                .any(|ours| ours.eq_ignore_ascii_case(origin))
    }
}

/// The name before `:port`, in brackets if it is an IPv6 address. A port that is none stays.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host,
    }
}

fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name == "[::1]"
        || Ipv4Addr::from_str(name).is_ok_and(|address| address.is_loopback())
}
