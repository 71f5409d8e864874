use aegis::server::Site;

use super::fixture::{Gate, WRONG};

/// A server that is known as `aegis.example.org`, allows one page, and blocks after one failure.
fn gate() -> Gate {
    Gate::with(|gate, server| {
        gate.max_failures = 1;
        let public = "https://aegis.example.org/mcp".parse().unwrap();
        let hosts = vec!["internal:8443".to_owned(), "usual:443".to_owned()];
        server.site = Site::new(
            Some(&public),
            hosts,
            vec!["https://app.example.org".to_owned()],
        );
    })
}

#[test]
fn a_host_of_ours_is_answered_and_a_strange_one_is_told_the_setting() {
    let gate = gate();
    let status = |host: &str| gate.known().with("Host", host).get("/mcp/tools").status;
    for host in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1:65535",
        "127.9.9.9",
        "[::1]:8080",
        "aegis.example.org",
        "Aegis.Example.org:443",
        "internal:8443",
        "usual",
        "usual:443",
    ] {
        assert_eq!(status(host), 200, "{host}");
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "localhost.",
        "127.0.0.1.evil.example",
        "internal",
        "internal:80",
        "usual:80",
        "user@localhost",
        "0.0.0.0",
        "[::]",
        "",
        "aegis.example.org:99999",
    ] {
        assert_eq!(status(host), 403, "{host}");
    }
    let refused = gate
        .client()
        .bearer(WRONG)
        .with("Host", "evil.example")
        .get("/mcp/tools");
    assert_eq!(refused.json()["error"], "forbidden_host");
    assert!(
        refused.json()["message"]
            .as_str()
            .unwrap()
            .contains("`ALLOWED_HOSTS`")
    );
    assert!(!refused.body.contains("evil"));
    assert_eq!(
        gate.records("access_denied").last().unwrap()["reason"],
        "forbidden_host"
    );
    assert_eq!(
        gate.client().bearer(WRONG).get("/mcp/tools").status,
        401,
        "it was not counted"
    );
}

#[test]
fn an_address_with_a_strange_authority_is_refused_like_a_strange_host() {
    let gate = gate();
    let ask = |target: &str, host: &str| {
        let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        gate.client().raw(head.as_bytes())[9..12].to_owned()
    };
    assert_eq!(ask("http://localhost/mcp/tools", "localhost"), "401");
    assert_eq!(ask("http://evil.example/mcp/tools", "localhost"), "403");
    assert_eq!(ask("http://localhost/mcp/tools", "evil.example"), "403");
    assert_eq!(ask("http://user@localhost/mcp/tools", "localhost"), "403");
    assert_eq!(ask("http://evil.example/health", "evil.example"), "200");
}

#[test]
fn a_page_of_ours_may_ask_and_read_the_answer_and_a_strange_one_may_not() {
    let gate = gate();
    for origin in [
        "http://localhost:6274",
        "https://127.0.0.1",
        "http://[::1]:3000",
        "https://aegis.example.org",
        "https://app.example.org",
    ] {
        let answer = gate.known().with("Origin", origin).get("/mcp/tools");
        assert_eq!(answer.status, 200, "{origin}");
        assert_eq!(answer.header("Access-Control-Allow-Origin"), Some(origin));
        assert_eq!(answer.header("Vary"), Some("origin"));
        let exposed = answer.header("Access-Control-Expose-Headers").unwrap();
        assert_eq!(exposed, "WWW-Authenticate, Retry-After, X-Request-Id");
    }
    for origin in [
        "https://evil.example",
        "null",
        "",
        "http://aegis.example.org",
        "https://aegis.example.org:8443",
        "https://app.example.org.evil.example",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "ftp://localhost",
    ] {
        for client in [gate.known(), gate.client(), gate.client().bearer(WRONG)] {
            let answer = client.with("Origin", origin).get("/mcp/tools");
            assert_eq!(answer.status, 403, "{origin}");
            assert_eq!(answer.json()["error"], "forbidden_origin");
            assert!(answer.body.contains("`ALLOWED_ORIGINS`"));
            assert_eq!(answer.header("Access-Control-Allow-Origin"), None);
        }
    }
    assert_eq!(
        gate.client().bearer(WRONG).get("/mcp/tools").status,
        401,
        "none was counted"
    );
}

#[test]
fn a_strange_page_is_refused_where_no_key_is_asked_for_and_nothing_is_recorded() {
    let gate = gate();
    let strange = gate.client().with("Origin", "https://evil.example");
    for path in ["/health", "/.well-known/oauth-protected-resource"] {
        let answer = strange.with("Host", "evil.example").get(path);
        assert_eq!(answer.status, 403, "{path}");
        assert_eq!(answer.json()["error"], "forbidden_origin");
    }
    assert!(gate.records("access_denied").is_empty());
}

#[test]
fn a_page_of_ours_is_told_before_it_has_a_key_what_it_may_send() {
    let gate = gate();
    let asks = gate
        .client()
        .with("Origin", "http://localhost:6274")
        .with("Access-Control-Request-Method", "POST");
    let discovery = "/.well-known/oauth-protected-resource";
    for path in ["/mcp", "/mcp/sse", "/nothing", "/health", discovery] {
        let asked = asks.with(
            "Access-Control-Request-Headers",
            "authorization,mcp-param-x,cookie, Mcp-Name",
        );
        let answer = asked.request("OPTIONS", path, "");
        assert_eq!((answer.status, &*answer.body), (204, ""), "{path}");
        assert_eq!(
            answer.header("Access-Control-Allow-Origin"),
            Some("http://localhost:6274")
        );
        let names = answer.header("Access-Control-Allow-Headers").unwrap();
        for name in [
            "Authorization",
            "X-API-Key",
            "Content-Type",
            "MCP-Protocol-Version",
            "mcp-param-x",
            "Mcp-Name",
        ] {
            assert!(
                names.split(", ").any(|known| known == name),
                "{name} in {names}"
            );
        }
        assert!(!names.contains("cookie"));
        assert!(
            answer
                .header("Access-Control-Allow-Methods")
                .unwrap()
                .contains("POST")
        );
    }
    let strange = asks
        .with("Origin", "https://evil.example")
        .request("OPTIONS", "/mcp", "");
    assert_eq!(strange.status, 403);
    assert_eq!(
        gate.client().request("OPTIONS", "/mcp", "").status,
        401,
        "this is no preflight"
    );
    assert_eq!(gate.known().request("OPTIONS", "/mcp", "").status, 405);
}
