use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::lenient::{count, counted, filled, flag, text};
use crate::gitea::bounded::{self, Bounded};

/// What is at a path.
#[derive(Debug)]
pub enum Contents {
    Folder(Bounded<Entry>),
    /// A file, a symbolic link or a submodule.
    One(Box<Entry>),
}

/// A file, folder, symbolic link or submodule.
#[derive(Debug, Deserialize)]
pub struct Entry {
    pub name: String,
    pub path: String,
    #[serde(default, deserialize_with = "text")]
    pub sha: String,
    #[serde(rename = "type")]
    pub kind: EntryKind,
    /// In bytes.
    #[serde(default, deserialize_with = "count")]
    pub size: u64,
    #[serde(default, deserialize_with = "content")]
    content: Option<Vec<u8>>,
    /// Where a symbolic link points.
    #[serde(default, deserialize_with = "filled")]
    pub target: Option<String>,
    /// The repository of a submodule.
    #[serde(default, rename = "submodule_git_url", deserialize_with = "filled")]
    pub submodule: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub last_commit_sha: Option<String>,
    #[serde(default, rename = "html_url", deserialize_with = "text")]
    pub url: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    File,
    Dir,
    Symlink,
    Submodule,
}

/// Folders and files below a folder, in pages.
#[derive(Debug, Deserialize)]
pub struct Tree {
    #[serde(default, rename = "tree", deserialize_with = "counted")]
    pub entries: Bounded<TreeEntry>,
    /// Whether there is more on the next page.
    #[serde(default, deserialize_with = "flag")]
    pub truncated: bool,
    #[serde(default, deserialize_with = "count")]
    pub total_count: u64,
}

#[derive(Debug, Deserialize)]
pub struct TreeEntry {
    pub path: String,
    /// As git writes it: `100644`, `120000` for a symbolic link, `160000` for a submodule.
    #[serde(default, deserialize_with = "text")]
    pub mode: String,
    /// `blob`, `tree`, `commit`.
    #[serde(default, rename = "type", deserialize_with = "text")]
    pub kind: String,
    #[serde(default, deserialize_with = "count")]
    pub size: u64,
    #[serde(default, deserialize_with = "text")]
    pub sha: String,
}

/// The bytes of a file, by their hash.
#[derive(Debug, Deserialize)]
pub struct Blob {
    #[serde(default, deserialize_with = "count")]
    size: u64,
    #[serde(default, deserialize_with = "content")]
    content: Option<Vec<u8>>,
}

impl Entry {
    /// The bytes of a file, where it was asked for alone and is not too large for the forge.
    pub fn take_bytes(&mut self) -> Option<Vec<u8>> {
        given(self.content.take(), self.size)
    }
}

impl Blob {
    /// `None` where it is too large for the forge.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        given(self.content, self.size)
    }
}

/// What the forge gave of a file: older ones say nothing of one that is too large for them.
fn given(content: Option<Vec<u8>>, size: u64) -> Option<Vec<u8>> {
    content.filter(|bytes| !bytes.is_empty() || size == 0)
}

impl<'de> Deserialize<'de> for Contents {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Shape;

        impl<'de> Visitor<'de> for Shape {
            type Value = Contents;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file or a list of files")
            }

            fn visit_unit<E>(self) -> Result<Contents, E> {
                Ok(Contents::Folder(Bounded::default()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Contents, A::Error> {
                bounded::items(list).map(Contents::Folder)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Contents, A::Error> {
                let entry = Entry::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Contents::One(Box::new(entry)))
            }
        }

        from.deserialize_any(Shape)
    }
}

/// Base64, decoded as it is read.
fn content<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
    struct Base64;

    impl Visitor<'_> for Base64 {
        type Value = Option<Vec<u8>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("base64")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let decoded = BASE64_STANDARD.decode(text).or_else(|_| {
                // Some forges break it into lines.
                let text = text.split_ascii_whitespace().collect::<String>();
                BASE64_STANDARD.decode(text)
            });
            decoded.map(Some).map_err(|_| E::custom("no base64"))
        }
    }

    from.deserialize_any(Base64)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    fn file(content: &str) -> serde_json::Result<Contents> {
        let json = format!(r#"{{"name":"a","path":"a","type":"file","content":{content}}}"#);
        serde_json::from_str(&json)
    }

    #[test]
    fn a_file_comes_decoded() {
        for (content, bytes) in [
            ("\"aGkK\"", Some(b"hi\n".as_slice())),
            ("\"aG\\nkK\\n\"", Some(b"hi\n")),
            ("\"\"", Some(b"")),
            ("null", None),
        ] {
            let Contents::One(mut entry) = file(content).unwrap() else {
                panic!("a file is one entry");
            };
            assert_eq!(entry.take_bytes().as_deref(), bytes);
        }
        assert!(file("\"%\"").is_err());
        assert!(file("{}").is_err());
    }

    #[test]
    fn a_file_or_blob_of_a_size_without_a_byte_is_withheld() {
        for content in ["\"\"", "null"] {
            let json = format!(
                r#"{{"name":"a","path":"a","type":"file","size":12000000,"content":{content}}}"#
            );
            let mut entry: Entry = serde_json::from_str(&json).unwrap();
            assert_eq!(entry.take_bytes(), None);
            let blob: Blob = serde_json::from_str(&json).unwrap();
            assert_eq!(blob.into_bytes(), None);
        }
    }

    #[test]
    fn a_folder_is_a_list() {
        let json = r#"[{"name":"a","path":"x/a","type":"dir","content":null}]"#;
        let Contents::Folder(entries) = serde_json::from_str(json).unwrap() else {
            panic!("a list is a folder");
        };
        assert_eq!(entries.items[0].kind, EntryKind::Dir);
        assert!(serde_json::from_str::<Contents>(r#"{"message":"x"}"#).is_err());
    }
}
