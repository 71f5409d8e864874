//! What whoever watches over a server sees of it: `/metrics`, and the log on standard error.
use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

use crate::{
    serve::Served,
    support::{Client, Fake, Reply, golden},
};

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A server in front of this Gitea, with further settings.
fn served(fake: &Fake, variables: &[(&str, &str)]) -> Served {
    let (url, token) = (fake.url(), Fake::token("aegis-bot"));
    let own = [
        ("GITEA_URL", &*url),
        ("GITEA_TOKEN", &*token),
        ("MCP_API_KEYS", KEY),
    ];
    let mut served = Served::start(&[], &[&own, variables].concat());
    served.wait_for("the token is");
    served
}

/// Calls a tool, and gives the status.
fn call(served: &Served, name: &str, arguments: &Value) -> u16 {
    let call = json!({ "name": name, "arguments": arguments });
    let answer = served.client().bearer(KEY).post("/mcp/tool/call", &call);
    answer.status
}

/// A page of metrics without what differs from run to run, and from machine to machine.
fn untimed(page: &str) -> String {
    let line = |line: &str| match line.rsplit_once(' ') {
        Some((name, _)) if name.contains("_sum{") || name.starts_with("process_start_time") => {
            format!("{name} <time>\n")
        }
        // The machine's disk may be.
        Some((name, _)) if name == "aegis_audit_nearly_full" => format!("{name} <state>\n"),
        // A slow machine may need longer than any of these.
        Some((name, _)) if name.contains("le=\"0.") => format!("{name} <count>\n"),
        _ => format!("{line}\n"),
    };
    page.lines().map(line).collect()
}

