//! The body of an answer: as much as there is room for, and where the rest is to be had.
mod lines;

use std::ops::Range;

use serde_json::Value;

use super::Renderer;
use crate::operations::{Body, Excerpt, View};

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
    shown.hidden = left_of(hidden, &shown.text);
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
        Self {
            text: text.to_owned(),
            hidden: left_of(hidden, text),
        }
    }
}

/// How many of so many hidden characters are shown in what is left of a text.
fn left_of(hidden: usize, text: &str) -> usize {
    // Nearly every text has none.
    if hidden == 0 {
        0
    } else {
        hidden.min(text.matches("<U+").count())
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
