//! Finding addresses without the C library, whose resolver a static binary must not call.
use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{LookupIpStrategy, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
};

/// How long one name server is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Names and their addresses, by `/etc/hosts` and the name servers of `/etc/resolv.conf`.
#[derive(Clone)]
pub(super) struct Names(Option<TokioResolver>);

impl Names {
    /// Reads the system's settings. Without any, IP addresses and `localhost` still work.
    pub(super) fn of_system() -> Self {
        let mut builder = TokioResolver::builder_tokio().unwrap_or_else(|error| {
            log::warn!("no name servers ({error}): names are found in `/etc/hosts` only");
            TokioResolver::builder_with_config(
                ResolverConfig::default(),
                TokioRuntimeProvider::default(),
            )
        });
        let options = builder.options_mut();
        // IPv4 first: asked together, a name that `/etc/hosts` knows for IPv4 waits for DNS.
        options.ip_strategy = LookupIpStrategy::Ipv4thenIpv6;
        options.timeout = PATIENCE;
        options.attempts = 1;
        match builder.build() {
            Ok(resolver) => Self(Some(resolver)),
            Err(error) => {
                log::warn!("no resolver ({error}): only IP addresses and `localhost` are found");
                Self(None)
            }
        }
    }

    /// The addresses of a host, best first: never none.
    pub(super) async fn find(&self, host: &str) -> Result<Vec<IpAddr>, Box<dyn Error>> {
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        if let Ok(ip) = host.parse() {
            return Ok(vec![ip]);
        }
        if is_localhost(host) {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let resolver = self.0.as_ref().ok_or("no name servers")?;
        Ok(resolver.lookup_ip(host).await?.iter().collect())
    }
}

/// RFC 6761: `localhost` and what is below it is this machine, whatever a name server says.
fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or(host);
    last.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    #[actix_rt::test]
    async fn addresses_and_localhost_need_no_name_server() {
        let names = Names(None);
        for (host, first) in [
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "::1"),
            ("::1", "::1"),
            ("localhost", "127.0.0.1"),
            ("LocalHost.", "127.0.0.1"),
            ("git.localhost", "127.0.0.1"),
        ] {
            let found = names.find(host).await.unwrap();
            assert_eq!(found[0], first.parse::<IpAddr>().unwrap(), "{host}");
        }
    }

    #[actix_rt::test]
    async fn a_name_without_a_name_server_is_not_found() {
        assert!(Names(None).find("git.example.org").await.is_err());
        assert!(Names(None).find("localhost.example.org").await.is_err());
    }
}
