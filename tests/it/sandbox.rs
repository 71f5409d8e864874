//! The forge of a first run answers as a real Gitea was recorded to answer.
use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::digest;
use serde_json::Value;

use super::support::{Recorded, Sandbox, recorded};

const LAMP: &str = "/api/v1/repos/lighthouse/lamp";

/// What we ask of the sandbox, and the path, query and all, whose recording it must look like.
const ALIKE: &[(&str, &str)] = &[
    ("/version", "/version"),
    ("/settings/api", "/settings/api"),
    ("/settings/attachment", "/settings/attachment"),
    ("/user", "/user"),
    ("/users/keeper", "/users/maintainer"),
    ("/users/search?q=keep", "/users/search?q=main"),
    ("/user/repos", "/user/repos?limit=50"),
    ("/orgs/lighthouse", "/orgs/observatory"),
    (
        "/orgs/lighthouse/labels",
        "/orgs/observatory/labels?limit=3",
    ),
    ("/repos/search?q=lamp", "/repos/search?limit=5&q=tele"),
    (
        "/repos/issues/search?q=fog",
        "/repos/issues/search?limit=5&q=mount",
    ),
    ("{}", "{}"),
    ("{}/topics", "{}/topics?limit=3"),
    ("{}/languages", "{}/languages"),
    ("{}/assignees", "{}/assignees"),
    ("{}/activities/feeds", "{}/activities/feeds?limit=5"),
    ("{}/labels", "{}/labels?limit=3"),
    ("{}/milestones", "{}/milestones?limit=3"),
    ("{}/releases", "{}/releases?limit=3"),
    ("{}/releases/latest", "{}/releases/latest"),
    ("{}/tags", "{}/tags?limit=3"),
    ("{}/branches", "{}/branches?limit=3"),
    ("{}/branches/fix/flash-drift", "{}/branches/fix/overflow"),
    (
        "{}/branches/fix%2Fflash-drift",
        "{}/branches/fix%2Foverflow",
    ),
    ("{}/commits?limit=3", "{}/commits?limit=3"),
    (
        "{}/commits?path=src/fog.rs&limit=5",
        "{}/commits?limit=5&path=src/mount.rs",
    ),
    (
        "{}/commits?limit=2&stat=false&verification=false&files=false",
        "{}/commits?files=false&limit=2&stat=false&verification=false",
    ),
    ("{}/commits/main/status", "{}/commits/main/status?limit=3"),
    (
        "{}/commits/main/statuses",
        "{}/commits/main/statuses?limit=3",
    ),
    ("{}/git/commits/main", "{}/git/commits/main"),
    ("{}/git/trees/main", "{}/git/trees/main"),
    (
        "{}/git/trees/main?recursive=true",
        "{}/git/trees/main?recursive=true",
    ),
    ("{}/compare/v1.0.0...main", "{}/compare/v1.0.0...main"),
    (
        "{}/compare/main..fix%2Fflash-drift",
        "{}/compare/main..fix%2Foverflow",
    ),
    ("{}/contents", "{}/contents"),
    ("{}/contents/docs", "{}/contents/docs"),
    ("{}/contents/docs/guide.md", "{}/contents/docs/guide.md"),
    ("{}/contents/GUIDE.md", "{}/contents/GUIDE.md"),
    ("{}/issues", "{}/issues?limit=30&page=1"),
    ("{}/issues/1", "{}/issues/1"),
    ("{}/issues/11", "{}/issues/65"),
    ("{}/issues/1/comments", "{}/issues/1/comments"),
    ("{}/pulls?state=closed&sort=oldest", "{}/pulls?state=closed"),
    ("{}/pulls/11", "{}/pulls/65"),
    ("{}/pulls/5", "{}/pulls/68"),
    ("{}/pulls/11/files", "{}/pulls/65/files?limit=3"),
    ("{}/pulls/11/commits", "{}/pulls/65/commits"),
    ("{}/pulls/11/reviews", "{}/pulls/65/reviews?limit=3"),
    (
        "{}/pulls/11/reviews/110/comments",
        "{}/pulls/65/reviews/4/comments",
    ),
];

