//! What one item of a setting may be: hosts, addresses, networks. Nothing here asks a name server.
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use url::{Host, Origin, Url};

/// An address to listen on: an IP address, or `localhost` for 127.0.0.1.
pub fn host(text: &str) -> Option<IpAddr> {
    if text.eq_ignore_ascii_case("localhost") {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(text).parse().ok()
}

/// A name or address, with or without a port, as a `Host` header has it; in lower case.
pub(super) fn authority(text: &str) -> Option<String> {
    let url = bare_url(&format!("http://{text}"))?;
    let given = url.path() == "/" && !text.ends_with('/') && !text.contains('%');
    let port = text.rsplit_once(']').map_or(text, |(_, rest)| rest);
    let port = port.split_once(':').map(|(_, port)| port.parse::<u16>());
    let host = url.host_str().filter(|_| given)?;
    match port {
        None => Some(host.to_owned()),
        Some(port) => Some(format!("{host}:{}", port.ok()?)),
    }
}

/// An origin as browsers send it: `https://app.example.org`, with a port where it is not the usual one.
/// One of another scheme than the web's (`vscode-webview://…`) is taken as it is written.
pub(super) fn origin(text: &str) -> Option<String> {
    let url = bare_url(text)?;
    (url.path().len() < 2).then(|| match url.origin() {
        Origin::Tuple(..) => url.origin().ascii_serialization(),
        Origin::Opaque(_) => text.trim_end_matches('/').to_ascii_lowercase(),
    })
}

/// An `http` or `https` address with a host and, perhaps, a path: no user, query or fragment.
pub(super) fn web_address(text: &str) -> Option<Url> {
    let url = bare_url(text)?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// The address of an Aegis, as people write it: that of its MCP endpoint is taken for the root before
/// it. Where a proxy has Aegis below `/mcp`, the whole `/mcp/mcp` says so.
pub fn server_address(text: &str) -> Option<Url> {
    let mut url = web_address(text)?;
    let path = url.path().trim_end_matches('/');
    let root = ["/mcp/sse", "/mcp"]
        .iter()
        .find_map(|end| path.strip_suffix(end));
    if let Some(root) = root.map(ToOwned::to_owned) {
        url.set_path(&root);
    }
    Some(url)
}

fn bare_url(text: &str) -> Option<Url> {
    // There are no tables of Unicode to read other hosts by.
    let url = text.is_ascii().then(|| Url::parse(text).ok())??;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    // One host: no `Host` header has a star in it.
    let is_one = url.host_str().is_some_and(|host| !host.contains('*'));
    (bare && is_one).then_some(url)
}

/// The networks that an item of `TRUSTED_PROXIES` means: `10.0.0.0/8`, one address, or `private`.
/// IPv4 written as IPv6 (`::ffff:10.0.0.0/104`) is IPv4, as the addresses of peers are.
pub(super) fn networks(text: &str) -> Option<Vec<IpNet>> {
    if text.eq_ignore_ascii_case("private") {
        return Some(PRIVATE.iter().filter_map(|net| net.parse().ok()).collect());
    }
    let network = text.parse::<IpNet>().ok();
    let network = network.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    network.map(|network| vec![unmapped(network.trunc())])
}

fn unmapped(network: IpNet) -> IpNet {
    let mapped = || {
        let IpNet::V6(network) = network else {
            return None;
        };
        let length = network.prefix_len().checked_sub(96)?;
        Ipv4Net::new(network.addr().to_ipv4_mapped()?, length).ok()
    };
    mapped().map_or(network, IpNet::from)
}

/// Whether all private networks are among these, as `private` means it.
pub fn trusts_every_private(networks: &[IpNet]) -> bool {
    let mut private = PRIVATE.iter().filter_map(|net| net.parse::<IpNet>().ok());
    private.all(|net| networks.contains(&net))
}

/// Those of these networks, besides what `private` means, in which a whole private network is that
/// other machines can be in.
pub fn hold_a_private_one(networks: &[IpNet]) -> Vec<IpNet> {
    let private = PRIVATE.iter().filter_map(|net| net.parse::<IpNet>().ok());
    let private: Vec<_> = private.filter(|net| !net.addr().is_loopback()).collect();
    let is_all = trusts_every_private(networks);
    let holds = |network: &&IpNet| {
        let mut held = private.iter().filter(|net| network.contains(*net));
        held.any(|net| !is_all || net != *network)
    };
    networks.iter().filter(holds).copied().collect()
}

/// The private ranges of RFC 1918 and RFC 4193, link-local addresses, and the machine itself.
const PRIVATE: [&str; 8] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
];

/// Whether a host is one that only a private network has: a private or link-local address, a name
/// without a dot, or one of the endings reserved for such names (RFC 6762, RFC 8375, ICANN's `internal`).
pub fn is_private(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => {
            address.is_private() || address.is_loopback() || address.is_link_local()
        }
        Host::Ipv6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let ends = |ending: &&str| name.ends_with(ending);
            !name.contains('.') || PRIVATE_ENDINGS.iter().any(ends)
        }
    }
}

