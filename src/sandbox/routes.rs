//! What can be asked: one line a question, as Gitea's API has them below `/api/v1`.
use serde_json::{Value, json};

use super::answer::{Answer, Asked, Reply, gitea_says, json_reply, not_found, not_found_because};
use super::code;
use super::filters;
use super::forge::{ACCOUNT, Forge, Repository};
use crate::sort;

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
        ["user", "repos"] => Ok(asked.linked(&owned(forge, "lighthouse"))),
        ["users", "search"] => {
            let word = asked.get("q").unwrap_or_default().to_lowercase();
            let found = forge
                .people
                .iter()
                .filter(|person| person.kind == "user" && person.name.contains(&word));
            let found: Vec<_> = found.map(|person| forge.user(person.name)).collect();
            Ok(wrapped(&asked.counted(&found)))
        }
        ["users", login] => {
            let message = format!("user redirect does not exist [name: {login}]");
            let person = forge
                .person(login)
                .ok_or_else(|| gitea_says(404, json!({ "message": message })))?;
            Ok(json_reply(&forge.user(person.name)))
        }
        ["users" | "orgs", owner, "repos"] => Ok(asked.linked(&owned(forge, owner))),
        ["orgs", name] => {
            let cause = format!("user redirect does not exist [name: {name}]");
            let person = forge
                .person(name)
                .filter(|person| person.kind == "organization");
            let person = person.ok_or_else(|| not_found_because("GetOrgByName", &cause))?;
            Ok(json_reply(&forge.person_as("organization", person.name)))
        }
        ["orgs", "lighthouse", "labels"] => Ok(asked.counted(&forge.organization_labels())),
        ["repos", "search"] => Ok(wrapped(&asked.linked(&search(forge, asked)))),
        ["repos", "issues", "search"] => {
            let found = forge.found(asked)?.into_iter();
            let found: Vec<_> = found
                .map(|(repository, issue)| forge.issue(repository, issue))
                .collect();
            Ok(asked.linked(&found))
        }
        ["repos", owner, name, ref rest @ ..] => {
            let tail: String = rest.iter().flat_map(|segment| ["/", segment]).collect();
            let repository = forge.repository(owner, name, &tail)?;
            of_repository(forge, repository, rest, asked)
        }
        _ => Err(not_here("GET", &segments.join("/"))),
    }
}

fn of_repository(forge: &Forge, repository: &Repository, rest: &[&str], asked: &Asked) -> Answer {
    match *rest {
        [] => Ok(json_reply(&forge.repository_view(repository))),
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
        ["activities", "feeds"] => Ok(asked.counted(&forge.activities(repository))),
        ["labels"] => Ok(asked.counted(&forge.labels(repository))),
        ["milestones"] => {
            let state = asked.get("state").unwrap_or("open");
            let mut milestones = forge.milestones(repository);
            milestones.retain(|milestone| state == "all" || milestone["state"] == state);
            Ok(asked.counted(&milestones))
        }
        ["releases"] => Ok(asked.linked(&forge.releases(repository))),
        ["releases", "latest"] => one(forge.releases(repository), |release| {
            release["prerelease"] == false
        }),
        ["releases", "tags", ref tag @ ..] => one(forge.releases(repository), |release| {
            release["tag_name"] == tag.join("/")
        }),
        ["issues" | "pulls", ..] => of_issues(forge, repository, rest, asked),
        _ => of_code(forge, repository, rest, asked),
    }
}

