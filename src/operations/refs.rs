//! What several toolsets know of commits and of the names that lead to them.
use futures_util::future::join;

use super::{Refusal, common::Repo};
use crate::gitea::{
    FilePath, GiteaError, GiteaReader, Page, Query, RefName,
    views::{Branch, Commit},
};

/// How much of a hash people read. Every operation takes it back.
const SHORT: usize = 10;

/// The first ten characters of a hash.
pub(super) fn short(sha: &str) -> &str {
    sha.get(..SHORT).unwrap_or(sha)
}

/// The first line of a commit's message.
pub(super) fn subject(message: &str) -> &str {
    message.trim_start().lines().next().unwrap_or_default()
}

/// An account's login, or in quotes the name that anybody can write into a commit.
pub(super) fn who(login: Option<&str>, name: &str) -> String {
    match login {
        Some(login) => login.to_owned(),
        None => format!("\"{}\"", name.replace('"', "'")),
    }
}

/// A ref as the head of an answer says it: a whole hash in short.
pub(super) fn shown(at: &RefName) -> &str {
    if is_fixed(at) {
        short(at.as_str())
    } else {
        at.as_str()
    }
}

/// Whether this can only be one commit, today and tomorrow: a whole hash.
pub(super) fn is_fixed(at: &RefName) -> bool {
    let text = at.as_str();
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The light form of commits: without what is counted file by file.
pub(super) fn light(query: Query) -> Query {
    query
        .with("stat", false)
        .with("verification", false)
        .with("files", false)
}

/// The commit that a ref leads to today, by its whole hash; of the default branch where none is named.
pub(super) async fn tip(
    gitea: &GiteaReader,
    repo: &Repo,
    at: Option<&RefName>,
) -> Result<RefName, GiteaError> {
    match at.filter(|at| is_fixed(at)) {
        Some(at) => Ok(at.clone()),
        None => newest(gitea, repo, at).await,
    }
}

/// The same, asked of the forge in any case: a whole hash may be of nothing that is there.
pub(super) async fn newest(
    gitea: &GiteaReader,
    repo: &Repo,
    at: Option<&RefName>,
) -> Result<RefName, GiteaError> {
    let query = Query::new().maybe("sha", at.map(RefName::as_str));
    let query = light(query.with("page", 1).with("limit", 1));
    let commits = gitea
        .list::<Commit>(&repo.at(&[&"commits"]), &query)
        .await?;
    let newest = commits.items.into_iter().next();
    let sha = newest.ok_or(GiteaError::EmptyRepository)?.sha;
    RefName::try_from(sha).map_err(|_| GiteaError::Garbled)
}

/// `main, dev and 170 more`: the names on the first page of a list.
pub(super) fn names<T>(page: &Page<T>, name: impl Fn(&T) -> &str) -> String {
    let names: Vec<&str> = page.items.iter().map(name).collect();
    let all = page.total.unwrap_or_default();
    let more = match all.saturating_sub(names.len() as u64) {
        0 if page.more => " and more".to_owned(),
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    names.join(", ") + &more
}

/// What is missing where Gitea only says that something is: the repository, the ref or the path.
pub(super) async fn missing(
    gitea: &GiteaReader,
    repo: &Repo,
    at: Option<&RefName>,
    path: Option<&FilePath>,
    error: GiteaError,
) -> Refusal {
    if error != GiteaError::NotFound {
        return error.into();
    }
    let (address, query) = (repo.at(&[&"branches"]), Query::new().with("limit", 30));
    let branches = gitea.list::<Branch>(&address, &query);
    let (branches, newest) = join(branches, newest(gitea, repo, at)).await;
    let name = repo.name();
    match (branches, newest, at, path) {
        (Ok(branches), ..) if branches.items.is_empty() => GiteaError::EmptyRepository.into(),
        (Ok(branches), Err(GiteaError::NotFound), Some(at), _) => {
            let (at, known) = (at.as_str(), names(&branches, |it| &it.name));
            Refusal::Question(format!(
                "no branch, tag or commit \"{at}\" in {name}; branches: {known}"
            ))
        }
        (Ok(_), Ok(_), at, Some(path)) => {
            let path = path.as_str();
            let at = at.map_or_else(String::new, |at| format!(" at {}", shown(at)));
            Refusal::Question(format!(
                "no \"{path}\" in {name}{at}; file_read tree shows every path there is"
            ))
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_shown_by_ten_characters_and_names_whole() {
        assert_eq!(
            short("639efab4f3a7563be5d001f1b8d700a81f716710"),
            "639efab4f3"
        );
        assert_eq!(short("639e"), "639e");
        let shown_as = |name: &str| {
            let name = RefName::try_from(name.to_owned()).expect("a ref");
            (shown(&name).to_owned(), is_fixed(&name))
        };
        assert_eq!(shown_as("docs/typo"), ("docs/typo".to_owned(), false));
        assert_eq!(shown_as("639efab4f3"), ("639efab4f3".to_owned(), false));
        let whole = "639efab4f3a7563be5d001f1b8d700a81f716710";
        assert_eq!(shown_as(whole), ("639efab4f3".to_owned(), true));
    }

    #[test]
    fn a_name_in_a_commit_cannot_pass_for_a_login() {
        assert_eq!(who(Some("maintainer"), "The Maintainer"), "maintainer");
        assert_eq!(who(None, "maintainer\": x"), "\"maintainer': x\"");
    }
}
