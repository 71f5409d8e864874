//! What was asked in a way that was not meant, and what an assistant reads then.
use serde_json::{Value, json};

use crate::support::{Assistant, Fake, Server, Setup, telescope};

fn refused(tool: &str, arguments: &Value) -> String {
    let assistant = Assistant::new();
    let text = assistant.calls(tool, arguments);
    assert!(assistant.asked().is_empty(), "{text}");
    let refusal = text.strip_prefix("refused: ");
    refusal.unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[test]
fn a_key_or_a_token_in_an_argument_goes_nowhere() {
    let fake = Fake::start();
    let token = Fake::token("aegis-bot");
    let server = Setup::of(&fake.url(), &token).start();
    for secret in [&server.key, &token] {
        fake.forget();
        for arguments in [
            json!({"method": "search", "query": format!("https://x/?k={secret}")}),
            json!({"method": "search", "query": "x", secret: 1}),
            json!({"method": "search", "query": "x", "limit": [secret]}),
        ] {
            let text = server.refusal("user_read", &arguments);
            assert!(text.contains("leave it out"), "{text}");
            assert!(!text.contains(&secret[..12]), "a secret is told");
        }
        assert!(fake.asked().is_empty());
    }
    let log = format!("{:?}", server.records());
    assert!(!log.contains(&server.key), "a key is in the log");
}

#[test]
fn of_arguments_that_hold_a_key_only_their_number_is_recorded() {
    for (name, secret) in [
        ("query", "550e8400-e29b-41d4-a716-446655440000"),
        ("query", "abc/DEF1+ghi/JKL2+mno/PQR3+stu/VWX4+yz01/234="),
        ("ref", "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"),
    ] {
        let fake = Fake::start();
        let server = Setup::of(&fake.url(), secret).start();
        server.refusal(
            "file_read",
            &telescope(json!({"method": "get", name: secret})),
        );
        let records = server.records();
        let mut started = records.iter().filter(|it| it["phase"] == "started");
        assert_eq!(started.next().unwrap()["arguments"], json!({"...": 4}));
    }
}

#[test]
fn a_key_that_is_written_in_escapes_goes_nowhere_either() {
    let fake = Fake::start();
    let server = Server::before(&fake);
    let (first, rest) = server.key.split_at(1);
    let escaped = format!("\\u{:04x}{rest}", first.as_bytes()[0]);
    let call = format!(
        r#"{{"tool": "user_read", "arguments": {{"method": "search", "query": "{escaped}"}}}}"#
    );
    let answer = server.client().request("POST", "/mcp/tool/call", &call);
    let text = answer.json().to_string();
    assert!(text.contains("leave it out"), "{text}");
    assert!(fake.asked().is_empty());
}

#[test]
fn the_address_of_the_forge_s_api_in_an_argument_is_no_secret() {
    let fake = Fake::start();
    let server = Setup::of(&fake.url(), &Fake::token("aegis-bot")).start();
    let api = format!("{}/api/v1/repos", fake.url());
    let text = server.refusal(
        "user_read",
        &json!({"method": "search", "query": "x", &api: 1}),
    );
    assert_eq!(
        text,
        "user_read search takes no \"[redacted]/repos\"; it takes query, page, limit"
    );
}

#[test]
fn a_text_longer_than_anybody_means_is_refused_with_the_bound() {
    let long = "x".repeat(2_001);
    let many: Vec<_> = (0..51).map(|n| n.to_string()).collect();
    for (arguments, told) in [
        (json!({"query": long}), "query has at most 2000 characters"),
        (json!({"labels": many}), "labels has at most 50 texts"),
        (
            json!({"labels": [long]}),
            "each of labels has at most 2000 characters",
        ),
    ] {
        let mut arguments = telescope(arguments);
        arguments["method"] = "list".into();
        assert_eq!(refused("issue_read", &arguments), told);
    }
}

#[test]
fn a_limit_out_of_bounds_is_told_as_the_one_that_was_taken() {
    for (limit, told) in [
        (0, "limit: 1, the least of a page"),
        (99, "limit: 50, the most of a page"),
    ] {
        let assistant = Assistant::new();
        let arguments = telescope(json!({"method": "list", "limit": limit}));
        let text = assistant.calls("issue_read", &arguments);
        let (head, _) = text.split_once("\n\n").unwrap();
        assert!(head.lines().any(|line| line == told), "{head}");
    }
}

#[test]
fn a_name_that_is_none_is_told_unless_it_is_longer_than_any() {
    let name = "x".repeat(41);
    let told = refused("server_read", &json!({"method": "version", &name: 1}));
    assert_eq!(
        told,
        "server_read version takes no argument with a name of 41 characters; it takes none"
    );
    let told = refused("server_read", &json!({"method": "version", "x": 1}));
    assert_eq!(told, "server_read version takes no \"x\"; it takes none");
}

#[test]
fn an_address_is_no_repository_and_a_right_call_is_shown() {
    let told = refused(
        "repo_read",
        &json!({"method": "get", "repo": "https://forge.example.org/a/b"}),
    );
    assert_eq!(
        told,
        "repo: this is no name of a repository, nor owner/name, for example \
         {\"method\":\"get\",\"owner\":\"observatory\",\"repo\":\"telescope\"}"
    );
}

#[test]
fn owner_and_name_are_taken_apart_wherever_they_stand_as_one() {
    let assistant = Assistant::new();
    let branches = |mut arguments: Value| {
        arguments["method"] = "list".into();
        assistant.calls("branch_read", &arguments)
    };
    let wanted = branches(json!({"owner": "observatory", "repo": "telescope"}));
    let full = "observatory/telescope";
    for arguments in [
        json!({"repo": full}),
        json!({"owner": full}),
        json!({"owner": full, "repo": "telescope"}),
        json!({"owner": full, "repo": full}),
        json!({"owner": "observatory", "repo": full}),
    ] {
        assert_eq!(branches(arguments.clone()), wanted, "{arguments}");
    }
    assert_eq!(
        branches(json!({"owner": full, "repo": "star-catalog"})),
        "refused: repo and the repository in owner differ"
    );
}

#[test]
fn the_example_of_a_refusal_is_a_right_call_whatever_was_sent() {
    assert_eq!(
        refused("branch_read", &json!({"method": "list", "owner": "a/b/c"})),
        "branch_read list needs repo, for example \
         {\"method\":\"list\",\"owner\":\"observatory\",\"repo\":\"telescope\"}"
    );
}

#[test]
fn of_several_wrong_arguments_the_first_is_named_and_the_example_has_none() {
    let told = refused(
        "commit_read",
        &telescope(json!({"method": "compare", "base": "main..fix", "head": "x y"})),
    );
    assert!(
        told.starts_with("base: this is no name of a branch"),
        "{told}"
    );
    assert!(
        told.ends_with(
            ", for example {\"method\":\"compare\",\"owner\":\"observatory\",\
             \"repo\":\"telescope\",\"base\":\"main\",\"head\":\"feature\"}"
        ),
        "{told}"
    );
    let told = refused(
        "repo_read",
        &json!({"method": "get", "owner": "a b", "repo": "c d"}),
    );
    assert!(
        told.starts_with("owner: a name has 1 to 100 letters"),
        "{told}"
    );
}

#[test]
fn a_search_for_repositories_does_not_take_an_owner_for_nothing() {
    let told = refused(
        "repo_read",
        &json!({"method": "search", "query": "x", "owner": "observatory"}),
    );
    assert!(
        told.starts_with("repo_read search does not filter by owner"),
        "{told}"
    );
}

#[test]
fn a_commit_or_a_branch_is_a_ref_where_one_is_asked_for() {
    let assistant = Assistant::new();
    let wanted = assistant.calls(
        "commit_read",
        &telescope(json!({"method": "list", "ref": "v1.0.0"})),
    );
    for name in ["sha", "branch"] {
        let arguments = telescope(json!({"method": "list", name: "v1.0.0"}));
        assert_eq!(assistant.calls("commit_read", &arguments), wanted);
    }
}

#[test]
fn a_commit_and_a_branch_that_differ_are_not_both_the_ref() {
    let asked = json!({"method": "list", "sha": "abcdef1234", "branch": "main"});
    assert_eq!(
        refused("commit_read", &telescope(asked)),
        "sha and branch mean the same and differ"
    );
}

#[test]
fn one_number_under_two_names_and_in_two_forms_does_not_differ() {
    let assistant = Assistant::new();
    let get = |mut more: Value| {
        more["method"] = "get".into();
        assistant.calls("issue_read", &telescope(more))
    };
    let wanted = get(json!({"index": 1}));
    assert_eq!(get(json!({"number": 1, "index": "1"})), wanted);
    assert_eq!(get(json!({"number": "#1", "issue_number": 1.0})), wanted);
    assert_eq!(
        get(json!({"number": 1, "index": "2"})),
        "refused: number and index mean the same and differ"
    );
}

#[test]
fn a_slash_too_many_around_a_repository_is_none_of_its_name() {
    let assistant = Assistant::new();
    let branches =
        |repo: &str| assistant.calls("branch_read", &json!({"method": "list", "repo": repo}));
    assert_eq!(
        branches("/observatory/telescope/"),
        branches("observatory/telescope")
    );
}

#[test]
fn characters_that_are_left_out_are_told_of() {
    let assistant = Assistant::new();
    let head = |mut more: Value| {
        more["method"] = "get".into();
        more["path"] = "README.md".into();
        let text = assistant.calls("file_read", &telescope(more));
        text.lines().next().unwrap().to_owned()
    };
    let whole = head(json!({}));
    assert!(!whole.contains("character"), "{whole}");
    let told = head(json!({"offset": 5}));
    assert!(told.contains(", line 1 from character 6"), "{told}");
}

#[test]
fn a_page_that_no_list_has_is_refused() {
    for (tool, mut asked) in [
        ("branch_read", json!({"method": "list"})),
        ("file_read", json!({"method": "tree"})),
        ("file_read", json!({"method": "find", "query": "x"})),
    ] {
        asked["page"] = u64::MAX.into();
        let told = refused(tool, &telescope(asked));
        assert!(
            told.starts_with("page: no list has so many pages, for example {"),
            "{told}"
        );
    }
}
