//! What Git makes of files: blobs, trees and commits, with the names that Git itself would give them.
use std::collections::BTreeMap;

use ring::digest;

/// A file as a commit holds it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct File {
    /// `100644`, or `120000` for a symbolic link.
    pub(super) mode: &'static str,
    pub(super) sha: String,
    pub(super) bytes: Vec<u8>,
}

/// All files of a commit by their paths.
pub(super) type Files = BTreeMap<String, File>;

/// A file or a folder, as a listing shows it.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) path: String,
    pub(super) mode: &'static str,
    pub(super) sha: String,
    pub(super) size: usize,
}

impl File {
    pub(super) fn new(mode: &'static str, bytes: Vec<u8>) -> Self {
        let sha = hex::encode(object("blob", &bytes));
        Self { mode, sha, bytes }
    }

    /// Its text; `None` for what is not UTF-8 or has a zero byte, which Git calls binary.
    pub(super) fn text(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.bytes).ok();
        text.filter(|text| !text.contains('\0'))
    }
}

impl Item {
    pub(super) fn is_folder(&self) -> bool {
        self.mode == "40000"
    }

    /// What Git calls it.
    pub(super) fn git_kind(&self) -> &'static str {
        if self.is_folder() { "tree" } else { "blob" }
    }
}

/// The name of a folder's tree, and all that is below it in Git's order: a folder, what is in it, the next.
/// `folder` is empty for the root and ends in `/` for any other.
pub(super) fn tree(files: &Files, folder: &str) -> (String, Vec<Item>) {
    let (mut bytes, mut items) = (Vec::new(), Vec::new());
    let mut last = "";
    let below = files
        .range(folder.to_owned()..)
        .take_while(|(path, _)| path.starts_with(folder));
    for (path, file) in below {
        let name = path[folder.len()..].split('/').next().unwrap_or_default();
        let is_file = folder.len() + name.len() == path.len();
        if !is_file && name == last {
            continue;
        }
        last = name;
        let item_path = format!("{folder}{name}");
        let (item, inner) = if is_file {
            let (sha, size) = (file.sha.clone(), file.bytes.len());
            (
                Item {
                    path: item_path,
                    mode: file.mode,
                    sha,
                    size,
                },
                Vec::new(),
            )
        } else {
            let (sha, inner) = tree(files, &format!("{item_path}/"));
            (
                Item {
                    path: item_path,
                    mode: "40000",
                    sha,
                    size: 0,
                },
                inner,
            )
        };
        bytes.extend(format!("{} {name}\0", item.mode).bytes());
        bytes.extend(hex::decode(&item.sha).expect("made of hexadecimal digits above"));
        items.push(item);
        items.extend(inner);
    }
    (hex::encode(object("tree", &bytes)), items)
}

/// The name of a commit or a tag with this text.
pub(super) fn name(kind: &str, text: &str) -> String {
    hex::encode(object(kind, text.as_bytes()))
}

fn object(kind: &str, content: &[u8]) -> impl AsRef<[u8]> {
    // Git names things by SHA-1; nothing here is a secret or a proof.
    let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(format!("{kind} {}\0", content.len()).as_bytes());
    hash.update(content);
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_git_gives() {
        let file = File::new("100644", b"hello\n".to_vec());
        assert_eq!(file.sha, "ce013625030ba8dba906f756967f9e9ca394464a");
        let files = Files::from([
            ("a/hello.txt".to_owned(), file.clone()),
            ("b".to_owned(), file),
        ]);
        let (root, items) = tree(&files, "");
        assert_eq!(root, "3e3bf1b1cd04f35a00c3e5a74d233ff5f462ce76");
        assert_eq!(items[0].sha, "aaa96ced2d9a1c8e72c56b253a0e2fe78393feb7");
        let paths: Vec<_> = items.iter().map(|item| item.path.as_str()).collect();
        assert_eq!(paths, ["a", "a/hello.txt", "b"]);
    }
}
