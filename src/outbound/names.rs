//! Finding addresses without the C library, whose resolver a static binary must not call.
use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use actix_rt::task::spawn_blocking;
use hickory_resolver::{
    TokioResolver,
    config::{LookupIpStrategy, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
};
use log::Level;

/// What is said of a name without an address.
pub const UNKNOWN_NAME: &str = "is not known to the name server";

/// How long one name server is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an address that was found counts, whatever its server says of it, and what was read of
/// the system's settings: a forge that moves is found again after so long.
const FRESH: Duration = Duration::from_secs(5);

/// Names and their addresses, by `/etc/hosts` and the name servers of `/etc/resolv.conf`.
#[derive(Clone)]
pub(super) struct Names(Arc<Mutex<Known>>);

/// IPv4 first: asked together, a name that `/etc/hosts` knows for IPv4 waits for DNS.
const FIRST: LookupIpStrategy = LookupIpStrategy::Ipv4thenIpv6;

/// A resolver lives for [`FRESH`], and what it remembers with it.
struct Known {
    resolver: Option<TokioResolver>,
    since: Instant,
}

impl Names {
    /// Reads the system's settings. Without any, IP addresses and `localhost` still work.
    pub(super) fn of_system() -> Self {
        Self::known(read(Level::Warn, FIRST), Instant::now())
    }

    fn known(resolver: Option<TokioResolver>, since: Instant) -> Self {
        Self(Arc::new(Mutex::new(Known { resolver, since })))
    }

    async fn resolver(&self) -> Option<TokioResolver> {
        {
            let mut known = self.lock();
            if known.since.elapsed() < FRESH {
                return known.resolver.clone();
            }
            // Others go on with the old one meanwhile.
            known.since = Instant::now();
        }
        let resolver = spawn_blocking(|| read(Level::Debug, FIRST)).await.ok()?;
        self.lock().resolver.clone_from(&resolver);
        resolver
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The addresses of a host, best first: never none. There may be others where this says so.
    pub(super) async fn find(&self, host: &str) -> Result<(Vec<IpAddr>, bool), Box<dyn Error>> {
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        if let Ok(ip) = host.parse() {
            return Ok((vec![ip], false));
        }
        if is_localhost(host) {
            let both = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            return Ok((both, false));
        }
        let resolver = self.resolver().await.ok_or("no name servers")?;
        let found = resolver.lookup_ip(host).await;
        let found = found.map_err(|error| match error {
            none if none.is_no_records_found() => {
                format!("the name `{host}` {UNKNOWN_NAME}")
            }
            error => format!("the name `{host}` could not be looked up: {error}"),
        })?;
        let found: Vec<_> = found.iter().collect();
        let are_of_ipv4 = found.iter().all(IpAddr::is_ipv4);
        Ok((found, are_of_ipv4))
    }

    /// The others, of IPv6: asked for where none of the first answers.
    pub(super) async fn find_others(host: &str) -> Option<Vec<IpAddr>> {
        let read = || read(Level::Debug, LookupIpStrategy::Ipv6Only);
        let resolver = spawn_blocking(read).await.ok()??;
        Some(resolver.lookup_ip(host).await.ok()?.iter().collect())
    }
}

/// A resolver with the system's settings of now; what is wrong with them is logged at `level`.
fn read(level: Level, strategy: LookupIpStrategy) -> Option<TokioResolver> {
    let mut builder = TokioResolver::builder_tokio().unwrap_or_else(|error| {
        log::log!(
            level,
            "no name servers ({error}): names are found in `/etc/hosts` only"
        );
        TokioResolver::builder_with_config(
            ResolverConfig::default(),
            TokioRuntimeProvider::default(),
        )
    });
    let options = builder.options_mut();
    options.ip_strategy = strategy;
    options.timeout = PATIENCE;
    options.attempts = 1;
    let resolver = builder.build().map_err(|error| {
        log::log!(
            level,
            "no resolver ({error}): only IP addresses and `localhost` are found"
        );
    });
    resolver.ok()
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
        let names = Names::known(None, Instant::now());
        for (host, first) in [
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "::1"),
            ("::1", "::1"),
            ("localhost", "127.0.0.1"),
            ("LocalHost.", "127.0.0.1"),
            ("git.localhost", "127.0.0.1"),
        ] {
            let (found, others) = names.find(host).await.unwrap();
            assert_eq!(found[0], first.parse::<IpAddr>().unwrap(), "{host}");
            assert!(!others, "{host}");
        }
    }

    #[actix_rt::test]
    async fn a_name_without_a_name_server_is_not_found() {
        let names = Names::known(None, Instant::now());
        assert!(names.find("git.example.org").await.is_err());
        assert!(names.find("localhost.example.org").await.is_err());
    }

    #[actix_rt::test]
    async fn the_system_s_settings_are_read_anew_once_they_are_old() {
        let now = Instant::now();
        for (since, known) in [(now, false), (now.checked_sub(FRESH).unwrap(), true)] {
            let names = Names::known(None, since);
            assert_eq!(names.resolver().await.is_some(), known, "{since:?}");
        }
    }
}