/// The same for refusals, which must be alike to the letter but for names.
const REFUSED: &[(&str, &str)] = &[
    ("/users/no-such", "/users/no-such"),
    ("/orgs/no-such", "/orgs/no-such"),
    ("/repos/lighthouse/no-such", "/repos/observatory/no-such"),
    ("/repos/no-such/no-such", "/repos/no-such/no-such"),
    ("{}/branches/no-such", "{}/branches/no-such"),
    ("{}/commits?sha=no-such", "{}/commits?sha=no-such"),
    ("{}/git/commits/no-such", "{}/git/commits/no-such"),
    ("{}/git/trees/no-such", "{}/git/trees/no-such"),
    ("{}/compare/main...no-such", "{}/compare/main...no-such"),
    ("{}/contents?ref=no-such-ref", "{}/contents?ref=no-such-ref"),
    ("{}/contents/no/such", "{}/contents/no/such"),
    ("{}/raw/no/such", "{}/raw/no/such"),
    ("{}/releases/tags/no-such", "{}/releases/tags/no-such"),
    ("{}/issues/999", "{}/issues/999"),
    ("{}/issues/abc", "{}/issues/abc"),
    (
        "{}/issues?created_by=nobody-here",
        "{}/issues?created_by=nobody-here",
    ),
    ("{}/issues?since=yesterday", "{}/issues?since=yesterday"),
    ("{}/pulls/1", "{}/pulls/1"),
    (
        "/repos/lighthouse/harbour/contents",
        "/repos/observatory/empty/contents",
    ),
    (
        "/repos/lighthouse/harbour/contents/README.md",
        "/repos/observatory/empty/contents/README.md",
    ),
    (
        "/repos/lighthouse/harbour/commits",
        "/repos/observatory/empty/commits",
    ),
    (
        "/repos/lighthouse/harbour/branches",
        "/repos/observatory/empty/branches",
    ),
    (
        "/repos/lighthouse/harbour/issues",
        "/repos/observatory/empty/issues",
    ),
];

fn recording<'a>(all: &'a [Recorded], wanted: &str) -> &'a Recorded {
    let wanted = wanted.replace("{}", "/repos/observatory/telescope");
    let (path, query) = wanted.split_once('?').unwrap_or((&wanted, ""));
    let same = |known: &&Recorded| {
        let pairs = known
            .query()
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"));
        known.who == "aegis-bot"
            && known.path == path
            && pairs.collect::<Vec<_>>().join("&") == query
    };
    all.iter()
        .find(same)
        .unwrap_or_else(|| panic!("{wanted} was not recorded"))
}

/// Each field of the one is in the other, of the same type; lists are compared by their first items. What is null in
/// either may be anything in the other.
fn same_shape(ours: &Value, theirs: &Value, at: &str, faults: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(_), Value::Object(_)) if at.ends_with("/languages") => {}
        (Value::Object(ours), Value::Object(theirs)) => {
            let missing = theirs.keys().filter(|name| !ours.contains_key(*name));
            let added = ours.keys().filter(|name| !theirs.contains_key(*name));
            faults.extend(missing.map(|name| format!("{at}: no {name}")));
            faults.extend(added.map(|name| format!("{at}: {name} is ours alone")));
            for (name, value) in ours {
                same_shape(
                    value,
                    theirs.get(name).unwrap_or(&Value::Null),
                    &format!("{at}.{name}"),
                    faults,
                );
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            if let (Some(ours), Some(theirs)) = (ours.first(), theirs.first()) {
                same_shape(ours, theirs, &format!("{at}[0]"), faults);
            }
        }
        (ours, theirs) => {
            let kinds = (std::mem::discriminant(ours), std::mem::discriminant(theirs));
            if kinds.0 != kinds.1 && !ours.is_null() && !theirs.is_null() {
                faults.push(format!("{at}: {ours} where Gitea has {theirs}"));
            }
        }
    }
}

