//! The forge itself, and this server.
use futures_util::future::join3;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Answer, Facts, Operation, Refusal, Report, Toolset,
    common::{MOST_OF_A_PAGE, USUAL_PAGE},
    operation::Input,
};
use crate::{
    gitea::{
        Address, GiteaReader, Query,
        views::{self, ApiSettings, AttachmentSettings},
    },
    rights::Target,
};

pub(super) fn toolset() -> Toolset {
    Toolset {
        name: "server",
        about: "the forge's version and limits",
        neighbour: "",
        operations: vec![Operation::read("version", version)],
    }
}

#[derive(Deserialize, JsonSchema)]
struct Version {}

impl Input for Version {
    fn target(&self) -> Target {
        Target::Forge
    }
}

async fn version(gitea: GiteaReader, Version {}: Version) -> Result<Answer, Refusal> {
    let (version, api, attachments, query) = (
        Address::of(&[&"version"]),
        Address::of(&[&"settings", &"api"]),
        Address::of(&[&"settings", &"attachment"]),
        Query::new(),
    );
    let (version, api, attachments) = join3(
        gitea.get::<views::Version>(&version, &query),
        gitea.get::<ApiSettings>(&api, &query),
        gitea.get::<AttachmentSettings>(&attachments, &query),
    )
    .await;
    let mut forge = (*gitea.facts().await?).clone();
    // It may have been upgraded since.
    forge.version = Some(version?.version);
    // A forge that does not tell its limits has told its version.
    let (api, attachments) = (api.ok(), attachments.ok());
    let facts = Facts::new()
        .maybe("account", forge.account.as_deref())
        .with("url", forge.web_root.as_str())
        .with("this server", concat!("aegis ", env!("CARGO_PKG_VERSION")))
        .with(
            "items of a page",
            format!("{USUAL_PAGE}, at most {MOST_OF_A_PAGE}"),
        )
        .maybe(
            "forge's items of a page",
            api.as_ref().map(|it| it.max_response_items),
        )
        .maybe(
            "largest file",
            api.and_then(|it| bytes(it.default_max_blob_size)),
        )
        .maybe("attachments", attachments.map(|it| it.told()));
    Ok(Report::new(forge.name()).facts(facts).into())
}

/// `10 MiB`, where it is told.
fn bytes(size: u64) -> Option<String> {
    match (size >> 20, size >> 10) {
        (0, 0) => None,
        (0, kibibytes) => Some(format!("{kibibytes} KiB")),
        (mebibytes, _) => Some(format!("{mebibytes} MiB")),
    }
}

impl AttachmentSettings {
    fn told(&self) -> String {
        if self.enabled {
            format!("at most {} of {} MiB", self.max_files, self.max_size)
        } else {
            "switched off".to_owned()
        }
    }
}
