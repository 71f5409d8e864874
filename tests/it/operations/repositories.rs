use serde_json::json;

use crate::support::{Assistant, Fake, Reply, telescope};

#[test]
fn a_repository_has_the_facts_that_matter() {
    let assistant = Assistant::new();
    let text = assistant.calls("repo_read", &telescope(json!({"method": "get"})));
    assert_eq!(
        text,
        "observatory/telescope public repository: Points the telescope, follows the sky, keeps the log.\n\
         default branch: main\n\
         language: Rust\n\
         topics: astronomy, rust, telescope\n\
         open: issues 45, pull requests 5\n\
         releases: 2\n\
         counts: stars 1, forks 1\n\
         created: 2026-11-23\n\
         updated: 2026-11-23\n\
         website: https://observatory.example.org/telescope\n\
         this account: reads and writes\n\
         url: https://git.example.org/observatory/telescope"
    );
    assert_eq!(assistant.asked(), ["/repos/observatory/telescope"]);
}

#[test]
fn what_is_switched_off_is_not_told_as_none() {
    let fork = json!({"method": "get", "repo": "contributor/telescope"});
    let text = Assistant::new().calls("repo_read", &fork);
    let told = "\nopen: issues off, pull requests 0\nreleases: off\n";
    assert!(text.contains(told), "{text}");
}

#[test]
fn an_older_forge_is_asked_for_topics_too() {
    let assistant = Assistant::new();
    let repository = json!({"id": 1, "name": "telescope", "full_name": "observatory/telescope"});
    let target = "/api/v1/repos/observatory/telescope";
    assistant
        .fake
        .says(target, Reply::json(200, &repository.to_string()));
    let text = assistant.calls("repo_read", &telescope(json!({"method": "get"})));
    assert!(
        text.contains("\ntopics: astronomy, rust, telescope\n"),
        "{text}"
    );
}

#[test]
fn what_sets_a_repository_apart_stands_in_the_first_line() {
    let assistant = Assistant::new();
    for (repo, start) in [
        (
            "contributor/telescope",
            "contributor/telescope public repository, fork of observatory/telescope: ",
        ),
        (
            "observatory/old-dome",
            "observatory/old-dome public repository, archived: The dome",
        ),
        (
            "observatory/star-catalog",
            "observatory/star-catalog private repository: Positions",
        ),
        (
            "observatory/secret-plans",
            "refused: not found, or this server's account may not see it",
        ),
    ] {
        let text = assistant.calls("repo_read", &json!({"method": "get", "repo": repo}));
        assert!(text.starts_with(start), "{text}");
    }
}

#[test]
fn mine_are_listed_with_their_marks() {
    let text = Assistant::new().calls("repo_read", &json!({"method": "list", "limit": 50}));
    let start = "repositories of this server's account 1-8 of 8\n\nobservatory/empty empty ";
    assert!(text.starts_with(start), "{text}");
    assert!(text.contains(
        "\nobservatory/old-dome archived Text 2026-11-23: The dome controller we replaced\n"
    ));
    assert!(
        text.contains("\nobservatory/star-catalog private 2026-11-23: Positions"),
        "{text}"
    );
}

