//! Every view reads every recorded answer of its endpoint.
use aegis::gitea::views::{
    Activity, ApiSettings, AttachmentSettings, Branch, ChangedFile, CombinedStatus, Comment,
    Commit, Comparison, Contents, EntryKind, Issue, Label, Languages, Milestone, PullRequest,
    Release, Repository, Review, ReviewComment, Status, Tag, Topics, Tree, User, Version,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::support::recorded;

type Read = fn(&Value) -> Result<usize, serde_json::Error>;

/// Reads one thing or, item by item, a list of them, `data` and all; how many there were.
fn read<T: DeserializeOwned>(answer: &Value) -> Result<usize, serde_json::Error> {
    let items = match answer {
        Value::Array(items) => items.as_slice(),
        Value::Object(wrapped) if wrapped.contains_key("data") => {
            wrapped["data"].as_array().map_or(&[][..], Vec::as_slice)
        }
        one => std::slice::from_ref(one),
    };
    for item in items {
        serde_json::from_str::<T>(&item.to_string())?;
    }
    Ok(items.len())
}

/// The view of a path below `/api/v1`, if it has one.
#[expect(clippy::match_same_arms, reason = "a table by address")]
fn reader(path: &str) -> Option<Read> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    Some(match parts[..] {
        ["version"] => read::<Version>,
        ["settings", "api"] => read::<ApiSettings>,
        ["settings", "attachment"] => read::<AttachmentSettings>,
        ["user"] | ["users", "search" | _] => read::<User>,
        ["users", _, "followers" | "following"] => read::<User>,
        ["users", _, "repos"] | ["user" | "orgs", .., "repos"] => read::<Repository>,
        [.., "activities", "feeds"] => read::<Activity>,
        ["repos", "search"] | ["repositories", _] => read::<Repository>,
        ["repos", "issues", "search"] => read::<Issue>,
        ["orgs", _, "labels", ..] => read::<Label>,
        ["repos", _, _] => read::<Repository>,
        ["repos", _, _, ref rest @ ..] => return inside(rest),
        _ => return None,
    })
}

/// The same below a repository.
#[expect(clippy::match_same_arms, reason = "a table by address")]
fn inside(rest: &[&str]) -> Option<Read> {
    Some(match rest {
        ["forks"] => read::<Repository>,
        ["topics"] => read::<Topics>,
        ["languages"] => read::<Languages>,
        ["tags", ..] => read::<Tag>,
        ["releases"] | ["releases", "latest" | "tags", ..] | ["releases", _] => read::<Release>,
        ["branches", ..] => read::<Branch>,
        ["commits"] | ["pulls", _, "commits"] => read::<Commit>,
        ["git", "commits", sha] if !sha.contains('.') => read::<Commit>,
        ["commits", .., "status"] => read::<CombinedStatus>,
        ["commits", .., "statuses"] | ["statuses", _] => read::<Status>,
        ["compare", ..] => read::<Comparison>,
        ["contents", ..] => read::<Contents>,
        ["git", "trees", _] => read::<Tree>,
        ["issues"] | ["issues", "pinned"] => read::<Issue>,
        ["issues", "comments"] | ["issues", "comments", _] => read::<Comment>,
        ["issues", _, "comments"] => read::<Comment>,
        ["issues", _, "labels"] | ["labels", ..] => read::<Label>,
        ["issues", number] if number.parse::<u64>().is_ok() => read::<Issue>,
        ["milestones", ..] => read::<Milestone>,
        ["pulls"] | ["pulls", "pinned"] => read::<PullRequest>,
        ["pulls", number] if number.parse::<u64>().is_ok() => read::<PullRequest>,
        ["pulls", _, "files"] => read::<ChangedFile>,
        ["pulls", _, "reviews", _, "comments"] => read::<ReviewComment>,
        ["pulls", _, "reviews", ..] => read::<Review>,
        _ => return None,
    })
}

#[test]
fn every_recorded_answer_is_read() {
    let (mut answers, mut items) = (0, 0);
    for exchange in recorded() {
        let json = exchange.answer.is_object() || exchange.answer.is_array();
        if !(200..300).contains(&exchange.status) || !json {
            continue;
        }
        let path = exchange.path.replace("%2F", "/");
        let Some(read) = reader(&path) else { continue };
        match read(&exchange.answer) {
            Ok(count) => items += count,
            Err(error) => panic!("{path}: {error}: {}", exchange.answer),
        }
        answers += 1;
    }
    assert!(
        answers > 100 && items > 400,
        "{answers} answers, {items} items"
    );
}

