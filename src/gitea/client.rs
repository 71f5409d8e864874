//! Asking Gitea.
use std::{
    cell::{Cell, OnceCell},
    fmt::Display,
    rc::Rc,
    sync::Arc,
};

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{Address, Facts, Forge, GiteaError, Page, Query, RawFile, answer::Items, refusal};
use crate::{
    outbound::{HttpClient, Method, Request, Response},
    rights::Rights,
};

/// The longest answer that is read: a file of 6 MB, which is 8 MB of JSON.
const ANSWER_LIMIT: usize = 8 << 20;

/// One worker's way to Gitea: its connections.
pub struct Gitea {
    forge: Arc<Forge>,
    http: HttpClient,
    /// What the forge said at the start, once it is known.
    facts: OnceCell<Arc<Facts>>,
}

/// Every verb, for one call.
#[derive(Clone)]
pub struct GiteaClient(Rc<Call>);

/// A client that can look and not touch.
#[derive(Clone)]
pub struct GiteaReader(GiteaClient);

struct Call {
    gitea: Rc<Gitea>,
    rights: Rights,
    request_id: String,
    deadline: Instant,
    asked: Cell<u32>,
    status: Cell<Option<u16>>,
}

impl Gitea {
    pub fn new(forge: Arc<Forge>) -> Rc<Self> {
        Rc::new(Self {
            http: forge.outbound.client(),
            forge,
            facts: OnceCell::new(),
        })
    }

    /// A client for one call: it has one deadline for all its requests, and counts them. The
    /// request's id is for the log.
    pub fn client(self: &Rc<Self>, rights: Rights, request_id: impl Display) -> GiteaClient {
        GiteaClient(Rc::new(Call {
            gitea: Rc::clone(self),
            rights,
            request_id: request_id.to_string(),
            deadline: Instant::now() + self.forge.timeout,
            asked: Cell::new(0),
            status: Cell::new(None),
        }))
    }

    pub(super) fn forge(&self) -> &Forge {
        &self.forge
    }

    async fn facts(&self, deadline: Instant) -> Result<&Arc<Facts>, GiteaError> {
        if self.facts.get().is_none() {
            let facts = self.forge.facts(deadline).await?;
            // Set meanwhile by another call: the same.
            let _ = self.facts.set(facts);
        }
        self.facts.get().ok_or(GiteaError::Unreachable)
    }
}

impl GiteaReader {
    /// One JSON thing.
    ///
    /// # Errors
    /// Gitea refused, did not answer in time, or answered what is no `T`.
    pub async fn get<T: DeserializeOwned>(
        &self,
        address: &Address,
        query: &Query,
    ) -> Result<T, GiteaError> {
        self.0.get(address, query).await
    }

    /// One page of a JSON list: an array, or an object with the array as `data`.
    pub async fn list<T: DeserializeOwned>(
        &self,
        address: &Address,
        query: &Query,
    ) -> Result<Page<T>, GiteaError> {
        self.0.list(address, query).await
    }

    /// Bytes that are not JSON: a raw file, a diff.
    pub async fn raw(&self, address: &Address, query: &Query) -> Result<RawFile, GiteaError> {
        self.0.raw(address, query).await
    }

    /// What the forge said at the start: version, account, its address for people.
    pub async fn facts(&self) -> Result<Arc<Facts>, GiteaError> {
        self.0.facts().await
    }

    /// What the caller may do: lists drop what this does not cover.
    pub fn rights(&self) -> Rights {
        self.0.rights()
    }
}

impl From<GiteaClient> for GiteaReader {
    fn from(client: GiteaClient) -> Self {
        Self(client)
    }
}

impl GiteaClient {
    /// As [`GiteaReader::get`].
    pub async fn get<T: DeserializeOwned>(
        &self,
        address: &Address,
        query: &Query,
    ) -> Result<T, GiteaError> {
        let answer = self.0.ask(address, query).await?;
        self.0.read(address, &answer)
    }