#[test]
fn those_of_an_owner_have_no_total_as_gitea_counts_what_may_not_be_seen() {
    let assistant = Assistant::new();
    let users = "/api/v1/users/observatory/repos";
    assistant
        .fake
        .says(users, Reply::json(404, r#"{"message": "not found"}"#));
    let arguments = json!({"method": "list", "owner": "observatory", "limit": 50});
    let text = assistant.calls("repo_read", &arguments);
    assert!(
        text.starts_with("repositories of observatory 1-8\n"),
        "{text}"
    );
    let asked = assistant.asked();
    assert_eq!(asked[1], "/orgs/observatory/repos?page=1&limit=50");
}

#[test]
fn a_search_says_its_order_and_how_many_there_are() {
    let assistant = Assistant::new();
    let text = assistant.calls(
        "repo_read",
        &json!({"method": "search", "query": "tele", "limit": 5}),
    );
    let start =
        "repositories with \"tele\" 1-2 of 2, last updated first\n\nobservatory/telescope Rust ";
    assert!(text.starts_with(start), "{text}");
    let asked = "/repos/search?q=tele&includeDesc=true&sort=updated&order=desc&page=1&limit=5";
    assert_eq!(assistant.asked(), [asked]);
}

#[test]
fn languages_come_by_their_share() {
    let text = Assistant::new().calls("repo_read", &telescope(json!({"method": "languages"})));
    assert_eq!(
        text,
        "observatory/telescope languages 1-1 of 1\n\nRust 100%, 758 bytes"
    );
}

#[test]
fn tags_lead_to_commits() {
    let text = Assistant::new().calls("repo_read", &telescope(json!({"method": "tags"})));
    let start = "observatory/telescope tags 1-4 of 4\n\n\
                 v1.1.0-rc1 af4a750ed2 2026-04-01: Nearly\n\
                 v1.0.0 d0f24da1cc 2026-03-01: First light\n";
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn releases_say_which_are_no_releases_yet() {
    let text = Assistant::new().calls(
        "repo_read",
        &telescope(json!({"method": "releases", "limit": 10})),
    );
    assert_eq!(
        text,
        "observatory/telescope releases 1-3 of 3\n\n\
         v2.0.0 2026-11-23 maintainer draft: Dream\n\
         v1.1.0-rc1 2026-04-01 maintainer pre-release: 1.1 candidate\n\
         v1.0.0 2026-03-01 maintainer: First light"
    );
}

#[test]
fn a_release_has_its_notes_and_files() {
    let assistant = Assistant::new();
    let text = assistant.calls(
        "repo_read",
        &telescope(json!({"method": "releases", "tag": "v1.0.0"})),
    );
    assert_eq!(
        text,
        "observatory/telescope release v1.0.0: First light\n\
         author: maintainer 2026-03-01 12:00\n\
         files: telescope-1.0.0.tar.gz (14 bytes)\n\
         url: https://git.example.org/observatory/telescope/releases/tag/v1.0.0\n\n\
         The telescope moves."
    );
    let text = assistant.calls(
        "repo_read",
        &telescope(json!({"method": "releases", "tag": "no-such"})),
    );
    let refusal = "refused: no release \"no-such\" in observatory/telescope; there are: v";
    assert!(text.starts_with(refusal), "{text}");
}

#[test]
fn activity_has_a_line_for_each_event() {
    let text = Assistant::new().calls(
        "repo_read",
        &telescope(json!({"method": "activity", "limit": 5})),
    );
    let (head, lines) = text.split_once("\n\n").unwrap();
    assert!(head.starts_with("observatory/telescope activity 1-5 of 165, newest first\nnext: "));
    assert_eq!(
        lines,
        "2026-11-23 aegis-bot create_issue #71: x\n\
         2026-11-23 aegis-bot comment_issue #4: x\n\
         2026-11-23 maintainer delete_tag v0.0.1\n\
         2026-11-23 maintainer comment_pull #65: Thank you.\n\
         2026-11-23 maintainer publish_release v1.0.0: First light"
    );
}

#[test]
fn a_forge_with_smaller_pages_is_asked_for_no_more_than_it_gives() {
    let fake = Fake::start();
    let settings = r#"{"max_response_items":20}"#;
    fake.says("/api/v1/settings/api", Reply::json(200, settings));
    let names = |numbers: std::ops::Range<u64>| {
        let tag = |n| json!({"name": format!("v{n}")});
        let tags = json!(numbers.map(tag).collect::<Vec<_>>()).to_string();
        Reply::json(200, &tags).header("X-Total-Count", "45")
    };
    let tags = "/api/v1/repos/observatory/telescope/tags";
    for (page, numbers) in [(1, 0..20), (2, 20..40), (3, 40..45)] {
        fake.says(&format!("{tags}?page={page}&limit=20"), names(numbers));
    }
    let arguments = telescope(json!({"method": "tags", "limit": 30}));
    let texts = Assistant::before(fake).follows("repo_read", &arguments);
    let heads: Vec<_> = texts.iter().map(|it| first_line(it)).collect();
    let range = |range: &str| format!("observatory/telescope tags {range} of 45");
    assert_eq!(heads, ["1-20", "21-40", "41-45"].map(range));
}

/// Pages of 20 tags, whatever `limit` says.
fn pages_of_20(assistant: &Assistant, limit: u64, total: u64, is_linked: bool) {
    let tags = "/api/v1/repos/observatory/telescope/tags";
    let last = total.div_ceil(20);
    for page in 1..=last {
        let tag = |n: u64| json!({"name": format!("v{n}")});
        let numbers = (page * 20 - 19)..=(page * 20).min(total);
        let names = json!(numbers.map(tag).collect::<Vec<_>>()).to_string();
        let link = match page {
            page if page == last => "<https://x/?page=1>; rel=\"first\"".to_owned(),
            page => format!(
                "<?page={}>; rel=\"next\",<?page={last}>; rel=\"last\"",
                page + 1
            ),
        };
        let reply = Reply::json(200, &names).header("X-Total-Count", &total.to_string());
        let reply = if is_linked {
            reply.header("Link", &link)
        } else {
            reply
        };
        assistant
            .fake
            .says(&format!("{tags}?page={page}&limit={limit}"), reply);
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap()
}

#[test]
fn a_forge_whose_pages_turn_out_to_be_smaller_than_it_said_is_read_whole() {
    for limit in [30, 50] {
        let assistant = Assistant::new();
        pages_of_20(&assistant, limit, 50, true);
        let arguments = telescope(json!({"method": "tags", "limit": limit}));
        let texts = assistant.follows("repo_read", &arguments);
        let heads: Vec<_> = texts.iter().map(|it| first_line(it)).collect();
        let range = |range: &str| format!("observatory/telescope tags {range} of 50");
        assert_eq!(heads, ["1-20", "21-40", "41-50"].map(range));
    }
}

#[test]
fn a_forge_that_does_not_tell_the_size_of_its_pages_is_read_whole() {
    let fake = Fake::start();
    let settings = Reply::new(404, "404 page not found\n");
    fake.says("/api/v1/settings/api", settings);
    let assistant = Assistant::before(fake);
    pages_of_20(&assistant, 30, 50, false);
    let arguments = telescope(json!({"method": "tags"}));
    let texts = assistant.follows("repo_read", &arguments).join("\n");
    let names = texts.lines().filter(|line| line.starts_with('v'));
    let names: Vec<_> = names
        .filter_map(|line| line.split([' ', ':']).next())
        .collect();
    assert_eq!(names, (1..=50).map(|n| format!("v{n}")).collect::<Vec<_>>());
}
