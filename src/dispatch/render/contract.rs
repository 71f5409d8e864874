//! What `search` and `fetch` answer: one JSON object, by their contract.
use serde_json::{Map, Value, json};

use super::{HEAD_ROOM, Renderer};
use crate::{
    mcp::ToolResult,
    operations::{Document, Found},
};

impl Renderer<'_> {
    pub(super) fn results(&self, results: Vec<Found>) -> ToolResult {
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

    pub(super) fn document(&self, document: &Document) -> ToolResult {
        let title = self.value(&document.title);
        // By its contract every value is a text.
        let mut metadata: Map<String, Value> = (document.metadata.lines())
            .map(|(name, value)| (name.to_owned(), self.value(&value).into()))
            .collect();
        let mut most = self.max.saturating_sub(HEAD_ROOM);
        loop {
            let shown = self.characters(&document.text, 0, most);
            let mut metadata_told = metadata.clone();
            if !shown.next.is_empty() {
                let cut = shown.range.trim_start_matches(", ");
                metadata_told.insert("cut".to_owned(), cut.into());
            }
            if shown.hidden > 0 {
                let hidden = shown.hidden.to_string();
                metadata_told.insert("hidden_characters_shown".to_owned(), hidden.into());
            }
            let told = self.contract(json!({
                "id": document.id, "title": title, "text": shown.text, "url": document.url,
                "metadata": metadata_told,
            }));
            let length = told.text.chars().count();
            if length <= self.max {
                return told;
            }
            // JSON writes two characters and more for a line end or a quote.
            let written = written(&shown.text);
            if written > 0 {
                let room = (self.max + written).saturating_sub(length);
                most = shown.text.chars().count() * room / written;
            } else if let Some(last) = metadata.keys().next_back().cloned() {
                metadata.shift_remove(&last);
            } else {
                return told;
            }
        }
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
