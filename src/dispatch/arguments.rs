//! Arguments as they were sent, taken as they were meant: one place for every tool.
mod culprits;
mod names;
mod once;
mod values;

use serde_json::{Map, Value, value::RawValue};

use self::{
    once::Once,
    values::{is_absent, meant, too_much, what},
};
use super::catalog::Tool;
use crate::operations::{self, Argument, Kind, MOST_OF_A_PAGE, Operation, Prepared};

/// Names that are another's where a method has no argument of that name: a commit or a branch that a
/// reader is asked for is its ref.
const REFS: [&str; 2] = ["sha", "branch"];

/// Arguments that narrow a list. A list that cannot obey one says so instead of showing everything.
const FILTERS: [&str; 10] = [
    "owner",
    "query",
    "state",
    "labels",
    "milestone",
    "author",
    "assignee",
    "since",
    "until",
    "path",
];

/// A call as it was read.
pub(super) struct Call<'t> {
    /// The arguments as they were sent: what the record says of them, whether the call can run or not.
    pub(super) sent: Map<String, Value>,
    /// `None` where not even that is known.
    pub(super) operation: Option<&'t Operation>,
    /// What runs, or the sentence for the assistant.
    pub(super) question: Result<(Question, Prepared), String>,
}

/// What a call that can run was understood as.
pub(super) struct Question {
    /// The arguments, `method` among them: what a call that goes on repeats.
    pub(super) arguments: Map<String, Value>,
    /// Lines for the head: what was not used, or not as it was said.
    pub(super) notes: Vec<String>,
}

/// Reads a call's arguments for this tool.
pub(super) fn read<'t>(tool: &'t Tool, raw: Option<&RawValue>) -> Call<'t> {
    let (sent, fault) = match raw.map(|raw| serde_json::from_str(raw.get())) {
        Some(Ok(Once(Value::Object(sent)))) => (sent, None),
        Some(Err(error)) => (
            Map::new(),
            Some(format!("the arguments cannot be read: {error}")),
        ),
        Some(Ok(_)) | None => (Map::new(), None),
    };
    let mut reading = Reading {
        tool,
        operation: None,
        arguments: sent.clone(),
        notes: Vec::new(),
    };
    let understood = fault.map_or_else(|| reading.understand(), Err);
    let question = understood.map(|prepared| {
        let (arguments, notes) = (reading.arguments, reading.notes);
        (Question { arguments, notes }, prepared)
    });
    Call {
        sent,
        operation: reading.operation,
        question,
    }
}

struct Reading<'t> {
    tool: &'t Tool,
    operation: Option<&'t Operation>,
    arguments: Map<String, Value>,
    notes: Vec<String>,
}

impl<'t> Reading<'t> {
    fn understand(&mut self) -> Result<Prepared, String> {
        self.arguments.retain(|_, value| !is_absent(value));
        // First, so that the example of a right call says `repo` as it is said here.
        self.rename_aliases()?;
        self.split_full_name()?;
        let operation = self.method()?;
        self.operation = Some(operation);
        self.fit(operation)?;
        self.need(operation)?;
        self.prepare(operation)
    }

