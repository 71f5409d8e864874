//! From an operation's answer to what an assistant reads: a head, a blank line, and then only the
//! forge's own words to the end. Bounds, goes on, escapes and redacts, for every operation.
mod body;

use std::fmt::Write as _;

use serde_json::{Map, Value, json, value::RawValue};

use self::body::Shown;
use super::clean::Redactor;
use crate::{
    mcp::ToolResult,
    operations::{Answer, Body, Document, Found, Report, View},
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

    /// Something for the head: what breaks lines is shown, so that nothing poses as another line.
    fn one_line(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        self.redactor.line(text, &mut out);
        out
    }

    fn value(&self, value: &str) -> String {
        shortened(self.one_line(value))
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
                object.insert("items".to_owned(), self.facts_of(&items[shown.items]));
            }
            Body::Texts(items) if shown.range.is_empty() => {
                object.insert("items".to_owned(), self.facts_of(&items));
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

    fn facts_of(&self, items: &[Box<dyn View>]) -> Value {
        let with_text = |item: &dyn View| {
            let mut facts = item.facts().into_json();
            let text = item.text().map(|it| self.beginning(it, item.text_max()));
            let part = text.or_else(|| item.excerpt().map(|it| self.around(&it)));
            if let Some(part) = part {
                facts.insert("text".to_owned(), part.text.into());
            }
            Value::Object(facts)
        };
        Value::Array(items.iter().map(|item| with_text(item.as_ref())).collect())
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
        let mut results: Vec<Value> = results
            .map(|it| json!({"id": it.id, "title": self.value(&it.title), "url": it.url}))
            .collect();
        loop {
            let told = self.contract(json!({ "results": results }));
            // Those that fit best come first.
            if told.text.chars().count() <= self.max || results.pop().is_none() {
                return told;
            }
        }
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

fn shortened(mut text: String) -> String {
    if let Some((cut, _)) = text.char_indices().nth(VALUE_MAX) {
        text.truncate(cut);
        text.push('…');
    }
    text
}

/// The characters of a text once it is JSON, without its quotes.
fn written(text: &str) -> usize {
    let json = Value::from(text).to_string();
    json.chars().count() - 2
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
