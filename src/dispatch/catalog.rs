//! The tools as an assistant sees them: operations of one access in one tool with a `method`.
use serde_json::{Map, Value, json};

use crate::{
    operations::{Argument, Operation, Toolset},
    rights::{Access, Rights},
    sort,
};

/// How the name of a tool of each access ends, and what its description begins with.
const ACCESSES: [(Access, &str, &str); 3] = [
    (Access::Read, "read", "Read"),
    (Access::Write, "write", "Change"),
    (Access::Destroy, "delete", "Delete"),
];

/// The enabled tools in a fixed order.
pub struct Catalog {
    tools: Vec<Tool>,
}

/// One tool of `tools/list`.
pub struct Tool {
    /// Whose operations its methods are; `None` of one operation that stands alone.
    toolset: Option<&'static str>,
    pub name: String,
    pub access: Access,
    pub operations: Vec<Operation>,
    /// Every argument that one of its methods takes, `method` not among them.
    pub arguments: Vec<Argument>,
    definition: Value,
}

/// A name in `TOOLSETS` that no toolset has.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no such toolset; there are: {}", .known.join(", "))]
pub struct UnknownToolset {
    pub known: Vec<&'static str>,
}

impl Catalog {
    /// The tools of the toolsets that are named; `all` names every one.
    ///
    /// # Errors
    /// A name is no toolset's.
    pub fn new(toolsets: Vec<Toolset>, enabled: &[String]) -> Result<Self, UnknownToolset> {
        let known: Vec<&'static str> = toolsets.iter().map(|it| it.name).collect();
        let is_strange = |name: &String| name != "all" && !known.contains(&name.as_str());
        if enabled.iter().any(is_strange) {
            return Err(UnknownToolset { known });
        }
        let on = |name| enabled.iter().any(|it| it == "all" || it == name);
        let tools = toolsets.into_iter().filter(|it| on(it.name));
        Ok(Self {
            tools: tools.flat_map(Tool::all_of).collect(),
        })
    }

    /// The caller's tool of this name.
    pub fn find(&self, name: &str, rights: Rights) -> Option<&Tool> {
        let mut tools = self.tools.iter();
        tools.find(|tool| tool.name == name && rights.show(tool.access))
    }

    /// The caller's tools as the JSON array of `tools/list`.
    pub fn list(&self, rights: Rights) -> String {
        let shown = self.tools.iter().filter(|tool| rights.show(tool.access));
        Value::Array(shown.map(|tool| tool.definition.clone()).collect()).to_string()
    }

    pub fn tools(&self) -> &[Tool] {
        &self.tools
    }
}

impl Tool {
    /// The tools of a toolset: one for each access, and one for each operation that stands alone.
    fn all_of(toolset: Toolset) -> Vec<Self> {
        let (alone, mut grouped): (Vec<_>, Vec<_>) =
            toolset.operations.into_iter().partition(|it| it.alone);
        let mut tools = Vec::new();
        for (access, suffix, verb) in ACCESSES {
            let (these, rest): (Vec<_>, Vec<_>) =
                grouped.into_iter().partition(|it| it.access == access);
            grouped = rest;
            if these.is_empty() {
                continue;
            }
            let mut tool = Self {
                toolset: Some(toolset.name),
                name: format!("{}_{suffix}", toolset.name),
                access,
                arguments: union(&these),
                operations: these,
                definition: Value::Null,
            };
            let mut lines = tool.method_lines();
            lines.insert(0, format!("{verb} {}.", toolset.about));
            if !toolset.neighbour.is_empty() {
                lines.push(toolset.neighbour.to_owned());
            }
            tool.define(&lines.join("\n"));
            tools.push(tool);
        }
        tools.extend(alone.into_iter().map(Self::single));
        tools
    }

