//! Which files are searched, in pages.
use std::ops::Range;

use crate::{gitea::views::TreeEntry, sort};

/// The most that one page searches.
const FILES: usize = 200;
const BYTES: u64 = 5 << 20;
/// Files beyond this are not searched.
const LARGEST: u64 = 1 << 20;

/// What can be searched, and what is left out.
#[derive(Default)]
pub(super) struct Field {
    pub(super) files: Vec<TreeEntry>,
    large: Vec<String>,
    /// Those that the forge does not give.
    pub(super) withheld: Vec<String>,
    pub(super) binary: usize,
    links: usize,
    submodules: usize,
}

impl Field {
    pub(super) fn of(mut entries: Vec<TreeEntry>) -> Self {
        sort::by(&mut entries, |one, other| one.path.cmp(&other.path));
        let mut field = Self::default();
        for entry in entries {
            match entry.kind.as_str() {
                "tree" => {}
                "commit" => field.submodules += 1,
                _ if entry.is_link() => field.links += 1,
                _ if has_binary_name(&entry.path) => field.binary += 1,
                _ if entry.size > LARGEST => field.large.push(entry.path),
                _ => field.files.push(entry),
            }
        }
        field
    }

    pub(super) fn left_out(&self) -> Option<String> {
        let counts = [
            (self.binary, "binary file"),
            (self.links, "symbolic link"),
            (self.submodules, "submodule"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let mut left: Vec<String> = counts.map(|(count, what)| counted(*count, what)).collect();
        let large = [
            (&self.large, "over 1 MiB"),
            (&self.withheld, "too large for the forge"),
        ];
        for (paths, why) in large.into_iter().filter(|(paths, _)| !paths.is_empty()) {
            let named = paths.iter().take(5).map(String::as_str);
            let named = named.collect::<Vec<_>>().join(", ");
            left.push(format!("{} {why}: {named}", paths.len()));
        }
        (!left.is_empty()).then(|| left.join(", "))
    }
}

pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Names of what is never text, so that nobody has to fetch it to see.
fn has_binary_name(path: &str) -> bool {
    const ENDINGS: [&str; 30] = [
        "7z", "a", "avif", "bin", "bmp", "bz2", "class", "dll", "eot", "exe", "gif", "gz", "ico",
        "jar", "jpeg", "jpg", "mp3", "mp4", "o", "otf", "pdf", "png", "so", "tgz", "ttf", "webp",
        "woff", "woff2", "xz", "zip",
    ];
    let ending = path
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// The files of each page: the same for a commit, whoever asks.
pub(super) fn pages(files: &[TreeEntry]) -> Vec<Range<usize>> {
    let mut pages: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (at, file) in files.iter().enumerate() {
        match pages.last_mut() {
            Some(page) if page.len() < FILES && bytes + file.size <= BYTES => page.end = at + 1,
            _ => {
                pages.push(at..at + 1);
                bytes = 0;
            }
        }
        bytes += file.size;
    }
    pages
}
