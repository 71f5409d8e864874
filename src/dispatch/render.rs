//! From an operation's answer to what an assistant reads: a head, a blank line, and then only the
//! forge's own words to the end. Bounds, goes on, escapes and redacts, for every operation.
mod body;
mod contract;

use std::fmt::Write as _;

use serde_json::{Map, Value, value::RawValue};

use self::body::Shown;
use super::{arguments::Question, clean::Redactor};
use crate::{
    hidden::escape_hidden,
    mcp::ToolResult,
    operations::{Answer, Body, Facts, Refusal, Report, View},
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

impl Renderer<'_> {
    /// # Errors
    /// The arguments are so long that the answer cannot say how it goes on.
    pub(super) fn render(
        &self,
        answer: Answer,
        asked: &Question,
        structured: bool,
    ) -> Result<ToolResult, Refusal> {
        match answer {
            Answer::Report(report) => self.report(report, asked, structured),
            Answer::Results(results) => Ok(self.results(results)),
            Answer::Document(document) => Ok(self.document(&document)),
        }
    }

    /// A refusal: the sentence, and the call that would do where there is one.
    pub(super) fn refusal(&self, sentence: &str) -> ToolResult {
        ToolResult {
            text: bounded(self.one_line(sentence), self.max),
            structured: None,
            is_error: true,
        }
    }

    fn report(
        &self,
        report: Report,
        asked: &Question,
        structured: bool,
    ) -> Result<ToolResult, Refusal> {
        let head = self.head(&report, asked);
        let offset = asked.arguments.get("offset").and_then(Value::as_u64);
        let offset = usize::try_from(offset.unwrap_or(0)).unwrap_or(usize::MAX);
        let repeated = serde_json::to_string(&asked.arguments).map_or(0, |it| it.chars().count());
        let mut room = self
            .max
            .saturating_sub(head.length() + repeated + HEAD_ROOM)
            .max(self.max / 4);
        let least = self.max / 20;
        loop {
            let shown = self.body(&report.body, offset, room);
            let cut = !shown.next.is_empty();
            let changes = if cut { &shown.next } else { &report.next };
            let mut next = go_on(&asked.arguments, changes, &report.pins);
            if let Some(next) = &mut next {
                // What hides in it stays: with another character it would ask for something else.
                change_texts(next, &|text| self.redactor.redacted(text).into_owned());
            }
            let text = told(&head, &shown, next.as_ref());
            let length = text.chars().count();
            let over = length.saturating_sub(self.max);
            if over > 0 && room > least {
                room = room.saturating_sub(over.max(least)).max(least);
                continue;
            }
            let before = length - shown.text.chars().count();
            if next.is_some() && before + least > self.max {
                return Err(Refusal::Question(format!(
                    "the arguments are too long to be repeated for going on in an answer of {} \
                     characters: ask for less at once",
                    self.max
                )));
            }
            let structured = structured.then(|| self.json(report, shown, next)).flatten();
            return Ok(ToolResult {
                text: bounded(text, self.max),
                structured,
                is_error: false,
            });
        }
    }

    /// What is known of the head before the body is cut. Each part of it has its share of an answer.
    fn head(&self, report: &Report, asked: &Question) -> Head {
        let mut hidden = 0;
        let mut part = |text: &str, most: usize| {
            let mut out = String::with_capacity(text.len());
            let shown = self.redactor.line(text, &mut out);
            let part = bounded(out, most);
            if shown > 0 {
                // A line break is seen.
                let seen = part.matches("<U+000A>").count();
                hidden += shown.min(part.matches("<U+").count() - seen);
            }
            part
        };
        let title = part(&report.title, self.max / 4);
        let applied = part(&report.applied.join(", "), self.max / 8);
        let subject = report.subject.as_deref().map(|it| part(it, self.max / 8));
        let facts = report.facts.lines();
        let facts = facts.map(|(name, value)| [name, ": ", &part(&value, VALUE_MAX + 1)].concat());
        let lines: Vec<String> = facts.chain(asked.notes.iter().cloned()).collect();
        Head {
            title,
            applied,
            subject,
            lines: bounded(lines.join("\n"), self.max / 4),
            hidden,
        }
    }

    /// Something for the head: what breaks lines is shown, so that nothing poses as another line.
    fn one_line(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        self.redactor.line(text, &mut out);
        out
    }

    fn value(&self, value: &str) -> String {
        bounded(self.one_line(value), VALUE_MAX + 1)
    }

    /// The same facts as JSON.
    fn json(&self, report: Report, shown: Shown, next: Option<Value>) -> Option<Box<RawValue>> {
        let mut object = Map::new();
        object.insert("title".to_owned(), self.fact(report.title.into()));
        if !report.applied.is_empty() {
            object.insert("applied".to_owned(), self.fact(report.applied.into()));
        }
        if let Some(subject) = report.subject {
            object.insert("subject".to_owned(), self.fact(subject.into()));
        }
        object.extend(self.facts(report.facts));
        match report.body {
            Body::None => {}
            Body::List { total, items, .. } => {
                if let Some(total) = total {
                    object.insert("total".to_owned(), total.into());
                }
                object.insert("items".to_owned(), self.facts_of(&items[shown.items]));
            }
            Body::Texts(items) if shown.range.is_empty() => {
                object.insert("items".to_owned(), self.facts_of(&items));
            }
            Body::Texts(_) | Body::Text(_) | Body::Lines { .. } => {
                object.insert("text".to_owned(), shown.text.into());
            }
        }
        let mut value = Value::Object(object);
        self.clean(&mut value);
        if let Some(next) = next {
            value["next"] = next;
        }
        serde_json::value::to_raw_value(&value).ok()
    }

    fn facts(&self, facts: Facts) -> Map<String, Value> {
        let facts = facts.into_json().into_iter();
        facts
            .map(|(name, value)| (name, self.fact(value)))
            .collect()
    }

    /// A value as long as it may be in the head.
    fn fact(&self, value: Value) -> Value {
        match value {
            Value::String(text) => bounded(self.redactor.text(&text), VALUE_MAX + 1).into(),
            Value::Array(items) => {
                let (mut kept, mut left) = (Vec::new(), VALUE_MAX);
                for item in items.into_iter().map(|item| self.fact(item)) {
                    if left == 0 {
                        kept.push("…".into());
                        break;
                    }
                    let length = item.as_str().map_or(0, |text| text.chars().count());
                    left = left.saturating_sub(length + 2);
                    kept.push(item);
                }
                Value::Array(kept)
            }
            other => other,
        }
    }

    fn facts_of(&self, items: &[Box<dyn View>]) -> Value {
        let with_text = |item: &dyn View| {
            let mut facts = self.facts(item.facts());
            let most = item.text_max().min(self.max);
            let text = item.text().map(|it| self.beginning(it, most));
            let part = text.or_else(|| item.excerpt().map(|it| self.around(&it)));
            if let Some(part) = part {
                facts.insert("text".to_owned(), part.text.into());
            }
            Value::Object(facts)
        };
        Value::Array(items.iter().map(|item| with_text(item.as_ref())).collect())
    }

    fn clean(&self, value: &mut Value) {
        change_texts(value, &|text| self.redactor.text(text));
    }
}

