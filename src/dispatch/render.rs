//! From an operation's answer to what an assistant reads: a head, a blank line, and then only the
//! forge's own words to the end. Bounds, goes on, escapes and redacts, for every operation.
use std::{
    fmt::Write as _,
    ops::{Range, RangeInclusive},
};

use serde_json::{Map, Value, json, value::RawValue};

use super::clean::Redactor;
use crate::{
    mcp::ToolResult,
    operations::{Answer, Body, Document, Form, Found, Report, View},
};

/// The most characters of one value in the head: a description or a list of labels stays a fact.
const VALUE_MAX: usize = 500;
/// What the head may need beyond what is known before the cut: the range, `next` and the notes.
const HEAD_ROOM: usize = 400;

/// Renders answers of at most `max` characters.
pub(super) struct Renderer<'a> {
    pub(super) max: usize,
    pub(super) redactor: &'a Redactor,
}

/// What of the question an answer repeats.
pub(super) struct Asked<'a> {
    /// The arguments as they were understood: what a call that goes on repeats.
    pub(super) arguments: &'a Map<String, Value>,
    /// Lines for the head: what was not used, or not as it was said.
    pub(super) notes: &'a [String],
}

/// What of a body fits, and where it goes on.
#[derive(Default)]
struct Shown {
    text: String,
    /// ` 1-6 of 45` or `, lines 1-660 of 5280`.
    range: String,
    /// Items that are shown, for JSON.
    items: Range<usize>,
    hidden: usize,
    next: Vec<(&'static str, Value)>,
}

impl Renderer<'_> {
    pub(super) fn render(&self, answer: Answer, asked: &Asked<'_>, structured: bool) -> ToolResult {
        match answer {
            Answer::Report(report) => self.report(report, asked, structured),
            Answer::Results(results) => self.results(results),
            Answer::Document(document) => self.document(document),
        }
    }

    /// A refusal: the sentence, and the call that would do where there is one.
    pub(super) fn refusal(&self, sentence: &str) -> ToolResult {
        ToolResult {
            text: self.one_line(sentence),
            structured: None,
            is_error: true,
        }
    }

    fn report(&self, report: Report, asked: &Asked<'_>, structured: bool) -> ToolResult {
        let subject = report.subject.as_deref().map(|it| self.one_line(it));
        let facts: Vec<String> = (report.facts.lines())
            .map(|(name, value)| [name, ": ", &self.value(&value)].concat())
            .collect();
        let offset = asked
            .arguments
            .get("offset")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        let before = subject
            .iter()
            .chain(&facts)
            .map(|it| it.chars().count() + 1)
            .sum::<usize>();
        let repeated = serde_json::to_string(asked.arguments).map_or(0, |it| it.chars().count());
        let room = self
            .max
            .saturating_sub(before + repeated + HEAD_ROOM)
            .max(self.max / 4);
        let shown = self.body(
            &report.body,
            usize::try_from(offset).unwrap_or(usize::MAX),
            room,
        );

        let mut text = self.one_line(&report.title) + &shown.range;
        for applied in &report.applied {
            text.push_str(", ");
            text.push_str(&self.one_line(applied));
        }
        if let Some(subject) = &subject {
            text.push_str(": ");
            text.push_str(subject);
        }
        let cut = !shown.next.is_empty();
        let changes = if cut { &shown.next } else { &report.next };
        let next = go_on(asked.arguments, changes, &report.pins);
        if let Some(next) = &next {
            text.push_str("\nnext: ");
            text.push_str(&self.redactor.text(&next.to_string()));
        }
        for line in facts.iter().chain(asked.notes) {
            text.push('\n');
            text.push_str(line);
        }
        if shown.hidden > 0 {
            let _ = write!(text, "\nhidden characters shown: {}", shown.hidden);
        }
        if !shown.text.is_empty() {
            text.push_str("\n\n");
            text.push_str(&shown.text);
        }
        let structured = structured.then(|| self.json(report, shown, next)).flatten();
        ToolResult {
            text,
            structured,
            is_error: false,
        }
    }

