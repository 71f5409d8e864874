//! The body of an answer: as much as there is room for, and where the rest is to be had.
use std::{
    fmt::Write as _,
    ops::{Range, RangeInclusive},
};

use serde_json::Value;

use super::Renderer;
use crate::operations::{Body, Excerpt, Form, View};

/// What of a body fits, and where it goes on.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) text: String,
    /// ` 1-6 of 45` or `, lines 1-660 of 5280`.
    pub(super) range: String,
    /// Items that are shown, for JSON.
    pub(super) items: Range<usize>,
    pub(super) hidden: usize,
    pub(super) next: Vec<(&'static str, Value)>,
}

impl Renderer<'_> {
    /// As much of the body as there is room for.
    pub(super) fn body(&self, body: &Body, offset: usize, room: usize) -> Shown {
        match body {
            Body::None => Shown::default(),
            Body::List {
                first,
                total,
                items,
            } => self.list(*first, *total, items, offset, room),
            Body::Texts(items) => {
                let whole = |item: &dyn View| entry(item.line(), item.text());
                let items = items.iter().map(AsRef::as_ref);
                let texts: Vec<String> = items.map(whole).collect();
                self.texts(&texts.join("\n"), offset, room)
            }
            Body::Text(text) => self.characters(text, offset, room),
            Body::Lines {
                text,
                first,
                last,
                form,
            } => {
                let window = (*first).max(1)..=last.unwrap_or(u64::MAX);
                self.window(text, window, *form, offset, room)
            }
        }
    }

    fn list(
        &self,
        first: u64,
        total: Option<u64>,
        items: &[Box<dyn View>],
        skip: usize,
        room: usize,
    ) -> Shown {
        let mut shown = Shown::default();
        let skip = skip.min(items.len());
        let (mut end, mut used) = (skip, 0);
        for item in &items[skip..] {
            let before = shown.text.len();
            if before > 0 {
                shown.text.push('\n');
            }
            let hidden = self.item(item.as_ref(), &mut shown.text);
            used += shown.text[before..].chars().count();
            if used > room && end > skip {
                shown.text.truncate(before);
                shown.next.push(("offset", end.into()));
                break;
            }
            if used > self.max
                && let Some((cut, _)) = shown.text.char_indices().nth(self.max)
            {
                // One item longer than an answer, which no forge's titles are.
                shown.text.truncate(cut);
                shown.text.push('…');
            }
            shown.hidden += hidden;
            end += 1;
        }
        let of = total
            .map(|total| format!(" of {total}"))
            .unwrap_or_default();
        shown.range = if end == skip {
            format!(": none{of}")
        } else {
            format!(" {}-{}{of}", first + skip as u64, first + end as u64 - 1)
        };
        shown.items = skip..end;
        shown
    }

    /// Texts under lines of their own. One that goes on within a line is indented as it was, so that
    /// nothing of it poses as such a line.
    fn texts(&self, texts: &str, skip: usize, room: usize) -> Shown {
        let clean = self.cleaned(texts);
        let before = &clean.0[..byte_of(&clean.0, skip)];
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        let is_within = line < before.len() && before.len() < clean.0.len();
        let indent = if is_within && clean.0[line..].starts_with(INDENT) {
            INDENT
        } else {
            ""
        };
        let mut shown = part_of(clean, skip, room.saturating_sub(indent.len()));
        shown.text.insert_str(0, indent);
        shown
    }

    /// A text of which `skip` characters have been read.
    pub(super) fn characters(&self, text: &str, skip: usize, room: usize) -> Shown {
        part_of(self.cleaned(text), skip, room)
    }

    /// A text, and how many hidden characters are shown in it.
    fn cleaned(&self, text: &str) -> (String, usize) {
        let mut clean = String::with_capacity(text.len());
        let hidden = self.clean_lines(text, &mut clean);
        (clean, hidden)
    }

    /// The lines of a window, of the first of which `skip` characters have been read.
    fn window(
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

    /// An item: its line, and as much of its text as a list shows.
    fn item(&self, item: &dyn View, out: &mut String) -> usize {
        let mut hidden = 0;
        let (mut line, mut text) = (item.line(), None);
        if let Some(excerpt) = item.excerpt() {
            let part = self.around(&excerpt);
            line.push_str(&part.text);
            hidden += part.hidden;
        }
        if let Some(whole) = item.text() {
            let part = self.beginning(whole, item.text_max());
            text = Some(part.text);
            hidden += part.hidden;
        }
        hidden + self.clean_lines(&entry(line, text.as_deref()), out)
    }

    /// A line without the white space at its ends; of a long one what is around a place in it.
    pub(super) fn around(&self, excerpt: &Excerpt<'_>) -> Part {
        let Excerpt { line, place, width } = *excerpt;
        let mut clean = String::with_capacity(line.len());
        let hidden = self.redactor.line(line, &mut clean);
        let length = clean.chars().count();
        if length <= width {
            return Part::new(clean.trim(), hidden);
        }
        let end = line.char_indices().nth(place);
        let before = end.map_or(line, |(end, _)| &line[..end]);
        let place = self.one_line(before).chars().count();
        let start = place.saturating_sub(width / 3);
        let shown: String = clean.chars().skip(start).take(width).collect();
        let more = |there_is: bool| if there_is { "…" } else { "" };
        let (before, after) = (more(start > 0), more(length > start + width));
        Part::new(&[before, shown.trim(), after].concat(), hidden)
    }

    /// At most so many characters of a text, and `…` where there are more.
    pub(super) fn beginning(&self, text: &str, most: usize) -> Part {
        let (clean, hidden) = self.cleaned(text);
        match clean.char_indices().nth(most) {
            Some((end, _)) => Part::new(&[clean[..end].trim_end(), "…"].concat(), hidden),
            None => Part::new(&clean, hidden),
        }
    }

    /// Each line of an item or a text.
    fn clean_lines(&self, text: &str, out: &mut String) -> usize {
        let (lines, mut hidden) = (self.redactor.lines_of(text), 0);
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                out.push('\n');
            }
            hidden += lines.line(line.strip_suffix('\r').unwrap_or(line), out);
        }
        hidden
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