/// What the head of a report says beside the range, `next` and what is hidden.
struct Head {
    title: String,
    applied: String,
    subject: Option<String>,
    lines: String,
    /// How many characters that hide are shown in it.
    hidden: usize,
}

impl Head {
    fn length(&self) -> usize {
        let Self {
            title,
            applied,
            subject,
            lines,
            hidden: _,
        } = self;
        let parts = [title, applied, lines].into_iter().chain(subject);
        // With what stands between them.
        parts.map(|part| part.chars().count() + 2).sum()
    }
}

fn told(head: &Head, shown: &Shown, next: Option<&Value>) -> String {
    let mut text = [&*head.title, &shown.range].concat();
    if !head.applied.is_empty() {
        text.push_str(", ");
        text.push_str(&head.applied);
    }
    if let Some(subject) = &head.subject {
        text.push_str(": ");
        text.push_str(subject);
    }
    if let Some(next) = next {
        text.push_str("\nnext: ");
        text.push_str(&escape_hidden(&next.to_string()));
    }
    if !head.lines.is_empty() {
        text.push('\n');
        text.push_str(&head.lines);
    }
    let hidden = head.hidden + shown.hidden;
    if hidden > 0 {
        let _ = write!(text, "\nhidden characters shown: {hidden}");
    }
    if !shown.text.is_empty() {
        text.push_str("\n\n");
        text.push_str(&shown.text);
    }
    text
}

/// At most so many characters of a text, `…` among them where there are more.
fn bounded(mut text: String, most: usize) -> String {
    // Most texts are shorter, told by their bytes.
    if text.len() > most && text.chars().nth(most).is_some() {
        let mut places = text.char_indices();
        let cut = places.nth(most.saturating_sub(1)).map_or(0, |(at, _)| at);
        text.truncate(cut);
        text.push('…');
    }
    text
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

fn change_texts(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|it| change_texts(it, change)),
        Value::Object(pairs) => pairs.values_mut().for_each(|it| change_texts(it, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests;
