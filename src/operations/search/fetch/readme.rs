//! The file that tells what a repository is.
use super::text_of;
use crate::{
    gitea::{
        FilePath, GiteaError, GiteaReader, Query,
        views::{Contents, Entry, EntryKind},
    },
    operations::{Facts, common::Repo},
    sort,
};

/// The most files that are tried.
const MOST: usize = 3;

/// What a repository says of itself: the text, where there is one, and the facts of where it stands,
/// or why it was not read.
pub(super) async fn readme(gitea: &GiteaReader, repo: &Repo) -> (String, Facts) {
    let facts = Facts::new();
    match read(gitea, repo).await {
        Ok(Some((name, text))) => (text, facts.with("readme", name)),
        Ok(None) => (String::new(), facts),
        Err(unread) => (String::new(), facts.with("readme not read", unread)),
    }
}

/// The name and the text of the first that is text, or why the first is not to be read.
async fn read(gitea: &GiteaReader, repo: &Repo) -> Result<Option<(String, String)>, String> {
    let query = Query::new();
    let root = match gitea.get(&repo.at(&[&"contents"]), &query).await {
        // It is empty.
        Err(GiteaError::NotFound) => return Ok(None),
        root => root.map_err(|error| error.to_string())?,
    };
    let Contents::Folder(entries) = root else {
        return Ok(None);
    };
    let mut unread = None;
    for entry in candidates(entries.items).into_iter().take(MOST) {
        let name = entry.name;
        let Ok(path) = FilePath::try_from(entry.path) else {
            continue;
        };
        let found = gitea.get(&repo.at(&[&"contents", &path]), &query).await;
        let why = match found {
            Ok(Contents::One(entry)) => match text_of(*entry) {
                Ok(file) => return Ok(Some((name, file.text))),
                Err(kind) => kind,
            },
            Ok(Contents::Folder(_)) => "folder".to_owned(),
            Err(error) => error.to_string(),
        };
        unread.get_or_insert(format!("{name}: {why}"));
    }
    unread.map_or(Ok(None), Err)
}

/// The files of a folder that may be the one, the likeliest first.
fn candidates(entries: Vec<Entry>) -> Vec<Entry> {
    let is_one = |it: &Entry| matches!(it.kind, EntryKind::File | EntryKind::Symlink);
    let mut files: Vec<Entry> = entries
        .into_iter()
        .filter(|it| is_one(it) && rank(&it.name).is_some())
        .collect();
    sort::by_key(&mut files, |it| rank(&it.name));
    files
}

/// Endings of texts that people write by hand, after `md`.
const TEXTS: [&str; 7] = [
    "markdown", "rst", "adoc", "asciidoc", "org", "txt", "textile",
];

/// How likely a file of this name is the one, from 0; `None` where it cannot be. `README.de.md` is a
/// translation, `README_EN.md` mostly too, and `ReadmeParser.java` something else.
fn rank(name: &str) -> Option<usize> {
    let name = name.to_lowercase();
    let rest = name.strip_prefix("readme")?;
    if rest.is_empty() {
        return Some(TEXTS.len() + 1);
    }
    if let Some((_, ending)) = rest
        .strip_prefix(['-', '_'])
        .and_then(|it| it.rsplit_once('.'))
    {
        let is_text = ending == "md" || TEXTS.contains(&ending);
        return is_text.then_some(TEXTS.len() + 3);
    }
    let ending = rest.strip_prefix('.')?;
    if ending == "md" {
        return Some(0);
    }
    let known = TEXTS.iter().position(|it| *it == ending);
    Some(known.map_or(TEXTS.len() + 2, |place| place + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_the_one_in_plain_words_comes_first() {
        let mut names = [
            "README.de.md",
            "README.docx",
            "README",
            "ReadmeParser.java",
            "readme_sync.py",
            "README_EN.md",
            "README.rst",
            "Readme.md",
            "readme.txt",
        ];
        names.sort_by_key(|name| rank(name));
        assert_eq!(
            names,
            [
                "ReadmeParser.java",
                "readme_sync.py",
                "Readme.md",
                "README.rst",
                "readme.txt",
                "README",
                "README.de.md",
                "README.docx",
                "README_EN.md",
            ]
        );
        assert_eq!(rank("ReadmeParser.java").or(rank("readme_sync.py")), None);
        assert!(rank("README-zh.md").is_some());
    }
}
