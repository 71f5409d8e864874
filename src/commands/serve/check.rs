//! `serve --check`: says what would be served and asks the forge who the token is. Writes nothing,
//! listens nowhere, and shows no secret.
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::{Map, Value, json};

use super::{keeping, opening::unlistenable, plan::Plan, wiring};
use crate::{
    commands::{Failure, print},
    dispatch::Catalog,
    gitea::{self, Gitea, Scope, ScopeState},
    sort,
};

/// What is told, line by line, and what speaks against serving.
struct Report {
    facts: Vec<(&'static str, Value)>,
    notes: Vec<String>,
    problems: Vec<String>,
}

pub(super) async fn run(plan: Plan, as_json: bool) -> Result<(), Failure> {
    let mut report = Report::of(&plan);
    let unlistenable = unlistenable(plan.config.listen.address);
    let unlistenable = unlistenable.map(|failure| failure.to_string());
    report.problems.extend(unlistenable);
    // Whatever is missing is among the problems already.
    let is_set = plan.config.gitea.url.is_some() && plan.config.gitea.token.is_some();
    if let Some(outbound) = plan.outbound.filter(|_| is_set) {
        let ring = Arc::new(ArcSwap::from_pointee(plan.keys.ring));
        match wiring::forge(plan.config.gitea, outbound, None, &ring) {
            Ok((forge, _)) => report.ask(&Gitea::new(forge), &plan.catalog).await,
            Err(failure) => report.problems.push(failure.to_string()),
        }
    }
    let text = if as_json {
        report.json()
    } else {
        report.text()
    };
    print(&text)?;
    if report.problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::settings(&report.problems))
    }
}

impl Report {
    fn of(plan: &Plan) -> Self {
        let config = &plan.config;
        let settings = plan
            .env_file
            .as_ref()
            .map(|file| format!("{} and the environment", file.display()));
        let in_force = plan.keys.ring.in_force(plan.now);
        let mut hints: Vec<_> = in_force.map(|key| key.hint.to_string()).collect();
        sort::by(&mut hints, String::cmp);
        let keys = match (config.gate.auth_enabled, &hints[..]) {
            (false, _) => "none needed: authentication is off".to_owned(),
            (true, []) => "none".to_owned(),
            (true, hints) => hints.join(", "),
        };
        let count = config.gate.auth_enabled.then_some(hints.len());
        let ended = &plan.keys.ended;
        let ended = (!ended.is_empty()).then(|| ended.join(", "));
        let metadata = plan.sources.metadata().display();
        let metadata = match &plan.keys {
            keys if keys.has_metadata => metadata.to_string(),
            keys if keys.is_metadata_unusable => format!("{metadata} (cannot be used)"),
            _ => format!("{metadata} (not there yet)"),
        };
        let tools: Vec<_> = plan
            .catalog
            .tools()
            .iter()
            .map(|tool| tool.name.as_str())
            .collect();
        let log = plan
            .audit_log
            .as_ref()
            .map(|file| file.display().to_string());
        let forge = config.gitea.url.as_ref().map(ToString::to_string);
        let settings = settings.unwrap_or_else(|| "the environment".to_owned());
        let public_url = config.listen.public_url.as_ref();
        let [synced, checkpoints, rotation] =
            keeping::facts(&config.audit).map(|(name, fact)| (name, Some(json!(fact))));
        let facts = [
            ("settings", Some(json!(settings))),
            ("listen", Some(json!(config.listen.address))),
            ("public url", public_url.map(|url| json!(url.as_str()))),
            ("keys", Some(json!(keys))),
            ("keys in force", count.map(|count| json!(count))),
            ("keys that ended", ended.map(|ended| json!(ended))),
            ("key metadata", Some(json!(metadata))),
            ("tools", Some(json!(tools.join(", ")))),
            ("audit log", log.map(|log| json!(log))),
            synced,
            checkpoints,
            rotation,
            ("gitea", forge.map(|forge| json!(forge))),
        ];
        Self {
            facts: facts
                .into_iter()
                .filter_map(|(name, fact)| Some((name, fact?)))
                .collect(),
            notes: plan.notes.iter().map(|(_, note)| note.clone()).collect(),
            problems: plan.problems.clone(),
        }
    }

    async fn ask(&mut self, gitea: &std::rc::Rc<Gitea>, catalog: &Catalog) {
        let checkup = gitea::check(gitea).await;
        match checkup.facts {
            Ok(facts) => {
                self.facts.push(("version", json!(facts.name())));
                let unknown = || "not known: the token lacks the scope read:user".to_owned();
                let account = facts.account.unwrap_or_else(unknown);
                self.facts.push(("account", json!(account)));
            }
            Err(error) => self
                .problems
                .push(format!("Gitea could not be asked: {error}")),
        }
        self.problems
            .extend(checkup.refused.map(|refused| refused.to_string()));
        for (scope, state) in checkup.scopes {
            let users: Vec<_> = catalog
                .tools()
                .iter()
                .map(|tool| tool.name.as_str())
                .filter(|tool| needs(tool).contains(&scope))
                .collect();
            if users.is_empty() {
                continue;
            }
            let told = match state {
                ScopeState::Granted => "granted".to_owned(),
                ScopeState::Missing => "missing".to_owned(),
                ScopeState::Unclear(error) => format!("unclear ({error})"),
            };
            self.facts.push((
                scope.as_str(),
                json!(format!("{told}; needed by {}", users.join(", "))),
            ));
        }
    }

    fn text(&self) -> String {
        let facts = self.facts.iter().map(|(name, fact)| match fact {
            Value::String(fact) => format!("{name:<17}  {fact}\n"),
            fact => format!("{name:<17}  {fact}\n"),
        });
        let notes = self
            .notes
            .iter()
            .map(|note| format!("{:<17}  {note}\n", "note"));
        facts.chain(notes).collect()
    }

    fn json(&self) -> String {
        let mut told: Map<String, Value> = Map::new();
        told.insert("ok".to_owned(), json!(self.problems.is_empty()));
        for (name, fact) in &self.facts {
            told.insert(name.replace(' ', "_"), fact.clone());
        }
        told.insert("notes".to_owned(), json!(self.notes));
        told.insert("problems".to_owned(), json!(self.problems));
        format!("{}\n", Value::Object(told))
    }
}

/// The scopes without which a tool can do little or nothing.
fn needs(tool: &str) -> &'static [Scope] {
    match tool {
        "server_read" => &[],
        "user_read" => &[Scope::ReadUser],
        "repo_read" => &[Scope::ReadRepository, Scope::ReadUser],
        "issue_read" => &[Scope::ReadIssue],
        "pull_read" | "search" | "fetch" => &[Scope::ReadRepository, Scope::ReadIssue],
        _ => &[Scope::ReadRepository],
    }
}
