//! How a commit is told.
use crate::{
    gitea::views::{Commit, CommitFile, Signature},
    operations::{
        Facts, View,
        refs::{short, subject, who},
        times::{day, minute},
    },
};

impl Commit {
    fn author(&self) -> String {
        signed_by(self.author.as_deref(), self.git.author.as_ref())
    }

    pub(in crate::operations) fn in_full(&self) -> Facts {
        let by = |login: Option<&str>, signature: Option<&Signature>| {
            let date = signature.and_then(|it| it.date).map(minute);
            let (who, date) = (signed_by(login, signature), date.unwrap_or_default());
            format!("{who} {date}").trim().to_owned()
        };
        let author = by(self.author.as_deref(), self.git.author.as_ref());
        let committer = by(self.committer.as_deref(), self.git.committer.as_ref());
        let parents: Vec<&str> = self.parents.iter().map(|it| short(it)).collect();
        let changed = self.stats.map(|it| {
            let (plus, minus, files) = (it.additions, it.deletions, self.files.len());
            format!("+{plus} -{minus}, files: {files}")
        });
        Facts::new()
            .told("sha", self.sha.as_str())
            .maybe("committer", Some(committer).filter(|it| *it != author))
            .with("author", author)
            .with("parents", parents)
            .maybe("changed", changed)
            .maybe("signature", self.signature())
            .with("url", self.url.as_str())
    }

    /// What the forge found of the signature, where there is one.
    fn signature(&self) -> Option<String> {
        let found = self.git.verification.as_ref()?;
        if found.verified {
            return Some("verified by the forge".to_owned());
        }
        let reason = found.reason.as_deref().unwrap_or("the forge says not why");
        let told = |_: &String| format!("not verified ({reason})");
        found.signature.as_ref().map(told)
    }

    /// What there is to read of a commit beyond its subject: the rest of its message, and its files.
    pub(super) fn parts(&self) -> Vec<Part> {
        let message = self.git.message.trim();
        let rest = message.split_once('\n').map_or("", |(_, rest)| rest.trim());
        let file = |it: &CommitFile| format!("{} {}", it.status, it.path.replace('\n', "<U+000A>"));
        let files: Vec<String> = self.files.iter().map(file).collect();
        let parts = [("message", rest.to_owned()), ("files", files.join("\n"))];
        let parts = parts.into_iter().filter(|(_, text)| !text.is_empty());
        parts.map(|(name, text)| Part { name, text }).collect()
    }
}

fn signed_by(login: Option<&str>, signature: Option<&Signature>) -> String {
    let name = signature.map_or("", |it| it.name.as_str());
    let login = login.or(signature.and_then(|it| it.login.as_deref()));
    who(login, name)
}

/// `639efab4f3 2026-11-23 reviewer: Describe the lens`.
impl View for Commit {
    fn line(&self) -> String {
        let date = self.git.author.as_ref().and_then(|it| it.date);
        let (date, author) = (date.map(day).unwrap_or_default(), self.author());
        format!(
            "{} {date} {author}: {}",
            short(&self.sha),
            subject(&self.git.message)
        )
    }

    fn facts(&self) -> Facts {
        let date = self.git.author.as_ref().and_then(|it| it.date);
        Facts::new()
            .told("sha", self.sha.as_str())
            .told("author", self.author())
            .told("date", date.map(minute).unwrap_or_default())
            .told("message", self.git.message.as_str())
    }
}

/// A part of a commit: the rest of its message, or its files.
pub(super) struct Part {
    name: &'static str,
    text: String,
}

impl View for Part {
    fn line(&self) -> String {
        format!("{}:", self.name)
    }

    fn facts(&self) -> Facts {
        Facts::new().told("name", self.name)
    }

    fn text(&self) -> Option<&str> {
        Some(&self.text)
    }
}