/// The recorded answer to `path`, asked without a query or with the one that came first.
fn answer<T: DeserializeOwned>(path: &str) -> T {
    let all = recorded();
    let exchange = all.iter().find(|it| it.path == path && it.status == 200);
    let body = exchange
        .unwrap_or_else(|| panic!("{path} is not recorded"))
        .body();
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn an_issue_has_its_facts() {
    let issue: Issue = answer("/repos/observatory/telescope/issues/1");
    assert_eq!((issue.number, issue.state.as_str()), (1, "open"));
    assert_eq!(issue.author.as_deref(), Some("contributor"));
    assert_eq!(issue.labels, ["bug", "good first issue"]);
    assert_eq!(issue.assignees, ["maintainer"]);
    let milestone = issue.milestone.unwrap();
    assert_eq!(milestone.title, "1.1");
    assert_eq!(milestone.due.unwrap().to_string(), "2026-12-31");
    assert_eq!(
        (issue.closed, issue.due, issue.pull.is_some()),
        (None, None, false)
    );
    assert_eq!(issue.repo.as_deref(), Some("observatory/telescope"));
    assert_eq!(
        issue.url,
        "https://git.example.org/observatory/telescope/issues/1"
    );
    let as_pull: Issue = answer("/repos/observatory/telescope/issues/65");
    assert!(as_pull.pull.is_some());
}

#[test]
fn a_pull_request_has_its_facts() {
    let pull: PullRequest = answer("/repos/observatory/telescope/pulls/65");
    assert_eq!(
        (pull.base.branch.as_str(), pull.head.branch.as_str()),
        ("main", "fix/overflow")
    );
    assert_eq!(pull.head.repo.as_deref(), Some("observatory/telescope"));
    assert_eq!((pull.additions, pull.changed_files), (Some(2), Some(1)));
    assert!(pull.mergeable && !pull.merged);
}

#[test]
fn a_repository_has_its_facts() {
    let repository: Repository = answer("/repos/observatory/telescope");
    assert_eq!(repository.full_name, "observatory/telescope");
    assert_eq!((repository.open_issues, repository.open_pulls), (45, 5));
    assert_eq!(repository.archived_since, None);
    assert_eq!(repository.default_branch.as_deref(), Some("main"));
    assert!(repository.permissions.unwrap().push);
}

#[test]
fn a_file_is_bytes_a_link_has_a_target_a_folder_is_a_list() {
    let Contents::One(mut guide) = answer("/repos/observatory/telescope/contents/docs/guide.md")
    else {
        panic!("one file");
    };
    assert_eq!((guide.kind, guide.size), (EntryKind::File, 12888));
    let bytes = guide.take_bytes().unwrap();
    assert!(bytes.starts_with(b"# The guide\n") && bytes.len() == 12888);
    let Contents::One(mut link) = answer("/repos/observatory/telescope/contents/GUIDE.md") else {
        panic!("one link");
    };
    assert_eq!((link.kind, link.take_bytes()), (EntryKind::Symlink, None));
    assert_eq!(link.target.as_deref(), Some("docs/guide.md"));
    let Contents::Folder(entries) = answer("/repos/observatory/telescope/contents") else {
        panic!("a folder");
    };
    assert_eq!(entries.items.len(), 10);
}

#[test]
fn a_commit_has_its_facts_and_no_address_of_anybody() {
    let commits: Vec<Commit> = answer("/repos/observatory/telescope/commits");
    let newest = &commits[0];
    assert_eq!(newest.author.as_deref(), Some("reviewer"));
    assert_eq!(newest.git.author.as_ref().unwrap().name, "The Reviewer");
    assert!(newest.git.message.starts_with("Describe the lens\n"));
    assert_eq!(newest.parents.len(), 1);
    assert_eq!(newest.stats.unwrap().additions, 3);
    let shown = format!("{:?}", newest.git.author);
    assert!(!shown.contains('@'), "{shown}");
}

#[test]
fn checks_have_states() {
    let status: CombinedStatus = answer("/repos/observatory/telescope/commits/main/status");
    assert_eq!(status.state.as_deref(), Some("pending"));
    assert_eq!(status.statuses.items[0].context, "ci / test (push)");
}

#[test]
fn a_thing_without_its_words_does_not_hide_the_others() {
    fn reads<T: DeserializeOwned>(json: &str) {
        let read = serde_json::from_str::<T>(json);
        read.unwrap_or_else(|error| panic!("{json}: {error}"));
    }
    reads::<Issue>(r#"{"number":1,"title":null,"assets":[{"name":null}]}"#);
    reads::<PullRequest>(r#"{"number":1,"title":null,"base":{"ref":null},"head":{"ref":null}}"#);
    reads::<Label>(r#"{"id":1,"name":null}"#);
    reads::<Milestone>(r#"{"id":1,"title":null}"#);
    reads::<Comment>(r#"{"id":1,"body":null}"#);
    reads::<Review>(r#"{"id":1,"state":null}"#);
    reads::<Status>(r#"{"status":null}"#);
    reads::<Activity>(r#"{"op_type":null}"#);
    reads::<Commit>(r#"{"sha":"a","commit":{"message":null,"verification":{"verified":null}}}"#);
    reads::<Repository>(r#"{"full_name":"o/r","permissions":{"push":null}}"#);
}
