//! What happened in a repository.
use serde::Deserialize;

use crate::{
    gitea::{GiteaReader, Query, views::Activity},
    operations::{
        Answer, Facts, Refusal, Report, View,
        common::{NOBODY, Paged, Repo},
        refs::subject,
        times::{day, minute},
    },
};

pub(super) async fn activity(gitea: GiteaReader, input: Paged<Repo>) -> Result<Answer, Refusal> {
    let Paged { of: repo, paging } = input;
    let paging = paging.within(&gitea).await?;
    let (address, query) = (repo.at(&[&"activities/feeds"]), paging.query(Query::new()));
    let page = gitea.list::<Activity>(&address, &query).await?;
    let report = Report::new(format!("{} activity", repo.name())).applied("newest first");
    Ok(report.page(paging, page).into())
}

/// What Gitea puts into the content of a push.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Push {
    commits: Option<Vec<Pushed>>,
    len: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pushed {
    message: String,
}

impl Activity {
    /// What it was about: ` #71`, ` 3 commits`, and in free words.
    fn object(&self) -> (String, String) {
        let content = self.content.as_deref().unwrap_or_default();
        if let Ok(push) = serde_json::from_str::<Push>(content) {
            let commits = push.commits.unwrap_or_default();
            let first = commits.first().map(|it| subject(&it.message).to_owned());
            let count = match push.len {
                0 => String::new(),
                1 => " 1 commit".to_owned(),
                count => format!(" {count} commits"),
            };
            return (count, first.unwrap_or_default());
        }
        match content.split_once('|') {
            Some((index, title)) if index.parse::<u64>().is_ok() => {
                (format!(" #{index}"), subject(title).to_owned())
            }
            _ => (String::new(), subject(content).to_owned()),
        }
    }
}

/// `2026-11-23 aegis-bot create_issue #71: x`, `2026-11-23 maintainer commit_repo main 3 commits: Fix`.
impl View for Activity {
    fn line(&self) -> String {
        let date = self.created.map(day).unwrap_or_default();
        let actor = self.actor.as_deref().unwrap_or(NOBODY);
        let name = self.ref_name.as_deref().unwrap_or_default();
        let name = name
            .trim_start_matches("refs/heads/")
            .trim_start_matches("refs/tags/");
        let space = if name.is_empty() { "" } else { " " };
        let (object, words) = self.object();
        let colon = if words.is_empty() { "" } else { ": " };
        format!(
            "{date} {actor} {}{space}{name}{object}{colon}{words}",
            self.kind
        )
    }

    fn facts(&self) -> Facts {
        Facts::new()
            .told("date", self.created.map(minute).unwrap_or_default())
            .told("actor", self.actor.as_deref().unwrap_or(NOBODY))
            .told("kind", self.kind.as_str())
            .told("ref", self.ref_name.as_deref().unwrap_or(""))
            .told("content", self.content.as_deref().unwrap_or(""))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use serde_json::json;

    use super::*;

    fn line(kind: &str, name: &str, content: &str) -> String {
        let activity = json!({
            "op_type": kind, "ref_name": name, "content": content, "act_user": {"login": "maintainer"},
            "created": "2026-11-23T08:34:23Z",
        });
        serde_json::from_value::<Activity>(activity).unwrap().line()
    }

    #[test]
    fn what_happened_is_read_out_of_gitea_s_content() {
        let pushed = r#"{"Commits":[{"Sha1":"x","Message":"Fix\n\nmore"}],"Len":3}"#;
        for (kind, name, content, words) in [
            ("create_issue", "", "71|x", "create_issue #71: x"),
            (
                "comment_pull",
                "",
                "65|Thank you.\nnext",
                "comment_pull #65: Thank you.",
            ),
            (
                "commit_repo",
                "refs/heads/fix/x",
                pushed,
                "commit_repo fix/x 3 commits: Fix",
            ),
            (
                "delete_tag",
                "refs/tags/v1",
                r#"{"Commits":null,"Len":0}"#,
                "delete_tag v1",
            ),
            (
                "publish_release",
                "refs/tags/v1",
                "First light",
                "publish_release v1: First light",
            ),
            ("star_repo", "", "", "star_repo"),
        ] {
            assert_eq!(
                line(kind, name, content),
                format!("2026-11-23 maintainer {words}")
            );
        }
    }
}
