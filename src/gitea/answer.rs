//! Reading answers: straight from the body's bytes into views.
use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{Query, bounded};
use crate::outbound::Response;

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// `X-Total-Count`, where Gitea sent one. Not every filter is counted in it (answers.md 2).
    pub total: Option<u64>,
    /// Whether Gitea says or shows that there is a page after this (`Link`, `X-HasMore`, total, or a full page).
    pub more: bool,
}

/// A file or another text as bytes.
#[derive(Debug)]
pub struct RawFile {
    pub bytes: Vec<u8>,
    pub content_type: Option<String>,
}

impl<T> Page<T> {
    pub(super) fn of(items: Vec<T>, answer: &Response, query: &Query) -> Self {
        let total = answer.header("x-total-count");
        let total = total.and_then(|total| total.parse().ok());
        // Gitea tells the size of its pages where it counts without a filter: a page that is not full is the last.
        let size = answer
            .header("x-perpage")
            .and_then(|size| size.parse().ok());
        let is_full = size.is_none_or(|size: usize| items.len() >= size);
        let more = more(
            items.len() as u64,
            total,
            answer.header("link"),
            answer.header("x-hasmore"),
            query,
        );
        Self {
            more: more && is_full,
            items,
            total,
        }
    }
}

fn more(
    items: u64,
    total: Option<u64>,
    link: Option<&str>,
    has_more: Option<&str>,
    query: &Query,
) -> bool {
    if let Some(link) = link {
        return link.contains("rel=\"next\"");
    }
    if let Some(has_more) = has_more {
        return has_more == "true";
    }
    let limit = query.number("limit");
    let before = (query.number("page").unwrap_or(1).max(1) - 1).saturating_mul(limit.unwrap_or(0));
    match total {
        Some(total) => items > 0 && before.saturating_add(items) < total,
        None => limit.is_some_and(|limit| items >= limit),
    }
}

/// The items of a list: an array, `null`, or an object that has them as `data`.
pub(super) struct Items<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemsVisitor(PhantomData))
    }
}

struct ItemsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ItemsVisitor<T> {
    type Value = Items<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Items<T>, E> {
        Ok(Items(Vec::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Items<T>, A::Error> {
        bounded::items(list).map(Items)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Items<T>, A::Error> {
        let mut items = Items(Vec::new());
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Data => items = map.next_value()?,
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(items)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Data,
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    #[test]
    fn lists_come_as_arrays_as_null_or_wrapped() {
        for (json, items) in [
            ("[1,2]", vec![1, 2]),
            ("null", vec![]),
            (r#"{"ok":true,"data":[1]}"#, vec![1]),
            (r#"{"data":null,"x":[{}]}"#, vec![]),
        ] {
            let read: Items<u64> = serde_json::from_str(json).unwrap();
            assert_eq!(read.0, items, "{json}");
        }
        assert!(serde_json::from_str::<Items<u64>>("[1").is_err());
        assert!(serde_json::from_str::<Items<u64>>("5").is_err());
    }

    #[test]
    fn the_next_page_is_seen_by_whatever_gitea_sends() {
        let query = |page: u64| Query::new().with("page", page).with("limit", 30);
        let link = "<https://x/?page=2>; rel=\"next\",<https://x/?page=3>; rel=\"last\"";
        assert!(more(30, Some(70), Some(link), None, &query(1)));
        assert!(!more(
            10,
            Some(70),
            Some("<x>; rel=\"first\""),
            None,
            &query(3)
        ));
        assert!(more(30, None, None, Some("true"), &query(1)));
        assert!(!more(30, Some(99), None, Some("false"), &query(1)));
        assert!(more(30, Some(31), None, None, &query(1)));
        assert!(!more(1, Some(31), None, None, &query(2)));
        assert!(!more(0, Some(31), None, None, &query(99)));
        assert!(more(30, None, None, None, &query(1)));
        assert!(!more(29, None, None, None, &query(1)));
        // A list that ignores paging and gives all.
        assert!(!more(45, Some(45), None, None, &query(1)));
        assert!(!more(3, None, None, None, &Query::new()));
    }
}
