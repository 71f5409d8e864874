//! What the protocol asks of a product.
use std::rc::Rc;

use serde_json::value::RawValue;

use crate::caller::Caller;

/// The tools behind the protocol. One a worker; its futures stay on that worker.
pub trait Tools: 'static {
    /// The name and version told as `serverInfo`.
    fn server(&self) -> (&'static str, &'static str);

    /// How an assistant should use the tools: at most 120 words.
    fn instructions(&self) -> &str;

    /// The caller's tools as the JSON array of `tools/list`, in a fixed order, on one page.
    fn list(&self, caller: &Caller) -> Rc<str>;

    /// Runs one call. A dropped future is a cancelled call: what must not stop half way, and the
    /// audit record of its end, survive that by the implementation's own means.
    fn call(&self, caller: Rc<Caller>, call: ToolCall) -> impl Future<Output = Outcome> + 'static;
}

/// One call of a tool, as it was asked for.
#[derive(Debug)]
pub struct ToolCall {
    pub name: String,
    /// The arguments, a JSON object as it was sent (duplicate names and all); `None` is an empty one.
    pub arguments: Option<Box<RawValue>>,
    /// The number of this call within its request, from 1: a batch has several.
    pub number: u32,
    /// Whether the answer's facts are wanted as JSON too, for a tool that promises no `outputSchema`.
    pub structured: bool,
}

/// What came of a call. Known before a status line is written.
#[derive(Debug)]
pub enum Outcome {
    /// It ran, and here is what the assistant reads: an answer or a refusal.
    Done(ToolResult),
    /// The caller has no tool of this name.
    UnknownTool,
    /// It was not run, because it could not be recorded.
    AuditUnavailable,
}

/// What an assistant reads.
#[derive(Debug, Default)]
pub struct ToolResult {
    /// The one `content` item, of type text.
    pub text: String,
    /// `structuredContent`, as JSON text: an object.
    pub structured: Option<Box<RawValue>>,
    pub is_error: bool,
}