fn of_code(forge: &Forge, repository: &Repository, rest: &[&str], asked: &Asked) -> Answer {
    let history = &repository.history;
    match *rest {
        ["tags"] => Ok(asked.counted(&forge.tags(repository))),
        ["tags", ref tag @ ..] => one(forge.tags(repository), |known| {
            known["name"] == tag.join("/")
        }),
        ["branches"] if history.branches.is_empty() => {
            Ok(json_reply(&Value::Null).with("X-Total-Count", 0))
        }
        ["branches"] => Ok(asked.linked(&forge.branches(repository))),
        ["branches", ref branch @ ..] => one(forge.branches(repository), |known| {
            known["name"] == branch.join("/")
        }),
        ["commits"] => forge.log(repository, asked),
        ["commits", ref name @ .., "status"] => {
            let statuses = forge.statuses(repository, &name.join("/"))?;
            Ok(json_reply(&statuses).with("X-Total-Count", &statuses["total_count"]))
        }
        ["commits", ref name @ .., "statuses"] | ["statuses", ref name @ ..] => {
            let statuses = forge.statuses(repository, &name.join("/"))?;
            Ok(asked.linked(statuses["statuses"].as_array().map_or(&[], Vec::as_slice)))
        }
        ["git", "commits", name] => {
            let sha = name.strip_suffix(".diff").unwrap_or(name);
            let message = format!("commit doesn't exist: {sha}");
            let missing = || gitea_says(404, json!({ "errors": null, "message": message }));
            let commit = history.find(sha).ok_or_else(missing)?;
            if sha == name {
                return Ok(json_reply(&forge.commit(repository, commit, asked)));
            }
            Ok(code::patch(
                &history.before(commit),
                &history.commits[commit].files,
            ))
        }
        ["git", "blobs", sha] => forge.blob(repository, sha),
        ["git", "trees", ref name @ ..] => forge.tree(repository, &name.join("/"), asked),
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
            let found = forge.filtered(repository, asked)?.into_iter();
            Ok(asked.linked(
                &found
                    .map(|issue| forge.issue(repository, issue))
                    .collect::<Vec<_>>(),
            ))
        }
        ["issues", number] => Ok(json_reply(
            &forge.issue(repository, repository.issue(number)?),
        )),
        ["issues", number, "labels"] => Ok(json_reply(
            &forge.issue(repository, repository.issue(number)?)["labels"],
        )),
        ["issues", number, "comments"] => {
            // No pages here, whatever is asked.
            let mut comments = forge.comments(repository, repository.issue(number)?);
            let total = comments.len();
            let since = asked.time("since")?;
            comments.retain(|comment| comment["updated_at"].as_str() >= since.as_deref());
            Ok(json_reply(&comments).with("X-Total-Count", total))
        }
        ["pulls"] => {
            let found = filters::pulls(repository, asked).into_iter();
            Ok(asked.linked(
                &found
                    .map(|pull| forge.pull(repository, pull, true))
                    .collect::<Vec<_>>(),
            ))
        }
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
            Ok(asked.counted(&forge.reviews(repository, repository.pull(number)?)))
        }
        ["pulls", number, "reviews", id, "comments"] => {
            let pull = repository.pull(number)?;
            let reviews = forge.reviews(repository, pull);
            let place = reviews
                .iter()
                .position(|review| review["id"].as_u64() == id.parse().ok())
                .ok_or_else(not_found)?;
            Ok(json_reply(&forge.lines(
                repository,
                pull,
                &pull.reviews[place],
                id,
            )))
        }
        _ => Err(not_here("GET", &rest.join("/"))),
    }
}

/// What a real Gitea would answer and this one does not.
pub(super) fn not_here(method: &str, path: &str) -> Reply {
    let message = format!("the sandbox has no answer to {method} {path}; a real forge may");
    gitea_says(501, json!({ "message": message }))
}

/// The first that fits.
fn one(list: Vec<Value>, fits: impl Fn(&Value) -> bool) -> Answer {
    let found = list.into_iter().find(fits).ok_or_else(not_found)?;
    Ok(json_reply(&found))
}

fn owned(forge: &Forge, owner: &str) -> Vec<Value> {
    let found = forge
        .repositories
        .iter()
        .filter(|repository| repository.owner.eq_ignore_ascii_case(owner));
    found
        .map(|repository| forge.repository_view(repository))
        .collect()
}

fn search(forge: &Forge, asked: &Asked) -> Vec<Value> {
    let word = asked.get("q").unwrap_or_default().to_lowercase();
    let switched = |name| asked.get(name) == Some("true");
    let is = |name, field, repository: &Repository| {
        asked
            .get(name)
            .is_none_or(|value| (value == "true") == repository.facts.field(field).is_some())
    };
    let fits = |repository: &&Repository| {
        let facts = &repository.facts;
        let about = || {
            switched("includeDesc")
                && facts
                    .field("about")
                    .unwrap_or_default()
                    .to_lowercase()
                    .contains(&word)
        };
        let named = if switched("topic") {
            facts.list("topics").contains(&word.as_str())
        } else {
            repository.name.contains(&word) || about()
        };
        named && is("archived", "archived", repository) && is("is_private", "private", repository)
    };
    let mut found: Vec<_> = forge.repositories.iter().filter(fits).collect();
    match asked.get("sort") {
        Some("updated") => sort::by_key(&mut found, |repository| repository.updated()),
        Some("created") => {
            sort::by_key(&mut found, |repository| repository.facts.fact("created"));
        }
        _ => sort::by_key(&mut found, |repository| repository.name),
    }
    if asked.get("order") == Some("desc") {
        found.reverse();
    }
    found
        .into_iter()
        .map(|repository| forge.repository_view(repository))
        .collect()
}

/// A page as Gitea's searches wrap it.
fn wrapped(page: &Reply) -> Reply {
    let data: Value = serde_json::from_slice(&page.body).expect("made a line above");
    let mut reply = json_reply(&json!({ "ok": true, "data": data }));
    reply.headers.clone_from(&page.headers);
    reply
}
