//! What can be asked: one line a question, as Gitea's API has them below `/api/v1`.
use serde_json::{Value, json};

use super::answer::{Answer, Asked, Reply, gitea_says, json_reply, not_found, not_found_because};
use super::code;
use super::forge::{ACCOUNT, Forge, Repository};

pub(super) fn answer(forge: &Forge, asked: &Asked) -> Answer {
    let segments: Vec<&str> = asked.segments.iter().map(String::as_str).collect();
    match segments[..] {
        ["version"] => Ok(json_reply(&json!({ "version": "1.26.0+sandbox" }))),
        ["settings", area] => match forge.shapes.plain("settings").get(area) {
            Some(settings) => Ok(json_reply(settings)),
            None => Err(Reply::new(
                404,
                "text/plain; charset=utf-8",
                "404 page not found\n",
            )),
        },
        ["user"] => Ok(json_reply(&forge.user(ACCOUNT))),
        ["user", "repos"] => Ok(asked.linked(&repositories(forge, |repository| {
            repository.owner == "lighthouse"
        }))),
        ["users", "search"] => {
            let word = asked.get("q").unwrap_or_default().to_lowercase();
            let fits = |login: &&str| login.contains(&word);
            let people = forge
                .people
                .iter()
                .filter(|person| person.kind == "user")
                .map(|person| person.name);
            let found: Vec<_> = people.filter(fits).map(|login| forge.user(login)).collect();
            Ok(wrapped(&asked.counted(&found)))
        }
        ["users", login] => {
            let message = format!("user redirect does not exist [name: {login}]");
            let missing = || gitea_says(404, json!({ "message": message }));
            let person = forge.person(login).ok_or_else(missing)?;
            Ok(json_reply(&forge.user(person.name)))
        }
        ["users" | "orgs", owner, "repos"] => Ok(asked
            .linked(&repositories(forge, |repository| {
                repository.owner.eq_ignore_ascii_case(owner)
            }))),
        ["orgs", name] => {
            let cause = format!("user redirect does not exist [name: {name}]");
            let person = forge
                .person(name)
                .filter(|person| person.kind == "organization");
            let person = person.ok_or_else(|| not_found_because("GetOrgByName", &cause))?;
            Ok(json_reply(&forge.organization(person)))
        }
        ["orgs", "lighthouse", "labels"] => {
            let labels = forge
                .labels
                .iter()
                .map(|label| forge.label(&forge.repositories[0], label.name));
            Ok(asked.counted(&labels.collect::<Vec<_>>()))
        }
        ["repos", "search"] => Ok(wrapped(&asked.linked(&search(forge, asked)))),
        ["repos", "issues", "search"] => forge.search_issues(asked),
        ["repos", owner, name, ref rest @ ..] => {
            let tail = rest
                .iter()
                .flat_map(|segment| ["/", segment])
                .collect::<String>();
            let repository = forge.repository(owner, name, &tail)?;
            of_repository(forge, repository, rest, asked)
        }
        _ => Err(not_here("GET", &segments.join("/"))),
    }
}

fn of_repository(forge: &Forge, repository: &Repository, rest: &[&str], asked: &Asked) -> Answer {
    match *rest {
        [] => Ok(json_reply(&forge.repository_json(repository))),
        ["topics"] => {
            let topics = repository.facts.list("topics");
            Ok(json_reply(&json!({ "topics": topics })).with("X-Total-Count", topics.len()))
        }
        ["languages"] => Ok(json_reply(&repository.languages())),
        ["assignees"] => Ok(json_reply(&forge.users(&[
            "aegis",
            "apprentice",
            "inspector",
            "keeper",
        ]))),
        ["activities", "feeds"] => Ok(asked.counted(&activities(forge, repository))),
        ["labels"] => {
            let labels = repository
                .labels
                .iter()
                .map(|label| forge.label(repository, label.name));
            Ok(asked.counted(&labels.collect::<Vec<_>>()))
        }
        ["milestones"] => {
            let (state, all) = (
                asked.get("state").unwrap_or("open"),
                asked.get("state") == Some("all"),
            );
            let milestones = repository
                .milestones
                .iter()
                .map(|known| forge.milestone(repository, known.name));
            let fits = |milestone: &Value| all || milestone["state"] == state;
            Ok(asked.counted(&milestones.filter(fits).collect::<Vec<_>>()))
        }
        ["releases"] => {
            let releases =
                (0..repository.releases.len()).map(|place| forge.release(repository, place));
            Ok(asked.linked(&releases.collect::<Vec<_>>()))
        }
        ["releases", "latest"] => {
            let place = repository
                .releases
                .iter()
                .position(|release| release.field("prerelease").is_none());
            Ok(json_reply(
                &forge.release(repository, place.ok_or_else(not_found)?),
            ))
        }
        ["releases", "tags", ref name @ ..] => {
            let place = repository
                .releases
                .iter()
                .position(|release| release.name == name.join("/"));
            Ok(json_reply(
                &forge.release(repository, place.ok_or_else(not_found)?),
            ))
        }
        ["issues" | "pulls", ..] => of_issues(forge, repository, rest, asked),
        _ => of_code(forge, repository, rest, asked),
    }
}

