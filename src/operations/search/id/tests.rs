use super::*;

#[test]
fn an_id_is_read_as_it_is_written() {
    for text in [
        "issue:observatory/telescope#12",
        "pull:observatory/telescope#65",
        "repo:observatory/telescope",
        "file:observatory/telescope@639efab4f3:docs/über uns: #1@home.md",
        "commit:observatory/telescope@639efab4f3",
        "release:observatory/telescope@v1.0.0",
    ] {
        let id = Id::read(text).map(|id| id.to_string());
        assert_eq!(id.as_deref(), Some(text));
    }
    for text in [
        "",
        "12",
        "issue:12",
        "issue:a/b",
        "issue:a/b#x",
        "issue:a/b#-1",
        "issue:../b#1",
        "file:a/b@main",
        "file:a/b@main:../x",
        "file:a/b@..:x",
        "commit:a/b@main",
        "wiki:a/b",
        "repo:a",
        "repo:a/b/c",
    ] {
        assert!(Id::read(text).is_none(), "{text}");
    }
}

#[test]
fn a_page_is_of_this_forge_whatever_the_case_of_scheme_and_host() {
    for (root, page, within) in [
        (
            "https://git.example.org",
            "https://git.example.org/o/t",
            Some("/o/t"),
        ),
        (
            "https://git.example.org",
            "HTTPS://Git.Example.ORG/O/t",
            Some("/O/t"),
        ),
        (
            "https://Git.Example.org",
            "https://git.example.org/o/t",
            Some("/o/t"),
        ),
        (
            "https://example.org/git",
            "https://EXAMPLE.org/git/o/t",
            Some("/o/t"),
        ),
        (
            "https://example.org/git",
            "https://example.org/GIT/o/t",
            None,
        ),
        (
            "https://git.example.org",
            "http://git.example.org/o/t",
            None,
        ),
        (
            "https://git.example.org",
            "https://git.example.org.evil.example/o",
            None,
        ),
        (
            "https://git.example.org",
            "https://git.example.org:8443/o",
            None,
        ),
        ("https://git.example.org", "https://gü", None),
    ] {
        assert_eq!(below(root, page), within, "{page} at {root}");
    }
}

#[test]
fn a_page_for_people_is_an_id_too() {
    for (page, id) in [
        ("o/t", "repo:o/t"),
        ("o/t/issues/12", "issue:o/t#12"),
        ("o/t/pulls/65/files", "pull:o/t#65"),
        ("o/t/pulls/65/commits", "pull:o/t#65"),
        ("o/t/pulls/65/commits/639efab4f3", "commit:o/t@639efab4f3"),
        ("o/t/commit/639efab4f3", "commit:o/t@639efab4f3"),
        ("o/t/releases/tag/v1/rc", "release:o/t@v1/rc"),
        (
            "o/t/src/commit/639efab4f3/a/b.rs",
            "file:o/t@639efab4f3:a/b.rs",
        ),
    ] {
        let segments: Vec<&str> = page.split('/').collect();
        let read = Id::of_page(&segments).map(|it| it.to_string());
        assert_eq!(read.as_deref(), Some(id));
    }
    for page in [
        "o",
        "o/t/issues",
        "o/t/issues/x",
        "o/t/wiki/Home",
        "o/../issues/1",
    ] {
        let segments: Vec<&str> = page.split('/').collect();
        assert!(Id::of_page(&segments).is_none(), "{page}");
    }
}
