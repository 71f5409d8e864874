use serde_json::json;

use crate::support::{Assistant, Reply, telescope};

#[test]
fn a_list_tells_tip_day_author_and_subject_of_each_branch() {
    let assistant = Assistant::new();
    let text = assistant.calls(
        "branch_read",
        &telescope(json!({"method": "list", "limit": 3})),
    );
    assert_eq!(
        text,
        "observatory/telescope branches 1-3 of 7\n\
         next: {\"method\":\"list\",\"limit\":3,\"owner\":\"observatory\",\"repo\":\"telescope\",\"page\":2}\n\n\
         main 639efab4f3 2026-11-23 reviewer protected: Describe the lens\n\
         docs/typo 8f9fae68ef 2026-11-23 reviewer: Merge branch 'main' into docs/typo\n\
         big-change 124a318d65 2026-02-24 contributor: Generate eighty tables"
    );
}

#[test]
fn an_empty_repository_has_no_branches() {
    let arguments = json!({"method": "list", "repo": "observatory/empty"});
    let text = Assistant::new().calls("branch_read", &arguments);
    assert_eq!(text, "observatory/empty branches: none of 0");
}

#[test]
fn a_branch_with_a_slash_is_an_ordinary_branch() {
    let assistant = Assistant::new();
    let arguments = telescope(json!({"method": "get", "branch": "fix/overflow"}));
    let text = assistant.calls("branch_read", &arguments);
    assert_eq!(
        text,
        "observatory/telescope branch fix/overflow\n\
         commit: 329ea23aa6 2026-02-20 15:15 contributor: Count steps in 32 bits\n\
         protected: no\n\
         this account: push yes, merge yes"
    );
    assert_eq!(
        assistant.asked(),
        ["/repos/observatory/telescope/branches/fix%2Foverflow"]
    );
}

#[test]
fn a_protected_branch_says_what_it_needs() {
    let arguments = telescope(json!({"method": "get", "branch": "main"}));
    let text = Assistant::new().calls("branch_read", &arguments);
    let facts = "protected: yes\napprovals needed: 1\nthis account: push no, merge yes";
    assert!(text.ends_with(facts), "{text}");
}

#[test]
fn an_unknown_branch_is_refused_with_those_there_are() {
    let assistant = Assistant::new();
    let nothing = Reply::new(404, "");
    assistant
        .fake
        .says("/api/v1/repos/observatory/telescope/commits", nothing);
    let arguments = telescope(json!({"method": "get", "branch": "no-such"}));
    let text = assistant.calls("branch_read", &arguments);
    assert_eq!(
        text,
        "refused: no branch, tag or commit \"no-such\" in observatory/telescope; branches: main, \
         docs/typo, big-change, conflict, feature/lens-cap, fix/overflow, release/1.x"
    );
}
