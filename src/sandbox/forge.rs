//! The forge: people, repositories and what belongs to each, as the data files tell it.
use super::answer::{Reply, not_found, not_found_because};
use super::entry::Entry;
use super::history::{Commit, History};
use super::shapes::Shapes;
use crate::sort;

/// How people would reach this forge, as a real one is told by its settings. Not where it listens.
pub(super) const ROOT: &str = "https://forge.example.org";
/// The account that the run's token belongs to.
pub(super) const ACCOUNT: &str = "aegis";

const DATA: [&str; 6] = [
    include_str!("data/people.txt"),
    include_str!("data/lamp.txt"),
    include_str!("data/lamp-history.txt"),
    include_str!("data/lamp-issues.txt"),
    include_str!("data/lamp-pulls.txt"),
    include_str!("data/others.txt"),
];

pub(super) struct Forge {
    pub(super) shapes: Shapes,
    /// Users and organizations.
    pub(super) people: Vec<Entry>,
    /// The organization's labels.
    pub(super) labels: Vec<Entry>,
    pub(super) repositories: Vec<Repository>,
}

pub(super) struct Repository {
    pub(super) id: usize,
    pub(super) owner: &'static str,
    pub(super) name: &'static str,
    pub(super) facts: Entry,
    pub(super) history: History,
    pub(super) labels: Vec<Entry>,
    pub(super) milestones: Vec<Entry>,
    /// Newest first.
    pub(super) releases: Vec<Entry>,
    pub(super) statuses: Vec<Entry>,
    /// Issues and pull requests by their numbers.
    pub(super) issues: Vec<Issue>,
}

/// An issue or a pull request, and what was said to it.
pub(super) struct Issue {
    pub(super) number: usize,
    pub(super) facts: Entry,
    pub(super) comments: Vec<Entry>,
    /// Reviews and their comments on lines.
    pub(super) reviews: Vec<(Entry, Vec<Entry>)>,
}

impl Forge {
    pub(super) fn load() -> Self {
        let mut forge = Self {
            shapes: Shapes::load(),
            people: Vec::new(),
            labels: Vec::new(),
            repositories: Vec::new(),
        };
        let mut open: Option<(Entry, Vec<Entry>)> = None;
        for entry in DATA.into_iter().flat_map(Entry::all) {
            match (entry.kind, &mut open) {
                ("repository", before) => {
                    let before = before.replace((entry, Vec::new()));
                    forge.add(before);
                }
                (_, Some((_, entries))) => entries.push(entry),
                ("label", None) => forge.labels.push(entry),
                (_, None) => forge.people.push(entry),
            }
        }
        forge.add(open);
        forge
    }

    fn add(&mut self, repository: Option<(Entry, Vec<Entry>)>) {
        if let Some((facts, entries)) = repository {
            let id = self.repositories.len() + 1;
            self.repositories.push(Repository::of(id, facts, &entries));
        }
    }

    /// A user or an organization, in any spelling of case.
    pub(super) fn person(&self, login: &str) -> Option<&Entry> {
        self.people
            .iter()
            .find(|person| person.name.eq_ignore_ascii_case(login))
    }

    /// A repository, or how Gitea says that it is none, or that it has another name now.
    pub(super) fn repository(
        &self,
        owner: &str,
        name: &str,
        rest: &str,
    ) -> Result<&Repository, Reply> {
        if self.person(owner).is_none() {
            let cause = format!("user redirect does not exist [name: {owner}]");
            return Err(not_found_because("GetUserByName", &cause));
        }
        let is = |full: &str| full.eq_ignore_ascii_case(&format!("{owner}/{name}"));
        if let Some(found) = self
            .repositories
            .iter()
            .find(|repository| is(repository.facts.name))
        {
            return Ok(found);
        }
        let renamed = (self.repositories.iter())
            .find(|repository| repository.facts.field("was").is_some_and(is));
        let Some(renamed) = renamed else {
            return Err(not_found());
        };
        let target = format!("/api/v1/repos/{}{rest}", renamed.facts.name);
        let page = format!("<a href=\"{target}\">Moved Permanently</a>.\n\n");
        Err(Reply::new(301, "text/html; charset=utf-8", page).with("Location", target))
    }
}

impl Repository {
    fn of(id: usize, facts: Entry, entries: &[Entry]) -> Self {
        let of_kind = |kind| {
            entries
                .iter()
                .filter(|entry| entry.kind == kind)
                .copied()
                .collect()
        };
        let (owner, name) = facts
            .name
            .split_once('/')
            .expect("repositories in data/ are owner/name");
        let mut issues = Vec::<Issue>::new();
        for &entry in entries {
            match (entry.kind, issues.last_mut()) {
                ("issue" | "pull", _) => issues.push(Issue::of(entry)),
                ("comment", Some(issue)) => issue.comments.push(entry),
                ("review", Some(issue)) => issue.reviews.push((entry, Vec::new())),
                ("line", Some(issue)) => issue
                    .reviews
                    .last_mut()
                    .expect("a line follows its review")
                    .1
                    .push(entry),
                _ => {}
            }
        }
        sort::by_key(&mut issues, |issue| issue.number);
        Self {
            id,
            owner,
            name,
            facts,
            history: History::of(entries),
            labels: of_kind("label"),
            milestones: of_kind("milestone"),
            releases: of_kind("release"),
            statuses: of_kind("status"),
            issues,
        }
    }

    pub(super) fn issue(&self, number: &str) -> Result<&Issue, Reply> {
        let found = self
            .issues
            .iter()
            .find(|issue| issue.number.to_string() == number);
        found.ok_or_else(not_found)
    }

    pub(super) fn pull(&self, number: &str) -> Result<&Issue, Reply> {
        self.issue(number).and_then(|issue| {
            if issue.is_pull() {
                Ok(issue)
            } else {
                Err(not_found())
            }
        })
    }

    /// Where the default branch stands; `None` in an empty repository.
    pub(super) fn tip(&self) -> Option<usize> {
        self.history.branches.first().map(|(_, commit)| *commit)
    }

    /// When something last happened here.
    pub(super) fn updated(&self) -> &'static str {
        let commits = self.history.commits.iter().map(Commit::at);
        let issues = self.issues.iter().map(Issue::updated);
        commits
            .chain(issues)
            .max()
            .unwrap_or_else(|| self.facts.fact("created"))
    }
}

impl Issue {
    fn of(facts: Entry) -> Self {
        let number = facts.name.parse().expect("issues in data/ have numbers");
        Self {
            number,
            facts,
            comments: Vec::new(),
            reviews: Vec::new(),
        }
    }

    pub(super) fn is_pull(&self) -> bool {
        self.facts.kind == "pull"
    }

    pub(super) fn state(&self) -> &'static str {
        self.facts.field("state").unwrap_or("open")
    }

    pub(super) fn updated(&self) -> &'static str {
        let said = self
            .comments
            .iter()
            .chain(self.reviews.iter().map(|(review, _)| review));
        let said = said.map(|entry| entry.fact("at"));
        let ended = ["closed", "merged"].map(|end| self.facts.field(end));
        let all = said.chain(ended.into_iter().flatten());
        all.chain([self.facts.fact("at")])
            .max()
            .expect("it has a beginning")
    }
}
