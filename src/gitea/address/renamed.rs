//! Where a renamed repository went.
use super::Address;
use crate::gitea::{Owner, RepoName};

impl Address {
    /// The same below the repository that a redirect's `location` names, where that is one of the
    /// forge at `root`. Only the two names are taken, and they are checked like any others.
    pub(in crate::gitea) fn renamed(&self, root: &str, location: &str) -> Option<Self> {
        let host = root.find("://")? + 3;
        let origin = root[host..]
            .find('/')
            .map_or(root, |path| &root[..host + path]);
        let relative = location.starts_with('/') && !location.starts_with("//");
        let whole = if relative { origin } else { "" }.to_owned() + location;
        let path = whole.split(['?', '#']).next()?;
        let path = path.strip_prefix(root)?.strip_prefix("/api/v1")?;
        let same_shape = path.matches('/').count() == self.segments;
        let (owner, repo, _) = repository(path)?;
        let (_, _, rest) = repository(&self.path)?;
        let owner = Owner::try_from(owner.to_owned()).ok()?;
        let repo = RepoName::try_from(repo.to_owned()).ok()?;
        let mut renamed = Self::of(&[&"repos", &owner, &repo]);
        renamed.path.push_str(rest);
        renamed.segments = self.segments;
        same_shape.then_some(renamed)
    }
}

/// Owner, name, and the rest with its `/` of a path `/repos/<owner>/<name>…`.
fn repository(path: &str) -> Option<(&str, &str, &str)> {
    let (owner, rest) = path.strip_prefix("/repos/")?.split_once('/')?;
    let end = rest.find('/').unwrap_or(rest.len());
    Some((owner, &rest[..end], &rest[end..]))
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
        for bad in [
            "",
            "//evil.example/api/v1/repos/a/b/issues",
            "https://evil.example/api/v1/repos/a/b/issues",
            "https://git.example.org.evil.example/api/v1/repos/a/b/issues",
            "http://git.example.org/api/v1/repos/a/b/issues",
            "https://git.example.org@evil.example/api/v1/repos/a/b/issues",
            "/api/v1/admin/users",
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
    }
}
