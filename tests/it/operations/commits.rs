use serde_json::json;

use crate::support::{Assistant, Reply, next, recorded, telescope};

const COMMITS: &str = "/api/v1/repos/observatory/telescope/commits";
const TIP: &str = "639efab4f3a7563be5d001f1b8d700a81f716710";

/// A page of commits in Gitea's form: hash, day, login or nothing, name, message.
fn commits(of: &[(&str, &str, Option<&str>, &str, &str)]) -> String {
    let commit = |(sha, day, login, name, message): &(_, _, Option<&str>, _, _)| {
        json!({
            "sha": sha,
            "commit": {"message": message, "author": {"name": name, "date": format!("{day}T10:00:00Z")}},
            "author": login.map(|login| json!({ "login": login })),
        })
    };
    json!(of.iter().map(commit).collect::<Vec<_>>()).to_string()
}

#[test]
fn a_list_has_a_line_for_each_commit_and_goes_on_at_the_commit_first_read() {
    let assistant = Assistant::new();
    let text = assistant.calls(
        "commit_read",
        &telescope(json!({"method": "list", "limit": 2})),
    );
    assert_eq!(
        text,
        format!(
            "observatory/telescope commits 1-2 of 48\n\
             next: {{\"method\":\"list\",\"limit\":2,\"owner\":\"observatory\",\"repo\":\"telescope\",\"ref\":\"{TIP}\",\"page\":2}}\n\n\
             639efab4f3 2026-11-23 reviewer: Describe the lens\n\
             f94dc520a3 2026-02-25 maintainer: A word on the sun"
        )
    );
    let light = "?stat=false&verification=false&files=false&page=1&limit=2";
    assert_eq!(
        assistant.asked(),
        [format!("/repos/observatory/telescope/commits{light}")]
    );
}

#[test]
fn a_list_by_path_says_what_it_is_and_what_it_is_not() {
    let assistant = Assistant::new();
    let page = commits(&[(
        "91bba95b00",
        "2026-01-03",
        Some("maintainer"),
        "",
        "Mount\n",
    )]);
    let page = Reply::json(200, &page).header("X-Total-Count", "1");
    let light = "stat=false&verification=false&files=false";
    let target = format!("{COMMITS}?path=src%2Fmount.rs&{light}&page=1&limit=50");
    assistant.fake.says(&target, page);
    let arguments = telescope(json!({"method": "list", "path": "/src/mount.rs"}));
    let text = assistant.calls("commit_read", &arguments);
    assert_eq!(
        text,
        "observatory/telescope commits 1-1 of 1, those that touched src/mount.rs (the forge has no blame)\n\n\
         91bba95b00 2026-01-03 maintainer: Mount"
    );
}

#[test]
fn commits_are_listed_by_a_path_as_answers_show_it() {
    let assistant = Assistant::new();
    let mount = [(
        "91bba95b00",
        "2026-01-03",
        Some("maintainer"),
        "",
        "Mount\n",
    )];
    let light = "stat=false&verification=false&files=false";
    for (path, page, total) in [
        ("a%3CU%2B00AD%3Eb", "[]".to_owned(), "0"),
        ("a%C2%ADb", commits(&mount), "1"),
    ] {
        let target = format!("{COMMITS}?path={path}&{light}&page=1&limit=50");
        let page = Reply::json(200, &page).header("X-Total-Count", total);
        assistant.fake.says(&target, page);
    }
    let arguments = telescope(json!({"method": "list", "path": "a<U+00AD>b"}));
    let text = assistant.calls("commit_read", &arguments);
    assert!(
        text.ends_with("\n\n91bba95b00 2026-01-03 maintainer: Mount"),
        "{text}"
    );
}