    fn method(&mut self) -> Result<&'t Operation, String> {
        let operations = &self.tool.operations;
        if !self.tool.has_methods() {
            return Ok(&operations[0]);
        }
        let methods = || {
            let names: Vec<&str> = operations.iter().map(|it| it.name).collect();
            names.join(", ")
        };
        let name = &self.tool.name;
        let first = || self.example(&operations[0]);
        let Some(method) = self.arguments.get("method") else {
            return Err(format!(
                "{name} needs method, one of: {}; for example {}",
                methods(),
                first()
            ));
        };
        let asked = method.as_str().unwrap_or_default();
        operations
            .iter()
            .find(|it| it.name == asked)
            .ok_or_else(|| {
                format!(
                    "{name} has no such method; there are: {}; for example {}",
                    methods(),
                    first()
                )
            })
    }

    /// Gives every argument its kind, and decides on those that this method does not take.
    fn fit(&mut self, operation: &Operation) -> Result<(), String> {
        let sent = std::mem::take(&mut self.arguments);
        let (mut unused, mut misfit) = (Vec::new(), None);
        let knows = |name: &str| operation.argument(name).is_some();
        let has_ref = sent.contains_key("ref");
        let means_ref = |name: &str| REFS.contains(&name) && !knows(name) && knows("ref");
        let mut refs = sent.iter().filter(|(name, _)| means_ref(name));
        if let (Some((one, value)), Some((other, another))) = (refs.next(), refs.next())
            && value != another
        {
            return Err(format!("{one} and {other} mean the same and differ"));
        }
        for (mut name, value) in sent {
            if means_ref(&name) && !has_ref {
                "ref".clone_into(&mut name);
            }
            if name == "method" && self.tool.has_methods() {
                self.arguments.insert(name, value);
            } else if let Some(argument) = operation.argument(&name) {
                let Some(mut value) = meant(argument, value) else {
                    misfit.get_or_insert(argument);
                    continue;
                };
                if let Some(fault) = too_much(&name, &value) {
                    return Err(fault);
                }
                if name == "limit" {
                    let bound = match value.as_u64() {
                        Some(0) => Some((1, "least")),
                        Some(limit) if limit > MOST_OF_A_PAGE => Some((MOST_OF_A_PAGE, "most")),
                        _ => None,
                    };
                    if let Some((limit, end)) = bound {
                        value = limit.into();
                        let note = format!("limit: {limit}, the {end} of a page");
                        self.notes.push(note);
                    }
                }
                if !is_absent(&value) {
                    self.arguments.insert(name, value);
                }
            } else if name == "offset" && self.tool.argument("offset").is_some() {
                let offset = Argument::number("offset");
                let value = meant(&offset, value)
                    .ok_or_else(|| format!("offset is {}", what(Kind::Number)))?;
                self.arguments.insert(name, value);
            } else if self.tool.argument(&name).is_none() {
                return Err(self.stranger(operation, &name));
            } else if operation.argument("page").is_some() && FILTERS.contains(&name.as_str()) {
                return Err(format!(
                    "{} does not filter by {name}; it takes {}",
                    self.called(operation),
                    takes(operation)
                ));
            } else {
                unused.push(name);
            }
        }
        if let Some(argument) = misfit {
            let (name, example) = (&argument.name, self.example_of(operation, &[argument]));
            let what = what(argument.kind);
            return Err(format!("{name} is {what}, for example {example}"));
        }
        if !unused.is_empty() {
            self.notes
                .insert(0, format!("not used: {}", unused.join(", ")));
        }
        Ok(())
    }

    fn stranger(&self, operation: &Operation, name: &str) -> String {
        let called = self.called(operation);
        let shown = match name.chars().count() {
            // What is longer is no slip, and half of it may be half of a secret.
            length if length > 40 => format!("argument with a name of {length} characters"),
            _ => format!("{name:?}"),
        };
        format!("{called} takes no {shown}; it takes {}", takes(operation))
    }

    fn need(&self, operation: &Operation) -> Result<(), String> {
        let required = operation.arguments.iter().filter(|it| it.required);
        let missing: Vec<&str> = required
            .map(|it| it.name.as_str())
            .filter(|name| !self.arguments.contains_key(*name))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let (called, example) = (self.called(operation), self.example(operation));
        Err(format!(
            "{called} needs {}, for example {example}",
            missing.join(", ")
        ))
    }

    fn prepare(&self, operation: &Operation) -> Result<Prepared, String> {
        let error = match operation.prepare(&self.arguments) {
            Ok(prepared) => return Ok(prepared),
            Err(error) => error,
        };
        let (culprits, said) = self.culprits(operation, error.to_string());
        let name = culprits
            .first()
            .map_or(String::new(), |it| format!("{}: ", it.name));
        Err(match said.strip_prefix("unknown variant") {
            // Those that there are follow.
            Some(rest) => format!("{name}there is no{rest}"),
            None if culprits.is_empty() => said,
            None => {
                let example = self.example_of(operation, &culprits);
                format!("{name}{said}, for example {example}")
            }
        })
    }

    /// How people call the operation: `issue_read get`.
    fn called(&self, operation: &Operation) -> String {
        if self.tool.has_methods() {
            format!("{} {}", self.tool.name, operation.name)
        } else {
            self.tool.name.clone()
        }
    }

    fn example(&self, operation: &Operation) -> Value {
        self.example_of(operation, &[])
    }

    /// A whole right call: what was sent, and examples for what is missing or `wrong`; nothing of what
    /// was sent where it would not do.
    fn example_of(&self, operation: &Operation, wrong: &[&Argument]) -> Value {
        let example = self.example_with(operation, wrong, &self.arguments);
        if operation.prepare(&example).is_ok() {
            return example.into();
        }
        self.example_with(operation, wrong, &Map::new()).into()
    }

    fn example_with(
        &self,
        operation: &Operation,
        wrong: &[&Argument],
        sent: &Map<String, Value>,
    ) -> Map<String, Value> {
        let mut example = Map::new();
        if self.tool.has_methods() {
            example.insert("method".to_owned(), operation.name.into());
        }
        let is_wrong = |argument: &Argument| wrong.iter().any(|it| it.name == argument.name);
        for argument in &operation.arguments {
            if !argument.required && !is_wrong(argument) {
                continue;
            }
            let sent = sent.get(&argument.name).cloned();
            let sent = sent.filter(|_| !is_wrong(argument));
            let sent = sent.and_then(|value| meant(argument, value));
            let value = sent.unwrap_or_else(|| operations::example(&argument.name));
            example.insert(argument.name.clone(), value);
        }
        example
    }
}

impl Tool {
    fn argument(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|it| it.name == name)
    }
}

impl Operation {
    fn argument(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|it| it.name == name)
    }
}

fn takes(operation: &Operation) -> String {
    if operation.arguments.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<&str> = operation
        .arguments
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
