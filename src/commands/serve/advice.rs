//! What an operator may not have meant: warned of, not refused.
use log::Level;
use url::Url;

use crate::config::{Config, hold_a_private_one, is_private, trusts_every_private};

/// Sentences about these settings, each with its weight.
pub(super) fn advice(config: &Config, sandbox: bool) -> Vec<(Level, String)> {
    let mut advice = Vec::new();
    let mut say = |level, text: &str| advice.push((level, text.to_owned()));
    let url = config
        .gitea
        .url
        .as_ref()
        .filter(|url| url.scheme() == "http" && !sandbox);
    if let Some(host) = url.and_then(Url::host) {
        if is_private(&host) {
            say(
                Level::Info,
                "Gitea is asked by plain http: fine on a network that is yours alone",
            );
        } else {
            say(
                Level::Warn,
                "Gitea is asked by plain http over a public network: its token can be read on the way; use https in `GITEA_URL`",
            );
        }
    }
    let listen = &config.listen;
    if listen.is_loopback() {
        return advice;
    }
    if listen.public_url.is_none() && listen.allowed_hosts.is_empty() {
        say(
            Level::Warn,
            "neither `PUBLIC_URL` nor `ALLOWED_HOSTS` is set: requests by another name than a loopback one get 403",
        );
    }
    if listen.trusted_proxies.is_empty() {
        say(
            Level::Warn,
            "`TRUSTED_PROXIES` is not set: behind a proxy all clients have its address, and keys travel in the clear without one that does TLS",
        );
    }
    if trusts_every_private(&listen.trusted_proxies) {
        say(
            Level::Warn,
            "`TRUSTED_PROXIES` is `private` and others can reach this address: whoever is in a private network can name any address as the client's; name the proxy's own address instead",
        );
    }
    let wide = hold_a_private_one(&listen.trusted_proxies);
    if !wide.is_empty() {
        let wide: Vec<_> = wide.iter().map(ToString::to_string).collect();
        let told = format!(
            "`TRUSTED_PROXIES` has a whole private network or more ({}) and others can reach this address: whoever is in it can name any address as the client's; name the proxy's own address instead",
            wide.join(", ")
        );
        say(Level::Warn, &told);
    }
    advice
}
