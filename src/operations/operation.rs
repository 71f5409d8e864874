//! The shape of an operation: a name, what it may touch, and one typed async function.
use std::{future::Future, pin::Pin};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{answer::Answer, schema};
use crate::{
    gitea::{GiteaClient, GiteaError, GiteaReader},
    rights::{Access, Target},
};

/// Operations that an operator switches on or off together. Those of one access are one tool with
/// a `method`: `issue_read`.
pub struct Toolset {
    pub name: &'static str,
    /// What it is about, in the plural: `issues`.
    pub about: &'static str,
    /// Where what one may look for here is instead: `Pull requests: pull_read`. May be empty.
    pub neighbour: &'static str,
    pub operations: Vec<Operation>,
}

/// One thing to ask for.
pub struct Operation {
    pub name: &'static str,
    pub access: Access,
    /// The input's doc comment, in one line.
    pub about: String,
    /// What it takes, in the order of the vocabulary.
    pub arguments: Vec<Argument>,
    /// The schema of its answer, for the few whose answer has a contract of its own.
    pub output: Option<Value>,
    /// Whether it is a tool by itself, under its own name, and not a method of its group.
    pub alone: bool,
    /// What to ask for instead where the forge's answer is more than is read.
    less: Option<&'static str>,
    prepare: Prepare,
}

/// One argument of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    pub name: String,
    pub kind: Kind,
    pub required: bool,
    /// As the tool list shows it.
    pub schema: Value,
}

impl Argument {
    /// An optional number.
    pub fn number(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::Number,
            required: false,
            schema: serde_json::json!({"type": "integer"}),
        }
    }
}

/// What an argument is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Text,
    Number,
    Bool,
    /// A list of texts.
    Texts,
}

/// A call whose arguments have been read: what it is about, and how to run it.
pub struct Prepared {
    pub target: Target,
    pub run: Box<dyn FnOnce(GiteaClient) -> Running>,
}

pub type Running = Pin<Box<dyn Future<Output = Result<Answer, Refusal>>>>;
type Prepare =
    Box<dyn Fn(&Map<String, Value>) -> Result<Prepared, serde_json::Error> + Send + Sync>;

/// Why an operation has no answer, in words that the assistant can act on.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// What was wrong with the question, what is possible, what to do next.
    #[error("{0}")]
    Question(String),
    #[error(transparent)]
    Gitea(#[from] GiteaError),
}

/// What an operation reads. Its doc comment is what the assistant reads about the method.
pub(super) trait Input: DeserializeOwned + JsonSchema + 'static {
    fn target(&self) -> Target;
}

/// What an operation does.
#[diagnostic::on_unimplemented(
    message = "an operation is `async fn({G}, Input) -> Result<Answer, Refusal>`; a reading one takes a `GiteaReader`"
)]
pub(super) trait Handler<G, I>: Copy + Send + Sync + 'static {
    fn run(self, gitea: G, input: I) -> Running;
}

impl<G, I, R, F> Handler<G, I> for F
where
    R: Future<Output = Result<Answer, Refusal>> + 'static,
    F: Fn(G, I) -> R + Copy + Send + Sync + 'static,
{
    fn run(self, gitea: G, input: I) -> Running {
        Box::pin(self(gitea, input))
    }
}

/// What helps where a list comes in pages.
const FEWER: &str = "ask for fewer at once, with a smaller limit";

impl Operation {
    /// An operation that only looks: its function is handed a client that can only look.
    pub(super) fn read<I: Input>(name: &'static str, run: impl Handler<GiteaReader, I>) -> Self {
        let (about, arguments) = schema::of::<I>();
        let has_pages = arguments.iter().any(|it| it.name == "limit");
        Self {
            name,
            access: Access::Read,
            about,
            arguments,
            output: None,
            alone: false,
            less: has_pages.then_some(FEWER),
            prepare: Box::new(move |arguments| {
                let input = I::deserialize(arguments)?;
                Ok(Prepared {
                    target: input.target(),
                    run: Box::new(move |gitea| run.run(gitea.into(), input)),
                })
            }),
        }
    }

    /// The same with what to ask for instead where it is too much.
    #[must_use]
    pub(super) fn or_less(mut self, less: &'static str) -> Self {
        self.less = Some(less);
        self
    }

    /// What to ask for instead of this where the forge's answer is more than is read.
    pub fn less(&self, arguments: &Map<String, Value>) -> Option<&'static str> {
        let is_least = arguments.get("limit").and_then(Value::as_u64) == Some(1);
        self.less.filter(|less| *less != FEWER || !is_least)
    }

    /// The same as a tool by itself, with a promised form of its answer.
    #[must_use]
    pub(super) fn alone(mut self, output: Value) -> Self {
        self.alone = true;
        self.output = Some(output);
        self
    }

    /// Reads the arguments, whose names and kinds have been checked; others are nothing to it.
    ///
    /// # Errors
    /// A value is not what its type demands; the error says so in words for the assistant.
    pub fn prepare(&self, arguments: &Map<String, Value>) -> Result<Prepared, serde_json::Error> {
        (self.prepare)(arguments)
    }
}
