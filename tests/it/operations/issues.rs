use serde_json::{Value, json};

use crate::support::{Assistant, Fake, Reply, Server, next, telescope};

const ISSUES: &str = "/api/v1/repos/observatory/telescope/issues";

/// A page of issues in Gitea's form: number, title, comments, labels.
fn issues(of: &[(u64, &str, u64, &[&str])]) -> Value {
    let issue = |(number, title, comments, labels): &(u64, &str, u64, &[&str])| {
        let labels: Vec<Value> = labels.iter().map(|name| json!({ "name": name })).collect();
        json!({
            "number": number, "title": title, "state": "open", "comments": comments, "labels": labels,
            "user": {"login": "reviewer"}, "created_at": "2026-11-23T08:33:00Z", "body": "x".repeat(500),
        })
    };
    of.iter().map(issue).collect()
}

fn page(of: &[(u64, &str, u64, &[&str])]) -> Reply {
    let total = of.len().to_string();
    Reply::json(200, &issues(of).to_string()).header("X-Total-Count", &total)
}

fn list(assistant: &Assistant, filters: Value) -> String {
    let mut arguments = filters;
    arguments["method"] = "list".into();
    assistant.calls("issue_read", &telescope(arguments))
}

#[test]
fn a_full_name_goes_on_as_owner_and_repo_in_their_places() {
    let assistant = Assistant::new();
    let full = json!({"method": "list", "repo": "observatory/telescope", "state": "closed"});
    let text = assistant.calls("issue_read", &full);
    let next = text.lines().nth(1).unwrap();
    let start =
        r#"next: {"method":"list","owner":"observatory","repo":"telescope","state":"closed","#;
    assert!(next.starts_with(start), "{next}");
}

#[test]
fn a_list_has_a_line_for_each_issue_and_asks_for_issues_only() {
    let assistant = Assistant::new();
    let text = list(&assistant, json!({"state": "closed", "limit": 5}));
    let (head, lines) = text.split_once("\n\n").unwrap();
    assert!(
        head.starts_with("observatory/telescope issues 1-5 of 19, closed, newest first\nnext: {")
    );
    assert_eq!(next(&text).unwrap()["page"], 2);
    let first = lines.lines().next().unwrap();
    assert_eq!(
        first,
        "#63 closed 2026-11-23 maintainer [bug]: Night 63: dew"
    );
    assert_eq!(lines.lines().count(), 5);
    assert_eq!(
        assistant.asked(),
        [
            "/repos/observatory/telescope/issues?type=issues&state=closed&milestones=any%20or%20none&page=1&limit=5"
        ]
    );
}

#[test]
fn filters_are_checked_passed_on_and_told() {
    let assistant = Assistant::new();
    assistant
        .fake
        .says(ISSUES, page(&[(1, "Mount", 2, &["bug"])]));
    let filters = json!({
        "labels": "BUG", "milestone": "1.1", "author": "reviewer", "assignee": "maintainer",
        "query": "mount", "since": "2026-11-16", "state": "all",
    });
    assert_eq!(
        list(&assistant, filters),
        "observatory/telescope issues 1-1 of 1, open and closed, label bug, milestone 1.1, author reviewer, \
         assignee maintainer, query \"mount\", updated since 2026-11-16, newest first\n\n\
         #1 2026-11-23 reviewer [bug]: Mount"
    );
    assert_eq!(
        assistant.asked().last().unwrap(),
        "/repos/observatory/telescope/issues?type=issues&state=all&q=mount&labels=bug&milestones=1.1\
         &created_by=reviewer&assigned_by=maintainer&since=2026-11-16T00%3A00%3A00Z&page=1&limit=30"
    );
}

#[test]
fn what_gitea_would_ignore_is_refused_with_what_there_is() {
    let assistant = Assistant::new();
    let of = "in observatory/telescope; there are:";
    for (filter, refusal) in [
        (
            json!({"labels": ["bug", "bugs"]}),
            format!("no label \"bugs\" {of} bug, duplicate, enhancement, good first issue, question, \
                     org/priority-high, org/priority-low, org/triage"),
        ),
        (json!({"milestone": "9"}), format!("no milestone \"9\" {of} 1.0, 2.0, 1.1")),
        (
            json!({"state": "merged"}),
            "state: there is no `merged`, expected one of `open`, `closed`, `all`".to_owned(),
        ),
        (
            json!({"sort": "size"}),
            "sort: there is no `size`, expected one of `newest`, `oldest`, `recentupdate`, `leastupdate`, \
             `mostcomment`, `leastcomment`"
                .to_owned(),
        ),
    ] {
        assert_eq!(list(&assistant, filter), format!("refused: {refusal}"));
        let asked = assistant.asked();
        assert!(!asked.iter().any(|it| it.contains("/issues")), "{asked:?}");
    }
}

