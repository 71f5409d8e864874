//! Some lines of a file or a diff.
use std::{fmt::Write as _, ops::RangeInclusive};

use super::{Renderer, Shown};
use crate::operations::Form;

impl Renderer<'_> {
    /// The lines of a window, of the first of which `skip` characters have been read.
    pub(super) fn window(
        &self,
        text: &str,
        window: RangeInclusive<u64>,
        form: Form,
        skip: usize,
        room: usize,
    ) -> Shown {
        let mut shown = Shown::default();
        let mut reach = Reach {
            first: *window.start(),
            skipped: skip,
            ..Reach::default()
        };
        let (mut skip, mut used, mut files) = (skip, 0, Files::default());
        let (mut full, cleaner) = (false, self.redactor.lines_of(text));
        for (number, line) in (1..).zip(lines(text, form == Form::Diff)) {
            reach.total = number;
            let starts_file = form == Form::Diff && line.starts_with("diff --git ");
            if starts_file {
                files.total += 1;
            }
            if full || !window.contains(&number) {
                files.before += u64::from(starts_file && number < reach.first);
                continue;
            }
            let at = shown.text.len();
            if form == Form::Numbered {
                let _ = write!(shown.text, "{number}: ");
            }
            let mark = shown.text.len() - at;
            let hidden = if skip > 0 {
                let mut clean = String::new();
                let hidden = cleaner.line(line, &mut clean);
                shown.text.extend(clean.chars().skip(skip));
                hidden
            } else {
                cleaner.line(line, &mut shown.text)
            };
            let length = cleaner.characters(&shown.text[at..]) + 1;
            if used + length > room {
                full = true;
                if used > 0 {
                    // At the end of a file, where one fits.
                    let begun = files.last.filter(|_| !starts_file);
                    files.shown -= u64::from(begun.is_some());
                    let (end, next) = begun.unwrap_or((at, number));
                    shown.text.truncate(end);
                    shown.next.push(("start_line", next.into()));
                    reach.last = next - 1;
                    continue;
                }
                // One line longer than an answer: its characters are told apart by `offset`.
                let cut = shown.text.char_indices().nth(room.max(mark + 2) - 1);
                shown
                    .text
                    .truncate(cut.map_or(shown.text.len(), |(cut, _)| cut));
                let read = shown.text.chars().count() - mark;
                shown.next.push(("start_line", number.into()));
                shown.next.push(("offset", (skip + read).into()));
            }
            if starts_file {
                files.shown += 1;
                files.last = (at > 0).then_some((at, number));
            }
            shown.text.push('\n');
            shown.hidden += hidden;
            (used, skip, reach.last) = (used + length, 0, number);
        }
        shown.text.pop();
        shown.range = reach.range(shown.next.is_empty());
        if form == Form::Diff && reach.last > 0 {
            shown.range += &files.range();
        }
        shown
    }
}

/// Which lines of a text are shown.
#[derive(Default)]
struct Reach {
    first: u64,
    /// The characters of the first line that had been read.
    skipped: usize,
    /// 0 where there is none.
    last: u64,
    total: u64,
}

impl Reach {
    fn range(&self, is_to_end: bool) -> String {
        let Self {
            first,
            skipped,
            last,
            total,
        } = *self;
        let whole = first == 1 && last == total && skipped == 0 && is_to_end;
        let mut range = match (whole, last) {
            (true, 1) => ", 1 line".to_owned(),
            (true, _) => format!(", {total} lines"),
            (false, 0) => format!(", no lines from {first}, {total} in all"),
            (false, _) => format!(", lines {first}-{last} of {total}"),
        };
        if skipped > 0 && last > 0 {
            let _ = write!(range, ", line {first} from character {}", skipped + 1);
        }
        range
    }
}

/// The files of a diff: how many there are, before the part that is shown and in it.
#[derive(Default)]
struct Files {
    total: u64,
    before: u64,
    shown: u64,
    /// Where the last file in the part begins, if something stands before it: byte and line.
    last: Option<(usize, u64)>,
}

impl Files {
    fn range(&self) -> String {
        let (first, last) = (self.before + 1, self.before + self.shown);
        match (self.total, self.shown) {
            (1, _) => ", 1 file".to_owned(),
            (total, shown) if total == shown => format!(", {total} files"),
            (total, 0) => format!(", inside file {} of {total}", self.before),
            (total, _) => format!(", files {first}-{last} of {total}"),
        }
    }
}

/// As [`str::lines`], found by the processor's wide instructions. The carriage return at the end of a
/// line may be all that a diff is about.
fn lines(text: &str, keeps_returns: bool) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let Some(end) = memchr::memchr(b'\n', rest.as_bytes()) else {
            return Some(std::mem::take(&mut rest)).filter(|last| !last.is_empty());
        };
        let line = &rest[..end];
        rest = &rest[end + 1..];
        let shorter = line.strip_suffix('\r').filter(|_| !keeps_returns);
        Some(shorter.unwrap_or(line))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::lines;

    proptest! {
        #[test]
        fn the_lines_of_a_text_are_those_of_the_standard_library(text in "[a\r\né]{0,30}") {
            prop_assert_eq!(lines(&text, false).collect::<Vec<_>>(), text.lines().collect::<Vec<_>>());
        }
    }
}
