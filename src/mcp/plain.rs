//! Two routes for those who speak no MCP: the tools, and a call of one, as plain JSON.
use std::{collections::BTreeMap, rc::Rc};

use actix_web::{HttpResponse, http::header::HeaderMap};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Outcome, ToolCall, Tools,
    headers::{require_accepts, require_json},
    message::{object, present, string},
    methods::arguments,
    reply,
};
use crate::{
    caller::Caller,
    fault::{Fault, FaultCode},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    tool: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    name: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    arguments: Option<&'a RawValue>,
}

/// What a body may be.
const EXAMPLE: &str = r#"{"tool": "user_read", "arguments": {"method": "me"}}"#;
/// The longest name of a member that is repeated in a refusal, in characters.
const LONGEST_SHOWN: usize = 30;

pub(super) fn list<T: Tools>(tools: &T, caller: &Caller) -> HttpResponse {
    let list = tools.list(caller);
    HttpResponse::Ok()
        .content_type("application/json")
        .body(["{\"tools\":", &list, "}"].concat())
}

pub(super) async fn call<T: Tools>(
    tools: &T,
    caller: Rc<Caller>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<HttpResponse, Fault> {
    require_json(headers)?;
    require_accepts(headers, "application/json")?;
    let call = read(body).map_err(|wrong| {
        Fault::new(
            FaultCode::InvalidRequest,
            format!("{wrong}; for example {EXAMPLE}"),
        )
    })?;
    match tools.call(caller, call).await {
        Outcome::Done(result) => Ok(HttpResponse::Ok()
            .content_type("application/json")
            .body(reply::plain(&result))),
        Outcome::UnknownTool => Err(Fault::new(
            FaultCode::NotFound,
            "no tool of this name; GET /mcp/tools names those there are",
        )),
        Outcome::AuditUnavailable => Err(Fault::unrecorded()),
    }
}

/// Reads a call, or says what the body must be.
fn read(body: &[u8]) -> Result<ToolCall, String> {
    let text = std::str::from_utf8(body).unwrap_or_default().trim_ascii();
    let body: Body<'_> = object(text).ok_or_else(|| unreadable(text))?;
    let name = match (body.tool, body.name) {
        (Some(name), None) | (None, Some(name)) => string(name),
        _ => None,
    };
    Ok(ToolCall {
        name: name
            .ok_or("the body must name the tool once, by `tool`, a string")?
            .into_owned(),
        arguments: arguments(body.arguments).ok_or("`arguments` must be an object")?,
        number: 1,
        structured: true,
    })
}

fn unreadable(text: &str) -> String {
    let members: Option<BTreeMap<String, &RawValue>> = object(text);
    let known = |name: &str| ["tool", "name", "arguments"].contains(&name);
    let members = members.unwrap_or_default();
    let stranger = members.keys().find(|name| !known(name));
    match stranger.map(|name| (name, name.chars().count())) {
        None => "the body must be a JSON object that has each member once".to_owned(),
        // What is longer is no slip, and half of it may be half of a secret.
        Some((_, length)) if length > LONGEST_SHOWN => {
            format!("the body takes no member with a name of {length} characters")
        }
        Some((name, _)) => format!("the body takes no member {name:?}"),
    }
}