fn of_code(forge: &Forge, repository: &Repository, rest: &[&str], asked: &Asked) -> Answer {
    let history = &repository.history;
    match *rest {
        ["tags"] => {
            let tags = (0..history.tags.len())
                .rev()
                .map(|place| forge.tag(repository, place));
            Ok(asked.counted(&tags.collect::<Vec<_>>()))
        }
        ["tags", ref name @ ..] => {
            let place = history
                .tags
                .iter()
                .position(|tag| tag.name == name.join("/"));
            Ok(json_reply(
                &forge.tag(repository, place.ok_or_else(not_found)?),
            ))
        }
        ["branches"] => match history.branches.len() {
            0 => Ok(json_reply(&Value::Null).with("X-Total-Count", 0)),
            count => Ok(asked.linked(
                &(0..count)
                    .map(|place| forge.branch(repository, place))
                    .collect::<Vec<_>>(),
            )),
        },
        ["branches", ref name @ ..] => {
            let place = history
                .branches
                .iter()
                .position(|(branch, _)| *branch == name.join("/"));
            Ok(json_reply(
                &forge.branch(repository, place.ok_or_else(not_found)?),
            ))
        }
        ["commits"] => forge.log(repository, asked),
        ["commits", ref name @ .., "status"] => {
            let (sha, statuses) = forge.statuses(repository, &name.join("/"))?;
            let worst = ["failure", "pending", "success"]
                .into_iter()
                .find(|state| statuses.iter().any(|status| status["status"] == **state));
            Ok(json_reply(&json!({
                "state": worst.unwrap_or("pending"),
                "sha": sha,
                "total_count": statuses.len(),
                "statuses": statuses,
                "repository": forge.repository_json(repository),
                "commit_url": "",
                "url": format!("{}/statuses/{sha}", repository.api()),
            }))
            .with("X-Total-Count", statuses.len()))
        }
        ["commits", ref name @ .., "statuses"] | ["statuses", ref name @ ..] => {
            let (_, statuses) = forge.statuses(repository, &name.join("/"))?;
            Ok(asked.linked(&statuses))
        }
        ["git", "commits", name] => {
            let sha = name.strip_suffix(".diff").unwrap_or(name);
            let message = format!("commit doesn't exist: {sha}");
            let missing = || gitea_says(404, json!({ "errors": null, "message": message }));
            let commit = history.find(sha).ok_or_else(missing)?;
            if sha == name {
                return Ok(json_reply(&forge.commit(repository, commit, asked)));
            }
            let (before, after) = (history.before(commit), &history.commits[commit].files);
            Ok(code::patch(&before, after))
        }
        ["git", "trees", ref name @ ..] => code::tree(repository, &name.join("/"), asked),
        ["compare", ref both @ ..] => forge.compare(repository, &both.join("/"), asked),
        ["contents", ref path @ ..] => {
            forge.contents(repository, path.join("/").trim_end_matches('/'), asked)
        }
        ["raw" | "media", ref path @ ..] => code::raw(repository, &path.join("/"), asked),
        _ => Err(not_here("GET", &rest.join("/"))),
    }
}

fn of_issues(forge: &Forge, repository: &Repository, rest: &[&str], asked: &Asked) -> Answer {
    match *rest {
        ["issues"] => {
            let found = forge.filtered(repository, asked)?;
            let found: Vec<_> = found
                .into_iter()
                .map(|issue| forge.issue(repository, issue))
                .collect();
            Ok(asked.linked(&found))
        }
        ["issues", number] => Ok(json_reply(
            &forge.issue(repository, repository.issue(number)?),
        )),
        ["issues", number, "labels"] => Ok(json_reply(
            &forge.issue(repository, repository.issue(number)?)["labels"],
        )),
        ["issues", number, "comments"] => {
            // No pages here, whatever is asked.
            let issue = repository.issue(number)?;
            let comments =
                (0..issue.comments.len()).map(|place| forge.comment(repository, issue, place));
            let since = asked.time("since")?;
            let since = |comment: &Value| {
                since
                    .as_deref()
                    .is_none_or(|since| comment["updated_at"].as_str() >= Some(since))
            };
            let comments: Vec<_> = comments.filter(since).collect();
            Ok(json_reply(&comments).with("X-Total-Count", issue.comments.len()))
        }
        ["pulls"] => Ok(forge.pulls(repository, asked)),
        ["pulls", name] => {
            let number = name.strip_suffix(".diff").unwrap_or(name);
            let pull = repository.pull(number)?;
            if number == name {
                return Ok(json_reply(&forge.pull(repository, pull, false)));
            }
            let (before, after) = pull.files(repository);
            Ok(code::patch(&before, &after))
        }
        ["pulls", number, "files"] => {
            let files = forge.changed_files(repository, repository.pull(number)?);
            Ok(asked.paged(&files, files.len()))
        }
        ["pulls", number, "commits"] => {
            let (base, head) = repository.pull(number)?.sides(repository);
            let commits = forge.commits(repository, &repository.history.ahead(base, head), asked);
            Ok(asked.paged(&commits, commits.len()))
        }
        ["pulls", number, "reviews"] => {
            let pull = repository.pull(number)?;
            let reviews =
                (0..pull.reviews.len()).map(|place| forge.review(repository, pull, place));
            Ok(asked.counted(&reviews.collect::<Vec<_>>()))
        }
        ["pulls", number, "reviews", id, "comments"] => {
            let pull = repository.pull(number)?;
            let review =
                (0..pull.reviews.len()).find(|place| (pull.number * 10 + place).to_string() == id);
            let review = review.ok_or_else(not_found)?;
            let lines = pull.reviews[review]
                .1
                .iter()
                .map(|line| forge.review_comment(repository, pull, review, line));
            Ok(json_reply(&lines.collect::<Vec<_>>()))
        }
        _ => Err(not_here("GET", &rest.join("/"))),
    }
}

