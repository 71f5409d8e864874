//! What reviewers said of a pull request, in all and on its lines.
use std::iter;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::Pull;
use crate::{
    gitea::{
        GiteaError, GiteaReader, Page, Query,
        views::{Review, ReviewComment},
    },
    operations::{
        Answer, Facts, Refusal, View,
        common::{NOBODY, Paged},
        refs::short,
        times::byline,
    },
};

/// Reviews whose comments are asked for at the same time.
const AT_ONCE: usize = 8;

pub(super) async fn reviews(gitea: GiteaReader, input: Paged<Pull>) -> Result<Answer, Refusal> {
    let Paged { of: pull, paging } = input;
    let paging = paging.within(&gitea).await?;
    let (address, query) = (pull.at(&[&"reviews"]), paging.query(Query::new()));
    let page: Page<Review> = pull.read(&gitea, gitea.list(&address, &query)).await?;
    let comments = async |review: &Review| -> Result<(Vec<ReviewComment>, u64), GiteaError> {
        if review.comments == 0 {
            return Ok((Vec::new(), 0));
        }
        let address = pull.at(&[&"reviews", &review.id, &"comments"]);
        let page = gitea.list(&address, &Query::new()).await?;
        Ok((page.items, page.unread))
    };
    let comments: Vec<(Vec<ReviewComment>, u64)> = stream::iter(&page.items)
        .map(comments)
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    // What the forge counts holds requests for a review too, of which nothing is told.
    let is_whole = paging.page() == 1 && !page.more;
    let (mut texts, mut number, mut unread) = (Vec::new(), 0, page.unread);
    for (review, (comments, empty)) in page.items.into_iter().zip(comments) {
        unread += empty;
        let tells = review.body.is_some() || review.word().is_some();
        number += u64::from(tells || !comments.is_empty());
        texts.extend(tells.then_some(Said::InAll(review)));
        texts.extend(comments.into_iter().map(Said::OnLine));
    }
    let number = match number {
        0 if is_whole => "none".to_owned(),
        0 => "none on this page".to_owned(),
        number if is_whole => format!("{number} in all, oldest first"),
        _ => "oldest first".to_owned(),
    };
    let report = pull.report("reviews").applied(number);
    let report = report.going_on(paging, page.more).unread(unread);
    Ok(report.texts(texts).into())
}

/// The login that the forge gives to everybody who was deleted, and to nobody else.
const DELETED: &str = "Ghost";

/// `reviewer approved, maintainer commented`: of each reviewer what counts. Who cannot be told apart
/// takes back no verdict of another.
pub(super) fn in_short(reviews: &[Review]) -> Vec<String> {
    let mut latest: Vec<(Option<&str>, &Review)> = Vec::new();
    for review in reviews
        .iter()
        .filter(|it| !it.dismissed && it.word().is_some())
    {
        let author = review.author.as_deref();
        let is_known = author.is_some_and(|it| it != DELETED);
        let before = latest.iter().position(|(other, _)| *other == author);
        match before {
            // A remark takes no verdict back.
            Some(_) if review.state == "COMMENT" => {}
            Some(before) if is_known => latest[before].1 = review,
            _ => latest.push((author, review)),
        }
    }
    let tell = |(author, review): (Option<&str>, &Review)| {
        let author = author.unwrap_or(NOBODY);
        let word = review.word().unwrap_or_default();
        let marks = review.marks().collect::<Vec<_>>().join(", ");
        if marks.is_empty() {
            format!("{author} {word}")
        } else {
            format!("{author} {word} ({marks})")
        }
    };
    latest.into_iter().map(tell).collect()
}

/// Who was asked for a review that is not yet given: people, and teams.
pub(super) fn still_asked(reviews: &[Review], teams: &[String]) -> Vec<String> {
    let people = reviews.iter().filter(|it| it.state == "REQUEST_REVIEW");
    let people = people.filter_map(|it| it.author.clone());
    let teams = teams.iter().map(|it| format!("team {it}"));
    people.chain(teams).collect()
}

/// What a reviewer said: of the whole, or of a line.
enum Said {
    InAll(Review),
    OnLine(ReviewComment),
}

impl Review {
    fn word(&self) -> Option<&'static str> {
        match self.state.as_str() {
            "APPROVED" => Some("approved"),
            "REQUEST_CHANGES" => Some("requested changes"),
            "COMMENT" => Some("commented"),
            _ => None,
        }
    }

    /// What takes from its weight.
    fn marks(&self) -> impl Iterator<Item = &'static str> {
        let is_verdict = matches!(self.state.as_str(), "APPROVED" | "REQUEST_CHANGES");
        let uncounted = is_verdict && !self.dismissed && self.official == Some(false);
        let marks = [
            (self.dismissed, "dismissed"),
            (self.stale, "before the newest commits"),
            (uncounted, "does not count"),
        ];
        let marks = marks.into_iter().filter(|(is, _)| *is);
        marks.map(|(_, mark)| mark)
    }
}

