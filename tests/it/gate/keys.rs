use serde_json::json;

use super::fixture::{Gate, KEY, OTHER_KEY, TOKEN, WRONG};
use crate::support::{Client, Response};

/// One answer for each way to show nothing or something wrong.
fn said(client: &Client, target: &str) -> (u16, String, String) {
    let response = client.get(target);
    let fault = response.json();
    let text = |name: &str| fault[name].as_str().unwrap().to_owned();
    (response.status, text("error"), text("message"))
}

#[test]
fn a_key_in_force_opens_by_each_header_and_by_the_query_of_three_routes() {
    let gate = Gate::start();
    let client = gate.client();
    assert_eq!(client.bearer(KEY).get("/mcp/tools").status, 200);
    assert_eq!(client.bearer(OTHER_KEY).get("/mcp/tools").status, 200);
    let odd = client.with("authorization", &format!("bEARER   {KEY} "));
    assert_eq!(odd.get("/mcp/tools").status, 200);
    assert_eq!(client.with("X-API-Key", KEY).get("/mcp/tools").status, 200);
    let target = format!("/mcp/tools?api_key={KEY}");
    assert_eq!(client.get(&target).status, 200);
    let target = format!("/mcp/tool/call?x=1&api_key={KEY}");
    let call = client.post(&target, &json!({"tool": "who"}));
    assert_eq!(call.status, 200, "{}", call.body);
    let mut stream = client.events("GET", &format!("/mcp/sse?api_key={KEY}"), "");
    assert_eq!(stream.status, 200);
    assert!(stream.next().unwrap().1.starts_with("/mcp/sse?session_id="));

    let records = gate.records("api_authentication");
    let sources: Vec<_> = records.iter().map(|record| &record["key_source"]).collect();
    assert_eq!(
        sources,
        [
            "header", "header", "header", "header", "query", "query", "query"
        ]
    );
    assert_eq!(records[0]["key_hint"], "01234567...cdef");
    assert_eq!(records[5]["route"], "/mcp/tool/call");
    assert!(!gate.log().contains(KEY));
}

#[test]
fn every_wrong_key_gets_the_same_answer() {
    let gate = Gate::with(|gate, _| gate.max_failures = 100);
    let longer = format!("{KEY}0");
    let upper = KEY.to_uppercase();
    let long = "a".repeat(9000);
    let wrong = [
        WRONG,
        &KEY[..63],
        &longer,
        &upper,
        "x",
        &long,
        "a,b c",
        "kürz",
    ];
    let client = gate.client();
    let mut answers: Vec<Response> = wrong
        .map(|key| client.bearer(key).get("/mcp/tools"))
        .to_vec();
    answers.extend(["x", WRONG].map(|key| client.with("X-API-Key", key).get("/mcp/tools")));
    answers.push(client.get(&format!("/mcp/tools?api_key={WRONG}")));
    for answer in &answers {
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json()["error"], "invalid_api_key");
        assert!(
            answer.json()["message"]
                .as_str()
                .unwrap()
                .contains("Invalid API key")
        );
        assert_eq!(answer.json()["message"], answers[0].json()["message"]);
        let challenge = answer.header("WWW-Authenticate").unwrap();
        assert_eq!(challenge, r#"Bearer realm="aegis", error="invalid_token""#);
    }
    let records = gate.records("access_denied");
    assert_eq!(records.len(), answers.len());
    assert!(
        records
            .iter()
            .all(|record| record["reason"] == "invalid_api_key")
    );
    assert!(
        records
            .iter()
            .all(|record| record["category"] == "api_authentication")
    );
    assert!(!gate.log().contains(WRONG) && !gate.log().contains(&KEY[..63]));
}

#[test]
fn what_client_config_prints_in_place_of_a_key_counts_as_none() {
    let line = include_str!("../../../src/commands/client_config/lines/chatgpt.txt");
    let (_, query) = line.trim_end().split_once("/sse?").unwrap();
    let gate = Gate::with(|gate, _| gate.max_failures = 1);
    for _ in 0..3 {
        let (status, error, _) = said(&gate.client(), &format!("/mcp/tools?{query}"));
        assert_eq!((status, &*error), (401, "missing_api_key"));
    }
}

