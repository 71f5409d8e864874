//! Any text as a name, a ref or a path: refused, or a piece of an address that says that text and nothing else.
use aegis::gitea::{Address, AsDiff, Between, FilePath, Owner, RefName, RepoName, Segment, Sha};
use percent_encoding::percent_decode_str;
use url::Url;

const BASE: &str = "https://forge.example.org/below/api/v1";

pub(crate) fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let owner = Owner::try_from(text.to_owned());
    let repo = RepoName::try_from(text.to_owned());
    let reference = RefName::try_from(text.to_owned());
    let sha = Sha::try_from(text.to_owned());
    let path = FilePath::try_from(text.to_owned());
    assert_eq!(owner.is_ok(), repo.is_ok());
    if let Ok(owner) = &owner {
        one_segment(owner, text);
    }
    if let Ok(reference) = &reference {
        one_segment(reference, text);
        one_segment(&AsDiff(reference.clone()), &format!("{text}.diff"));
        let ends = Between {
            base: reference,
            head: reference,
        };
        one_segment(&ends, &format!("{text}...{text}"));
    }
    if let Ok(sha) = &sha {
        one_segment(sha, &text.to_ascii_lowercase());
    }
    if let Ok(path) = &path {
        let wanted: Vec<_> = path.segments().map(str::to_owned).collect();
        assert_eq!(wanted.join("/"), path.as_str());
        stays(path, &wanted);
    }
}

fn one_segment(piece: &dyn Segment, wanted: &str) {
    stays(piece, &[wanted.to_owned()]);
}

/// An address with this piece has these segments where they belong, however it is read.
fn stays(piece: &dyn Segment, wanted: &[String]) {
    let address = Address::of(&[&"repos", piece, &"contents"]);
    let whole = format!("{BASE}{}", address.as_str());
    let url = Url::parse(&whole).expect("an address");
    assert_eq!(url.as_str(), whole);
    assert!(url.query().is_none() && url.fragment().is_none());
    let segments = url.path_segments().expect("a path").skip(3);
    let segments: Vec<_> = segments
        .map(|segment| {
            let text = percent_decode_str(segment).decode_utf8();
            text.expect("text").into_owned()
        })
        .collect();
    let mut expected = vec!["repos".to_owned()];
    expected.extend_from_slice(wanted);
    expected.push("contents".to_owned());
    assert_eq!(segments, expected);
}
