//! One call of a tool and its requests to Gitea.
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{Address, Facts, Gitea, GiteaError, Query, bounded::TOO_MANY, refusal};
use crate::{
    outbound::{Method, Request, Response},
    rights::Rights,
};

/// The longest answer that is read: a file of 6 MB, which is 8 MB of JSON.
pub(super) const ANSWER_LIMIT: usize = 8 << 20;

/// An owner may have been renamed, and the repository too.
const RENAMED_AT_MOST: u32 = 2;

/// What the requests of one call share.
pub(super) struct Call {
    gitea: Rc<Gitea>,
    rights: Rights,
    /// Of the request to us. The probe asks for itself, and tells itself what came of it.
    request_id: Option<String>,
    deadline: Instant,
    asked: Cell<u32>,
    status: Cell<Option<u16>>,
    /// Why the last question failed.
    cause: RefCell<String>,
}

impl Call {
    pub(super) fn new(gitea: Rc<Gitea>, rights: Rights, request_id: Option<String>) -> Self {
        Self {
            rights,
            request_id,
            deadline: Instant::now() + gitea.forge().timeout,
            gitea,
            asked: Cell::new(0),
            status: Cell::new(None),
            cause: RefCell::default(),
        }
    }

    pub(super) fn rights(&self) -> Rights {
        self.rights
    }

    pub(super) fn asked(&self) -> (u32, Option<u16>) {
        (self.asked.get(), self.status.get())
    }

    pub(super) fn cause(&self) -> String {
        self.cause.borrow().clone()
    }

    pub(super) async fn facts(&self) -> Result<Arc<Facts>, GiteaError> {
        self.gitea.forge().facts(self.deadline).await
    }

    /// The answer to a GET, where it is a success.
    pub(super) async fn ask(
        &self,
        address: &Address,
        query: &Query,
    ) -> Result<Response, GiteaError> {
        self.gitea.forge().facts(self.deadline).await?;
        self.ask_early(address, query).await
    }

    /// As [`Call::ask`], before the forge is known.
    pub(super) async fn ask_early(
        &self,
        address: &Address,
        query: &Query,
    ) -> Result<Response, GiteaError> {
        let mut answer = self.send(address, query).await?;
        let root = &self.gitea.forge().root;
        for _ in 0..RENAMED_AT_MOST {
            let location = match answer.status() {
                301 | 307 | 308 => answer.header("location").unwrap_or(""),
                _ => break,
            };
            let Some(renamed) = address.renamed(root, location) else {
                break;
            };
            answer = self.send(&renamed, query).await?;
        }
        self.accept(address, answer)
    }

    async fn send(&self, address: &Address, query: &Query) -> Result<Response, GiteaError> {
        if !address.is_sound() {
            return Err(self.note(address, GiteaError::UnsoundAddress, None, "not sent"));
        }
        let forge = self.gitea.forge();
        let url = [&forge.root, "/api/v1", address.as_str(), query.as_str()].concat();
        self.asked.set(self.asked.get() + 1);
        self.status.set(None);
        let request = Request {
            method: Method::GET,
            url: &url,
            headers: &forge.headers,
            body: Vec::new(),
            limit: ANSWER_LIMIT,
            deadline: self.deadline,
        };
        let answer = self.gitea.http().send(request).await;
        let status = answer.as_ref().ok().map(Response::status);
        if forge.asked.note(status) {
            forge.back.notify_one();
        }
        match answer {
            Ok(answer) => {
                self.status.set(Some(answer.status()));
                Ok(answer)
            }
            Err(error) => {
                let cause = error.to_string();
                Err(self.note(address, GiteaError::from(&error), None, &cause))
            }
        }
    }

    fn accept(&self, address: &Address, answer: Response) -> Result<Response, GiteaError> {
        let redaction = &self.gitea.forge().redaction;
        let status = answer.status();
        let (error, cause) = match status {
            200..300 => return Ok(answer),
            300..400 => {
                let location = answer.header("location").unwrap_or("nowhere");
                (GiteaError::Moved, refusal::line(location, redaction))
            }
            _ => refusal::read(&answer, redaction),
        };
        Err(self.note(address, error, Some(status), &cause))
    }

    pub(super) fn read<T: DeserializeOwned>(
        &self,
        address: &Address,
        answer: &Response,
    ) -> Result<T, GiteaError> {
        // Looked at once as a whole, which is a sixth less work than string by string.
        let read = match str::from_utf8(&answer.body) {
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_str(&String::from_utf8_lossy(&answer.body)),
        };
        read.map_err(|error| {
            // Not the error's own words: they quote the answer.
            let (kind, line, column) = (error.classify(), error.line(), error.column());
            let cause = format!("{kind:?} error of JSON in line {line}, column {column}");
            let error = if error.to_string().starts_with(TOO_MANY) {
                GiteaError::TooMany
            } else {
                GiteaError::Garbled
            };
            self.note(address, error, Some(answer.status()), &cause)
        })
    }

    /// The bytes of a text. Gitea sends none as HTML: that is a proxy's page, where to log in.
    pub(super) fn raw(&self, address: &Address, answer: Response) -> Result<Vec<u8>, GiteaError> {
        let content_type = answer.header("content-type").unwrap_or_default();
        if content_type.starts_with("text/html") {
            let (error, status) = (GiteaError::Garbled, Some(answer.status()));
            return Err(self.note(address, error, status, "a page of HTML"));
        }
        Ok(answer.body)
    }

    /// Writes the cause where the operator finds it; the assistant reads the sentence. `status` is that of
    /// the answer which is told of: others may have come meanwhile.
    fn note(
        &self,
        address: &Address,
        error: GiteaError,
        status: Option<u16>,
        cause: &str,
    ) -> GiteaError {
        self.cause.replace(harmless(cause));
        let Some(request_id) = &self.request_id else {
            return error;
        };
        let level = if error.is_for_operator() {
            log::Level::Warn
        } else {
            log::Level::Debug
        };
        let status = status.map_or_else(String::new, |status| format!(" {status}"));
        let line = format!(
            "request {request_id}: GET {}:{status} {error}; cause: {}",
            address.as_str(),
            if cause.is_empty() { "not said" } else { cause }
        );
        log::log!(level, "{}", harmless(&line));
        error
    }
}

/// A line for the log that may hold words of others: what a terminal would obey, or not show, is
/// written as its escape.
pub(super) fn harmless(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_shows_what_would_hide_or_turn_its_words() {
        let said = "it's \"no\" größe\u{202e}\u{200b}\u{e0041}\u{1b}[31m\n";
        assert_eq!(
            harmless(said),
            r#"it's "no" größe\u{202e}\u{200b}\u{e0041}\u{1b}[31m\n"#
        );
    }
}