impl ReviewComment {
    /// `src/mount.rs:8` or `src/mount.rs:8-12`; lines of the old file are marked.
    fn place(&self) -> String {
        let (first, file) = match (self.line, self.old_line) {
            (0, 0) => return self.path.clone(),
            (0, old) => (old, " of the old file"),
            (line, _) => (line, ""),
        };
        let last = match self.more_lines {
            0 => String::new(),
            more => format!("-{}", first.saturating_add(more)),
        };
        format!("{}:{first}{last}{file}", self.path)
    }
}

impl View for Said {
    fn line(&self) -> String {
        match self {
            Self::InAll(review) => {
                let author = review.author.as_deref().unwrap_or(NOBODY);
                let word = review.word().unwrap_or("has not yet said what");
                let words: Vec<&str> = iter::once(word).chain(review.marks()).collect();
                format!(
                    "{}, {}:",
                    byline(author, review.submitted),
                    words.join(", ")
                )
            }
            Self::OnLine(comment) => {
                let author = comment.author.as_deref().unwrap_or(NOBODY);
                let resolved = comment.resolver.as_ref().map_or("", |_| ", resolved");
                format!(
                    "{}{resolved}, {}:",
                    byline(author, comment.created),
                    comment.place()
                )
            }
        }
    }

    fn facts(&self) -> Facts {
        match self {
            Self::InAll(review) => Facts::new()
                .told("id", review.id)
                .told("author", review.author.as_deref().unwrap_or(NOBODY))
                .told("state", review.state.as_str())
                .told("dismissed", review.dismissed)
                .told("stale", review.stale)
                .told("official", review.official)
                .maybe("commit", review.commit_id.as_deref().map(short))
                .told("url", review.url.as_str()),
            Self::OnLine(comment) => Facts::new()
                .told("id", comment.id)
                .told("author", comment.author.as_deref().unwrap_or(NOBODY))
                .told("path", comment.path.as_str())
                .told("line", comment.line)
                .told("old_line", comment.old_line)
                .told("more_lines", comment.more_lines)
                .told("resolved", comment.resolver.is_some())
                .told("url", comment.url.as_str()),
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::InAll(review) => review.body.as_deref(),
            Self::OnLine(comment) => Some(&comment.body),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use serde_json::{Value, json};

    use super::*;

    fn review(author: &str, state: &str, other: &Value) -> Review {
        let mut review = json!({"id": 1, "user": {"login": author}, "state": state});
        let other = other.as_object().unwrap().clone();
        review.as_object_mut().unwrap().extend(other);
        serde_json::from_value(review).unwrap()
    }

    #[test]
    fn of_each_reviewer_the_last_verdict_counts() {
        let none = json!({});
        let reviews = [
            review("ann", "REQUEST_CHANGES", &json!({"dismissed": true})),
            review("bob", "COMMENT", &none),
            review(
                "ann",
                "APPROVED",
                &json!({"stale": true, "official": false}),
            ),
            review("ann", "COMMENT", &none),
            review("bob", "REQUEST_CHANGES", &none),
            review("pat", "APPROVED", &json!({"official": true})),
            review("eve", "PENDING", &none),
            review("eve", "REQUEST_REVIEW", &none),
        ];
        assert_eq!(
            in_short(&reviews),
            [
                "bob requested changes",
                "ann approved (before the newest commits, does not count)",
                "pat approved"
            ]
        );
    }

    #[test]
    fn of_reviewers_who_cannot_be_told_apart_every_verdict_is_told() {
        let (none, nobody) = (json!({}), json!({"user": null}));
        let reviews = [
            review("Ghost", "COMMENT", &none),
            review("Ghost", "REQUEST_CHANGES", &none),
            review("Ghost", "APPROVED", &none),
            review("", "REQUEST_CHANGES", &nobody),
            review("somebody", "APPROVED", &none),
            review("", "APPROVED", &nobody),
            review("Ghost", "COMMENT", &none),
        ];
        assert_eq!(
            in_short(&reviews),
            [
                "Ghost commented",
                "Ghost requested changes",
                "Ghost approved",
                "somebody requested changes",
                "somebody approved",
                "somebody approved"
            ]
        );
    }

    #[test]
    fn a_comment_on_a_line_says_which() {
        let place = |line: u64, old: u64, more: u64| {
            let comment = json!({
                "id": 1, "path": "a.rs", "position": line, "original_position": old,
                "extra_lines_count": more,
            });
            serde_json::from_value::<ReviewComment>(comment)
                .unwrap()
                .place()
        };
        assert_eq!(place(8, 0, 0), "a.rs:8");
        assert_eq!(place(8, 0, 4), "a.rs:8-12");
        assert_eq!(place(0, 7, 0), "a.rs:7 of the old file");
        assert_eq!(place(0, 7, 1), "a.rs:7-8 of the old file");
        assert_eq!(place(0, 0, 0), "a.rs");
    }
}
