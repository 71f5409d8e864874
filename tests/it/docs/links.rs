//! Where the documents lead, and how they are set.
use std::collections::BTreeMap;

use super::page::{Page, root};

/// The targets of `[text](target)`.
fn targets(line: &str) -> Vec<&str> {
    let ends = line.split("](").skip(1);
    ends.filter_map(|rest| rest.split(')').next()).collect()
}

/// The anchors of a page, as GitHub makes them of its headings.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let page = Page {
        path: String::new(),
        text: text.to_owned(),
    };
    let prose = page.prose().into_iter();
    let headings = prose.filter_map(|(_, line)| {
        let rest = line.trim_start_matches('#');
        (rest.len() < line.len()).then(|| rest.strip_prefix(' '))?
    });
    let slugs = headings.map(|heading| {
        let kept = heading.trim().chars();
        let kept = kept.filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let slug: String = kept.flat_map(char::to_lowercase).collect();
        slug.replace(' ', "-")
    });
    slugs
        .map(|slug| {
            let count = seen.entry(slug.clone()).or_default();
            *count += 1;
            match *count {
                1 => slug,
                count => format!("{slug}-{}", count - 1),
            }
        })
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for page in Page::all() {
        let folder = root().join(&page.path).parent().unwrap().to_owned();
        for (number, line) in page.prose() {
            for target in targets(line) {
                if target.contains("://") {
                    continue;
                }
                let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
                let file = if path.is_empty() {
                    root().join(&page.path)
                } else {
                    folder.join(path)
                };
                let is_there = file.exists();
                let has_anchor = anchor.is_empty() || {
                    let text = std::fs::read_to_string(&file).unwrap_or_default();
                    anchors(&text).iter().any(|it| it == anchor)
                };
                if !is_there || !has_anchor {
                    broken.push(format!("{}:{number}: {target}", page.path));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// What only somebody with the source follows.
const OF_THE_SOURCE: [&str; 2] = ["src/", "tests/"];

#[test]
fn links_lead_somewhere_in_the_package_and_in_the_archive_too() {
    let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap();
    let (manifest, makefile) = (read("Cargo.toml"), read("Makefile"));
    let copied = makefile.lines().find(|it| it.contains("git archive "));
    let copied: Vec<_> = copied.unwrap().split_whitespace().collect();
    let mut missing = Vec::new();
    for page in Page::all() {
        for (_, line) in page.prose() {
            for target in targets(line) {
                let path = target.split('#').next().unwrap_or_default();
                // From the root: the pages are there and one folder below.
                let path = match (path.strip_prefix("../"), page.path.starts_with("docs/")) {
                    (Some(path), _) => path.to_owned(),
                    (None, true) => format!("docs/{path}"),
                    (None, false) => path.to_owned(),
                };
                let is_elsewhere = target.contains("://") || target.starts_with('#');
                if is_elsewhere || OF_THE_SOURCE.iter().any(|it| path.starts_with(it)) {
                    continue;
                }
                let first = path.split('/').next().unwrap_or_default();
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let into = format!("usr/share/doc/aegis-mcp/{folder}");
                let into = format!("\", \"{}/\"", into.trim_end_matches('/'));
                let all = format!("{folder}/*{into}");
                let packed = if root().join(&path).is_dir() {
                    vec![format!("[\"{path}/")]
                } else {
                    vec![format!("[\"{path}{into}"), format!("[\"{all}")]
                };
                let is_packed = packed.iter().any(|asset| manifest.contains(asset));
                if !copied.contains(&first) || !is_packed {
                    missing.push(format!("{}: {path}", page.path));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_page_is_found_from_the_readme() {
    let readme = Page::read("README.md");
    let missing: Vec<_> = Page::all()
        .into_iter()
        .map(|page| page.path)
        .filter(|path| path != "README.md" && !readme.text.contains(&format!("]({path})")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn no_line_is_longer_than_120_columns_but_a_tables_and_what_the_program_prints() {
    let mut long = Vec::new();
    for page in Page::all() {
        let prose = page.prose().into_iter();
        let prose = prose.filter(|(_, line)| !line.starts_with('|'));
        let blocks = page.blocks();
        let ours = blocks
            .iter()
            .filter(|block| ["", "run"].contains(&&*block.marker));
        let ours = ours.flat_map(|block| block.text.lines().map(|line| (block.line, line)));
        let too_long = prose
            .chain(ours)
            .filter(|(_, line)| line.chars().count() > 120);
        long.extend(too_long.map(|(at, _)| format!("{}:{at}", page.path)));
    }
    assert!(long.is_empty(), "{long:?}");
}
