//! Every method of every tool, asked as an assistant asks: through the server, of the sandbox.
use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Sandbox, Server, Setup, next};

/// At least one call of each method; what they say is read in `tests/golden/answers.txt`.
pub(super) const ASKS: &[(&str, &str)] = &[
    ("server_read", r#"{"method": "version"}"#),
    ("user_read", r#"{"method": "me"}"#),
    ("user_read", r#"{"method": "get", "username": "keeper"}"#),
    ("user_read", r#"{"method": "search", "query": "e"}"#),
    (
        "repo_read",
        r#"{"method": "get", "repo": "lighthouse/lamp"}"#,
    ),
    (
        "repo_read",
        r#"{"method": "get", "repo": "lighthouse/old-bell"}"#,
    ),
    ("repo_read", r#"{"method": "list"}"#),
    ("repo_read", r#"{"method": "list", "owner": "lighthouse"}"#),
    ("repo_read", r#"{"method": "search", "query": "lamp"}"#),
    (
        "repo_read",
        r#"{"method": "languages", "repo": "lighthouse/lamp"}"#,
    ),
    (
        "repo_read",
        r#"{"method": "tags", "repo": "lighthouse/lamp"}"#,
    ),
    (
        "repo_read",
        r#"{"method": "releases", "repo": "lighthouse/lamp"}"#,
    ),
    (
        "repo_read",
        r#"{"method": "releases", "repo": "lighthouse/lamp", "tag": "v1.0.0"}"#,
    ),
    (
        "repo_read",
        r#"{"method": "activity", "repo": "lighthouse/lamp", "limit": 50}"#,
    ),
    ("file_read", r#"{"method": "get", "path": "Cargo.toml"}"#),
    (
        "file_read",
        r#"{"method": "get", "path": "docs/guide.md", "start_line": 1}"#,
    ),
    ("file_read", r#"{"method": "get", "path": "GUIDE.md"}"#),
    (
        "file_read",
        r#"{"method": "get", "path": "assets/lamp.png"}"#,
    ),
    (
        "file_read",
        r#"{"method": "get", "path": "docs/log-1874.txt"}"#,
    ),
    (
        "file_read",
        r#"{"method": "get", "path": "CHANGELOG.md", "ref": "v0.9.0"}"#,
    ),
    ("file_read", r#"{"method": "list"}"#),
    ("file_read", r#"{"method": "tree"}"#),
    ("file_read", r#"{"method": "tree", "path": "src"}"#),
    (
        "file_read",
        r#"{"method": "many", "paths": ["Cargo.toml", "src/fog.rs", "none"]}"#,
    ),
    ("file_read", r#"{"method": "find", "query": "fog"}"#),
    ("branch_read", r#"{"method": "list"}"#),
    (
        "branch_read",
        r#"{"method": "get", "branch": "fix/flash-drift"}"#,
    ),
    ("commit_read", r#"{"method": "list"}"#),
    ("commit_read", r#"{"method": "list", "path": "src/fog.rs"}"#),
    (
        "commit_read",
        r#"{"method": "list", "ref": "release/1.x", "since": "2026-04-01", "until": "2026-05-01"}"#,
    ),
    ("commit_read", r#"{"method": "get", "sha": "cd4dfd36f9"}"#),
    ("commit_read", r#"{"method": "diff", "sha": "cd4dfd36f9"}"#),
    (
        "commit_read",
        r#"{"method": "compare", "base": "main", "head": "fix/flash-drift"}"#,
    ),
    ("issue_read", r#"{"method": "list"}"#),
    (
        "issue_read",
        r#"{"method": "list", "state": "all", "texts": true}"#,
    ),
    (
        "issue_read",
        r#"{"method": "list", "labels": ["bug", "hardware"], "state": "closed", "milestone": "1.1"}"#,
    ),
    (
        "issue_read",
        r#"{"method": "list", "author": "inspector", "assignee": "keeper"}"#,
    ),
    (
        "issue_read",
        r#"{"method": "list", "query": "moth", "sort": "mostcomment"}"#,
    ),
    ("issue_read", r#"{"method": "get", "index": 1}"#),
    ("issue_read", r#"{"method": "get", "index": 4}"#),
    ("issue_read", r#"{"method": "comments", "index": 3}"#),
    ("issue_read", r#"{"method": "labels"}"#),
    ("pull_read", r#"{"method": "list"}"#),
    (
        "pull_read",
        r#"{"method": "list", "state": "all", "sort": "oldest"}"#,
    ),
    ("pull_read", r#"{"method": "get", "index": 5}"#),
    ("pull_read", r#"{"method": "get", "index": 11}"#),
    ("pull_read", r#"{"method": "files", "index": 13}"#),
    ("pull_read", r#"{"method": "diff", "index": 11}"#),
    ("pull_read", r#"{"method": "commits", "index": 11}"#),
    ("pull_read", r#"{"method": "comments", "index": 11}"#),
    ("pull_read", r#"{"method": "reviews", "index": 11}"#),
    ("pull_read", r#"{"method": "checks", "index": 11}"#),
    ("search", r#"{"query": "fog"}"#),
    ("fetch", r#"{"id": "issue:lighthouse/lamp#6"}"#),
    ("fetch", r#"{"id": "pull:lighthouse/lamp#11"}"#),
    ("fetch", r#"{"id": "repo:lighthouse/lamp"}"#),
    ("fetch", r#"{"id": "commit:lighthouse/lamp@5cff6c0283"}"#),
    ("fetch", r#"{"id": "release:lighthouse/lamp@v1.0.0"}"#),
    (
        "fetch",
        r#"{"id": "https://forge.example.org/lighthouse/lamp/issues/12"}"#,
    ),
    ("fetch", r#"{"id": "file:lighthouse/lamp@main:src/fog.rs"}"#),
];

/// What is refused, and in which words.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "issue_read",
        r#"{"method": "list", "repo": "lighthouse/wrecks"}"#,
        "not found, or this server's account may not see it",
    ),
    (
        "issue_read",
        r#"{"method": "get", "index": 999}"#,
        "not found, or this server's account may not see it",
    ),
    (
        "issue_read",
        r#"{"method": "list", "labels": "bugs"}"#,
        r#"no label "bugs" in lighthouse/lamp; there are: bug, enhancement, good first issue, hardware, question, org/storm"#,
    ),
    (
        "issue_read",
        r#"{"method": "list", "milestone": "3.0"}"#,
        r#"no milestone "3.0" in lighthouse/lamp; there are: 1.0, 1.1, 2.0"#,
    ),
    (
        "issue_read",
        r#"{"method": "list", "author": "pirate"}"#,
        r#"no user "pirate" in lighthouse/lamp; there are: aegis, apprentice, inspector, keeper"#,
    ),
    (
        "issue_read",
        r#"{"method": "list", "state": "weird"}"#,
        "state: there is no `weird`, expected one of `open`, `closed`, `all`",
    ),
    (
        "commit_read",
        r#"{"method": "list", "repo": "lighthouse/harbour"}"#,
        "the repository is empty",
    ),
    (
        "branch_read",
        r#"{"method": "get", "branch": "no-such"}"#,
        r#"no branch, tag or commit "no-such" in lighthouse/lamp; branches: main, docs/first-night, release/1.x, fix/flash-drift, feature/storm-mode"#,
    ),
    (
        "file_read",
        r#"{"method": "get", "path": "no/such"}"#,
        r#"no "no/such" in lighthouse/lamp; file_read tree shows every path there is"#,
    ),
    (
        "file_read",
        r#"{"method": "get", "path": "../x"}"#,
        "path: a path has names with single slashes between: no `.`, `..` or `.git` among them, no backslash, no control character, at most 1024 bytes, for example {\"method\":\"get\",\"owner\":\"lighthouse\",\"repo\":\"lamp\",\"path\":\"README.md\"}",
    ),
    (
        "commit_read",
        r#"{"method": "get", "sha": "main"}"#,
        r#"sha: a sha has 4 to 64 hexadecimal digits (branch_read get tells that of a branch), for example {"method":"get","owner":"lighthouse","repo":"lamp","sha":"0123456789"}"#,
    ),
    (
        "issue_read",
        r#"{"index": "the first", "method": "get"}"#,
        r#"index is a whole number, not negative, for example {"method":"get","owner":"lighthouse","repo":"lamp","index":1}"#,
    ),
    (
        "issue_read",
        r#"{"method": "list", "page": -1}"#,
        r#"page is a whole number, not negative, for example {"method":"list","owner":"lighthouse","repo":"lamp","page":2}"#,
    ),
    (
        "file_read",
        r#"{"method": "list", "ref": "no-such"}"#,
        r#"no branch, tag or commit "no-such" in lighthouse/lamp; branches: main, docs/first-night, release/1.x, fix/flash-drift, feature/storm-mode"#,
    ),
    (
        "file_read",
        r#"{"method": "list", "repo": "lighthouse/harbour"}"#,
        "the repository is empty",
    ),
    (
        "file_read",
        r#"{"method": "find", "query": "x", "repo": "lighthouse/harbour"}"#,
        "the repository is empty",
    ),
    (
        "pull_read",
        r#"{"method": "get", "index": 1}"#,
        "lighthouse/lamp #1 is an issue and no pull request: read it with issue_read",
    ),
    (
        "pull_read",
        r#"{"method": "diff", "index": 999}"#,
        "not found, or this server's account may not see it",
    ),
    (
        "user_read",
        r#"{"method": "get", "username": "pirate"}"#,
        "not found, or this server's account may not see it",
    ),
    (
        "repo_read",
        r#"{"method": "get", "repo": "lighthouse/wrecks"}"#,
        "not found, or this server's account may not see it",
    ),
    (
        "fetch",
        r#"{"id": "issue:lighthouse/lamp#999"}"#,
        "not found, or this server's account may not see it",
    ),
    (
        "fetch",
        r#"{"id": "https://elsewhere.example.org/lighthouse/lamp/issues/1"}"#,
        "an id is like issue:owner/repo#12, pull:owner/repo#65, repo:owner/repo, file:owner/repo@<commit>:path, commit:owner/repo@<sha> or release:owner/repo@<tag>, as search returns it, or the address of such a page of this forge, which is at https://forge.example.org",
    ),
    (
        "issue_read",
        r#"{"method": "get"}"#,
        r#"issue_read get needs index, for example {"method":"get","owner":"lighthouse","repo":"lamp","index":1}"#,
    ),
    (
        "issue_read",
        r#"{"method": "get", "index": 1, "colour": "red"}"#,
        r#"issue_read get takes no "colour"; it takes owner, repo, index"#,
    ),
    (
        "issue_read",
        r#"{"index": 1}"#,
        r#"issue_read needs method, one of: list, get, comments, labels; for example {"method":"list","owner":"lighthouse","repo":"lamp"}"#,
    ),
];

/// Tools each of whose methods is about one repository.
pub(super) const OF_REPOSITORIES: [&str; 5] = [
    "branch_read",
    "commit_read",
    "file_read",
    "issue_read",
    "pull_read",
];

/// Arguments of a call, in the repository `lamp` where they name no other.
pub(super) fn arguments(tool: &str, text: &str) -> Value {
    let mut arguments: Value = serde_json::from_str(text).unwrap();
    if OF_REPOSITORIES.contains(&tool) && arguments.get("repo").is_none() {
        arguments["repo"] = json!("lighthouse/lamp");
    }
    arguments
}

fn body(text: &str) -> &str {
    text.split_once("\n\n").map_or("", |(_, body)| body)
}

/// The bodies of an answer and of all that its `next` leads to.
fn follow(server: &Server, tool: &str, first: &Value) -> Vec<String> {
    let (mut bodies, mut asked) = (Vec::new(), first.clone());
    loop {
        let text = server.ask(tool, &asked);
        bodies.push(body(&text).to_owned());
        assert!(bodies.len() < 200, "{tool} {first} goes on without end");
        match next(&text) {
            Some(next) => asked = next,
            None => return bodies,
        }
    }
}

#[test]
fn every_method_is_asked_here() {
    let sandbox = Sandbox::start();
    let server = Server::before_sandbox(&sandbox);
    let mut methods = BTreeSet::new();
    for tool in server.client().get("/mcp/tools").json()["tools"]
        .as_array()
        .unwrap()
    {
        let name = tool["name"].as_str().unwrap();
        let of_tool = tool["inputSchema"]["properties"]["method"]["enum"].as_array();
        let of_tool = of_tool
            .into_iter()
            .flatten()
            .map(|method| method.as_str().unwrap());
        methods.extend(of_tool.map(|method| format!("{name} {method}")));
    }
    for (tool, asked) in ASKS {
        methods.remove(&format!(
            "{tool} {}",
            arguments(tool, asked)["method"]
                .as_str()
                .unwrap_or_default()
        ));
    }
    assert!(methods.is_empty(), "not asked: {methods:?}");
}

#[test]
fn answers_read_as_they_are_read_in_review() {
    let sandbox = Sandbox::start();
    let server = Server::before_sandbox(&sandbox);
    let answers = ASKS.iter().map(|(tool, asked)| {
        let answer = server.ask(tool, &arguments(tool, asked));
        format!("=== {tool} {asked}\n{answer}\n\n")
    });
    crate::support::golden("answers.txt", &answers.collect::<String>());
}

#[test]
fn refusals_say_what_is_wrong_and_what_there_is() {
    let sandbox = Sandbox::start();
    let server = Server::before_sandbox(&sandbox);
    for (tool, asked, refusal) in REFUSED {
        assert_eq!(
            server.refusal(tool, &arguments(tool, asked)),
            *refusal,
            "{tool} {asked}"
        );
    }
}

#[test]
fn pages_of_any_size_give_everything_once() {
    let sandbox = Sandbox::start();
    let server = Server::before_sandbox(&sandbox);
    for (tool, asked) in ASKS {
        let mut asked = arguments(tool, asked);
        // A folder has no pages.
        if asked["method"] != "list" || *tool == "file_read" {
            continue;
        }
        let whole = server.ask(tool, &asked);
        for limit in [1, 2, 3, 5] {
            asked["limit"] = json!(limit);
            let pages = follow(&server, tool, &asked);
            // Where Gitea cannot count what a filter leaves, the last page may be empty.
            let pages: Vec<_> = pages.into_iter().filter(|page| !page.is_empty()).collect();
            assert_eq!(pages.join("\n"), body(&whole), "{tool} {asked}");
        }
    }
}

#[test]
fn answers_that_are_cut_give_everything_once() {
    let sandbox = Sandbox::start();
    let server = Server::before_sandbox(&sandbox);
    let mut setup = Setup::of(&sandbox.url, &sandbox.token);
    setup.answer_max = 700;
    let narrow = setup.start();
    for (tool, asked) in ASKS {
        let asked = arguments(tool, asked);
        let whole = server.ask(tool, &asked);
        let pieces = follow(&narrow, tool, &asked);
        // A cut falls between two items of a list, or after the line end in a text.
        let (list, text) = (pieces.join("\n"), pieces.concat());
        assert!(
            [list, text].contains(&body(&whole).to_owned()),
            "{tool} {asked}: {pieces:#?}"
        );
    }
}

#[test]
fn no_answer_is_longer_than_it_may_be() {
    let sandbox = Sandbox::start();
    let mut setup = Setup::of(&sandbox.url, &sandbox.token);
    setup.answer_max = 1_000;
    let server = setup.start();
    for (tool, asked) in ASKS {
        let answer = server.ask(tool, &arguments(tool, asked));
        assert!(
            answer.chars().count() <= 1_000,
            "{tool} {asked}: {}",
            answer.chars().count()
        );
    }
}

#[test]
fn no_answer_holds_token_key_or_the_forge_s_own_address() {
    let sandbox = Sandbox::start();
    let server = Server::before_sandbox(&sandbox);
    for (tool, asked) in ASKS {
        let answer = server.call(tool, &arguments(tool, asked)).to_string();
        for secret in [
            &sandbox.token,
            &server.key,
            &format!("{}/api/v1", sandbox.url),
        ] {
            assert!(!answer.contains(secret.as_str()), "{tool} {asked}");
        }
    }
}

#[test]
fn nothing_of_the_forge_stands_in_a_head() {
    let sandbox = Sandbox::start();
    let server = Server::before_sandbox(&sandbox);
    let answer = server.ask(
        "issue_read",
        &arguments("issue_read", r#"{"method": "get", "index": 4}"#),
    );
    let (head, body) = answer.split_once("\n\n").unwrap();
    assert_eq!(
        next(&answer),
        None,
        "the issue's own `next:` is no way to go on: {head}"
    );
    assert!(head.contains("hidden characters shown: 10"), "{head}");
    assert!(
        body.contains("<U+202E>sdrawkcab<U+202C> and zero<U+200B>width"),
        "{body}"
    );
    assert!(
        answer.chars().all(|c| c == '\n' || !c.is_control()),
        "{answer:?}"
    );
}

#[test]
fn a_renamed_repository_is_found_by_its_old_name() {
    let sandbox = Sandbox::start();
    let server = Server::before_sandbox(&sandbox);
    let asked = json!({"method": "list", "repo": "lighthouse/horn"});
    assert!(
        server
            .ask("commit_read", &asked)
            .contains("The horn speaks")
    );
}

#[test]
fn a_private_repository_is_read_and_an_archived_one() {
    let sandbox = Sandbox::start();
    let server = Server::before_sandbox(&sandbox);
    for (repo, title) in [
        ("lighthouse/logbook", "Do we count moths?"),
        ("lighthouse/old-bell", "The rope is gone"),
    ] {
        let asked = json!({"method": "list", "repo": repo, "state": "all"});
        assert!(server.ask("issue_read", &asked).contains(title));
    }
}

#[test]
fn each_call_is_recorded_with_its_outcome() {
    let sandbox = Sandbox::start();
    let server = Server::before_sandbox(&sandbox);
    server.ask(
        "issue_read",
        &arguments("issue_read", r#"{"method": "get", "index": 1}"#),
    );
    server.refusal(
        "issue_read",
        &arguments("issue_read", r#"{"method": "get", "index": 999}"#),
    );
    let finished: Vec<Value> = server
        .records()
        .into_iter()
        .filter(|record| record["phase"] == "finished")
        .collect();
    let outcomes: Vec<_> = finished
        .iter()
        .map(|record| record["outcome"].as_str())
        .collect();
    assert_eq!(outcomes, [Some("ok"), Some("error")], "{finished:?}");
}

#[test]
fn an_assistant_goes_from_a_word_to_the_change() {
    let sandbox = Sandbox::start();
    let server = Server::before_sandbox(&sandbox);
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let found = json(server.ask("search", &json!({"query": "flash comes later"})));
    let id = &found["results"][0]["id"];
    assert_eq!(id, "issue:lighthouse/lamp#1");
    let fetched = json(server.ask("fetch", &json!({ "id": id })));
    let text = fetched["text"].as_str().unwrap();
    assert!(text.contains("Fix in #11"), "{text}");
    let pull = arguments("pull_read", r#"{"method": "get", "index": 11}"#);
    assert!(server.ask("pull_read", &pull).contains("Fixes #1"));
    let diff = arguments("pull_read", r#"{"method": "diff", "index": 11}"#);
    let diff = server.ask("pull_read", &diff);
    assert!(diff.contains("+    let start = Instant::now();"), "{diff}");
}