const PRIVATE_ENDINGS: [&str; 5] = [".localhost", ".local", ".internal", ".home.arpa", ".lan"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_is_an_address_and_other_names_are_not() {
        assert_eq!(host("localhost"), Some(Ipv4Addr::LOCALHOST.into()));
        assert_eq!(host("[::1]"), "::1".parse().ok());
        assert_eq!(host("0.0.0.0"), Some(Ipv4Addr::UNSPECIFIED.into()));
        for name in ["example.org", "127.0.0.1:80", "", "::1]", "127.1"] {
            assert_eq!(host(name), None, "{name}");
        }
    }

    #[test]
    fn an_authority_is_a_host_and_perhaps_a_port() {
        for (text, meant) in [
            ("MCP.Example.org", Some("mcp.example.org")),
            ("mcp.example.org:80", Some("mcp.example.org:80")),
            ("[::1]:8080", Some("[::1]:8080")),
            ("192.0.2.1", Some("192.0.2.1")),
            ("https://mcp.example.org", None),
            ("mcp.example.org/", None),
            ("mcp.example.org:", None),
            ("mcp.example.org:99999", None),
            ("*.example.org", None),
            ("a@b", None),
            ("", None),
        ] {
            assert_eq!(authority(text).as_deref(), meant, "{text}");
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        assert_eq!(
            origin("https://App.example.org:443/").as_deref(),
            Some("https://app.example.org")
        );
        for text in [
            "*",
            "null",
            "app.example.org",
            "https://a.org/x",
            "https://*.a.org",
        ] {
            assert_eq!(origin(text), None, "{text}");
        }
    }

    #[test]
    fn a_network_may_be_one_address_or_all_private_ones() {
        assert_eq!(
            networks("10.1.2.3/8"),
            Some(vec!["10.0.0.0/8".parse().expect("a network")])
        );
        assert_eq!(
            networks("192.0.2.7"),
            Some(vec!["192.0.2.7/32".parse().expect("a network")])
        );
        assert_eq!(
            networks("private").map(|nets| nets.len()),
            Some(PRIVATE.len())
        );
        assert_eq!(networks("10.0.0.0/33"), None);
        assert_eq!(networks("any"), None);
    }

    #[test]
    fn ipv4_written_as_ipv6_is_ipv4() {
        for (text, meant) in [
            ("::ffff:127.0.0.1", "127.0.0.1/32"),
            ("::ffff:10.1.2.3/104", "10.0.0.0/8"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("::/0", "::/0"),
            ("::1", "::1/128"),
        ] {
            let meant = vec![meant.parse().expect("a network")];
            assert_eq!(networks(text), Some(meant), "{text}");
        }
    }

    #[test]
    fn a_network_in_which_a_private_one_is_is_told_from_narrower_ones() {
        let told = |items: &[&str]| -> Vec<_> {
            let networks: Vec<_> = items.iter().filter_map(|item| networks(item)).collect();
            let told = hold_a_private_one(&networks.concat()).into_iter();
            told.map(|network| network.to_string()).collect()
        };
        for wide in ["0.0.0.0/0", "::/0", "10.0.0.0/8", "172.0.0.0/8", "fc00::/6"] {
            assert_eq!(told(&[wide]), [wide]);
        }
        assert_eq!(told(&["::ffff:0:0/96"]), ["0.0.0.0/0"]);
        let narrow = [
            "10.1.0.0/16",
            "127.0.0.0/8",
            "::1",
            "2001:db8::/32",
            "192.0.2.7",
        ];
        assert_eq!(told(&narrow), [""; 0]);
        assert_eq!(told(&["private", "0.0.0.0/0"]), ["0.0.0.0/0"]);
    }

    #[test]
    fn a_host_outside_ascii_is_none_and_its_ascii_form_is_one() {
        for text in [
            "https://münchen.example",
            "https://Mü.EXAMPLE",
            "https://git.example/ü",
        ] {
            assert_eq!(web_address(text), None, "{text}");
        }
        assert!(web_address("https://xn--mnchen-3ya.example").is_some());
    }

    #[test]
    fn an_address_has_one_host() {
        for text in [
            "https://*.example.org",
            "https://*",
            "https://%2A.example.org/mcp",
        ] {
            assert_eq!(server_address(text), None, "{text}");
        }
    }

    #[test]
    fn the_address_of_the_endpoint_is_taken_for_the_servers() {
        for (text, meant) in [
            ("https://mcp.example.org", "https://mcp.example.org/"),
            ("https://mcp.example.org/mcp", "https://mcp.example.org/"),
            ("https://mcp.example.org/mcp/", "https://mcp.example.org/"),
            ("http://[::1]:8080/mcp/sse", "http://[::1]:8080/"),
            ("https://a.org/aegis", "https://a.org/aegis"),
            ("https://a.org/aegis/mcp", "https://a.org/aegis"),
            ("https://a.org/mcp/mcp", "https://a.org/mcp"),
            ("https://a.org/my-mcp", "https://a.org/my-mcp"),
            ("https://a.org/mcp/tools", "https://a.org/mcp/tools"),
        ] {
            let address = server_address(text);
            assert_eq!(address.as_ref().map(Url::as_str), Some(meant), "{text}");
        }
    }

    #[test]
    fn a_public_host_is_told_from_a_private_one() {
        let private = |text| {
            is_private(
                &Url::parse(text)
                    .expect("an address")
                    .host()
                    .expect("a host"),
            )
        };
        for address in [
            "http://gitea:3000",
            "http://10.0.0.1",
            "http://git.lan",
            "http://[fd00::1]",
            "http://localhost",
        ] {
            assert!(private(address), "{address}");
        }
        for address in [
            "http://git.example.org",
            "http://192.0.2.1",
            "http://[2001:db8::1]",
        ] {
            assert!(!private(address), "{address}");
        }
    }
}