#[test]
fn metrics_count_answers_calls_and_blocks_and_say_how_things_stand() {
    let fake = Fake::start();
    let served = served(
        &fake,
        &[("METRICS_ENABLED", "true"), ("MAX_AUTH_FAILURES", "1")],
    );
    let stranger = served
        .client()
        .bearer("no-such-key-no-such-key-no-such-key");
    assert_eq!(stranger.get("/mcp/tools").status, 401);
    assert_eq!(stranger.get("/metrics").status, 429);
    assert_eq!(
        call(&served, "server_read", &json!({ "method": "version" })),
        200
    );
    call(&served, "server_read", &json!({ "method": "no_such" }));
    call(&served, "no_such", &json!({}));
    let mut stream = served.client().bearer(KEY).events("GET", "/mcp/sse", "");
    stream.next().unwrap();
    let page = served.client().bearer(KEY).get("/metrics");
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("Content-Type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    golden("metrics.txt", &untimed(&page.body));
}

#[test]
fn metrics_name_nobody() {
    let fake = Fake::start();
    let served = served(&fake, &[("METRICS_ENABLED", "true")]);
    let arguments = json!({ "method": "get", "owner": "mira", "repo": "lamp" });
    call(&served, "repo_read", &arguments);
    let page = served.client().bearer(KEY).get("/metrics").body;
    assert!(page.contains("operation=\"repo.get\""), "{page}");
    for secret in [
        &KEY[..8],
        "127.0.0.1",
        "mira",
        "lamp",
        "aegis-bot",
        &fake.url(),
    ] {
        assert!(!page.contains(secret), "{secret} in {page}");
    }
}

#[test]
fn a_forge_that_fails_is_seen() {
    let fake = Fake::start();
    let served = served(&fake, &[("METRICS_ENABLED", "true")]);
    let page = || served.client().bearer(KEY).get("/metrics").body;
    assert!(page().contains("\naegis_gitea_up 1\n"));
    let target = "/api/v1/repos/mira/lamp";
    fake.says(target, Reply::new(502, ""));
    let arguments = json!({ "method": "get", "owner": "mira", "repo": "lamp" });
    call(&served, "repo_read", &arguments);
    let failed = page();
    assert!(failed.contains("\naegis_gitea_up 0\n"), "{failed}");
    assert!(
        failed.contains("\naegis_gitea_failures_total 1\n"),
        "{failed}"
    );
    assert!(failed.contains("aegis_calls_total{operation=\"repo.get\",outcome=\"error\"} 1\n"));
}

#[test]
fn records_that_are_lost_are_seen_where_calls_run_without_them() {
    let fake = Fake::start();
    let further = [("METRICS_ENABLED", "true"), ("AUDIT_FAILURE_MODE", "allow")];
    let served = served(&fake, &further);
    let page = || served.client().bearer(KEY).get("/metrics").body;
    assert!(page().contains("\naegis_audit_writable 1\n"));
    served.limit_files();
    let failing = page();
    assert!(failing.contains("\naegis_audit_writable 0\n"), "{failing}");
    let health = served.client().get("/health");
    assert_eq!(
        (health.status, &*health.body),
        (
            200,
            r#"{"status": "ok", "warning": "the audit log cannot be written, so records are lost"}"#
        )
    );
}

#[test]
fn without_the_setting_there_are_no_metrics() {
    let fake = Fake::start();
    let served = served(&fake, &[]);
    assert_eq!(served.client().bearer(KEY).get("/metrics").status, 404);
    assert_eq!(served.client().get("/metrics").status, 401);
}

#[test]
fn of_keys_in_addresses_it_is_warned_once_and_of_others_never() {
    let fake = Fake::start();
    let warnings = |targets: &[&str], client: fn(Client) -> Client| {
        let served = served(&fake, &[]);
        for target in targets {
            assert_eq!(client(served.client()).get(target).status, 200);
        }
        let said = served.stop().stderr;
        said.matches("keys come in addresses").count()
    };
    let in_address = format!("/mcp/tools?api_key={KEY}");
    assert_eq!(warnings(&[&in_address, &in_address], |it| it), 1);
    assert_eq!(warnings(&["/mcp/tools"], |it| it.bearer(KEY)), 0);
}

#[test]
fn who_is_refused_before_the_gate_is_found_by_the_id_that_was_told() {
    let fake = Fake::start();
    let served = served(&fake, &[("RUST_LOG", "info,aegis::server=debug")]);
    let known = format!("Host: localhost\r\nX-API-Key: {KEY}\r\n");
    let large = "a".repeat(16 << 10);
    let answers = [
        "GARBAGE\r\n\r\n".to_owned(),
        format!("GET /mcp/tools HTTP/1.0\r\n{known}\r\n"),
        format!("GET /mcp/tools HTTP/1.1\r\n{known}X-Large: {large}\r\n\r\n"),
    ]
    .map(|request| served.client().raw(request.as_bytes()));
    let said = served.stop().stderr;
    for answer in answers {
        let (_, id) = answer.split_once("x-request-id: ").unwrap();
        let id = id.lines().next().unwrap();
        let line = format!("request {id} from 127.0.0.1 is refused: ");
        assert!(said.contains(&line), "{line} is not in {said}");
    }
}

#[test]
fn of_an_address_with_too_many_connections_it_is_warned_once() {
    let fake = Fake::start();
    let served = served(&fake, &[("MAX_CONNECTIONS_PER_ADDRESS", "1")]);
    let mut kept = served.client().connect();
    let ask = format!("GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n\r\n");
    kept.write_all(ask.as_bytes()).unwrap();
    kept.read_exact(&mut [0; 12]).unwrap();
    let statuses = [0; 3].map(|_| served.client().get("/mcp/tools").status);
    assert_eq!(statuses, [503; 3]);
    let said = served.stop().stderr;
    let warning = "127.0.0.1 has more connections than `MAX_CONNECTIONS_PER_ADDRESS` (1)";
    assert_eq!(said.matches(warning).count(), 1, "{said}");
}

#[test]
fn each_line_of_the_log_can_be_an_object() {
    let fake = Fake::start();
    let ended = served(&fake, &[("LOG_FORMAT", "json"), ("AUTH_ENABLED", "false")]).stop();
    let lines: Vec<Value> = (ended.stderr.lines())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    let critical = lines
        .iter()
        .find(|line| line["level"] == "critical")
        .unwrap();
    assert_eq!(
        critical["message"],
        "API key authentication DISABLED - server is open to all requests!"
    );
    let first = lines[0].as_object().unwrap();
    assert_eq!(
        first.keys().collect::<Vec<_>>(),
        ["timestamp", "level", "target", "message"]
    );
    assert!(first["timestamp"].as_str().unwrap().ends_with('Z'));
    assert!(lines.iter().any(|line| line["level"] == "info"));
}

#[test]
fn a_stop_is_told_with_its_reason_and_what_it_waits_for() {
    let fake = Fake::start();
    let said = served(&fake, &[("SHUTDOWN_GRACE", "3")]).stop().stderr;
    let last = said.lines().last().unwrap();
    let told = "] SIGTERM: it stops; calls under way have 3 seconds to end";
    assert!(last.ends_with(told), "{said}");
}

#[test]
fn no_level_of_the_log_shows_a_key_or_the_token() {
    let fake = Fake::start();
    let served = served(&fake, &[("RUST_LOG", "trace")]);
    let client = served.client();
    let wrong = "a-wrong-key-a-wrong-key-a-wrong-key-a-wrong-key";
    for (target, client) in [
        ("/mcp/tools".to_owned(), client.bearer(KEY)),
        ("/mcp/tools".to_owned(), client.with("X-API-Key", KEY)),
        (format!("/mcp/tools?api_key={KEY}"), client.clone()),
        (format!("/mcp/tools?api_key={wrong}"), client.clone()),
        (format!("/nothing?api_key={KEY}"), client.clone()),
    ] {
        client.get(&target);
    }
    call(&served, "server_read", &json!({ "method": "version" }));
    let said = served.stop().stderr;
    assert!(said.contains("TRACE"), "{said}");
    for secret in [KEY, wrong, &Fake::token("aegis-bot")] {
        assert!(!said.contains(secret), "a secret is in the log");
    }
}
