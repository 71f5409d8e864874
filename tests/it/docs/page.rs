//! A document as its readers see it: prose, code spans, tables and blocks.
use std::{fs, path::Path};

pub(super) struct Page {
    /// From the root of the source: `docs/SECURITY.md`.
    pub(super) path: String,
    pub(super) text: String,
}

/// A fenced block.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Block {
    /// The line of its fence, from 1 on.
    pub(super) line: usize,
    /// What the comment in the line before says: `run` of `<!-- run -->`.
    pub(super) marker: String,
    pub(super) language: String,
    pub(super) text: String,
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Page {
    pub(super) fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap();
        Self {
            path: path.to_owned(),
            text,
        }
    }

    /// The README and all that is in `docs/`.
    pub(super) fn all() -> Vec<Self> {
        let names = fs::read_dir(root().join("docs")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut paths: Vec<_> = names
            .filter(|name| Path::new(name).extension().is_some_and(|it| it == "md"))
            .map(|name| format!("docs/{name}"))
            .collect();
        paths.push("README.md".to_owned());
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    pub(super) fn blocks(&self) -> Vec<Block> {
        let (mut blocks, mut open) = (Vec::new(), None::<(usize, Block)>);
        let mut before = "";
        for (at, line) in self.text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let fence = line.trim_start().strip_prefix("```");
            match (&mut open, fence) {
                (None, Some(language)) => {
                    let comment = before.trim().strip_prefix("<!--");
                    let marker = comment.and_then(|it| it.strip_suffix("-->"));
                    let block = Block {
                        line: at + 1,
                        marker: marker.unwrap_or_default().trim().to_owned(),
                        language: language.to_owned(),
                        text: String::new(),
                    };
                    open = Some((indent, block));
                }
                (Some(_), Some("")) => blocks.extend(open.take().map(|(_, block)| block)),
                (Some((indent, block)), _) => {
                    let start = line.len() - line.trim_start().len();
                    block.text += &line[start.min(*indent)..];
                    block.text.push('\n');
                }
                (None, None) => {}
            }
            before = line;
        }
        assert!(open.is_none(), "{}: a block has no end", self.path);
        blocks
    }

    /// The lines that are in no block, with their numbers.
    pub(super) fn prose(&self) -> Vec<(usize, &str)> {
        let mut is_block = false;
        let mut prose = Vec::new();
        for (at, line) in self.text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                is_block = !is_block;
            } else if !is_block {
                prose.push((at + 1, line));
            }
        }
        prose
    }

    /// What stands in backticks in the prose.
    pub(super) fn spans(&self) -> Vec<&str> {
        self.prose()
            .into_iter()
            .flat_map(|(_, line)| spans(line))
            .collect()
    }

    /// The cells of each row of each table, but for the rules below the heads.
    pub(super) fn rows(&self) -> Vec<Vec<&str>> {
        let lines = self.prose().into_iter().map(|(_, line)| line.trim());
        let rows = lines.filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
        rows.filter(|row| !row.starts_with("---"))
            .map(cells)
            .collect()
    }
}

/// What stands in backticks.
pub(super) fn spans(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// A bar within backticks separates nothing.
fn cells(row: &str) -> Vec<&str> {
    let (mut is_code, mut start, mut cells) = (false, 0, Vec::new());
    for (at, c) in row.char_indices() {
        match c {
            '`' => is_code = !is_code,
            '|' if !is_code && !row[..at].ends_with('\\') => {
                cells.push(row[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    cells.push(row[start..].trim());
    cells
}
