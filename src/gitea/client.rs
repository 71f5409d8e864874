//! Asking Gitea.
use std::{fmt::Display, rc::Rc, sync::Arc};

use serde::de::DeserializeOwned;

use super::{
    Address, Facts, Forge, GiteaError, Page, Query, answer::Items, bounded::Bounded, call::Call,
};
use crate::{
    outbound::HttpClient,
    rights::{Access, Rights},
};

/// One worker's way to Gitea: its connections.
pub struct Gitea {
    forge: Arc<Forge>,
    http: HttpClient,
}

/// Every verb, for one call.
#[derive(Clone)]
pub struct GiteaClient(Rc<Call>);

/// A client that can look and not touch.
#[derive(Clone)]
pub struct GiteaReader(Rc<Call>);

impl Gitea {
    pub fn new(forge: Arc<Forge>) -> Rc<Self> {
        Rc::new(Self {
            http: forge.outbound.client(),
            forge,
        })
    }

    /// A client for one call: it has one deadline for all its requests, and counts them. The
    /// request's id is for the log.
    pub fn client(self: &Rc<Self>, rights: Rights, request_id: impl Display) -> GiteaClient {
        let gitea = Rc::clone(self);
        let request_id = Some(request_id.to_string());
        GiteaClient(Rc::new(Call::new(gitea, rights, request_id)))
    }

    /// A client that asks before the forge is known, in nobody's name.
    pub(super) fn early(self: &Rc<Self>) -> GiteaClient {
        let rights = Rights::up_to(Access::Read);
        GiteaClient(Rc::new(Call::new(Rc::clone(self), rights, None)))
    }

    pub(super) fn forge(&self) -> &Forge {
        &self.forge
    }

    pub(super) fn http(&self) -> &HttpClient {
        &self.http
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
        let answer = self.0.ask(address, query).await?;
        self.0.read(address, &answer)
    }

    /// One page of a JSON list: an array, or an object with the array as `data`.
    pub async fn list<T: DeserializeOwned>(
        &self,
        address: &Address,
        query: &Query,
    ) -> Result<Page<T>, GiteaError> {
        let answer = self.0.ask(address, query).await?;
        let items: Items<T> = self.0.read(address, &answer)?;
        let most = self.facts().await?.page_max;
        Ok(Page::of(items.0, &answer, query, most))
    }

    /// One JSON thing that holds a page of a list, and that page, which `items` takes out of it.
    pub async fn list_within<T: DeserializeOwned + Default, I>(
        &self,
        address: &Address,
        query: &Query,
        items: impl FnOnce(&mut T) -> Bounded<I>,
    ) -> Result<(T, Page<I>), GiteaError> {
        let answer = self.0.ask(address, query).await?;
        // Where there is nothing to list, some forges say `null`, and some nothing at all.
        let thing: Option<T> = if answer.body.is_empty() {
            None
        } else {
            self.0.read(address, &answer)?
        };
        let mut thing = thing.unwrap_or_default();
        let items = items(&mut thing);
        let most = self.facts().await?.page_max;
        Ok((thing, Page::of(items, &answer, query, most)))
    }

    /// Bytes that are not JSON: a diff.
    pub async fn raw(&self, address: &Address, query: &Query) -> Result<Vec<u8>, GiteaError> {
        let answer = self.0.ask(address, query).await?;
        self.0.raw(address, answer)
    }

    /// What the forge said when it was last asked: version, account, its address for people.
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
        Self(client.0)
    }
}

impl GiteaClient {
    /// How many requests this call has made so far, and the status of the last answer.
    pub fn asked(&self) -> (u32, Option<u16>) {
        self.0.asked()
    }

    /// Why the last question failed, for the operator: Gitea's words in short, or the system's.
    pub(super) fn cause(&self) -> String {
        self.0.cause()
    }

    /// As [`GiteaReader::get`], before the forge is known.
    pub(super) async fn get_early<T: DeserializeOwned>(
        &self,
        address: &Address,
        query: &Query,
    ) -> Result<T, GiteaError> {
        let answer = self.0.ask_early(address, query).await?;
        self.0.read(address, &answer)
    }
}