/// What stands before each line of a text below a line of its own.
const INDENT: &str = "  ";

/// Where a character begins, or the end.
fn byte_of(text: &str, character: usize) -> usize {
    let mut characters = text.char_indices();
    characters.nth(character).map_or(text.len(), |(at, _)| at)
}

/// As much of a clean text as there is room for, `skip` characters of which have been read.
fn part_of((mut rest, hidden): (String, usize), skip: usize, room: usize) -> Shown {
    let total = rest.chars().count();
    rest.drain(..byte_of(&rest, skip));
    let mut shown = Shown::default();
    let Some((cut, _)) = rest.char_indices().nth(room) else {
        if skip >= total.max(1) {
            shown.range = format!(", nothing from character {}, {total} in all", skip + 1);
        } else if skip > 0 {
            shown.range = format!(", characters {}-{total} of {total}", skip + 1);
        }
        shown.text = rest;
        shown.hidden = hidden;
        return shown;
    };
    // A cut falls at the end of a line, where there is one in the second half.
    let cut = rest[..cut]
        .rfind('\n')
        .map_or(cut, |line| if line > cut / 2 { line + 1 } else { cut });
    rest[..cut].clone_into(&mut shown.text);
    let end = skip + shown.text.chars().count();
    shown.range = format!(", characters {}-{end} of {total}", skip + 1);
    shown.hidden = hidden.min(shown.text.matches("<U+").count());
    shown.next.push(("offset", end.into()));
    shown
}

/// What is shown of a text that was cut after it was cleaned.
pub(super) struct Part {
    pub(super) text: String,
    hidden: usize,
}

impl Part {
    /// Of a text with so many hidden characters.
    fn new(text: &str, hidden: usize) -> Self {
        let hidden = hidden.min(text.matches("<U+").count());
        let text = text.to_owned();
        Self { text, hidden }
    }
}

/// An item: its line, and its text indented below.
fn entry(line: String, text: Option<&str>) -> String {
    let mut entry = line;
    // A path or a title may hold line breaks, with which it could pose as another item.
    if entry.contains('\n') {
        entry = entry.replace('\n', "<U+000A>");
    }
    for line in text.unwrap_or_default().lines() {
        entry.push('\n');
        entry.push_str(INDENT);
        entry.push_str(line);
    }
    entry
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
