//! What many operations share: the vocabulary of arguments, and the parts of inputs.
use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Report, View, operation::Input};
use crate::{
    gitea::{
        Address, GiteaError, GiteaReader, Owner, Page, Query, RepoName, Segment, views::Asset,
    },
    rights::{Access, Target},
};

/// Every name that an argument may have, in the order in which tools show them, each with a value
/// for the examples in refusals. One name means one thing everywhere.
const VOCABULARY: [(&str, &str); 30] = [
    ("method", r#""get""#),
    ("owner", r#""observatory""#),
    ("repo", r#""telescope""#),
    ("org", r#""observatory""#),
    ("username", r#""maintainer""#),
    ("index", "1"),
    ("id", r#""issue:observatory/telescope#1""#),
    ("path", r#""README.md""#),
    ("paths", r#"["README.md"]"#),
    ("ref", r#""main""#),
    ("branch", r#""main""#),
    ("tag", r#""v1.0.0""#),
    ("sha", r#""0123456789""#),
    ("base", r#""main""#),
    ("head", r#""feature""#),
    ("query", r#""mount""#),
    ("state", r#""open""#),
    ("labels", r#"["bug"]"#),
    ("milestone", r#""1.1""#),
    ("author", r#""maintainer""#),
    ("assignee", r#""maintainer""#),
    ("since", r#""7d""#),
    ("until", r#""2026-11-16""#),
    ("sort", r#""oldest""#),
    ("texts", "true"),
    ("start_line", "1"),
    ("end_line", "50"),
    ("offset", "0"),
    ("page", "2"),
    ("limit", "30"),
];

/// Where an argument stands in the vocabulary; a name that is not in it comes last.
pub fn rank(name: &str) -> usize {
    let found = VOCABULARY.iter().position(|(known, _)| *known == name);
    found.unwrap_or(VOCABULARY.len())
}

/// A value that would do for this argument.
pub fn example(name: &str) -> Value {
    let found = VOCABULARY.iter().find(|(known, _)| *known == name);
    found
        .and_then(|(_, example)| serde_json::from_str(example).ok())
        .unwrap_or(json!("text"))
}

/// The repository that a call is about.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(description = "")]
pub(super) struct Repo {
    pub(super) owner: Owner,
    pub(super) repo: RepoName,
}

impl Repo {
    /// The address of something in this repository.
    pub(super) fn at(&self, pieces: &[&dyn Segment]) -> Address {
        Address::of(&[&"repos", &self.owner, &self.repo]).and(pieces)
    }

    /// `owner/repo`, as people write it.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.owner.as_str(), self.repo.as_str())
    }
}

impl Input for Repo {
    fn target(&self) -> Target {
        Target::Repo {
            owner: self.owner.as_str().to_owned(),
            repo: self.repo.as_str().to_owned(),
        }
    }
}

/// Items of a page unless said otherwise, and at most.
pub(super) const USUAL_PAGE: u64 = 30;
pub const MOST_OF_A_PAGE: u64 = 50;

/// The page of a list that is wanted: `page` from 1, `limit` 1 to 50, 30 unless said.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[schemars(description = "")]
pub(super) struct Paging {
    #[serde(default)]
    page: PageNumber,
    limit: Option<u64>,
}

/// The number of a page, such as a list may have.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "u64")]
#[schemars(with = "u64", description = "")]
pub(super) struct PageNumber(u64);

impl Default for PageNumber {
    fn default() -> Self {
        Self(1)
    }
}

impl TryFrom<u64> for PageNumber {
    type Error = &'static str;

    fn try_from(number: u64) -> Result<Self, &'static str> {
        let is_one = number <= 1_000_000;
        is_one
            .then_some(Self(number.max(1)))
            .ok_or("no list has so many pages")
    }
}

impl PageNumber {
    /// From 1.
    pub(super) fn get(self) -> u64 {
        self.0
    }
}

impl Paging {
    /// Items on a page. Gitea would turn 0 and more than its maximum into its default in silence.
    pub(super) fn limit(self) -> u64 {
        self.limit.unwrap_or(USUAL_PAGE).clamp(1, MOST_OF_A_PAGE)
    }

    /// The same where the forge's pages are smaller: it would give fewer in silence, and what is
    /// left out would be on no page.
    pub(super) async fn within(self, gitea: &GiteaReader) -> Result<Self, GiteaError> {
        let most = gitea.facts().await?.page_max.unwrap_or(MOST_OF_A_PAGE);
        let limit = Some(self.limit().min(most.max(1)));
        Ok(Self { limit, ..self })
    }

    pub(super) fn page(self) -> u64 {
        self.page.get()
    }

    pub(super) fn query(self, query: Query) -> Query {
        query.with("page", self.page()).with("limit", self.limit())
    }

    /// The number of the first item of this page, from 1.
    pub(super) fn first(self) -> u64 {
        self.before().saturating_add(1)
    }

    /// This page of a list that was read whole, but for `unread` of its items.
    pub(super) fn of<T>(self, items: Vec<T>, unread: u64) -> Page<T> {
        let total = items.len() as u64;
        let before = usize::try_from(self.before()).unwrap_or(usize::MAX);
        let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
        Page {
            items: items.into_iter().skip(before).take(limit).collect(),
            unread,
            total: Some(total),
            more: self.before().saturating_add(self.limit()) < total,
            size: None,
        }
    }

    /// The same where the forge's pages turn out to have another size.
    fn sized(self, size: Option<u64>) -> Self {
        let limit = size.or(self.limit);
        Self { limit, ..self }
    }

    fn before(self) -> u64 {
        (self.page() - 1).saturating_mul(self.limit())
    }
}

/// A thing, and the page that is wanted of a list that belongs to it.
#[derive(Deserialize, JsonSchema)]
#[schemars(description = "")]
pub(super) struct Paged<T> {
    #[serde(flatten)]
    pub(super) of: T,
    #[serde(flatten)]
    pub(super) paging: Paging,
}

impl<T: Input> Input for Paged<T> {
    fn target(&self) -> Target {
        self.of.target()
    }
}

impl Report {
    /// One page of a list, and where the next one is.
    #[must_use]
    pub(super) fn page<V: View + 'static>(self, paging: Paging, page: Page<V>) -> Self {
        let report = self.going_on(paging, page.more).unread(page.unread);
        let first = paging.sized(page.size).first();
        report.list(first, page.total, page.items)
    }

    /// How many items the forge left empty, if any.
    #[must_use]
    pub(super) fn unread(mut self, number: u64) -> Self {
        self.facts = self.facts.maybe("not read", empty(number));
        self
    }

    /// Where the next page is, if there is one.
    #[must_use]
    pub(super) fn going_on(self, paging: Paging, more: bool) -> Self {
        if more {
            self.next("page", paging.page() + 1)
        } else {
            self
        }
    }
}

/// Drops what the caller may not see, and then the total, which would tell of it.
pub(super) fn covered<T>(
    gitea: &GiteaReader,
    mut page: Page<T>,
    target: impl Fn(&T) -> Target,
) -> Page<T> {
    let before = page.items.len();
    let rights = gitea.rights();
    page.items
        .retain(|item| rights.allow(Access::Read, &target(item)));
    page.total = page.total.filter(|_| page.items.len() == before);
    page
}

/// The name of a label as a line or a list holds it: in quotes, as JSON writes it, where what follows
/// a name could be a part of it.
pub(super) fn quoted(name: &str) -> Cow<'_, str> {
    let is_plain = [", ", ": ", " (", "]"].iter().all(|it| !name.contains(it));
    if is_plain && !name.starts_with('"') {
        return name.into();
    }
    Value::from(name).to_string().into()
}

/// The same of each.
pub(super) fn all_quoted(names: &[String]) -> Vec<Cow<'_, str>> {
    names.iter().map(|name| quoted(name)).collect()
}

/// Of how many items the forge's list holds nothing, where there are some.
pub(super) fn empty(number: u64) -> Option<String> {
    match number {
        0 => None,
        1 => Some("1 item, which is empty in the forge's answer".to_owned()),
        number => Some(format!(
            "{number} items, which are empty in the forge's answer"
        )),
    }
}

/// `plate.png (70 bytes)`, of each.
pub(super) fn attached(files: &[Asset]) -> Vec<String> {
    let files = files.iter();
    files
        .map(|it| format!("{} ({} bytes)", it.name, it.size))
        .collect()
}

/// Stands for the author of what nobody known wrote.
pub(super) const NOBODY: &str = "somebody";

/// At most so many characters of a text, and `…` where there are more.
pub(super) fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