    fn single(operation: Operation) -> Self {
        let mut tool = Self {
            toolset: None,
            name: operation.name.to_owned(),
            access: operation.access,
            arguments: operation.arguments.clone(),
            operations: vec![operation],
            definition: Value::Null,
        };
        let about = tool.operations[0].about.clone();
        tool.define(&about);
        tool
    }

    /// Whether a call names one of several operations by `method`.
    pub fn has_methods(&self) -> bool {
        self.toolset.is_some()
    }

    /// The name of an operation in policy and audit: `issue.list`.
    pub fn full_name(&self, operation: &Operation) -> String {
        match self.toolset {
            Some(toolset) => format!("{toolset}.{}", operation.name),
            None => operation.name.to_owned(),
        }
    }

    fn define(&mut self, about: &str) {
        let mut properties: Map<String, Value> = Map::new();
        let mut required = self.required();
        if self.has_methods() {
            let methods: Vec<&str> = self.operations.iter().map(|it| it.name).collect();
            let method = json!({"type": "string", "enum": methods});
            properties.insert("method".to_owned(), method);
            required.insert(0, "method");
        }
        for argument in &self.arguments {
            properties.insert(argument.name.clone(), argument.schema.clone());
        }
        let mut input = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            input["required"] = required.into();
        }
        let mut definition = json!({
            "name": self.name,
            "description": about,
            "inputSchema": input,
        });
        if let Some(output) = self.operations.iter().find_map(|it| it.output.as_ref()) {
            definition["outputSchema"] = output.clone();
        }
        definition["annotations"] = json!({
            "readOnlyHint": self.access == Access::Read,
            "destructiveHint": self.access == Access::Destroy,
            "idempotentHint": self.access == Access::Read,
            "openWorldHint": false,
        });
        self.definition = definition;
    }

    /// What every method needs.
    fn required(&self) -> Vec<&str> {
        let needed = |name: &str| {
            let mut operations = self.operations.iter();
            operations.all(|it| it.required().any(|other| other == name))
        };
        let names = self.arguments.iter().map(|it| it.name.as_str());
        names.filter(|name| needed(name)).collect()
    }

    /// One line for each method: its name, what it needs beyond the others, what there is to say.
    /// Methods that say the same share a line.
    fn method_lines(&self) -> Vec<String> {
        let always = self.required();
        let mut lines: Vec<(Vec<&str>, Vec<&str>, &str)> = Vec::new();
        for operation in &self.operations {
            let needs: Vec<&str> = operation
                .required()
                .filter(|it| !always.contains(it))
                .collect();
            match lines
                .iter_mut()
                .find(|(_, n, about)| *n == needs && *about == operation.about)
            {
                Some((names, ..)) => names.push(operation.name),
                None => lines.push((vec![operation.name], needs, &operation.about)),
            }
        }
        let line = |(names, needs, about): &(Vec<&str>, Vec<&str>, &str)| {
            let verb = if names.len() == 1 { "needs" } else { "need" };
            let needs = match needs.as_slice() {
                [] => String::new(),
                needs => format!("{verb} {}", needs.join(", ")),
            };
            let said: Vec<&str> = [needs.as_str(), about]
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect();
            match said.as_slice() {
                [] => names.join(", "),
                said => format!("{}: {}", names.join(", "), said.join("; ")),
            }
        };
        lines.iter().map(line).collect()
    }
}

impl Operation {
    fn required(&self) -> impl Iterator<Item = &str> {
        let required = self.arguments.iter().filter(|it| it.required);
        required.map(|it| it.name.as_str())
    }
}

/// Every argument of these operations once, in the order of the vocabulary.
fn union(operations: &[Operation]) -> Vec<Argument> {
    let mut all: Vec<Argument> = Vec::new();
    for argument in operations.iter().flat_map(|it| &it.arguments) {
        if !all.iter().any(|it| it.name == argument.name) {
            all.push(argument.clone());
        }
    }
    let offset = Argument::number("offset");
    all.push(offset);
    sort::by_key(&mut all, |it| crate::operations::rank(&it.name));
    all
}
