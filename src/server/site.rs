//! Under which names the server answers, and to pages of which origins: a page in somebody's browser
//! must not reach it by a name of its own choice (DNS rebinding).
use std::{net::Ipv4Addr, str::FromStr as _};

use url::Url;

/// The names and origins that are ours. Loopback names and origins always are, on any port.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// In lower case; with a port if only that one is meant.
    hosts: Vec<String>,
    origins: Vec<String>,
}

/// An entry of `ALLOWED_HOSTS` or `ALLOWED_ORIGINS` that is none.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SiteError {
    #[error(
        "`{0}` is no host name; write it as in `aegis.example.org` or `aegis.example.org:8443`"
    )]
    Host(String),
    #[error("`{0}` is no origin; write it as in `https://app.example.org`, without a path")]
    Origin(String),
}

impl Site {
    /// Adds the address by which people reach the server, as a host and as an origin.
    pub fn add_public(&mut self, url: &Url) {
        self.hosts
            .extend(url.host_str().map(str::to_ascii_lowercase));
        self.origins.push(url.origin().ascii_serialization());
    }

    /// Adds a name, which is meant on any port unless it names one.
    pub fn add_host(&mut self, host: &str) -> Result<(), SiteError> {
        let bad = || SiteError::Host(host.to_owned());
        let url = Url::parse(&format!("http://{host}/")).map_err(|_| bad())?;
        let named = url.host_str().is_some_and(|name| {
            let rest = host.get(name.len()..);
            host.get(..name.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(name))
                && rest
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(':') && rest.len() > 1)
        });
        if !named {
            return Err(bad());
        }
        self.hosts.push(host.to_ascii_lowercase());
        Ok(())
    }

    /// Adds an origin: scheme, host, and port unless it is the scheme's own.
    pub fn add_origin(&mut self, origin: &str) -> Result<(), SiteError> {
        let bad = || SiteError::Origin(origin.to_owned());
        let url = Url::parse(origin).map_err(|_| bad())?;
        let bare = url.path().len() < 2 && url.query().is_none() && url.fragment().is_none();
        let named = url.has_host() && url.username().is_empty() && url.password().is_none();
        if !(bare && named) {
            return Err(bad());
        }
        // An origin of another scheme than the web's, such as `vscode-webview://…`, is kept as written.
        self.origins.push(match url.origin() {
            url::Origin::Tuple(..) => url.origin().ascii_serialization(),
            url::Origin::Opaque(_) => origin.trim_end_matches('/').to_ascii_lowercase(),
        });
        Ok(())
    }

    /// Whether `host`, from a `Host` header or a request's address, is a name of ours.
    pub(super) fn allows_host(&self, host: &[u8]) -> bool {
        let Ok(host) = std::str::from_utf8(host) else {
            return false;
        };
        let name = without_port(host);
        is_loopback(name)
            || self
                .hosts
                .iter()
                .any(|ours| ours.eq_ignore_ascii_case(host) || ours.eq_ignore_ascii_case(name))
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
