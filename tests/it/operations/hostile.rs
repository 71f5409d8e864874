//! Whatever stands in an argument: what Gitea is asked stays below what was asked about.
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::everything::{ASKS, OF_REPOSITORIES, arguments};
use crate::support::{Asked, Fake, Reply, Server, Setup, telescope};

/// No name of a user, an organization or a repository.
const NO_NAMES: &[&str] = &[
    ".",
    "..",
    "...",
    "../..",
    "a/../../admin",
    "a/b/c",
    "%2e%2e",
    "..%2f..%2fadmin",
    "..\\admin",
    "a?sudo=root",
    "a#b",
    "a&token=x",
    "a b",
    "a;b",
    "a@evil.example.org",
    "https://evil.example.org",
    "//evil.example.org",
    "a\u{0}b",
    "a\r\nX-Injected: yes",
    "\u{202e}nimda",
    "ａｄｍｉｎ",
];

/// The parameters that operations have words for.
const PARAMETERS: &[&str] = &[
    "archived",
    "assigned_by",
    "created_by",
    "files",
    "includeDesc",
    "is_private",
    "labels",
    "limit",
    "milestones",
    "order",
    "page",
    "path",
    "per_page",
    "private",
    "q",
    "recursive",
    "ref",
    "sha",
    "since",
    "sort",
    "stat",
    "state",
    "topic",
    "type",
    "until",
    "verification",
    "owner",
    "poster",
    "before",
    "mode",
];

fn hostile() -> Vec<String> {
    let long = "a".repeat(5_000);
    let deep = "a/".repeat(2_000) + "b";
    let mut values: Vec<String> = NO_NAMES.iter().map(|&value| value.to_owned()).collect();
    values.extend([
        long,
        deep,
        String::from("-x"),
        String::from("a.diff?b"),
        String::from("main@{1}"),
        String::from("$(id)"),
    ]);
    values
}

/// Why a request is none that a tool may make; it was made for `observatory/telescope`, but where the tool takes
/// repositories from words.
fn fault(tool: &str, asked: &Asked) -> Option<&'static str> {
    let Some(target) = asked.line.strip_prefix("GET /api/v1/") else {
        return Some("not a GET below the API");
    };
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("bytes that belong into no request line");
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    if decoded
        .split('/')
        .any(|segment| matches!(segment, "." | ".."))
        || path.contains("//")
        || path.contains(['#', '\\'])
    {
        return Some("a path that leaves its folder");
    }
    let homes = [
        "repos/observatory/telescope",
        "orgs/observatory",
        "users/",
        "repos/search",
        "repos/issues/search",
        "user",
        "version",
        "settings/",
    ];
    let any_repository = ["search", "fetch"].contains(&tool) && path.starts_with("repos/");
    if !any_repository && !homes.iter().any(|home| path.starts_with(home)) {
        return Some("another place");
    }
    let strange = |pair: &str| !PARAMETERS.contains(&pair.split('=').next().unwrap_or_default());
    if query
        .split('&')
        .any(|pair| !pair.is_empty() && strange(pair))
    {
        return Some("a parameter that is nobody's");
    }
    let foreign = asked
        .headers
        .keys()
        .any(|name| name.starts_with("x-injected"));
    foreign.then_some("a header of somebody else")
}

/// A call of the list, in the recorded repository where it is about one.
fn in_telescope(tool: &str, asked: &str) -> Value {
    let mut asked = arguments(tool, asked);
    if OF_REPOSITORIES.contains(&tool) || asked.get("repo").is_some() {
        asked["owner"] = json!("observatory");
        asked["repo"] = json!("telescope");
    }
    asked
}

#[test]
fn what_is_no_name_is_never_asked_for() {
    let fake = Fake::start();
    let server = Server::before(&fake);
    for (tool, asked) in ASKS {
        let plain = in_telescope(tool, asked);
        for argument in ["owner", "repo", "org", "username", "author", "assignee"] {
            for value in NO_NAMES.iter().filter(|_| plain.get(argument).is_some()) {
                let mut asked = plain.clone();
                asked[argument] = json!(value);
                server.refusal(tool, &asked);
                assert_eq!(fake.asked(), [""; 0], "{tool} {asked}");
            }
        }
    }
}

