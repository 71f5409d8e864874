//! Names as people write them, checked when they are read.
use schemars::JsonSchema;
use serde::Deserialize;

use crate::hidden;

/// Why a text is not such a name, in words for the assistant.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct NameError(&'static str);

/// A user or an organisation: `[A-Za-z0-9._-]`, not only dots, at most 100 characters. No stricter:
/// older accounts break Gitea's newer rules for making names.
#[derive(Clone, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq)]
#[serde(try_from = "String")]
#[schemars(with = "String", description = "")]
pub struct Owner(String);

/// A repository's name, by the same rule as [`Owner`].
#[derive(Clone, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq)]
#[serde(try_from = "String")]
#[schemars(with = "String", description = "")]
pub struct RepoName(String);

/// A branch, tag or commit to read at, by git-check-ref-format(1), at most 255 bytes.
#[derive(Clone, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq)]
#[serde(try_from = "String")]
#[schemars(with = "String", description = "")]
pub struct RefName(String);

/// A commit, tree or blob by 4 to 64 hexadecimal digits, in lower case.
#[derive(Clone, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq)]
#[serde(try_from = "String")]
#[schemars(with = "String", description = "")]
pub struct Sha(String);

/// A path inside a repository, at most 1,024 bytes; the root is empty. A `/` at either end is
/// dropped; `/` and `.` are the root.
#[derive(Clone, Debug, Default, Deserialize, Eq, Hash, JsonSchema, PartialEq)]
#[serde(try_from = "String")]
#[schemars(with = "String", description = "")]
pub struct FilePath(String);

impl Owner {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Owner {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        name(text).map(Self)
    }
}

impl RepoName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RepoName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        name(text).map(Self)
    }
}

fn name(text: String) -> Result<String, NameError> {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    let fits = (1..=100).contains(&text.len());
    if fits && text.bytes().all(plain) && !text.bytes().all(|c| c == b'.') {
        return Ok(text);
    }
    Err(NameError(
        "a name has 1 to 100 letters, digits, `.`, `_` or `-`, and not only dots",
    ))
}

impl RefName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RefName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let barred = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
        let part = |part: &str| {
            !part.is_empty() && !part.starts_with('.') && part.strip_suffix(".lock").is_none()
        };
        let fits = text.len() <= 255 && !text.starts_with('-') && !text.ends_with('.');
        let clean = text != "@" && !text.contains("..") && !text.contains("@{");
        if fits && clean && !text.contains(barred) && text.split('/').all(part) {
            return Ok(Self(text));
        }
        Err(NameError(
            "this is no name of a branch, tag or commit: no spaces, `..`, `@{`, none of `~^:?*[\\`, \
             no part that is empty, begins with `.` or ends with `.lock`",
        ))
    }
}

impl Sha {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sha {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let hex = text.bytes().all(|c| c.is_ascii_hexdigit());
        if hex && (4..=64).contains(&text.len()) {
            return Ok(Self(text.to_ascii_lowercase()));
        }
        Err(NameError(
            "a sha has 4 to 64 hexadecimal digits (branch_read get tells that of a branch)",
        ))
    }
}

impl From<Sha> for RefName {
    fn from(sha: Sha) -> Self {
        Self(sha.0)
    }
}

impl FilePath {
    /// Without slashes at the ends; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path that this may stand for where nothing is at it: answers show a character that hides
    /// as `<U+202E>`. `None` where it shows none.
    pub fn unhidden(&self) -> Option<Self> {
        Self::try_from(hidden::unhidden(&self.0)?).ok()
    }

    /// The folders and the file; nothing for the root.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|segment| !segment.is_empty())
    }
}

