//! What a query means, and how well something fits it.
use std::{cmp::Reverse, collections::HashSet};

use super::id;
use crate::{operations::common::Repo, sort};

/// The most single words that are asked for, beside all of them together.
const SINGLE: usize = 3;
/// The most words that count, the longest, and the bytes of a text in which they do: else a long
/// query and long texts would keep everybody waiting.
const COUNTING: usize = 32;
const BEGINNING: usize = 64 << 10;

/// What a query is made of.
#[derive(Default)]
pub(super) struct Words {
    /// The repository that it names, and perhaps an issue of it: `owner/repo#12`.
    pub(super) named: Option<(Repo, Option<u64>)>,
    /// The other words as they were written.
    phrase: String,
    /// The same in lower case, each once, the longest first.
    each: Vec<String>,
}

impl Words {
    /// The words of a query; the first that looks like a repository's name is taken for one.
    pub(super) fn of(query: &str) -> Self {
        let mut named = None;
        let mut rest = Vec::new();
        for word in query.split_whitespace() {
            match (named_in(word), &mut named) {
                (Some((repo, index, path)), None) => {
                    named = Some((repo, index));
                    rest.extend(path);
                }
                // `owner/repo #12`
                (None, Some((_, index @ None))) if number(word).is_some() => *index = number(word),
                _ => rest.push(word),
            }
        }
        // `#12 in owner/repo`
        if let Some((_, index @ None)) = &mut named {
            let mut numbers = rest.iter().filter_map(|word| number(word));
            if let (Some(one), None) = (numbers.next(), numbers.next()) {
                *index = Some(one);
                rest.retain(|word| number(word).is_none());
            }
        }
        Self {
            named,
            ..Self::all(&rest.join(" "))
        }
    }

