use super::fixture::{Gate, WRONG};

#[test]
fn an_unknown_path_is_404_with_a_key_and_401_without() {
    let gate = Gate::start();
    for path in [
        "/",
        "/nothing",
        "/mcp/",
        "/mcp/tools/",
        "/mcp/to%6fls",
        "/mcp%2ftools",
        "/mcp/../mcp/tools",
        "/mcp/./tools",
        "//mcp",
        "/MCP",
        "/mcp;x",
        "/health/",
        "/metrics",
    ] {
        assert_eq!(gate.client().get(path).status, 401, "{path}");
        let found = gate.known().get(path);
        assert_eq!(found.status, 404, "{path}");
        assert_eq!(found.json()["error"], "not_found");
    }
    let routes = gate.records("api_authentication");
    assert!(routes.iter().all(|record| record["route"] == "unmatched"));
}

#[test]
fn a_method_that_a_path_has_not_is_405_and_the_others_are_named() {
    let gate = Gate::start();
    for (method, path, allowed) in [
        ("GET", "/mcp", "POST"),
        ("DELETE", "/mcp", "POST"),
        ("PUT", "/mcp", "POST"),
        ("DELETE", "/mcp/sse", "GET, POST"),
        ("POST", "/mcp/tools", "GET"),
        ("GET", "/mcp/tool/call", "POST"),
        ("post", "/mcp", "POST"),
        ("X_api_authentication", "/mcp", "POST"),
    ] {
        assert_eq!(
            gate.client().request(method, path, "").status,
            401,
            "{method} {path}"
        );
        let answer = gate.known().request(method, path, "");
        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(answer.header("Allow"), Some(allowed));
        assert_eq!(answer.json()["error"], "method_not_allowed");
    }
}

#[test]
fn health_is_open_under_any_name_and_says_little() {
    let gate = Gate::start();
    let anybody = gate.client().with("Host", "whatever.example").bearer(WRONG);
    let answer = anybody.get("/health");
    assert_eq!((answer.status, &*answer.body), (200, r#"{"status": "ok"}"#));
    assert_eq!(anybody.request("HEAD", "/health", "").status, 200);
    let answer = anybody.request("POST", "/health", "");
    assert_eq!(
        (answer.status, answer.header("Allow")),
        (405, Some("GET, HEAD"))
    );
    assert_eq!(gate.log(), "", "health is nobody's attempt");
}

#[test]
fn what_only_an_authorization_server_has_is_404_without_a_key() {
    let gate = Gate::with(|gate, _| gate.max_failures = 1);
    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    ] {
        for client in [gate.client(), gate.client().bearer(WRONG), gate.known()] {
            let answer = client.get(path);
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(answer.header("WWW-Authenticate"), None);
        }
    }
    assert_eq!(
        gate.client().bearer(WRONG).get("/mcp").status,
        401,
        "none was counted"
    );
}

#[test]
fn every_answer_has_the_common_headers_and_an_id_of_our_own() {
    let gate = Gate::start();
    let known = gate.known().with("X-Request-Id", "mine");
    let answers = [
        known.get("/mcp/tools"),
        known.get("/nothing"),
        known.get("/health"),
        gate.client().get("/mcp/tools"),
        gate.client().with("Host", "evil.example").get("/mcp"),
        known.request("POST", "/mcp", "{"),
    ];
    let mut ids: Vec<_> = answers
        .iter()
        .map(|answer| answer.header("X-Request-Id").unwrap())
        .collect();
    assert!(
        ids.iter()
            .all(|id| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
    );
    for answer in &answers {
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
        assert_eq!(answer.header("Referrer-Policy"), Some("no-referrer"));
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
    }
    assert_eq!(answers[1].json()["request_id"], ids[1]);
    assert_eq!(gate.records("api_authentication")[0]["request_id"], ids[0]);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), answers.len());
}
