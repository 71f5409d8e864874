//! The door to Gitea: what is asked, what is believed, what a bad forge cannot do.
mod bad_forge;
mod start;
mod tls;
mod views;

use std::{rc::Rc, sync::Arc, time::Duration};

use aegis::{
    gitea::{
        Address, Forge, Gitea, GiteaClient, GiteaError, GiteaReader, GiteaSettings, Owner, Query,
        RepoName, probe, views::Repository,
    },
    keys::{KeyRing, Metadata},
    outbound::{Outbound, TlsRoots},
    redaction::Redaction,
    rights::{Access, Rights},
    secret::Secret,
};
use arc_swap::ArcSwap;

use crate::support::Fake;

/// A deadline that no test is meant to reach.
const LONG: Duration = Duration::from_secs(30);

fn settings(url: &str, who: &str) -> GiteaSettings {
    GiteaSettings {
        url: url.parse().unwrap(),
        token: Secret::new(Fake::token(who)),
        timeout: LONG,
        allow_admin_token: false,
    }
}

/// A worker's way to the forge, which is not yet known.
fn door(settings: &GiteaSettings) -> Rc<Gitea> {
    let outbound = Outbound::new(TlsRoots::Webpki, None).unwrap();
    let ring = KeyRing::new([], &Metadata::default(), Rights::up_to(Access::Read));
    let ring = Arc::new(ArcSwap::from_pointee(ring));
    let redaction = Arc::new(Redaction::new(settings.token.clone(), ring));
    Gitea::new(Forge::new(settings, outbound, redaction).unwrap())
}

/// The way to a fake that is known, and has forgotten that it was asked.
async fn known(fake: &Fake, settings: &GiteaSettings) -> Rc<Gitea> {
    let gitea = door(settings);
    probe(&gitea).await.unwrap();
    fake.forget();
    gitea
}

async fn bot(fake: &Fake) -> Rc<Gitea> {
    known(fake, &settings(&fake.url(), "aegis-bot")).await
}

fn client(gitea: &Rc<Gitea>) -> GiteaClient {
    gitea.client(Rights::up_to(Access::Read), "test")
}

fn reader(gitea: &Rc<Gitea>) -> GiteaReader {
    client(gitea).into()
}

/// Asks for the telescope.
async fn telescope(client: &GiteaClient) -> Result<Repository, GiteaError> {
    let reader = GiteaReader::from(client.clone());
    reader.get(&repo("telescope", ""), &Query::new()).await
}

/// An address below `observatory/<repo>`.
fn repo(name: &str, rest: &'static str) -> Address {
    let (owner, name) = ("observatory".to_owned(), name.to_owned());
    let owner: Owner = owner.try_into().unwrap();
    let name: RepoName = name.try_into().unwrap();
    let address = Address::of(&[&"repos", &owner, &name]);
    if rest.is_empty() {
        address
    } else {
        address.and(&[&rest])
    }
}
