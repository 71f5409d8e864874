//! The Model Context Protocol and nothing of Gitea: messages, eras, methods, transports. What the
//! tools are and do is asked through [`Tools`].
mod tools;

pub use tools::{Outcome, ToolCall, ToolResult, Tools};