#[test]
fn whatever_stands_in_an_argument_stays_where_it_belongs() {
    let fake = Fake::start();
    let server = Server::before(&fake);
    fake.says("*", Reply::json(200, "[]"));
    let mut requests = 0;
    for (tool, asked) in ASKS {
        let plain = in_telescope(tool, asked);
        let names = plain.as_object().unwrap().keys();
        for name in names.filter(|name| !["method", "owner", "repo"].contains(&name.as_str())) {
            for value in hostile() {
                let mut asked = plain.clone();
                asked[name] = match &plain[name] {
                    Value::Array(_) => json!([value]),
                    _ => json!(value),
                };
                server.call(tool, &asked);
                for request in fake.requests() {
                    requests += 1;
                    assert_eq!(
                        fault(tool, &request),
                        None,
                        "{tool} {asked}: {}",
                        request.line
                    );
                }
                fake.forget();
            }
        }
    }
    assert!(requests > 200, "only {requests} requests came through");
}

#[test]
fn a_forge_that_lies_about_everything_gets_a_sentence_and_no_panic() {
    let fake = Fake::start();
    let server = Server::before(&fake);
    let lies = [
        "null",
        "[]",
        "{}",
        "[null]",
        "[[]]",
        "0",
        "\"x\"",
        "[{\"number\": -1}]",
        "{\"data\": 5}",
        "{",
        "",
        "\u{feff}[]",
    ];
    for lie in lies {
        fake.says(
            "*",
            Reply::json(200, lie)
                .header("X-Total-Count", "-7")
                .header("Link", "<<>>"),
        );
        for (tool, asked) in ASKS {
            let asked = in_telescope(tool, asked);
            let answer = server.call(tool, &asked);
            let text = answer["content"][0]["text"].as_str().unwrap();
            assert!(
                !text.is_empty() && !text.contains("panicked"),
                "{tool} {asked}: {lie}"
            );
        }
    }
}

#[test]
fn where_an_answer_of_the_forge_is_too_long_the_refusal_says_how_to_ask_for_less() {
    let fake = Fake::start();
    let server = Server::before(&fake);
    let flood = || Reply::json(200, &" ".repeat(1 << 20)).times(9);
    let fewer = "ask for fewer at once, with a smaller limit";
    for (tool, asked, way) in [
        ("issue_read", json!({ "method": "list" }), fewer),
        (
            "issue_read",
            json!({ "method": "list", "sort": "oldest" }),
            "leave out sort, or narrow them by state, labels, milestone, author, assignee, query or since",
        ),
        (
            "issue_read",
            json!({ "method": "comments", "index": 1 }),
            "ask for the newer ones alone, with since",
        ),
        ("pull_read", json!({ "method": "list" }), fewer),
        (
            "pull_read",
            json!({ "method": "diff", "index": 65 }),
            "files lists what it changes, and file_read get reads one of them, with the head branch or commit as ref",
        ),
        (
            "commit_read",
            json!({ "method": "diff", "sha": "639efab4f3" }),
            "get lists the files that it touches, and file_read get reads one of them, with the commit as ref",
        ),
        (
            "commit_read",
            json!({ "method": "compare", "base": "v1.0.0", "head": "639efab4f3" }),
            "name a base nearer to head",
        ),
        (
            "file_read",
            json!({ "method": "list" }),
            "tree lists it in pages",
        ),
    ] {
        fake.says("*", flood());
        let asked = telescope(asked);
        let answer = server.call(tool, &asked);
        assert_eq!(
            answer["content"][0]["text"],
            format!("the forge's answer is longer than 8 MiB, more than this server reads: {way}"),
            "{tool} {asked}"
        );
    }
}

#[test]
fn where_an_answer_is_too_long_no_smaller_limit_is_named_where_none_would_help() {
    let fake = Fake::start();
    let server = Server::before(&fake);
    for (tool, asked, way) in [
        ("issue_read", json!({ "method": "list", "limit": 1 }), ""),
        (
            "commit_read",
            json!({ "method": "list", "path": "src" }),
            ": narrow them by since or until",
        ),
    ] {
        fake.says("*", Reply::json(200, &" ".repeat(1 << 20)).times(9));
        let answer = server.call(tool, &telescope(asked));
        assert_eq!(
            answer["content"][0]["text"]
                .as_str()
                .unwrap()
                .trim_start_matches("refused: "),
            format!("the forge's answer is longer than 8 MiB, more than this server reads{way}"),
            "{tool}"
        );
    }
}