impl TryFrom<String> for FilePath {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        if matches!(text.as_str(), "" | "/" | ".") {
            return Ok(Self::default());
        }
        let path = text.strip_prefix('/').unwrap_or(&text);
        let path = path.strip_suffix('/').unwrap_or(path);
        let segment = |segment: &str| {
            !matches!(segment, "" | "." | "..") && !segment.eq_ignore_ascii_case(".git")
        };
        let barred = |c: char| c.is_control() || c == '\\';
        if path.len() <= 1024 && !path.contains(barred) && path.split('/').all(segment) {
            return Ok(Self(path.to_owned()));
        }
        Err(NameError(
            "a path has names with single slashes between: no `.`, `..` or `.git` among them, no \
             backslash, no control character, at most 1024 bytes",
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reads<T: TryFrom<String>>(text: &str) -> bool {
        T::try_from(text.to_owned()).is_ok()
    }

    #[test]
    fn names_are_letters_digits_dots_underscores_and_dashes() {
        for good in ["a", "A.b_c-d", "..a", "-x", "x.git", &"a".repeat(100)] {
            assert!(reads::<Owner>(good) && reads::<RepoName>(good), "{good}");
        }
        let long = "a".repeat(101);
        for bad in [
            "", ".", "..", "...", "a/b", "a b", "a%2e", "ä", "a\0", "а", "a?", &long,
        ] {
            assert!(!reads::<Owner>(bad) && !reads::<RepoName>(bad), "{bad:?}");
        }
    }

    #[test]
    fn refs_are_what_git_takes() {
        for good in [
            "main",
            "docs/typo",
            "v1.0.0",
            "f94dc520a3",
            "größe/ü",
            "a@b",
            "#5",
            "100%",
            "x.lockx",
        ] {
            assert!(reads::<RefName>(good), "{good}");
        }
        for bad in [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a..b",
            "a.",
            "a.lock",
            "a.lock/b",
            "a b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "@",
            "a@{1}",
            "-a",
            "a\u{7f}",
            "a\n",
            &"a".repeat(256),
        ] {
            assert!(!reads::<RefName>(bad), "{bad:?}");
        }
    }

    #[test]
    fn shas_are_hexadecimal_and_read_in_lower_case() {
        let sha = Sha::try_from("F94DC520".to_owned());
        assert_eq!(sha.as_ref().map(Sha::as_str), Ok("f94dc520"));
        for bad in ["", "abc", "main", "f94dc520g", &"a".repeat(65)] {
            assert!(!reads::<Sha>(bad), "{bad}");
        }
    }

    #[test]
    fn paths_are_taken_as_meant_and_never_lead_out() {
        for (text, path) in [
            ("", ""),
            ("/", ""),
            (".", ""),
            ("/docs/", "docs"),
            ("docs/über uns #1?%.md", "docs/über uns #1?%.md"),
            ("...", "..."),
            (".gitignore", ".gitignore"),
        ] {
            let read = FilePath::try_from(text.to_owned());
            assert_eq!(read.as_ref().map(FilePath::as_str), Ok(path));
        }
        for bad in [
            "..",
            "a/../b",
            "a/./b",
            "./a",
            "a//b",
            "//a",
            "//",
            "a\\b",
            "a\nb",
            "\u{85}",
            ".git",
            "a/.Git/config",
            &"a".repeat(1025),
        ] {
            assert!(!reads::<FilePath>(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_path_as_answers_show_it_stands_for_the_one_that_hides_something() {
        let unhidden = |text: &str| {
            let path = FilePath::try_from(text.to_owned()).expect("a path");
            path.unhidden().map(|it| it.as_str().to_owned())
        };
        for (shown, path) in [
            ("a/soft<U+00AD>hyphen.txt", Some("a/soft\u{ad}hyphen.txt")),
            ("<U+202E>a<U+E0041>", Some("\u{202e}a\u{e0041}")),
            ("<U+<U+FEFF>", Some("<U+\u{feff}")),
            ("plain.txt", None),
            ("<U+>", None),
            ("<U+D800>", None),
            ("<U+202E", None),
            ("many<U+002F>f001.txt", None),
            // Guarded as any other.
            ("a<U+000A>b", None),
            ("a/<U+002E><U+002E>/b", None),
        ] {
            assert_eq!(unhidden(shown).as_deref(), path, "{shown}");
        }
    }

    proptest! {
        #[test]
        fn reading_a_path_again_changes_nothing(text in "\\PC{0,40}") {
            if let Ok(path) = FilePath::try_from(text) {
                prop_assert_eq!(FilePath::try_from(path.as_str().to_owned()), Ok(path));
            }
        }
    }
}
