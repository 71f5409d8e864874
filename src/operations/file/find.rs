//! The lines of a repository's files that hold a text. No forge has this in its API: the tree tells
//! which files there are, and they are read, a page of them a call.
mod field;

use std::{borrow::Cow, rc::Rc};

use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;

use self::field::{Field, counted, pages};
use super::{
    Place, text,
    tree::{Located, below, locate, whole},
};
use crate::{
    gitea::{
        FilePath, GiteaError, GiteaReader, Query, Sha,
        views::{Blob, TreeEntry},
    },
    operations::{
        Answer, Excerpt, Facts, Refusal, Report, View,
        common::{PageNumber, shorten},
        operation::Input,
    },
    rights::Target,
};

/// How many files are read at the same time.
const AT_ONCE: usize = 8;
/// The most lines of a page that are kept, and the most characters shown of one.
const LINES: usize = 5_000;
const WIDTH: usize = 200;

/// lines that hold query below path; any case unless it has capitals
#[derive(Deserialize, JsonSchema)]
pub(super) struct Find {
    #[serde(flatten)]
    place: Place,
    #[serde(default)]
    path: FilePath,
    query: String,
    #[serde(default)]
    page: PageNumber,
}

impl Input for Find {
    fn target(&self) -> Target {
        self.place.repo.target()
    }
}

pub(super) async fn find(gitea: GiteaReader, input: Find) -> Result<Answer, Refusal> {
    let answer = found(&gitea, &input).await;
    input.place.explained(&gitea, answer).await
}

async fn found(gitea: &GiteaReader, input: &Find) -> Result<Answer, Refusal> {
    let Find { place, path, .. } = input;
    let needle = Needle::new(&input.query)?;
    let commit = place.commit(gitea).await?;
    let (entries, total) = match locate(gitea, &place.repo, &commit, path).await? {
        Located::File(entry) => (vec![entry], 1),
        Located::Folder(root) => {
            let (entries, total) = whole(gitea, &place.repo, &root, true).await?;
            (below(path, entries).collect(), total)
        }
    };
    let listed = entries.len() as u64;
    let mut field = Field::of(entries);
    let number = input.page.get();
    let pages = pages(&field.files);
    let part = usize::try_from(number - 1)
        .ok()
        .and_then(|at| pages.get(at));
    let part = part.cloned().unwrap_or(0..0);

    let found = search(gitea, place, &field.files[part.clone()], &needle).await?;
    let (from, to, all) = (part.start + 1, part.end, field.files.len());
    let searched = match part.len() {
        0 => format!("no file, there are {all}"),
        some if some == all => counted(all - found.binary - found.withheld.len(), "file"),
        _ => format!("files {from}-{to} of {all}, by path"),
    };
    field.binary += found.binary;
    field.withheld = found.withheld;
    let (name, query) = (place.repo.name(), shorten(&input.query, 60));
    let title = if path.is_root() {
        format!("{name} lines with \"{query}\"")
    } else {
        format!("{name} lines with \"{query}\" below {}", path.as_str())
    };
    let beyond = (total > listed).then(|| {
        format!("only {listed} of {total} paths are known: name a path to search the others")
    });
    let (hits, more) = (found.hits, found.more);
    let complete = pages.len() < 2 && more == 0;
    let cut = (more > 0).then(|| format!("{more}, beyond {LINES}: name a path or a rarer text"));
    let report = Report::new(title)
        .applied(place.shown_or(&commit))
        .facts(
            Facts::new()
                .with("searched", searched)
                .maybe("not searched", field.left_out())
                .maybe("not listed", beyond)
                .maybe("lines not kept", cut),
        )
        .pinned("ref", commit.as_str())
        .list(1, complete.then_some(hits.len() as u64), hits);
    if usize::try_from(number).is_ok_and(|number| number < pages.len()) {
        return Ok(report.next("page", number + 1).into());
    }
    Ok(report.into())
}

/// What was found in the files of a page, and how many of them hold no text.
#[derive(Default)]
struct Found {
    hits: Vec<Hit>,
    /// Hits that were not kept.
    more: u64,
    binary: usize,
    withheld: Vec<String>,
}

async fn search(
    gitea: &GiteaReader,
    place: &Place,
    files: &[TreeEntry],
    needle: &Needle,
) -> Result<Found, GiteaError> {
    let read = |entry: &TreeEntry| blob(gitea.clone(), place, entry.sha.clone());
    let mut reading = stream::iter(files).map(read).buffered(AT_ONCE);
    let mut found = Found::default();
    for entry in files {
        let Some(blob) = reading.next().await else {
            break;
        };
        let Some(bytes) = blob? else {
            found.withheld.push(entry.path.clone());
            continue;
        };
        let Ok(decoded) = text::decode(bytes) else {
            found.binary += 1;
            continue;
        };
        let path: Rc<str> = entry.path.as_str().into();
        needle.search(&decoded.text, |line, text, place| {
            if found.hits.len() < LINES {
                let (path, text) = (Rc::clone(&path), text.to_owned());
                found.hits.push(Hit {
                    path,
                    line,
                    text,
                    place,
                });
            } else {
                found.more += 1;
            }
        });
    }
    Ok(found)
}

/// By its hash: whatever its path is, and the forge need not look for its last commit.
async fn blob(
    gitea: GiteaReader,
    place: &Place,
    sha: String,
) -> Result<Option<Vec<u8>>, GiteaError> {
    let sha = Sha::try_from(sha).map_err(|_| GiteaError::Garbled)?;
    let address = place.repo.at(&[&"git/blobs", &sha]);
    let blob: Blob = gitea.get(&address, &Query::new()).await?;
    Ok(blob.into_bytes())
}

/// What is looked for.
struct Needle {
    text: String,
    any_case: bool,
}

impl Needle {
    fn new(query: &str) -> Result<Self, Refusal> {
        if query.contains(['\n', '\r']) || query.trim().is_empty() {
            let sentence = "query is a text within one line, not blank; there are no patterns";
            return Err(Refusal::Question(sentence.to_owned()));
        }
        let any_case = !query.chars().any(char::is_uppercase);
        let text = query.to_owned();
        Ok(Self { text, any_case })
    }

    /// Tells every line that holds it: its number, the line, and after how many characters.
    fn search(&self, text: &str, mut found: impl FnMut(u64, &str, usize)) {
        let folded = if self.any_case {
            Cow::Owned(text.to_lowercase())
        } else {
            Cow::Borrowed(text)
        };
        if !folded.contains(&self.text) {
            return;
        }
        for (number, (line, folded)) in (1..).zip(text.lines().zip(folded.lines())) {
            if let Some(place) = folded.find(&self.text) {
                found(number, line, folded[..place].chars().count());
            }
        }
    }
}

/// `src/mount.rs:12: let steps = 0;`.
struct Hit {
    path: Rc<str>,
    line: u64,
    /// The whole line, and after how many of its characters the text stands that was looked for.
    text: String,
    place: usize,
}

impl View for Hit {
    fn line(&self) -> String {
        format!("{}:{}: ", self.path, self.line)
    }

    fn facts(&self) -> Facts {
        Facts::new()
            .told("path", &*self.path)
            .told("line", self.line)
    }

    fn excerpt(&self) -> Option<Excerpt<'_>> {
        Some(Excerpt {
            line: &self.text,
            place: self.place,
            width: WIDTH,
        })
    }
}