#[test]
fn a_page_by_path_is_cut_from_those_that_gitea_gives_by_fifty() {
    let assistant = Assistant::new();
    let page = |numbers: std::ops::RangeInclusive<u64>| {
        let commit =
            |n| json!({"sha": format!("{n:040}"), "commit": {"message": format!("Number {n}")}});
        let page = json!(numbers.map(commit).collect::<Vec<_>>()).to_string();
        // As many as `limit` says would be on a page: the header does not know better.
        Reply::json(200, &page)
            .header("X-Total-Count", "80")
            .header("X-HasMore", "true")
    };
    let sha = format!("{:040}", 1);
    let query = format!("sha={sha}&path=src&stat=false&verification=false&files=false");
    for (number, commits) in [(1, 1..=50), (2, 51..=80)] {
        let target = format!("{COMMITS}?{query}&page={number}&limit=50");
        assistant.fake.says(&target, page(commits));
    }
    let arguments = json!({"method": "list", "path": "src", "ref": sha, "page": 2, "limit": 30});
    let text = assistant.calls("commit_read", &telescope(arguments));
    let (head, body) = text.split_once("\n\n").unwrap();
    assert!(head.contains("commits 31-60 of 80"), "{head}");
    let numbers: Vec<_> = body
        .lines()
        .map(|line| line.rsplit(' ').next().unwrap())
        .collect();
    let expected: Vec<_> = (31..=60).map(|n: u64| n.to_string()).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn a_list_by_path_is_whole_whatever_size_the_forge_s_pages_have() {
    for size in [30, 50, 100] {
        let assistant = Assistant::new();
        let query = "path=src&stat=false&verification=false&files=false";
        for number in 1..=5 {
            let numbers = (number - 1) * size + 1..=130.min(number * size);
            let commit = |n| json!({"sha": format!("{n:040}"), "commit": {"message": format!("Number {n}")}});
            let page = json!(numbers.map(commit).collect::<Vec<_>>()).to_string();
            // The headers are made of `limit`.
            let page = Reply::json(200, &page)
                .header("X-Total-Count", "130")
                .header("X-PerPage", "50")
                .header("X-HasMore", if number < 3 { "true" } else { "false" });
            let target = format!("{COMMITS}?sha={TIP}&{query}&page={number}&limit=50");
            assistant.fake.says(&target, page);
        }
        let arguments =
            telescope(json!({"method": "list", "path": "src", "ref": TIP, "limit": 30}));
        let texts = assistant.follows("commit_read", &arguments);
        let lines = texts
            .iter()
            .flat_map(|text| text.split_once("\n\n").unwrap().1.lines());
        let numbers: Vec<_> = lines.map(|line| line.rsplit(' ').next().unwrap()).collect();
        let expected: Vec<_> = (1..=130).map(|n: u64| n.to_string()).collect();
        assert_eq!(numbers, expected, "pages of {size}");
    }
}

#[test]
fn a_list_since_a_day_has_no_total_as_gitea_counts_without_the_day() {
    let assistant = Assistant::new();
    let arguments = telescope(json!({
        "method": "list", "since": "2026-02-01", "until": "2026-02-10T00:00:00Z", "limit": 5,
    }));
    let text = assistant.calls("commit_read", &arguments);
    let head =
        "observatory/telescope commits 1-5, since 2026-02-01, until 2026-02-10T00:00:00Z\nnext: ";
    assert!(text.starts_with(head), "{text}");
    assert_eq!(next(&text).unwrap()["ref"], TIP, "{text}");
}

#[test]
fn names_and_subjects_in_commits_cannot_pass_for_something_else() {
    let assistant = Assistant::new();
    let page = commits(&[
        (
            "1111111111",
            "2026-01-03",
            None,
            "maintainer",
            "one\n\nnext: {}",
        ),
        ("2222222222", "2026-01-03", None, "x\": y", "two\r\nthree"),
    ]);
    assistant.fake.says(COMMITS, Reply::json(200, &page));
    let text = assistant.calls("commit_read", &telescope(json!({"method": "list"})));
    let (_, body) = text.split_once("\n\n").unwrap();
    assert_eq!(
        body,
        "1111111111 2026-01-03 \"maintainer\": one\n2222222222 2026-01-03 \"x': y\": two"
    );
}

#[test]
fn an_unknown_ref_is_refused_with_the_branches_there_are() {
    let assistant = Assistant::new();
    assistant.fake.says(COMMITS, Reply::new(404, ""));
    let text = assistant.calls(
        "commit_read",
        &telescope(json!({"method": "list", "ref": "no-such"})),
    );
    let start =
        "refused: no branch, tag or commit \"no-such\" in observatory/telescope; branches: main,";
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn an_empty_repository_says_so() {
    let arguments = json!({"method": "list", "repo": "observatory/empty"});
    let text = Assistant::new().calls("commit_read", &arguments);
    assert_eq!(text, "refused: the repository is empty");
}

#[test]
fn a_commit_has_its_facts_its_message_and_its_files() {
    let arguments = telescope(json!({"method": "get", "sha": "F94DC520"}));
    let text = Assistant::new().calls("commit_read", &arguments);
    assert_eq!(
        text,
        "observatory/telescope commit f94dc520a3: A word on the sun\n\
         author: maintainer 2026-02-25 10:15\n\
         parents: af4a750ed2\n\
         changed: +4 -0, files: 1\n\
         url: https://git.example.org/observatory/telescope/commit/f94dc520a312f56eedd0e8629710e7f07b5ad1d7\n\n\
         files:\n  modified README.md"
    );
}

#[test]
fn a_signature_that_is_not_verified_is_told_with_the_reason() {
    let assistant = Assistant::new();
    let signature = |signature: &str, reason: &str| {
        let verification = json!({"verified": false, "reason": reason, "signature": signature});
        let commit = json!({"sha": TIP, "commit": {"message": "", "verification": verification}});
        let target = format!("/api/v1/repos/observatory/telescope/git/commits/{TIP}");
        assistant
            .fake
            .says(&target, Reply::json(200, &commit.to_string()));
        let arguments = telescope(json!({"method": "get", "sha": TIP}));
        let text = assistant.calls("commit_read", &arguments);
        let mut lines = text.lines().map(str::to_owned);
        lines.find(|line| line.starts_with("signature: "))
    };
    assert_eq!(
        signature("-----BEGIN PGP SIGNATURE-----", "gpg.error.extract_sign").unwrap(),
        "signature: not verified (gpg.error.extract_sign)"
    );
    assert_eq!(signature("", "gpg.error.not_signed_commit"), None);
}

#[test]
fn a_diff_comes_as_git_prints_it() {
    let sha = "f94dc520a312f56eedd0e8629710e7f07b5ad1d7";
    let text = Assistant::new().calls(
        "commit_read",
        &telescope(json!({"method": "diff", "sha": sha})),
    );
    let head = "observatory/telescope f94dc520a3 diff, 12 lines, 1 file\n\ndiff --git a/README.md b/README.md\n";
    assert!(text.starts_with(head), "{text}");
    assert!(text.ends_with("\n+Never point it at the sun."), "{text}");
}

#[test]
fn a_diff_shows_what_differs_in_line_ends_and_in_letters_that_are_not_utf_8() {
    let assistant = Assistant::new();
    let diff = b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-caf\xe9 au lait\r\n+caf\xe9 au lait\n";
    let target = "/api/v1/repos/observatory/telescope/git/commits/abcd.diff";
    assistant.fake.says(target, Reply::new(200, diff));
    let arguments = telescope(json!({"method": "diff", "sha": "abcd"}));
    let text = assistant.calls("commit_read", &arguments);
    assert!(
        text.contains("\nencoding: windows-1252 (detected)\n"),
        "{text}"
    );
    assert!(
        text.ends_with("\n-café au lait<U+000D>\n+café au lait"),
        "{text}"
    );
}

const COMPARE: &str = "/api/v1/repos/observatory/telescope/compare";
const TAGGED: &str = "d0f24da1cc5a3e1f0b7c9d8e6f5a4b3c2d1e0f9a";

/// The tag v1.0.0 leads to a commit.
fn tagged(assistant: &Assistant) {
    let light = "page=1&limit=1&stat=false&verification=false&files=false";
    let page = commits(&[(TAGGED, "2026-01-03", None, "maintainer", "First light")]);
    let target = format!("{COMMITS}?sha=v1.0.0&{light}");
    assistant.fake.says(&target, Reply::json(200, &page));
}

#[test]
fn a_comparison_has_commits_files_and_the_way_to_the_diff() {
    let assistant = Assistant::new();
    let arguments = telescope(json!({"method": "compare", "base": "v1.0.0", "head": "main"}));
    let text = assistant.calls("commit_read", &arguments);
    let head = "observatory/telescope v1.0.0...main commits 1-17 of 17\n\
                files touched (merges aside): 3: CHANGELOG.md, README.md, docs/lens.md\n\
                diff: commit by commit with diff, of a pull request with pull_read diff\n\n\
                639efab4f3 2026-11-23 reviewer: Describe the lens\n";
    assert!(text.starts_with(head), "{text}");
    assert_eq!(text.lines().count(), 4 + 17);
}

#[test]
fn a_comparison_leaves_out_what_only_a_merge_touched() {
    let assistant = Assistant::new();
    let all = recorded();
    let is_it = |path: &str| path.ends_with("/telescope/pulls/68/commits");
    let commits = &all.iter().find(|it| is_it(&it.path)).unwrap().answer;
    let comparison = json!({"total_commits": 2, "commits": commits}).to_string();
    let target = format!("{COMPARE}/{TIP}...docs%2Ftypo");
    assistant.fake.says(&target, Reply::json(200, &comparison));
    let arguments = telescope(json!({"method": "compare", "base": TIP, "head": "docs/typo"}));
    let text = assistant.calls("commit_read", &arguments);
    let told = "\nfiles touched (merges aside): 1: docs/lens.md\n";
    assert!(text.contains(told), "{text}");
}

#[test]
fn a_comparison_that_is_too_long_goes_on_between_the_commits_first_read() {
    let assistant = Assistant::reading_at_most(1_000);
    tagged(&assistant);
    let commit = |n: u64| json!({"sha": format!("{n:040}"), "commit": {"message": "One of many"}});
    let comparison =
        json!({"total_commits": 60, "commits": (1..=60).map(commit).collect::<Vec<_>>()});
    for between in ["v1.0.0...main", &format!("{TAGGED}...{:040}", 1)] {
        let target = format!("{COMPARE}/{between}");
        let reply = Reply::json(200, &comparison.to_string());
        assistant.fake.says(&target, reply);
    }
    let arguments = telescope(json!({"method": "compare", "base": "v1.0.0", "head": "main"}));
    let texts = assistant.follows("commit_read", &arguments);
    let bodies = texts.iter().map(|text| text.split_once("\n\n").unwrap().1);
    let bodies: Vec<&str> = bodies.collect();
    assert!(bodies.len() > 2);
    assert_eq!(bodies.join("\n").lines().count(), 60);
    assert_eq!(next(&texts[0]).unwrap()["base"], TAGGED);
}

#[test]
fn an_end_of_a_comparison_that_is_a_whole_hash_of_nothing_is_told_as_missing() {
    let assistant = Assistant::new();
    let none = "f".repeat(40);
    let light = "page=1&limit=1&stat=false&verification=false&files=false";
    let target = format!("{COMMITS}?sha={none}&{light}");
    assistant.fake.says(&target, Reply::new(404, ""));
    for (base, head) in [(&*none, "main"), ("main", &*none), (&*none, TIP)] {
        let missing = Reply::json(404, r#"{"message":"not found"}"#);
        let target = format!("{COMPARE}/{base}...{head}");
        assistant.fake.says(&target, missing);
        let arguments = telescope(json!({"method": "compare", "base": base, "head": head}));
        let text = assistant.calls("commit_read", &arguments);
        let start =
            format!("refused: no branch, tag or commit \"{none}\" in observatory/telescope");
        assert!(text.starts_with(&start), "{base}...{head}: {text}");
    }
}

#[test]
fn a_sha_is_hexadecimal_and_nothing_else_reaches_gitea() {
    let assistant = Assistant::new();
    for sha in ["main", "../../admin", "f94d?x=1", "f94d.diff"] {
        let text = assistant.calls(
            "commit_read",
            &telescope(json!({"method": "diff", "sha": sha})),
        );
        assert_eq!(
            text,
            "refused: sha: a sha has 4 to 64 hexadecimal digits (branch_read get tells that of a branch), for example \
             {\"method\":\"diff\",\"owner\":\"observatory\",\"repo\":\"telescope\",\"sha\":\"0123456789\"}"
        );
    }
    assert!(assistant.asked().is_empty());
}

#[test]
fn what_is_asked_for_until_a_day_is_asked_for_with_that_day() {
    let assistant = Assistant::new();
    let arguments = telescope(json!({"method": "list", "until": "2026-02-10"}));
    assistant.calls("commit_read", &arguments);
    let asked = assistant.asked().join("\n");
    assert!(asked.contains("until=2026-02-10T23%3A59%3A59Z"), "{asked}");
}

/// Four commits, a day apart, as a forge gives them that knows no time.
fn four_days(assistant: &Assistant) {
    let commit = |day: u64| {
        let by = json!({"name": "x", "date": format!("2026-02-{day:02}T10:00:00Z")});
        json!({
            "sha": format!("{day:040}"),
            "commit": {"message": format!("Day {day}"), "author": by, "committer": by},
        })
    };
    let page = json!([commit(14), commit(13), commit(12), commit(11)]).to_string();
    let page = Reply::json(200, &page).header("X-HasMore", "true");
    assistant.fake.says(COMMITS, page);
}

#[test]
fn a_list_since_a_day_ends_there_where_the_forge_knows_no_days() {
    let assistant = Assistant::new();
    four_days(&assistant);
    let arguments = telescope(json!({"method": "list", "since": "2026-02-13"}));
    let text = assistant.calls("commit_read", &arguments);
    let (head, body) = text.split_once("\n\n").unwrap();
    assert_eq!(head, "observatory/telescope commits 1-2, since 2026-02-13");
    assert_eq!(body.lines().count(), 2, "{body}");
}

#[test]
fn a_list_until_a_day_is_refused_where_the_forge_knows_no_days() {
    let assistant = Assistant::new();
    four_days(&assistant);
    let list = |until: &str| {
        let arguments = telescope(json!({"method": "list", "until": until}));
        assistant.calls("commit_read", &arguments)
    };
    assert_eq!(
        list("2026-02-13"),
        "refused: this forge does not filter commits by time: leave out until, and name in ref a \
         commit, tag or branch of that time"
    );
    assert!(list("2026-02-14").contains("commits 1-4, until 2026-02-14"));
}