    /// As much of the body as there is room for.
    fn body(&self, body: &Body, offset: usize, room: usize) -> Shown {
        match body {
            Body::None => Shown::default(),
            Body::List {
                first,
                total,
                items,
            } => self.list(*first, *total, items, offset, room),
            Body::Texts(items) => {
                let texts: Vec<String> = items.iter().map(|item| entry(item.as_ref())).collect();
                self.characters(&texts.join("\n"), offset, room)
            }
            Body::Text(text) => self.characters(text, offset, room),
            Body::Lines {
                text,
                first,
                last,
                form,
            } => {
                let window = (*first).max(1)..=last.unwrap_or(u64::MAX);
                self.lines(text, window, *form, offset, room)
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
            let hidden = self.entry(&entry(item.as_ref()), &mut shown.text);
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

    /// A text of which `skip` characters have been read.
    fn characters(&self, text: &str, skip: usize, room: usize) -> Shown {
        let mut rest = String::with_capacity(text.len());
        let mut hidden = self.entry(text, &mut rest);
        let total = rest.chars().count();
        let read = rest
            .char_indices()
            .nth(skip)
            .map_or(rest.len(), |(at, _)| at);
        rest.drain(..read);
        let mut shown = Shown::default();
        let Some((cut, _)) = rest.char_indices().nth(room) else {
            if skip > 0 {
                shown.range = format!(", characters {}-{total} of {total}", (skip + 1).min(total));
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
        hidden = hidden.min(shown.text.matches("<U+").count());
        shown.hidden = hidden;
        shown.next.push(("offset", end.into()));
        shown
    }

    /// The lines of a window, of the first of which `skip` characters have been read.
    fn lines(
        &self,
        text: &str,
        window: RangeInclusive<u64>,
        form: Form,
        skip: usize,
        room: usize,
    ) -> Shown {
        let mut shown = Shown::default();
        let (first, mut skip, mut used) = (*window.start(), skip, 0);
        let (mut total, mut last, mut files) = (0, 0, Files::default());
        let (mut full, cleaner) = (false, self.redactor.lines_of(text));
        for (number, line) in (1..).zip(lines(text)) {
            total = number;
            let starts_file = form == Form::Diff && line.starts_with("diff --git ");
            if starts_file {
                files.total += 1;
            }
            if full || !window.contains(&number) {
                files.before += u64::from(starts_file && number < first);
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
                    shown.text.truncate(at);
                    shown.next.push(("start_line", number.into()));
                    if let Some((at, number)) = files.last.filter(|_| !starts_file) {
                        shown.text.truncate(at);
                        shown.next = vec![("start_line", number.into())];
                        last = number - 1;
                        files.shown -= 1;
                    }
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
            (used, skip, last) = (used + length, 0, number);
        }
        shown.text.pop();
        let whole = first == 1 && last == total && shown.next.is_empty();
        shown.range = match (whole, last) {
            (true, 1) => ", 1 line".to_owned(),
            (true, _) => format!(", {total} lines"),
            (false, 0) => format!(", no lines from {first}, {total} in all"),
            (false, _) => format!(", lines {first}-{last} of {total}"),
        };
        if form == Form::Diff {
            shown.range += &files.range();
        }
        shown
    }

    /// One item, or a text: each of its lines.
    fn entry(&self, text: &str, out: &mut String) -> usize {
        let (lines, mut hidden) = (self.redactor.lines_of(text), 0);
        for (at, line) in text.split('\n').enumerate() {
            if at > 0 {
                out.push('\n');
            }
            hidden += lines.line(line.strip_suffix('\r').unwrap_or(line), out);
        }
        hidden
    }

    /// Something for the head: what breaks lines is shown, so that nothing poses as another line.
    fn one_line(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        self.redactor.line(text, &mut out);
        out
    }

    fn value(&self, value: &str) -> String {
        let mut text = self.one_line(value);
        if let Some((cut, _)) = text.char_indices().nth(VALUE_MAX) {
            text.truncate(cut);
            text.push('…');
        }
        text
    }

    /// The same facts as JSON.
    fn json(&self, report: Report, shown: Shown, next: Option<Value>) -> Option<Box<RawValue>> {
        let mut object = Map::new();
        object.insert("title".to_owned(), report.title.into());
        if !report.applied.is_empty() {
            object.insert("applied".to_owned(), report.applied.into());
        }
        if let Some(subject) = report.subject {
            object.insert("subject".to_owned(), subject.into());
        }
        object.extend(report.facts.into_json());
        match report.body {
            Body::None => {}
            Body::List { total, items, .. } => {
                if let Some(total) = total {
                    object.insert("total".to_owned(), total.into());
                }
                object.insert("items".to_owned(), facts_of(&items[shown.items]));
            }
            Body::Texts(items) if shown.range.is_empty() => {
                object.insert("items".to_owned(), facts_of(&items));
            }
            Body::Texts(_) | Body::Text(_) | Body::Lines { .. } => {
                object.insert("text".to_owned(), shown.text.into());
            }
        }
        if let Some(next) = next {
            object.insert("next".to_owned(), next);
        }
        let mut value = Value::Object(object);
        self.clean(&mut value);
        serde_json::value::to_raw_value(&value).ok()
    }

    fn clean(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.redactor.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.clean(item)),
            Value::Object(pairs) => pairs.values_mut().for_each(|item| self.clean(item)),
            _ => {}
        }
    }

    fn results(&self, results: Vec<Found>) -> ToolResult {
        let results = results.into_iter();
        let results: Vec<Value> = results
            .map(|it| json!({"id": it.id, "title": it.title, "url": it.url}))
            .collect();
        self.contract(json!({ "results": results }))
    }

    fn document(&self, document: Document) -> ToolResult {
        let Document {
            id,
            title,
            text,
            url,
            metadata,
        } = document;
        let most = self.max.saturating_sub(HEAD_ROOM);
        let mut shown = self.characters(&text, 0, most);
        // JSON writes two characters and more for a line end or a quote.
        let mut length = written(&shown.text);
        while length > most {
            let fewer = shown.text.chars().count() * most / length;
            shown = self.characters(&text, 0, fewer);
            length = written(&shown.text);
        }
        // By its contract every value is a text.
        let mut metadata: Map<String, Value> = (metadata.lines())
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        if !shown.next.is_empty() {
            metadata.insert(
                "cut".to_owned(),
                shown.range.trim_start_matches(", ").into(),
            );
        }
        if shown.hidden > 0 {
            let hidden = shown.hidden.to_string();
            metadata.insert("hidden_characters_shown".to_owned(), hidden.into());
        }
        self.contract(json!({
            "id": id, "title": title, "text": shown.text, "url": url, "metadata": metadata,
        }))
    }

    /// One JSON object as `structuredContent` and the same JSON as the one text.
    fn contract(&self, mut value: Value) -> ToolResult {
        self.clean(&mut value);
        let structured = serde_json::value::to_raw_value(&value).ok();
        ToolResult {
            text: value.to_string(),
            structured,
            is_error: false,
        }
    }
}

/// The characters of a text once it is JSON, without its quotes.
fn written(text: &str) -> usize {
    let json = Value::from(text).to_string();
    json.chars().count() - 2
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

/// An item: its line, and its text indented below.
fn entry(item: &dyn View) -> String {
    // A path or a title may hold line breaks, with which it could pose as another item.
    let mut entry = item.line();
    if entry.contains('\n') {
        entry = entry.replace('\n', "<U+000A>");
    }
    for line in item.text().unwrap_or_default().lines() {
        entry.push_str("\n  ");
        entry.push_str(line);
    }
    entry
}

fn facts_of(items: &[Box<dyn View>]) -> Value {
    let with_text = |item: &dyn View| {
        let mut facts = item.facts().into_json();
        if let Some(text) = item.text() {
            facts.insert("text".to_owned(), text.into());
        }
        Value::Object(facts)
    };
    Value::Array(items.iter().map(|item| with_text(item.as_ref())).collect())
}

/// As [`str::lines`], found by the processor's wide instructions.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let Some(end) = memchr::memchr(b'\n', rest.as_bytes()) else {
            return Some(std::mem::take(&mut rest)).filter(|last| !last.is_empty());
        };
        let line = &rest[..end];
        rest = &rest[end + 1..];
        Some(line.strip_suffix('\r').unwrap_or(line))
    })
}

/// The whole arguments of the call that goes on: those of this call, changed.
fn go_on(
    asked: &Map<String, Value>,
    changes: &[(&'static str, Value)],
    pins: &[(&'static str, Value)],
) -> Option<Value> {
    if changes.is_empty() {
        return None;
    }
    let mut next = asked.clone();
    next.shift_remove("offset");
    for (name, value) in pins.iter().chain(changes) {
        next.insert((*name).to_owned(), value.clone());
    }
    Some(Value::Object(next))
}

#[cfg(test)]
mod tests;
