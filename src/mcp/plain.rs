//! Two routes for those who speak no MCP: the tools, and a call of one, as plain JSON.
use std::rc::Rc;

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
    let call = read(body).ok_or_else(|| {
        Fault::new(
            FaultCode::InvalidRequest,
            "the body must be a JSON object like {\"tool\": \"user_read\", \"arguments\": {\"method\": \"me\"}}",
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

fn read(body: &[u8]) -> Option<ToolCall> {
    let body: Body<'_> = object(std::str::from_utf8(body).ok()?.trim_ascii())?;
    let name = match (body.tool, body.name) {
        (Some(name), None) | (None, Some(name)) => string(name)?,
        _ => return None,
    };
    Some(ToolCall {
        name: name.into_owned(),
        arguments: arguments(body.arguments)?,
        number: 1,
        structured: true,
    })
}
