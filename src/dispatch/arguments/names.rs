//! Arguments that are called otherwise, or two that are said as one.
use serde_json::Value;

use super::{Reading, values::meant};

/// Other names that models use for ours.
const ALIASES: [(&str, &str); 4] = [
    ("number", "index"),
    ("issue_number", "index"),
    ("pull_number", "index"),
    ("per_page", "limit"),
];

impl Reading<'_> {
    pub(super) fn rename_aliases(&mut self) -> Result<(), String> {
        for (alias, name) in ALIASES {
            let (None, Some(argument)) = (self.tool.argument(alias), self.tool.argument(name))
            else {
                continue;
            };
            let Some(value) = self.arguments.shift_remove(alias) else {
                continue;
            };
            match self.arguments.get(name) {
                Some(other) if meant(argument, other.clone()) != meant(argument, value.clone()) => {
                    return Err(format!("{alias} and {name} mean the same and differ"));
                }
                Some(_) => {}
                None => {
                    self.arguments.insert(name.to_owned(), value);
                }
            }
        }
        Ok(())
    }

    /// `repo: "owner/name"` fills both, and so does `owner`.
    pub(super) fn split_full_name(&mut self) -> Result<(), String> {
        self.split_owner()?;
        let Some(full) = self.arguments.get("repo").and_then(Value::as_str) else {
            return Ok(());
        };
        let Some((owner, repo)) = full.trim_matches('/').split_once('/') else {
            return Ok(());
        };
        if repo.contains('/') && self.tool.argument("repo").is_some() {
            let operation = self.method()?;
            let repo = operation.argument("repo");
            let example = self.example_of(operation, repo.as_slice());
            return Err(format!(
                "repo: this is no name of a repository, nor owner/name, for example {example}"
            ));
        }
        let (owner, repo) = (owner.to_owned(), repo.to_owned());
        match self.text("owner") {
            Some(other) if !other.eq_ignore_ascii_case(&owner) => {
                return Err("owner and the owner in repo differ".to_owned());
            }
            Some(_) => {}
            None => {
                // Where it stands when both are sent.
                let at = self.arguments.keys().position(|name| name == "repo");
                self.arguments
                    .shift_insert(at.unwrap_or(0), "owner".to_owned(), owner.into());
            }
        }
        self.arguments.insert("repo".to_owned(), repo.into());
        Ok(())
    }

    /// An argument as the text that is meant: a number may be a name.
    fn text(&self, name: &str) -> Option<String> {
        let value = self.arguments.get(name)?.clone();
        let meant = meant(self.tool.argument(name)?, value)?;
        meant.as_str().map(str::to_owned)
    }

    fn split_owner(&mut self) -> Result<(), String> {
        let Some(full) = self.arguments.get("owner").and_then(Value::as_str) else {
            return Ok(());
        };
        let full = full.trim_matches('/');
        let Some((owner, name)) = full.split_once('/') else {
            return Ok(());
        };
        // What has more slashes is no name of anything.
        if name.contains('/') || self.tool.argument("repo").is_none() {
            return Ok(());
        }
        let repo = self.arguments.get("repo");
        let differs = || {
            let mut same = [full, name].into_iter();
            let repo = self.text("repo").unwrap_or_default();
            !same.any(|it| it.eq_ignore_ascii_case(repo.trim_matches('/')))
        };
        if repo.is_some() && differs() {
            return Err("repo and the repository in owner differ".to_owned());
        }
        let (owner, name) = (Value::from(owner), Value::from(name));
        if repo.is_none() {
            let at = self.arguments.keys().position(|name| name == "owner");
            let at = at.map_or(0, |at| at + 1);
            self.arguments.shift_insert(at, "repo".to_owned(), name);
        }
        self.arguments.insert("owner".to_owned(), owner);
        Ok(())
    }
}
