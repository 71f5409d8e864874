//! Addresses below `/api/v1`, built from pieces that were checked when they were read.
//!
//! Two traps that this room exists for: `Url::join("repos/../admin")` leaves its folder, and
//! `path_segments_mut().extend(["..", "admin"])` drops dots without a word. Encoding alone does not
//! help behind proxies that decode. So: check the name, encode it, and look at the result again.
mod renamed;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{FilePath, Owner, RefName, RepoName, Sha};

/// All but RFC 3986's unreserved characters.
pub(super) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// An address below `/api/v1`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Address {
    path: String,
    segments: usize,
}

/// A piece of an address: one segment, of a [`FilePath`] any number. Only the checked names of this
/// room are pieces.
pub trait Segment {
    /// Adds this piece to the end.
    fn append(&self, to: &mut Address);
}

impl Address {
    pub fn of(pieces: &[&dyn Segment]) -> Self {
        Self::default().and(pieces)
    }

    #[must_use]
    pub fn and(mut self, pieces: &[&dyn Segment]) -> Self {
        for piece in pieces {
            piece.append(&mut self);
        }
        self
    }

    /// The path, encoded, with a leading `/`.
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// Whether this is what was built: so many segments, none that a proxy could resolve to
    /// something else, no character that is not part of a path. The names make sure of it; this is
    /// the second look.
    pub(super) fn is_sound(&self) -> bool {
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~%".contains(&c);
        let whole =
            |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(plain);
        let mut segments = self.path.split('/');
        segments.next() == Some("")
            && segments.clone().count() == self.segments
            && segments.all(whole)
    }

    fn push(&mut self, segment: &str) {
        self.segments += 1;
        self.path.push('/');
        self.path.extend(utf8_percent_encode(segment, ENCODED));
    }
}

/// Fixed words of Gitea's API: `issues`, or several: `git/trees`.
impl Segment for &'static str {
    fn append(&self, to: &mut Address) {
        self.split('/').for_each(|word| to.push(word));
    }
}

/// A number: an index or an id.
impl Segment for u64 {
    fn append(&self, to: &mut Address) {
        to.push(&self.to_string());
    }
}

impl Segment for Owner {
    fn append(&self, to: &mut Address) {
        to.push(self.as_str());
    }
}

impl Segment for RepoName {
    fn append(&self, to: &mut Address) {
        to.push(self.as_str());
    }
}

/// One segment: slashes are encoded.
impl Segment for RefName {
    fn append(&self, to: &mut Address) {
        to.push(self.as_str());
    }
}

impl Segment for Sha {
    fn append(&self, to: &mut Address) {
        to.push(self.as_str());
    }
}

/// A segment for each folder and one for the file; none for the root.
impl Segment for FilePath {
    fn append(&self, to: &mut Address) {
        self.segments().for_each(|segment| to.push(segment));
    }
}

/// A pull request or a commit as a diff: `65.diff`.
#[derive(Clone, Copy, Debug)]
pub struct AsDiff<T>(pub T);

impl<T: Segment> Segment for AsDiff<T> {
    fn append(&self, to: &mut Address) {
        self.0.append(to);
        to.path.push_str(".diff");
    }
}

/// What `head` has that `base` has not: `base...head`.
#[derive(Clone, Copy, Debug)]
pub struct Between<'a> {
    pub base: &'a RefName,
    pub head: &'a RefName,
}

impl Segment for Between<'_> {
    fn append(&self, to: &mut Address) {
        to.push(&format!("{}...{}", self.base.as_str(), self.head.as_str()));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    fn name(text: &str) -> Owner {
        text.to_owned().try_into().unwrap()
    }

    fn reference(text: &str) -> RefName {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn pieces_are_encoded_each_by_itself() {
        let path: FilePath = "docs/über uns #1?.md".to_owned().try_into().unwrap();
        let address = Address::of(&[&"repos", &name("a.b"), &"contents", &path]);
        assert_eq!(
            address.as_str(),
            "/repos/a.b/contents/docs/%C3%BCber%20uns%20%231%3F.md"
        );
        let branch = Address::of(&[&"git/trees", &reference("docs/typo")]);
        assert_eq!(branch.as_str(), "/git/trees/docs%2Ftypo");
        let diff = Address::of(&[&"pulls", &AsDiff(65)]);
        assert_eq!(diff.as_str(), "/pulls/65.diff");
        let (base, head) = (&reference("v1"), &reference("a/b"));
        let compare = Address::of(&[&"compare", &Between { base, head }]);
        assert_eq!(compare.as_str(), "/compare/v1...a%2Fb");
        for address in [address, branch, diff, compare] {
            assert!(address.is_sound());
        }
    }

    #[test]
    fn what_names_should_never_let_through_is_seen_at_the_end_too() {
        for path in [
            "/repos/../admin",
            "/repos//x",
            "/a/./b",
            "/a?b",
            "/a/b ",
            "a",
            "/a\\b",
        ] {
            let segments = path.matches('/').count();
            let address = Address {
                path: path.to_owned(),
                segments,
            };
            assert!(!address.is_sound(), "{path}");
        }
        let more_than_pushed = Address {
            path: "/repos/a/b".to_owned(),
            segments: 2,
        };
        assert!(!more_than_pushed.is_sound());
    }

    /// Texts that try to leave: dots, slashes, encodings of them, whitespace, other languages.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("..".to_owned()),
            Just(".".to_owned()),
            Just("/".to_owned()),
            Just("\\".to_owned()),
            Just("%2e%2e".to_owned()),
            Just("%2f".to_owned()),
            Just("?sudo=x".to_owned()),
            Just("#".to_owned()),
            Just("@".to_owned()),
            "[a-z0-9._-]{1,8}",
            "\\PC{1,4}",
            any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_repository(
            owner in hostile(), repo in hostile(), at in hostile(), path in hostile(), sha in hostile()
        ) {
            let owner = Owner::try_from(owner).unwrap_or(name("observatory"));
            let repo = RepoName::try_from(repo).unwrap_or("telescope".to_owned().try_into().unwrap());
            let inside = Address::of(&[&"repos", &owner, &repo]);
            let home = format!("/api/v1/repos/{}/{}/", owner.as_str(), repo.as_str());
            let mut addresses = Vec::new();
            if let Ok(at) = RefName::try_from(at) {
                addresses.push((2, inside.clone().and(&[&"branches", &at])));
                let between = Between { base: &at, head: &at };
                addresses.push((2, inside.clone().and(&[&"compare", &between])));
            }
            if let Ok(path) = FilePath::try_from(path) {
                let segments = 1 + path.segments().count();
                addresses.push((segments, inside.clone().and(&[&"contents", &path])));
            }
            if let Ok(sha) = Sha::try_from(sha) {
                addresses.push((3, inside.clone().and(&[&"git/commits", &AsDiff(sha)])));
            }
            for (segments, address) in addresses {
                prop_assert!(address.is_sound(), "{}", address.as_str());
                let asked = format!("https://git.example.org/api/v1{}", address.as_str());
                let url = Url::parse(&asked).unwrap();
                // A reader that resolves dots and drops what it likes finds nothing to do.
                prop_assert_eq!(url.as_str(), &asked);
                prop_assert!(url.path().starts_with(&home));
                prop_assert_eq!(url.path()[home.len()..].split('/').count(), segments);
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            }
        }
    }
}