#[test]
fn a_text_that_swells_as_json_is_cut_before_it_is_too_long() {
    let fake = Fake::start();
    let server = Server::before(&fake);
    for text in [
        "\"\n".repeat(30_000),
        "\u{1}".repeat(30_000),
        "\u{202e}".repeat(30_000),
        "x".repeat(60_000),
    ] {
        let issue = json!({ "number": 1, "title": "Long", "state": "open", "body": text });
        fake.says(
            "/api/v1/repos/observatory/telescope/issues/1",
            Reply::json(200, &issue.to_string()),
        );
        let one = json!({ "id": "issue:observatory/telescope#1" });
        let answer = server.ask("fetch", &one);
        assert!(
            (12_000..=24_000).contains(&answer.chars().count()),
            "{}",
            answer.chars().count()
        );
        let one = json!({ "method": "get", "index": 1, "repo": "observatory/telescope" });
        let answer = server.ask("issue_read", &one);
        assert!(
            (12_000..=24_000).contains(&answer.chars().count()),
            "{}",
            answer.chars().count()
        );
    }
}

#[test]
fn a_release_with_hundreds_of_files_is_fetched_within_the_bound() {
    let fake = Fake::start();
    let server = Server::before(&fake);
    let asset = |n: u32| json!({ "name": format!("a-rather-long-name-{n:04}.tar.gz"), "size": 5 });
    let assets: Vec<Value> = (0..800).map(asset).collect();
    let notes = "notes\n".repeat(9_000);
    let release =
        json!({ "id": 1, "tag_name": "v1", "name": "One", "body": notes, "assets": assets });
    let target = "/api/v1/repos/observatory/telescope/releases/tags/v1";
    fake.says(target, Reply::json(200, &release.to_string()));
    let one = json!({ "id": "release:observatory/telescope@v1" });
    let length = server.ask("fetch", &one).chars().count();
    assert!((20_000..=24_000).contains(&length), "{length}");
}

/// Asks for texts in which a secret of ours stands where each is cut: of the token, and of a key.
fn no_part_is_told(tool: &str, asked: &Value, prepare: impl Fn(&Fake, &str)) {
    let fake = Fake::start();
    let token = Fake::token("aegis-bot");
    let server = Setup::of(&fake.url(), &token).start();
    for secret in [&token, &server.key] {
        prepare(&fake, secret);
        let answer = server.call(tool, asked).to_string();
        assert!(answer.contains('…'), "nothing was cut");
        assert!(!answer.contains(&secret[..8]), "a secret is told in part");
        let end = &secret[secret.len() - 8..];
        assert!(!answer.contains(end), "a secret is told in part");
    }
}

#[test]
fn no_part_of_a_secret_is_told_where_an_issue_s_text_is_cut() {
    let asked = json!({ "method": "list", "repo": "observatory/telescope", "texts": true });
    no_part_is_told("issue_read", &asked, |fake, secret| {
        let body = format!("{} {secret} {}", "x".repeat(379), "x".repeat(400));
        let issues = json!([{ "number": 1, "title": "One", "state": "open", "body": body }]);
        let target = "/api/v1/repos/observatory/telescope/issues";
        fake.says(target, Reply::json(200, &issues.to_string()));
    });
}

#[test]
fn no_part_of_a_secret_is_told_where_a_found_line_is_cut() {
    let asked = json!({ "method": "find", "repo": "observatory/telescope", "query": "mount" });
    no_part_is_told("file_read", &asked, |fake, secret| {
        let (before, after) = (" ".repeat(56), " ".repeat(115));
        let line = format!("{secret}{before}mount{after}{secret}{after}");
        let git = "/api/v1/repos/observatory/telescope/git";
        let (sha, tip) = ("0".repeat(40), "639efab4f3a7563be5d001f1b8d700a81f716710");
        let tree = json!({ "tree": [{
            "path": "a", "mode": "100644", "type": "blob", "size": line.len(), "sha": sha,
        }] });
        let blob = json!({ "content": BASE64_STANDARD.encode(line) });
        fake.says(
            &format!("{git}/trees/{tip}"),
            Reply::json(200, &tree.to_string()),
        );
        fake.says(
            &format!("{git}/blobs/{sha}"),
            Reply::json(200, &blob.to_string()),
        );
    });
}

#[test]
fn no_part_of_a_secret_is_told_where_a_found_title_is_cut() {
    let asked = json!({ "query": "long" });
    no_part_is_told("search", &asked, |fake, secret| {
        let issues = json!([{
            "number": 1, "title": format!("{} {secret} {}", "x ".repeat(225), "long ".repeat(20)), "state": "open",
            "html_url": "https://git.example.org/observatory/telescope/issues/1",
            "repository": { "full_name": "observatory/telescope" },
        }]);
        let target = "/api/v1/repos/issues/search";
        fake.says(target, Reply::json(200, &issues.to_string()));
        let none = Reply::json(200, r#"{"ok":true,"data":[]}"#);
        fake.says("/api/v1/repos/search", none);
    });
}
