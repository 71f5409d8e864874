//! Where a renamed repository or account went.
use super::Address;
use crate::gitea::{Owner, RepoName};

impl Address {
    /// The same below the repository or the account that a redirect's `location` names, where that
    /// is one of the forge at `root`. Only the names are taken, and they are checked like any others.
    pub(in crate::gitea) fn renamed(&self, root: &str, location: &str) -> Option<Self> {
        let path = location.split(['?', '#']).next()?;
        let path = if path.starts_with('/') && !path.starts_with("//") {
            // The forge may know itself below a path that `GITEA_URL` does not have.
            path.split_once("/api/v1")?.1
        } else {
            path.strip_prefix(root)?.strip_prefix("/api/v1")?
        };
        let same_shape = path.matches('/').count() == self.segments;
        let (kind, rest) = split(path)?;
        let (own_kind, own_rest) = split(&self.path)?;
        let (owner, rest) = split(rest)?;
        let (_, mut own_rest) = split(own_rest)?;
        let owner = Owner::try_from(owner.to_owned()).ok()?;
        let mut renamed = match own_kind {
            "repos" => {
                let repo = RepoName::try_from(split(rest)?.0.to_owned()).ok()?;
                own_rest = split(own_rest)?.1;
                Self::of(&[&"repos", &owner, &repo])
            }
            "users" => Self::of(&[&"users", &owner]),
            "orgs" => Self::of(&[&"orgs", &owner]),
            _ => return None,
        };
        renamed.path.push_str(own_rest);
        renamed.segments = self.segments;
        (same_shape && kind == own_kind).then_some(renamed)
    }
}

/// The first segment of a path, and the rest with its `/`.
fn split(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix('/')?;
    let end = path.find('/').unwrap_or(path.len());
    Some(path.split_at(end))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    fn name(text: &str) -> Owner {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn only_another_repository_of_the_same_forge_is_followed() {
        let address = Address::of(&[
            &"repos",
            &name("observatory"),
            &name("to-rename"),
            &"issues",
        ]);
        let at = |root, location| {
            let renamed = address.renamed(root, location)?;
            assert!(renamed.is_sound());
            Some(renamed.as_str().to_owned())
        };
        let root = "https://git.example.org";
        let new = Some("/repos/observatory/renamed/issues".to_owned());
        assert_eq!(at(root, "/api/v1/repos/observatory/renamed/issues"), new);
        assert_eq!(
            at(
                root,
                "https://git.example.org/api/v1/repos/observatory/renamed/issues?page=2"
            ),
            new
        );
        assert_eq!(
            at(
                "https://x:3/sub",
                "/sub/api/v1/repos/observatory/renamed/issues"
            ),
            new
        );
        assert_eq!(
            at(root, "/git/api/v1/repos/observatory/renamed/issues"),
            new
        );
        for bad in [
            "",
            "//evil.example/api/v1/repos/a/b/issues",
            "https://evil.example/api/v1/repos/a/b/issues",
            "https://git.example.org.evil.example/api/v1/repos/a/b/issues",
            "http://git.example.org/api/v1/repos/a/b/issues",
            "https://git.example.org@evil.example/api/v1/repos/a/b/issues",
            "/api/v1/admin/users",
            "/api/v1/users/a/b/issues",
            "/api/v12/repos/a/b/issues",
            "/api/v1/repos/a/b",
            "/api/v1/repos/a/b/issues/1",
            "/api/v1/repos/../b/issues",
            "/api/v1/repos/a/%2e%2e/issues",
            "/repos/a/b/issues",
            "api/v1/repos/a/b/issues",
            "/user/login?redirect_to=/api/v1/repos/a/b/issues",
        ] {
            assert_eq!(at(root, bad), None, "{bad}");
        }
        let user = Address::of(&[&"user"]);
        assert_eq!(user.renamed(root, "/api/v1/repos/a/b"), None);
        assert_eq!(user.renamed(root, "/api/v1/users"), None);
    }

    #[test]
    fn an_account_is_followed_to_its_new_name() {
        let root = "https://git.example.org";
        for (address, location, new) in [
            (
                Address::of(&[&"users", &name("old")]),
                "/api/v1/users/new",
                Some("/users/new"),
            ),
            (
                Address::of(&[&"orgs", &name("old"), &"labels"]),
                "/api/v1/orgs/new/labels?page=1",
                Some("/orgs/new/labels"),
            ),
            (
                Address::of(&[&"users", &name("old"), &"repos"]),
                "/api/v1/users/..%2fadmin/repos",
                None,
            ),
            (
                Address::of(&[&"users", &name("old"), &"repos"]),
                "/api/v1/repos/a/b",
                None,
            ),
        ] {
            let renamed = address.renamed(root, location);
            assert!(renamed.as_ref().is_none_or(Address::is_sound));
            assert_eq!(renamed.as_ref().map(Address::as_str), new);
        }
    }
}
