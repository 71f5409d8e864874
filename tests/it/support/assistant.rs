//! An assistant in front of a fake Gitea: it calls tools, reads texts, and goes on where they say so.
use serde_json::Value;

use super::{Fake, Server, Setup};

/// A repository with everything in it.
pub(crate) fn telescope(mut arguments: Value) -> Value {
    arguments["owner"] = "observatory".into();
    arguments["repo"] = "telescope".into();
    arguments
}

pub(crate) struct Assistant {
    pub(crate) fake: Fake,
    server: Server,
}

impl Assistant {
    pub(crate) fn new() -> Self {
        Self::before(Fake::start())
    }

    /// In front of a Gitea that says something else of itself.
    pub(crate) fn before(fake: Fake) -> Self {
        Self::of(fake, 24_000)
    }

    /// Its answers have at most so many characters.
    pub(crate) fn reading_at_most(max: usize) -> Self {
        Self::of(Fake::start(), max)
    }

    fn of(fake: Fake, max: usize) -> Self {
        let mut setup = Setup::of(&fake.url(), &Fake::token("aegis-bot"));
        setup.answer_max = max;
        let server = setup.start();
        fake.forget();
        Self { fake, server }
    }

    /// The answer's text; a refusal's after `refused: `.
    pub(crate) fn calls(&self, tool: &str, arguments: &Value) -> String {
        let result = self.server.call(tool, arguments);
        let text = result["content"][0]["text"].as_str().unwrap();
        if result["isError"] == true {
            format!("refused: {text}")
        } else {
            text.to_owned()
        }
    }

    /// The texts of a call and of all that its `next` leads to.
    pub(crate) fn follows(&self, tool: &str, arguments: &Value) -> Vec<String> {
        let mut texts = vec![self.calls(tool, arguments)];
        while let Some(next) = texts.last().and_then(|text| next(text)) {
            assert!(texts.len() < 1_000, "it goes on without end");
            texts.push(self.calls(tool, &next));
        }
        texts
    }

    /// What Gitea was asked since the last time, below `/api/v1`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.fake.asked();
        self.fake.forget();
        let targets = asked.iter().filter_map(|line| line.split_once("/api/v1"));
        targets.map(|(_, target)| target.to_owned()).collect()
    }
}

/// The arguments that an answer goes on with.
pub(crate) fn next(text: &str) -> Option<Value> {
    let (head, _) = text.split_once("\n\n").unwrap_or((text, ""));
    let next = head.lines().find_map(|line| line.strip_prefix("next: "))?;
    Some(serde_json::from_str(next).unwrap())
}