/// What a real Gitea would answer and this one does not.
pub(super) fn not_here(method: &str, path: &str) -> Reply {
    let message = format!("the sandbox has no answer to {method} {path}; a real forge may");
    gitea_says(501, json!({ "message": message }))
}

fn repositories(forge: &Forge, fits: impl Fn(&&Repository) -> bool) -> Vec<Value> {
    let found = forge.repositories.iter().filter(fits);
    found
        .map(|repository| forge.repository_json(repository))
        .collect()
}

fn search(forge: &Forge, asked: &Asked) -> Vec<Value> {
    let word = asked.get("q").unwrap_or_default().to_lowercase();
    let fits = |repository: &&Repository| {
        let facts = &repository.facts;
        let is_topic = facts.list("topics").iter().any(|topic| *topic == word);
        let about = asked.get("includeDesc") == Some("true")
            && facts
                .field("about")
                .unwrap_or_default()
                .to_lowercase()
                .contains(&word);
        let by_topic = asked.get("topic") == Some("true");
        if by_topic {
            is_topic
        } else {
            repository.name.contains(&word) || about
        }
    };
    let mut found: Vec<&Repository> = forge.repositories.iter().filter(fits).collect();
    let flag = |name: &str, is: &dyn Fn(&Repository) -> bool, found: &mut Vec<&Repository>| {
        if let Some(value) = asked.get(name) {
            found.retain(|repository| is(repository) == (value == "true"));
        }
    };
    flag(
        "archived",
        &|repository| repository.facts.field("archived").is_some(),
        &mut found,
    );
    flag(
        "is_private",
        &|repository| repository.facts.field("private").is_some(),
        &mut found,
    );
    match asked.get("sort") {
        Some("updated") => found.sort_by_key(|repository| repository.updated()),
        Some("created") => found.sort_by_key(|repository| repository.facts.fact("created")),
        Some("alpha") | None => found.sort_by_key(|repository| repository.name),
        Some(_) => {}
    }
    if asked.get("order") == Some("desc") {
        found.reverse();
    }
    found
        .into_iter()
        .map(|repository| forge.repository_json(repository))
        .collect()
}

/// A page as Gitea's searches wrap it.
fn wrapped(page: &Reply) -> Reply {
    let data: Value = serde_json::from_slice(&page.body).expect("made a line above");
    let mut reply = json_reply(&json!({ "ok": true, "data": data }));
    reply.headers.clone_from(&page.headers);
    reply
}

/// What happened in a repository, newest first.
fn activities(forge: &Forge, repository: &Repository) -> Vec<Value> {
    let mut happened = Vec::new();
    for issue in &repository.issues {
        let facts = &issue.facts;
        let (opened, said) = if issue.is_pull() {
            ("create_pull_request", "comment_pull")
        } else {
            ("create_issue", "comment_issue")
        };
        happened.push((
            facts.fact("at"),
            opened,
            facts.fact("by"),
            format!("{}|{}", issue.number, facts.fact("title")),
        ));
        for comment in &issue.comments {
            happened.push((
                comment.fact("at"),
                said,
                comment.fact("by"),
                format!("{}|{}", issue.number, comment.text()),
            ));
        }
    }
    for release in &repository.releases {
        happened.push((
            release.fact("at"),
            "publish_release",
            release.fact("by"),
            release.fact("title").to_owned(),
        ));
    }
    for commit in &repository.history.commits {
        let commits =
            json!({ "Commits": [{ "Sha1": commit.sha, "Message": commit.message }], "Len": 1 });
        happened.push((commit.at, "commit_repo", commit.by, commits.to_string()));
    }
    happened.sort_by_key(|(at, ..)| std::cmp::Reverse(*at));
    let shape = |(place, (at, kind, by, content)): (usize, (&str, &str, &str, String))| {
        let user = forge.user(by);
        forge.shapes.with(
            "activity",
            json!({
                "id": 1000 - place,
                "user_id": user["id"],
                "op_type": kind,
                "act_user_id": user["id"],
                "act_user": user,
                "repo_id": repository.id,
                "repo": forge.repository_json(repository),
                "content": content,
                "created": at,
            }),
        )
    };
    happened.into_iter().enumerate().map(shape).collect()
}