#[test]
fn what_the_refusal_recommends_counts_as_no_key_where_it_is_pasted_as_it_is() {
    let gate = Gate::with(|gate, _| gate.max_failures = 1);
    let (_, _, told) = said(&gate.client(), "/mcp/tools");
    let parts: Vec<_> = told.split('`').skip(1).step_by(2).collect();
    let [bearer, x_api_key, query] = parts[..] else {
        panic!("{told}")
    };
    for header in [bearer, x_api_key] {
        let (name, value) = header.split_once(": ").unwrap();
        let (status, error, _) = said(&gate.client().with(name, value), "/mcp/tools");
        assert_eq!((status, &*error), (401, "missing_api_key"));
    }
    let (status, error, _) = said(&gate.client(), &format!("/mcp/tools{query}"));
    assert_eq!((status, &*error), (401, "missing_api_key"));
}

#[test]
fn who_leaves_a_placeholder_in_an_address_that_no_client_may_send_is_told_so() {
    let gate = Gate::start();
    for query in ["api_key=<KEY>", "api_key=\"KEY\"", "api_key=THE KEY"] {
        let head = format!("GET /mcp/tools?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let answer = gate.client().raw(head.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        let told =
            r#"an address must not hold `<`, `>`, `\"` or a space (is a placeholder left in it?)"#;
        assert!(answer.contains(told), "{answer}");
    }
}

#[test]
fn a_place_that_holds_no_key_is_as_good_as_none_and_the_answer_says_how_to_send_one() {
    let gate = Gate::with(|gate, _| gate.max_failures = 1);
    let client = gate.client();
    let bare = "no API key was sent: `Authorization` must begin with `Bearer`";
    let unfilled = "no API key was sent, but a variable that the client did not fill in";
    let empty = "no API key was sent: the place for it is empty";
    let cases = [
        (client.clone(), "no API key was sent;"),
        (client.with("Authorization", "Bearer"), empty),
        (client.with("Authorization", "Bearer "), empty),
        (client.with("Authorization", ""), empty),
        (client.with("Authorization", "Basic dXNlcjpwYXNz"), bare),
        (client.with("Authorization", KEY), bare),
        (
            client.with("Authorization", "Bearer ${AEGIS_KEY}"),
            unfilled,
        ),
        (
            client.with("Authorization", "Bearer ${env:AEGIS_KEY}"),
            unfilled,
        ),
        (client.with("Authorization", "Bearer <your-key>"), unfilled),
        (
            client.with("Authorization", "Bearer YOUR_API_KEY"),
            unfilled,
        ),
        (client.with("X-API-Key", "${input:aegis}"), unfilled),
        (client.with("X-API-Key", "  "), empty),
    ];
    for (client, begin) in cases {
        let (status, error, message) = said(&client, "/mcp/tools");
        assert_eq!((status, &*error), (401, "missing_api_key"));
        assert!(message.starts_with(begin), "{message}");
        let how = "send it as `Authorization: Bearer YOUR_KEY` or `X-API-Key: YOUR_KEY` or `?api_key=YOUR_KEY`";
        assert!(message.ends_with(how), "{message}");
    }
    for target in [
        "/mcp/tools?api_key=",
        "/mcp/tools?api_key",
        "/mcp/tools?api_key=%3Ckey%3E",
    ] {
        assert_eq!(said(&client, target).1, "missing_api_key");
    }
    let challenge = client.get("/mcp/tools");
    let challenge = challenge.header("WWW-Authenticate");
    assert_eq!(challenge, Some(r#"Bearer realm="aegis""#));
    assert_eq!(gate.known().get("/mcp/tools").status, 200);
    assert!(
        gate.records("access_denied")
            .iter()
            .all(|record| record["reason"] == "missing_api_key")
    );
}

#[test]
fn a_key_in_one_place_counts_where_another_place_holds_none() {
    let gate = Gate::start();
    let basic = gate.client().with("Authorization", "Basic dXNlcjpwYXNz");
    assert_eq!(basic.with("X-API-Key", KEY).get("/mcp/tools").status, 200);
    assert_eq!(basic.get(&format!("/mcp/tools?api_key={KEY}")).status, 200);
    let empty = gate.client().with("X-API-Key", "");
    assert_eq!(empty.bearer(KEY).get("/mcp/tools").status, 200);
    let twice = gate.client().bearer(KEY).with("X-API-Key", KEY);
    assert_eq!(twice.get(&format!("/mcp/tools?api_key={KEY}")).status, 200);
}

#[test]
fn two_keys_are_a_bad_request_and_no_failure() {
    let gate = Gate::with(|gate, _| gate.max_failures = 1);
    let known = gate.known();
    let query = |text: &str| said(&gate.client(), &format!("/mcp/tools?{text}"));
    let raw = |headers: &str| {
        let head = format!("GET /mcp/tools HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n");
        gate.client().raw(head.as_bytes())
    };
    let answers = [
        said(&known.with("X-API-Key", OTHER_KEY), "/mcp/tools"),
        said(&known, &format!("/mcp/tools?api_key={OTHER_KEY}")),
        query(&format!("api_key={KEY}&api_key={KEY}")),
        query(&format!("api_key={KEY}&api%5Fkey={KEY}")),
        query(&format!("api_key=&api_key={KEY}")),
    ];
    for (status, error, message) in answers {
        assert_eq!((status, &*error), (400, "invalid_request"), "{message}");
        assert!(message.ends_with("; send one key, once"), "{message}");
    }
    let bearer = format!("Authorization: Bearer {KEY}");
    for headers in [
        format!("{bearer}\r\n{bearer}"),
        format!("{bearer}\r\nauthorization: Basic eA=="),
        format!("X-API-Key: {KEY}\r\nX-API-Key: {KEY}"),
    ] {
        assert!(
            raw(&headers).starts_with("HTTP/1.1 400 "),
            "two headers must be refused"
        );
    }
    assert_eq!(known.get("/mcp/tools").status, 200);
    let records = gate.records("access_denied");
    assert_eq!(records.len(), 8);
    assert!(
        records
            .iter()
            .all(|record| record["reason"] == "invalid_request")
    );
}

#[test]
fn the_query_is_decoded_once_and_a_plus_stays_one() {
    let gate = Gate::start();
    let status = |value: &str| {
        gate.client()
            .get(&format!("/mcp/tools?api_key={value}"))
            .status
    };
    let encoded = KEY.replace('0', "%30").replace('a', "%61");
    assert_eq!(status(&encoded), 200);
    assert_eq!(status(&encoded.replace('%', "%25")), 401);
    assert_eq!(status(&format!("{KEY}+")), 401);
    assert_eq!(
        status(&format!("{KEY}#fragment")),
        200,
        "a fragment is no part of a request"
    );
}

#[test]
fn a_key_in_the_query_of_another_route_is_as_good_as_none() {
    let gate = Gate::start();
    for path in [
        "/mcp",
        "/",
        "/nothing",
        "/mcp/tools/",
        "/mcp/to%6fls",
        "/MCP/tools",
        "//mcp/tools",
    ] {
        let (status, error, message) = said(&gate.client(), &format!("{path}?api_key={KEY}"));
        assert_eq!((status, &*error), (401, "missing_api_key"), "{path}");
        assert!(
            message.contains("`api_key` is not taken in this address"),
            "{message}"
        );
    }
    assert!(!gate.log().contains(KEY));
}

#[test]
fn a_key_in_the_query_can_be_switched_off() {
    let gate = Gate::with(|gate, _| gate.query_keys = false);
    let (status, error, message) = said(&gate.client(), &format!("/mcp/tools?api_key={KEY}"));
    assert_eq!((status, &*error), (401, "missing_api_key"));
    assert!(!message.contains("?api_key"), "{message}");
    let both = gate.known().get(&format!("/mcp/tools?api_key={OTHER_KEY}"));
    assert_eq!(both.status, 200, "what is not taken cannot contradict");
}

#[test]
fn no_key_is_asked_where_authentication_is_off_and_each_request_is_recorded() {
    let gate = Gate::with(|gate, _| gate.enabled = false);
    assert_eq!(gate.client().get("/mcp/tools").status, 200);
    assert_eq!(gate.client().bearer(WRONG).get("/mcp/tools").status, 200);
    let records = gate.records("api_authentication");
    assert_eq!(records.len(), 2);
    assert!(
        records
            .iter()
            .all(|record| record["status"] == "disabled" && record["key_hint"].is_null())
    );
}

#[test]
fn who_sent_no_key_is_told_of_the_query_only_where_one_was_in_it() {
    let gate = Gate::start();
    let told = |target: &str| gate.client().post(target, &serde_json::json!({})).body;
    assert!(told("/mcp").contains("no API key was sent; send it as"));
    let query = told(&format!("/mcp?api_key={KEY}"));
    assert!(
        query.contains("`api_key` is not taken in this address"),
        "{query}"
    );
}

#[test]
fn a_key_that_a_client_names_itself_by_is_not_recorded() {
    let gate = Gate::start();
    for key in [KEY, WRONG] {
        let client = gate
            .client()
            .with("User-Agent", &format!("client/1 ({key})"));
        client.with("X-API-Key", key).get("/mcp/tools");
    }
    let log = gate.log();
    assert!(
        !log.contains(KEY) && !log.contains(WRONG),
        "a key is in the log"
    );
    assert_eq!(log.matches(r#""user_agent": "[redacted]""#).count(), 2);
    let plain = "a client with a name that is longer than any key of this test, by some";
    gate.client()
        .bearer(KEY)
        .with("User-Agent", plain)
        .get("/mcp/tools");
    assert!(gate.log().contains(plain));
}

#[test]
fn what_is_offered_as_a_key_anyhow_is_not_recorded_where_a_client_names_itself_by_it() {
    let gate = Gate::start();
    let (one, other) = ("0ff3".repeat(9), "0ff4".repeat(9));
    let encoded = "%30ff3".repeat(9);
    let named = |name: &str| gate.client().with("User-Agent", &format!("agent/1 {name}"));
    for (client, target, status) in [
        (
            named(&one).bearer(&one).with("X-API-Key", &other),
            "/mcp",
            400,
        ),
        (
            named(&other).bearer(&one).with("X-API-Key", &other),
            "/mcp",
            400,
        ),
        (
            named(&one).bearer(KEY),
            &*format!("/mcp/tools?api_key={one}"),
            400,
        ),
        (named(&one).with("Authorization", &one), "/mcp", 401),
        (
            named(&one).with("Authorization", &format!("Token {one}")),
            "/mcp",
            401,
        ),
        (named(&one), &*format!("/mcp?api_key={one}"), 401),
        (named(&one).bearer(&format!("{other} {one}")), "/mcp", 401),
        (named(&one).bearer(&format!("\"{one}\"")), "/mcp", 401),
        (
            named(&one).with("Authorization", &format!("Bearer,{one}")),
            "/mcp",
            401,
        ),
        (
            named(&one).with("X-API-Key", &format!("{one}, {one}")),
            "/mcp",
            401,
        ),
        (named(&encoded), &*format!("/mcp?api_key={encoded}"), 401),
    ] {
        assert_eq!(client.get(target).status, status);
    }
    let log = gate.log();
    assert!(
        !log.contains("0ff30ff") && !log.contains("0ff40ff") && !log.contains("%30"),
        "{log}"
    );
    assert_eq!(log.matches(r#""user_agent": "[redacted]""#).count(), 11);
}

#[test]
fn what_is_offered_as_a_key_is_not_recorded_where_a_client_names_itself_by_it_percent_encoded() {
    let one = "0ff3".repeat(9);
    let some = "%30ff3".repeat(9);
    let all = "%30%66%66%33".repeat(9);
    for name in [&one, &some, &all] {
        let gate = Gate::start();
        let client = gate.client().with("User-Agent", &format!("agent/1 {name}"));
        for key in [&one, &some, &all] {
            let client = client.with("X-API-Key", key);
            assert_eq!(client.get("/mcp").status, 401);
        }
        let log = gate.log();
        assert!(!log.contains("0ff30ff") && !log.contains("%30"), "{log}");
        assert_eq!(log.matches(r#""user_agent": "[redacted]""#).count(), 3);
    }
}

#[test]
fn what_another_scheme_offers_is_not_recorded_where_a_client_names_itself_by_it() {
    let gate = Gate::start();
    for (authorization, name, is_recorded) in [
        ("Basic dXNlcjpwdw==", "agent dXNlcjpwdw==", false),
        ("token  s3cret-8 ", "agent/s3cret-8/1", false),
        ("token s3cret-8", "agent %733cret-8", false),
        ("token s3cret7", "agent s3cret7", true),
        ("s3cret-alone", "agent s3cret-alone", true),
        ("Negotiate", "agent Negotiate", true),
    ] {
        let client = gate.client().with("User-Agent", name);
        client
            .with("Authorization", authorization)
            .get("/mcp/tools");
        let told = format!(r#""user_agent": "{name}""#);
        assert_eq!(gate.log().contains(&told), is_recorded, "{name}");
    }
    let log = gate.log();
    assert_eq!(log.matches(r#""user_agent": "[redacted]""#).count(), 3);
}

#[test]
fn a_name_beside_more_than_anybody_offers_as_a_key_is_not_recorded() {
    let gate = Gate::start();
    for (parts, is_recorded) in [(20, true), (40, false)] {
        let name = format!("agent of {parts}");
        let parts: Vec<_> = (0..parts).map(|part| format!("{part:016}")).collect();
        let client = gate.client().with("User-Agent", &name);
        client
            .with("Authorization", &format!("Many {}", parts.join(",")))
            .get("/mcp/tools");
        let told = format!(r#""user_agent": "{name}""#);
        assert_eq!(gate.log().contains(&told), is_recorded, "{name}");
    }
}

#[test]
fn a_client_s_name_is_recorded_though_something_too_short_for_a_key_is_offered_that_stands_in_it() {
    let gate = Gate::start();
    let name = "Basic-Client/1.0 (Bearer; 0123456789abcde)";
    let client = gate.client().with("User-Agent", name);
    client.bearer("0123456789abcde").get("/mcp/tools");
    client.get("/mcp/tools?api_key=1");
    client
        .with("Authorization", "Basic Zm9vOmJhcg==")
        .get("/mcp/tools");
    client.bearer(KEY).get("/mcp/tools");
    let log = gate.log();
    assert_eq!(
        log.matches(&format!(r#""user_agent": "{name}""#)).count(),
        4
    );
}

#[test]
fn the_token_of_the_forge_is_not_recorded_where_a_client_names_itself_by_it() {
    let gate = Gate::start();
    let client = gate.client().with("User-Agent", &format!("agent/{TOKEN}"));
    assert_eq!(client.bearer(KEY).get("/mcp/tools").status, 200);
    assert_eq!(client.get("/mcp/tools").status, 401);
    assert!(!gate.log().contains(TOKEN));
    assert_eq!(
        gate.log().matches(r#""user_agent": "[redacted]""#).count(),
        2
    );
}

#[test]
fn no_key_of_ours_is_recorded_wherever_a_client_puts_it() {
    let gate = Gate::start();
    let agent = gate.client().with("User-Agent", &format!("agent/{KEY}"));
    agent.get("/mcp/tools");
    agent
        .with("X-API-Key", OTHER_KEY)
        .bearer(KEY)
        .get("/mcp/tools");
    for client in [gate.client(), gate.client().bearer(KEY)] {
        client.request(KEY, "/mcp/tools", "");
    }
    let log = gate.log();
    assert!(!log.contains(KEY), "a key is in the log");
    assert_eq!(log.matches(r#""user_agent": "[redacted]""#).count(), 2);
    assert_eq!(log.matches(r#""method": "other""#).count(), 2);
}