#[test]
fn answers_have_the_shapes_that_gitea_was_recorded_with() {
    let (sandbox, all) = (Sandbox::start(), recorded());
    let mut faults = Vec::new();
    for (path, wanted) in ALIKE {
        let theirs = recording(&all, wanted);
        let ours = sandbox.client().get(&format!(
            "/api/v1{}",
            path.replace("{}", "/repos/lighthouse/lamp")
        ));
        assert_eq!(ours.status, theirs.status, "{path}: {}", ours.body);
        for name in theirs.headers.keys().filter(|name| *name != "Link") {
            if ours.header(name).is_none() {
                faults.push(format!("{path}: no header {name}"));
            }
        }
        same_shape(&ours.json(), &theirs.answer, path, &mut faults);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn refusals_are_gitea_s_own() {
    let (sandbox, all) = (Sandbox::start(), recorded());
    for (path, wanted) in REFUSED {
        let theirs = recording(&all, wanted);
        let ours = sandbox.client().get(&format!(
            "/api/v1{}",
            path.replace("{}", "/repos/lighthouse/lamp")
        ));
        let said = String::from_utf8(theirs.body())
            .unwrap()
            .replace("git.example.org", "forge.example.org");
        let said: Value = serde_json::from_str(&said).unwrap_or_default();
        let answered = serde_json::from_str(&ours.body).unwrap_or_default();
        assert_eq!((ours.status, said), (theirs.status, answered), "{path}");
    }
}

#[test]
fn only_the_token_of_this_run_is_let_in() {
    let sandbox = Sandbox::start();
    let client = sandbox.client();
    assert_eq!(client.get("/api/v1/user").json()["login"], "aegis");
    let wrong = client.with(
        "Authorization",
        "token 0000000000000000000000000000000000000000",
    );
    assert_eq!(wrong.get("/api/v1/version").status, 401);
    let none = client.with("Authorization", "");
    assert_eq!(
        none.get("/api/v1/version").json()["message"],
        "token is required"
    );
}

#[test]
fn what_it_has_not_it_says() {
    let sandbox = Sandbox::start();
    for (method, path) in [
        ("GET", "/api/v1/admin/cron"),
        ("GET", "/elsewhere"),
        ("POST", "/api/v1/user/repos"),
    ] {
        let answer = sandbox.client().request(method, path, "");
        assert_eq!(answer.status, 501, "{method} {path}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(
            message.starts_with("the sandbox has no answer to "),
            "{message}"
        );
    }
}

#[test]
fn a_renamed_repository_is_a_relative_redirect() {
    let answer = Sandbox::start()
        .client()
        .get("/api/v1/repos/lighthouse/horn/issues");
    assert_eq!(answer.status, 301);
    assert_eq!(
        answer.header("location"),
        Some("/api/v1/repos/lighthouse/foghorn/issues")
    );
}

#[test]
fn pages_are_gitea_s() {
    let sandbox = Sandbox::start();
    let numbers = |query: &str| {
        let answer = sandbox.client().get(&format!("{LAMP}/issues?{query}"));
        let numbers = answer
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|issue| issue["number"].as_u64().unwrap())
            .collect::<Vec<_>>();
        (
            numbers,
            answer.header("x-total-count").unwrap().to_owned(),
            answer.header("link").map(str::to_owned),
        )
    };
    let (first, total, link) = numbers("state=all&type=issues&limit=5");
    assert_eq!((first, &*total), (vec![16, 15, 14, 12, 10], "12"));
    assert_eq!(
        link.as_deref(),
        Some(
            "<https://forge.example.org/api/v1/repos/lighthouse/lamp/issues?limit=5&page=2&state=all&type=issues>; rel=\"next\",\
             <https://forge.example.org/api/v1/repos/lighthouse/lamp/issues?limit=5&page=3&state=all&type=issues>; rel=\"last\""
        )
    );
    assert_eq!(numbers("state=all&type=issues&limit=5&page=3").0, [2, 1]);
    assert_eq!(numbers("page=99").0, [0_u64; 0]);
    for everything in [
        "limit=0",
        "limit=-1",
        "limit=1000",
        "labels=no-such",
        "state=nonsense",
        "milestones=no-such",
    ] {
        assert_eq!(numbers(everything).1, "12", "{everything}");
    }
    assert_eq!(numbers("labels=bug,good%20first%20issue").0, [1]);
    assert_eq!(numbers("milestones=2.0&type=issues").0, [7]);
    assert_eq!(numbers("assigned_by=keeper&created_by=inspector").0, [9]);
    assert_eq!(numbers("state=closed&type=pulls").0, [8, 5]);
    assert_eq!(numbers("q=GULL&state=all").0, [6]);
    assert_eq!(numbers("since=2026-10-01T00:00:00Z").0, [16, 15]);
}

#[test]
fn files_trees_and_diffs_agree() {
    let sandbox = Sandbox::start();
    let get = |path: &str| sandbox.client().get(&format!("{LAMP}{path}"));
    for item in get("/git/trees/main?recursive=true").json()["tree"]
        .as_array()
        .unwrap()
    {
        if item["type"] == "tree" || item["mode"] == "120000" {
            continue;
        }
        let path = item["path"].as_str().unwrap();
        let content = get(&format!("/contents/{path}")).json();
        let bytes = BASE64_STANDARD
            .decode(content["content"].as_str().unwrap())
            .unwrap();
        let blob = [format!("blob {}\0", bytes.len()).as_bytes(), &bytes].concat();
        let sha = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &blob);
        let sha = hex::encode(sha);
        assert_eq!(
            (&content["sha"], &item["sha"]),
            (&Value::from(&*sha), &Value::from(&*sha)),
            "{path}"
        );
    }
    for pull in [5, 8, 11, 13] {
        let (facts, diff) = (
            get(&format!("/pulls/{pull}")).json(),
            get(&format!("/pulls/{pull}.diff")).body,
        );
        let count = |sign, head| {
            diff.lines()
                .filter(|line| line.starts_with(sign) && !line.starts_with(head))
                .count()
        };
        assert_eq!(
            (facts["additions"].as_u64(), facts["deletions"].as_u64()),
            (
                Some(count('+', "+++") as u64),
                Some(count('-', "---") as u64)
            ),
            "{diff}"
        );
        let files = get(&format!("/pulls/{pull}/files")).json();
        assert_eq!(
            facts["changed_files"].as_u64().unwrap(),
            files.as_array().unwrap().len() as u64
        );
    }
}
