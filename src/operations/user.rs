//! People who have an account on the forge.
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Answer, Facts, Operation, Refusal, Report, Toolset, View,
    common::{Paging, covered, shorten},
    operation::Input,
    times::day,
};
use crate::{
    gitea::{Address, GiteaReader, Owner, Query, views::User},
    rights::Target,
};

pub(super) fn toolset() -> Toolset {
    Toolset {
        name: "user",
        about: "users",
        neighbour: "",
        operations: vec![
            Operation::read("me", me),
            Operation::read("get", get),
            Operation::read("search", search),
        ],
    }
}

/// this server's account
#[derive(Deserialize, JsonSchema)]
struct Me {}

impl Input for Me {
    fn target(&self) -> Target {
        Target::Forge
    }
}

async fn me(gitea: GiteaReader, Me {}: Me) -> Result<Answer, Refusal> {
    let user: User = gitea.get(&Address::of(&[&"user"]), &Query::new()).await?;
    let report = Report::new(format!("user {}", user.login)).applied("this server's account");
    Ok(user.told(report).into())
}

#[derive(Deserialize, JsonSchema)]
struct Get {
    username: Owner,
}

impl Input for Get {
    fn target(&self) -> Target {
        Target::User(self.username.as_str().to_owned())
    }
}

async fn get(gitea: GiteaReader, input: Get) -> Result<Answer, Refusal> {
    let address = Address::of(&[&"users", &input.username]);
    let user: User = gitea.get(&address, &Query::new()).await?;
    let report = Report::new(format!("user {}", user.login));
    Ok(user.told(report).into())
}

#[derive(Deserialize, JsonSchema)]
struct Search {
    query: String,
    #[serde(flatten)]
    paging: Paging,
}

impl Input for Search {
    fn target(&self) -> Target {
        Target::Forge
    }
}

async fn search(gitea: GiteaReader, input: Search) -> Result<Answer, Refusal> {
    let Search {
        query: words,
        paging,
    } = input;
    let paging = paging.within(&gitea).await?;
    let query = paging.query(Query::new().with("q", &words));
    let page = gitea
        .list(&Address::of(&[&"users", &"search"]), &query)
        .await?;
    let page = covered(&gitea, page, |user: &User| Target::User(user.login.clone()));
    let report = Report::new("users").applied(format!("query {:?}", shorten(&words, 60)));
    Ok(report.page(paging, page).into())
}

impl User {
    fn told(self, report: Report) -> Report {
        let report = report.facts(self.facts());
        match self.full_name {
            Some(name) => report.subject(name),
            None => report,
        }
    }
}

impl View for User {
    fn line(&self) -> String {
        match &self.full_name {
            Some(name) => format!("{}: {name}", self.login),
            None => self.login.clone(),
        }
    }

    fn facts(&self) -> Facts {
        let hidden = self.visibility.as_deref().filter(|it| *it != "public");
        Facts::new()
            .told("login", self.login.as_str())
            .told("full_name", self.full_name.as_deref().unwrap_or_default())
            .maybe("about", self.description.as_deref())
            .maybe("location", self.location.as_deref())
            .maybe("website", self.website.as_deref())
            .maybe("visibility", hidden)
            .maybe("administrator", self.is_admin.then_some(true))
            .maybe("restricted", self.restricted.then_some(true))
            .maybe("joined", self.created.map(day))
            .with("followers", self.followers_count)
            .with("following", self.following_count)
            .with("starred", self.starred_repos_count)
            .with("url", self.url.as_str())
    }
}