    /// As [`GiteaReader::list`].
    pub async fn list<T: DeserializeOwned>(
        &self,
        address: &Address,
        query: &Query,
    ) -> Result<Page<T>, GiteaError> {
        let answer = self.0.ask(address, query).await?;
        let items: Items<T> = self.0.read(address, &answer)?;
        Ok(Page::of(items.0, &answer, query))
    }

    /// As [`GiteaReader::raw`].
    pub async fn raw(&self, address: &Address, query: &Query) -> Result<RawFile, GiteaError> {
        let answer = self.0.ask(address, query).await?;
        let content_type = answer.header("content-type").map(str::to_owned);
        let bytes = answer.body;
        Ok(RawFile {
            bytes,
            content_type,
        })
    }

    /// As [`GiteaReader::facts`].
    pub async fn facts(&self) -> Result<Arc<Facts>, GiteaError> {
        let facts = self.0.gitea.facts(self.0.deadline).await?;
        Ok(Arc::clone(facts))
    }

    /// As [`GiteaReader::rights`].
    pub fn rights(&self) -> Rights {
        self.0.rights
    }

    /// How many requests this call has made so far, and the status of the last answer.
    pub fn asked(&self) -> (u32, Option<u16>) {
        (self.0.asked.get(), self.0.status.get())
    }

    /// As [`GiteaClient::get`], before the forge is known.
    pub(super) async fn get_unknown<T: DeserializeOwned>(
        &self,
        address: &Address,
        query: &Query,
    ) -> Result<T, GiteaError> {
        let answer = self.0.ask_unknown(address, query).await?;
        self.0.read(address, &answer)
    }
}

impl Call {
    async fn ask(&self, address: &Address, query: &Query) -> Result<Response, GiteaError> {
        self.gitea.facts(self.deadline).await?;
        self.ask_unknown(address, query).await
    }

    async fn ask_unknown(&self, address: &Address, query: &Query) -> Result<Response, GiteaError> {
        let answer = self.send(address, query).await?;
        let root = &self.gitea.forge().root;
        match answer.status() {
            301 | 307 | 308 => {
                let location = answer.header("location").unwrap_or("");
                match address.renamed(root, location) {
                    Some(renamed) => self.accept(address, self.send(&renamed, query).await?),
                    None => self.accept(address, answer),
                }
            }
            _ => self.accept(address, answer),
        }
    }

    async fn send(&self, address: &Address, query: &Query) -> Result<Response, GiteaError> {
        if !address.is_sound() {
            return Err(self.note(address, GiteaError::UnsoundAddress, "not sent"));
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
        match self.gitea.http.send(request).await {
            Ok(answer) => {
                self.status.set(Some(answer.status()));
                Ok(answer)
            }
            Err(error) => Err(self.note(address, GiteaError::from(&error), &error.to_string())),
        }
    }

    fn accept(&self, address: &Address, answer: Response) -> Result<Response, GiteaError> {
        let (error, cause) = match answer.status() {
            200..300 => return Ok(answer),
            300..400 => {
                let location = answer.header("location").unwrap_or("nowhere");
                (GiteaError::Moved, refusal::short(location))
            }
            _ => refusal::read(&answer),
        };
        Err(self.note(address, error, &cause))
    }

    fn read<T: DeserializeOwned>(
        &self,
        address: &Address,
        answer: &Response,
    ) -> Result<T, GiteaError> {
        serde_json::from_slice(&answer.body).map_err(|error| {
            // Not the error's own words: they quote the answer.
            let (kind, line, column) = (error.classify(), error.line(), error.column());
            let cause = format!("{kind:?} error of JSON in line {line}, column {column}");
            self.note(address, GiteaError::Garbled, &cause)
        })
    }

    /// Writes the cause where the operator finds it; the assistant reads the sentence.
    fn note(&self, address: &Address, error: GiteaError, cause: &str) -> GiteaError {
        let level = if error.is_for_operator() {
            log::Level::Warn
        } else {
            log::Level::Debug
        };
        let status = self
            .status
            .get()
            .map_or_else(String::new, |status| format!(" {status}"));
        log::log!(
            level,
            "request {}: GET {}:{status} {error}; cause: {}",
            self.request_id,
            address.as_str(),
            if cause.is_empty() { "not said" } else { cause }
        );
        error
    }
}