#[test]
fn an_unknown_author_is_told_from_a_repository_that_is_not_there() {
    let assistant = Assistant::new();
    let missing = || Reply::json(404, r#"{"message":"not found","errors":null}"#);
    let assignees = r#"[{"login":"maintainer"},{"login":"reviewer"}]"#;
    assistant.fake.says(ISSUES, missing());
    assistant.fake.says("/api/v1/users/nobody-here", missing());
    let path = "/api/v1/repos/observatory/telescope/assignees";
    assistant.fake.says(path, Reply::json(200, assignees));
    assert_eq!(
        list(&assistant, json!({"author": "nobody-here"})),
        "refused: no user \"nobody-here\" in observatory/telescope; there are: maintainer, reviewer"
    );
    assert_eq!(
        list(&assistant, json!({"author": "maintainer"})),
        "refused: not found, or this server's account may not see it"
    );
}

#[test]
fn what_gitea_cannot_sort_is_sorted_here_and_pages() {
    let assistant = Assistant::new();
    let all: &[(u64, &str, u64, &[&str])] = &[(3, "c", 1, &[]), (2, "b", 5, &[]), (1, "a", 3, &[])];
    assistant.fake.says(ISSUES, page(all));
    let text = list(&assistant, json!({"sort": "mostcomment", "limit": 2}));
    assert!(
        text.starts_with(
            "observatory/telescope issues 1-2 of 3, open, most comments first, sorted here\nnext: {"
        ),
        "{text}"
    );
    let lines: Vec<&str> = text.lines().skip(3).collect();
    assert_eq!(
        lines,
        ["#2 2026-11-23 reviewer: b", "#1 2026-11-23 reviewer: a"]
    );
    let rest = assistant.calls("issue_read", &next(&text).unwrap());
    assert!(
        rest.ends_with("sorted here\n\n#3 2026-11-23 reviewer: c"),
        "{rest}"
    );
    let oldest = list(&assistant, json!({"sort": "oldest"}));
    assert!(oldest.ends_with("reviewer: a\n#2 2026-11-23 reviewer: b\n#3 2026-11-23 reviewer: c"));
}

#[test]
fn a_forgejo_sorts_by_itself() {
    let fake = Fake::start();
    let version = r#"{"version":"16.0.0+gitea-1.22.0"}"#;
    fake.says("/api/v1/version", Reply::json(200, version));
    fake.says(ISSUES, page(&[(1, "a", 0, &[])]));
    let server = Server::before(&fake);
    let oldest = telescope(json!({"method": "list", "sort": "oldest"}));
    assert_eq!(
        server.ask("issue_read", &oldest),
        "observatory/telescope issues 1-1 of 1, open, oldest first\n\n#1 2026-11-23 reviewer: a"
    );
    let query = "?type=issues&state=open&milestones=any%20or%20none&sort=oldest&page=1&limit=30";
    let asked = fake.asked();
    assert_eq!(asked.last().unwrap(), &format!("GET {ISSUES}{query}"));
}

#[test]
fn what_an_older_forgejo_does_not_sort_is_sorted_here() {
    let fake = Fake::start();
    let version = r#"{"version":"11.0.1+gitea-1.22.0"}"#;
    fake.says("/api/v1/version", Reply::json(200, version));
    fake.says(ISSUES, page(&[(2, "b", 0, &[]), (1, "a", 0, &[])]));
    let server = Server::before(&fake);
    let oldest = telescope(json!({"method": "list", "sort": "oldest"}));
    assert_eq!(
        server.ask("issue_read", &oldest),
        "observatory/telescope issues 1-2 of 2, open, oldest first, sorted here\n\n\
         #1 2026-11-23 reviewer: a\n#2 2026-11-23 reviewer: b"
    );
}

#[test]
fn more_than_can_be_sorted_here_is_refused_with_what_narrows_it() {
    let assistant = Assistant::new();
    let one: (u64, &str, u64, &[&str]) = (1, "a", 0, &[]);
    let many = Reply::json(200, &issues(&[one; 50]).to_string());
    assistant
        .fake
        .says(ISSUES, many.header("X-Total-Count", "1203"));
    let text = list(&assistant, json!({"sort": "oldest"}));
    assert!(
        text.starts_with("refused: the forge cannot sort issues"),
        "{text}"
    );
    assert!(
        text.contains("at most 500, and these are 1203: narrow them by state"),
        "{text}"
    );
    assert_eq!(assistant.asked().len(), 10);
}

#[test]
fn an_organisation_s_label_which_gitea_ignores_is_filtered_by_here() {
    let assistant = Assistant::new();
    assistant.fake.says(
        ISSUES,
        page(&[(2, "b", 0, &["bug"]), (1, "a", 0, &["org/triage"])]),
    );
    let text = list(&assistant, json!({"labels": "org/triage"}));
    assert_eq!(
        text,
        "observatory/telescope issues 1-1 of 1, open, label org/triage, newest first\n\n\
         #1 2026-11-23 reviewer [org/triage]: a"
    );
    let asked = assistant.asked();
    assert!(!asked.last().unwrap().contains("labels="), "{asked:?}");
}

#[test]
fn issues_with_any_of_the_labels_of_one_name_are_listed() {
    let assistant = Assistant::new();
    let bug = Reply::json(200, r#"[{"id":99,"name":"bug"}]"#);
    assistant.fake.says("/api/v1/orgs/observatory/labels", bug);
    assistant
        .fake
        .says(ISSUES, page(&[(2, "b", 0, &["bug"]), (1, "a", 0, &[])]));
    assert_eq!(
        list(&assistant, json!({"labels": "bug"})),
        "observatory/telescope issues 1-1 of 1, open, label bug (every label of this name), newest first\n\n\
         #2 2026-11-23 reviewer [bug]: b"
    );
    let asked = assistant.asked();
    assert!(!asked.last().unwrap().contains("labels="), "{asked:?}");
}

#[test]
fn texts_are_the_first_characters_of_each() {
    let assistant = Assistant::new();
    assistant.fake.says(ISSUES, page(&[(1, "a", 0, &[])]));
    let text = list(&assistant, json!({"texts": true}));
    assert!(
        text.ends_with(&format!("reviewer: a\n  {}…", "x".repeat(400))),
        "{text}"
    );
}

#[test]
fn an_issue_is_its_facts_and_its_text() {
    let assistant = Assistant::new();
    let get = |index: u64| {
        assistant.calls(
            "issue_read",
            &telescope(json!({"method": "get", "index": index})),
        )
    };
    assert_eq!(
        get(1),
        "observatory/telescope issue #1, open: Mount turns the wrong way past 18 hours\n\
         author: contributor 2026-11-23 08:33\n\
         labels: bug, good first issue\n\
         assignees: maintainer\n\
         milestone: 1.1, due 2026-12-31\n\
         attachments: mount-18h.log (33 bytes)\n\
         comments: 2\n\
         url: https://git.example.org/observatory/telescope/issues/1\n\n\
         At RA 18.2 h the mount runs backwards.\n\n```\nsteps = 65520 -> 240\n```\n\n\
         Seen on `v1.0.0`. @maintainer, can you confirm?"
    );
    assert_eq!(assistant.asked(), ["/repos/observatory/telescope/issues/1"]);
    let pull = get(65);
    assert!(pull.starts_with("observatory/telescope pull request #65, open: Count steps"));
    // The forge counts reviews too.
    assert!(!pull.contains("\ncomments: "), "{pull}");
    assert_eq!(
        get(999),
        "refused: not found, or this server's account may not see it"
    );
}

#[test]
fn a_comment_names_what_is_attached_to_it() {
    let assistant = Assistant::new();
    let arguments = telescope(json!({"method": "comments", "index": 1}));
    assert_eq!(
        assistant.calls("issue_read", &arguments),
        "observatory/telescope #1 comments, 2 in all, oldest first\n\n\
         maintainer 2026-11-23 08:33, with plate.png (70 bytes):\n\
         \x20 Confirmed. The counter has 16 bits. See `src/mount.rs`.\n\
         contributor 2026-11-23 08:33:\n  I'll send a fix today."
    );
}

/// A pull request as the forge tells of it among issues: it is closed too where it was merged.
fn as_issue(number: u64, state: &str, pull: &Value) -> Reply {
    let issue = json!({"number": number, "title": "Lens", "state": state, "pull_request": pull});
    Reply::json(200, &issue.to_string())
}

#[test]
fn a_pull_request_that_is_read_as_an_issue_is_merged_or_a_draft_too() {
    let assistant = Assistant::new();
    let merged = as_issue(68, "closed", &json!({"merged": true, "draft": false}));
    assistant.fake.says(&format!("{ISSUES}/68"), merged);
    let draft = as_issue(66, "open", &json!({"merged": false, "draft": true}));
    assistant.fake.says(&format!("{ISSUES}/66"), draft);
    for (index, head) in [
        (68, "#68, merged: Lens\n"),
        (66, "#66, open, draft: Lens\n"),
    ] {
        let get = telescope(json!({"method": "get", "index": index}));
        let text = assistant.calls("issue_read", &get);
        let head = format!("observatory/telescope pull request {head}");
        assert!(text.starts_with(&head), "{text}");
    }
}

#[test]
fn a_long_conversation_is_followed_to_its_end() {
    let assistant = Assistant::reading_at_most(2_000);
    let arguments = telescope(json!({"method": "comments", "index": 2}));
    let texts = assistant.follows("issue_read", &arguments);
    assert!(texts.len() > 1);
    assert!(
        texts[0].starts_with("observatory/telescope #2 comments, characters 1-"),
        "{}",
        texts[0]
    );
    let all: String = texts
        .iter()
        .filter_map(|it| Some(it.split_once("\n\n")?.1))
        .collect();
    let begins = all
        .lines()
        .filter(|line| !line.starts_with(' ') && line.ends_with(':'));
    assert_eq!(begins.count(), 35);
}

#[test]
fn labels_are_the_repository_s_and_its_organisation_s() {
    let assistant = Assistant::new();
    let arguments = telescope(json!({"method": "labels"}));
    let text = assistant.calls("issue_read", &arguments);
    assert!(
        text.starts_with("observatory/telescope labels 1-8 of 8\n\nbug: Something does not work\n")
    );
    assert!(
        text.ends_with("\norg/triage (organisation's): Somebody must look"),
        "{text}"
    );
    let lacking = r#"{"message":"token does not have at least one of required scope(s), required=[read:organization], token scope=x"}"#;
    let organisation = "/api/v1/orgs/observatory/labels";
    assistant.fake.says(organisation, Reply::json(403, lacking));
    let text = assistant.calls("issue_read", &arguments);
    assert!(
        text.starts_with("observatory/telescope labels 1-5\norganisation's labels not read: the account lacks the scope read:organization\n\n"),
        "{text}"
    );
}

const LABELS: &str = "/api/v1/repos/observatory/telescope/labels";

/// A page of fifty labels from this number on, that says there is a next one and not how many.
fn fifty_labels(from: u64) -> Reply {
    let label = |n| json!({"id": n, "name": format!("l{n}")});
    let labels = json!((from..from + 50).map(label).collect::<Vec<_>>()).to_string();
    Reply::json(200, &labels).header("Link", "<x>; rel=\"next\"")
}

#[test]
fn a_label_on_a_later_page_is_known_where_no_total_is_told() {
    let assistant = Assistant::new();
    let labels = |number: u64| format!("{LABELS}?page={number}&limit=50");
    assistant.fake.says(&labels(1), fifty_labels(1));
    let last = Reply::json(200, r#"[{"id":77,"name":"l77"}]"#);
    assistant.fake.says(&labels(2), last);
    assistant.fake.says(ISSUES, page(&[]));
    let text = list(&assistant, json!({"labels": "l77"}));
    assert!(text.contains("open, label l77"), "{text}");
}

#[test]
fn a_label_is_not_called_unknown_where_not_all_were_read() {
    let assistant = Assistant::new();
    assistant.fake.says(LABELS, fifty_labels(1));
    let text = list(&assistant, json!({"labels": "l577"}));
    let start = "refused: no label \"l577\" among those read in observatory/telescope, and only \
                 the first 500 were read; there are: l1, ";
    assert!(text.starts_with(start), "{text}");
    let labels = assistant.calls("issue_read", &telescope(json!({"method": "labels"})));
    let head = "observatory/telescope labels 1-503\nmore: only the first 500 were read\n\n";
    assert!(labels.starts_with(head), "{labels}");
}

#[test]
fn a_label_is_not_called_unknown_where_the_organisation_s_were_not_read() {
    let assistant = Assistant::new();
    let refusal = Reply::json(403, r#"{"message":"no"}"#);
    assistant
        .fake
        .says("/api/v1/orgs/observatory/labels", refusal);
    let text = list(&assistant, json!({"labels": "org/high"}));
    let start = "refused: no label \"org/high\" among those read in observatory/telescope, and \
                 the organisation's were not read: ";
    assert!(text.starts_with(start), "{text}");
    assert!(text.contains("; there are: bug, duplicate"), "{text}");
}
