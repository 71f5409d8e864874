//! Asking Gitea.
use std::rc::Rc;

use serde::de::DeserializeOwned;

use super::{Address, GiteaError, Query};

/// One worker's way to Gitea: connections, token, limits, and what is known of the forge.
pub struct Gitea {}

impl Gitea {
    /// A client for one call: it has one deadline for all its requests, and counts them.
    pub fn client(self: &Rc<Self>) -> GiteaClient {
        unimplemented!()
    }

    /// The address by which people open the forge in a browser, without a slash at the end.
    pub fn web_root(&self) -> &str {
        unimplemented!()
    }
}

/// Every verb, for one call.
#[derive(Clone)]
pub struct GiteaClient {}

/// A client that can look and not touch.
#[derive(Clone)]
pub struct GiteaReader(GiteaClient);

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// `X-Total-Count`, where Gitea sent one.
    pub total: Option<u64>,
    /// Whether Gitea says or shows that there is a page after this (`Link`, `X-HasMore`, total, or a full page).
    pub more: bool,
}

/// A file or another text as bytes.
#[derive(Debug)]
pub struct RawFile {
    pub bytes: Vec<u8>,
    pub content_type: Option<String>,
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

    /// One page of a JSON list.
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

    /// The address by which people open the forge in a browser, without a slash at the end.
    pub fn web_root(&self) -> &str {
        self.0.web_root()
    }
}

impl From<GiteaClient> for GiteaReader {
    fn from(client: GiteaClient) -> Self {
        Self(client)
    }
}

impl GiteaClient {
    pub async fn get<T: DeserializeOwned>(
        &self,
        _address: &Address,
        _query: &Query,
    ) -> Result<T, GiteaError> {
        unimplemented!()
    }

    pub async fn list<T: DeserializeOwned>(
        &self,
        _address: &Address,
        _query: &Query,
    ) -> Result<Page<T>, GiteaError> {
        unimplemented!()
    }

    pub async fn raw(&self, _address: &Address, _query: &Query) -> Result<RawFile, GiteaError> {
        unimplemented!()
    }

    pub fn web_root(&self) -> &str {
        unimplemented!()
    }

    /// How many requests this call has made so far, and the status of the last answer.
    pub fn asked(&self) -> (u32, Option<u16>) {
        unimplemented!()
    }
}