    /// The words of a query that names no repository.
    pub(super) fn all(query: &str) -> Self {
        let words = query.split_whitespace().map(bare);
        let words: Vec<&str> = words.filter(|it| !it.is_empty()).collect();
        let mut folded: Vec<String> = words.iter().map(|it| it.to_lowercase()).collect();
        let mut seen = HashSet::new();
        folded.retain(|it| seen.insert(it.clone()));
        sort::by_key(&mut folded, |it| Reverse(it.len()));
        folded.truncate(COUNTING);
        Self {
            named: None,
            phrase: words.join(" "),
            each: folded,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// What to ask Gitea for: it looks for a phrase as it stands, so the longest words of it are
    /// asked for by themselves too.
    pub(super) fn phrases(&self) -> Vec<&str> {
        let mut phrases = vec![self.phrase.as_str()];
        if self.each.len() > 1 {
            let longest = self.each.iter().map(String::as_str);
            let telling = longest.filter(|it| it.len() > 2);
            phrases.extend(telling.take(SINGLE));
        }
        phrases
    }

    /// Whether a word may be the name of a file.
    pub(super) fn names_a_file(&self) -> bool {
        let ends = |word: &str| {
            let ending = word.rsplit_once('.').map_or("", |(_, ending)| ending);
            (1..=5).contains(&ending.len()) && ending.bytes().all(|it| it.is_ascii_alphanumeric())
        };
        self.each
            .iter()
            .any(|word| word.contains('/') || ends(word))
    }

    /// How well a title and a text fit: words count, in the title most.
    pub(super) fn score(&self, title: &str, text: &str) -> u32 {
        let [title, text] =
            [title, text].map(|it| it[..it.floor_char_boundary(BEGINNING)].to_lowercase());
        let of_word = |word: &String| match (title.contains(word), text.contains(word)) {
            (true, _) => 4,
            (false, true) => 1,
            _ => 0,
        };
        let all = self.phrase.to_lowercase();
        let together = match (title.contains(&all), text.contains(&all)) {
            _ if self.each.len() < 2 => 0,
            (true, _) => 4,
            (false, true) => 2,
            _ => 0,
        };
        self.each.iter().map(of_word).sum::<u32>() + together
    }

    /// The same for a path: its last part tells most.
    pub(super) fn score_of_path(&self, path: &str) -> u32 {
        let path = path.to_lowercase();
        let name = path
            .rsplit_once('/')
            .map_or(path.as_str(), |(_, name)| name);
        let of_word = |word: &String| match () {
            () if !path.contains(word) => 0,
            () if *word == path || word == name => 6,
            () if name.contains(word) => 3,
            () => 2,
        };
        self.each.iter().map(of_word).sum()
    }
}

/// What stands around a word in a sentence or in Markdown.
const PUNCTUATION: &[char] = &[
    '"', '\'', '`', ',', ';', ':', '?', '!', '(', ')', '[', ']', '{', '}', '<', '>', '“', '”', '‘',
    '’', '«', '»', '…',
];

/// What Markdown has on both sides of a word. On one side it is part of a name: `_index.md`.
const PAIRED: &[char] = &['*', '_'];

/// A word without what stands around it. A dot only ends one: `.gitignore` begins with it.
fn bare(word: &str) -> &str {
    let word = word.trim_start_matches(PUNCTUATION);
    let word = word.trim_end_matches(|c| c == '.' || PUNCTUATION.contains(&c));
    if word.trim_matches(PAIRED).is_empty() {
        return "";
    }
    let within = |pair: &char| word.strip_prefix(*pair)?.strip_suffix(*pair);
    PAIRED.iter().find_map(within).map_or(word, bare)
}

/// `#12`
fn number(word: &str) -> Option<u64> {
    bare(word).strip_prefix('#')?.parse().ok()
}

/// `owner/repo`, `owner/repo#12`, `owner/repo/some/path`.
fn named_in(word: &str) -> Option<(Repo, Option<u64>, Option<&str>)> {
    let (owner, rest) = bare(word).split_once('/')?;
    if let Some((name, index)) = rest.split_once('#') {
        return Some((id::repo(owner, name)?, Some(index.parse().ok()?), None));
    }
    let (name, path) = match rest.split_once('/') {
        Some((name, path)) => (name, Some(path).filter(|it| !it.is_empty())),
        None => (rest, None),
    };
    Some((id::repo(owner, name)?, None, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_may_name_a_repository_an_issue_or_a_path() {
        let named = |query| {
            let words = Words::of(query);
            let named = words.named.map(|(repo, index)| (repo.name(), index));
            (named, words.phrase)
        };
        let telescope = "observatory/telescope".to_owned();
        assert_eq!(named("the moon?"), (None, "the moon".to_owned()));
        for (query, index, rest) in [
            ("observatory/telescope", None, ""),
            (
                "mount in observatory/telescope, please",
                None,
                "mount in please",
            ),
            ("observatory/telescope#12", Some(12), ""),
            ("observatory/telescope, #12!", Some(12), ""),
            ("observatory/telescope#12.", Some(12), ""),
            ("see [observatory/telescope#12]…", Some(12), "see"),
            ("**observatory/telescope** (#12).", Some(12), ""),
            ("“observatory/telescope”: «the moon».", None, "the moon"),
            ("<observatory/telescope/.gitignore>.", None, ".gitignore"),
            ("issue #12 in observatory/telescope", Some(12), "issue in"),
            ("#1 #2 observatory/telescope", None, "#1 #2"),
            ("observatory/telescope/src/mount.rs", None, "src/mount.rs"),
        ] {
            let expected = (Some((telescope.clone(), index)), rest.to_owned());
            assert_eq!(named(query), expected);
        }
        assert_eq!(named("../x a//b").0, None);
    }

    #[test]
    fn what_a_name_begins_or_ends_with_is_left_to_it_and_a_pair_around_it_is_not() {
        for (word, name) in [
            ("_index.md", "_index.md"),
            ("(_index.md),", "_index.md"),
            ("o/r_", "o/r_"),
            ("*.rs", "*.rs"),
            ("_word_", "word"),
            ("**word**.", "word"),
            ("**_word_:**", "word"),
            ("*\"_index.md\"*", "_index.md"),
            ("*", ""),
            ("**", ""),
        ] {
            assert_eq!(bare(word), name, "{word}");
        }
        let named = Words::of("see o/r_").named.map(|(repo, _)| repo.name());
        assert_eq!(named.as_deref(), Some("o/r_"));
    }

    #[test]
    fn a_phrase_is_asked_for_whole_and_by_its_longest_words() {
        assert_eq!(Words::all("mount").phrases(), ["mount"]);
        assert_eq!(
            Words::all("why is my Mount turning backwards").phrases(),
            [
                "why is my Mount turning backwards",
                "backwards",
                "turning",
                "mount"
            ]
        );
    }

    #[test]
    fn a_word_counts_once_and_of_many_words_the_longest() {
        assert_eq!(Words::all("dome Dome mount dome").each, ["mount", "dome"]);
        let many: Vec<String> = (0..500).map(|it| format!("{it:x}")).collect();
        let words = Words::all(&many.join(" "));
        assert_eq!(words.each.len(), COUNTING);
        assert_eq!(words.each[0], "100");
    }

    #[test]
    fn words_count_in_the_beginning_of_a_long_text() {
        let words = Words::all("mount");
        let far = |bytes| words.score("", &format!("{}mount", "ä".repeat(bytes / 2)));
        assert_eq!([far(0), far(BEGINNING - 6), far(BEGINNING)], [1, 1, 0]);
    }

    #[test]
    fn what_holds_more_of_the_words_in_its_title_comes_first() {
        let words = Words::all("Mount turns");
        let score = |title, text| words.score(title, text);
        assert!(score("The mount turns", "") > score("The mount", "turns"));
        assert!(score("The mount", "turns") > score("The mount", ""));
        assert!(score("", "the mount turns") > score("", "turns the mount"));
        assert_eq!(score("moon", "sun"), 0);
    }

    #[test]
    fn a_path_is_found_by_its_name_first() {
        let words = Words::all("mount.rs");
        assert!(words.names_a_file());
        assert!(!Words::all("the mount").names_a_file());
        let score = |path| words.score_of_path(path);
        assert!(score("src/mount.rs") > score("src/old-mount.rs.md"));
        assert!(score("a/mount.rs.md") > score("mount.rs/x"));
        assert_eq!(score("README.md"), 0);
    }
}
