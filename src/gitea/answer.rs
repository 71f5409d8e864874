//! Reading answers: straight from the body's bytes into views.
use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{
    Query,
    bounded::{self, Bounded},
};
use crate::outbound::Response;

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// How many more the forge put on this page, and counts, and could not tell: `null`.
    pub unread: u64,
    /// `X-Total-Count`, where Gitea sent one. Not every filter is counted in it (answers.md 2).
    pub total: Option<u64>,
    /// Whether Gitea says or shows that there is a page after this (`Link`, `X-HasMore`, total, or a full page).
    pub more: bool,
    /// How many items the forge puts on a page, where that is fewer than were asked for.
    pub size: Option<u64>,
}

impl<T> Page<T> {
    /// `most` is the most items of a page, where the forge told it.
    pub(super) fn of(
        items: Bounded<T>,
        answer: &Response,
        query: &Query,
        most: Option<u64>,
    ) -> Self {
        let Bounded {
            items,
            empty: unread,
        } = items;
        let number = |name| answer.header(name)?.parse().ok();
        let told = Told {
            items: items.len() as u64 + unread,
            total: number("x-total-count"),
            link: answer.header("link"),
            has_more: answer.header("x-hasmore"),
            page: query.number("page").unwrap_or(1).max(1),
            limit: query.number("limit"),
            most,
        };
        // Gitea tells the size of its pages where it counts without a filter: a page that is not full is the last.
        let is_full = number("x-perpage").is_none_or(|size| told.items >= size);
        Self {
            items,
            unread,
            total: told.total,
            more: is_full && told.more(),
            size: told.size().filter(|_| is_full),
        }
    }

    /// How long the forge made it.
    pub fn length(&self) -> u64 {
        self.items.len() as u64 + self.unread
    }
}

/// What an answer tells of its list, what was asked for, and the most that the forge gives.
#[derive(Debug)]
struct Told<'a> {
    items: u64,
    total: Option<u64>,
    link: Option<&'a str>,
    has_more: Option<&'a str>,
    page: u64,
    limit: Option<u64>,
    most: Option<u64>,
}

impl Told<'_> {
    /// Whether there is a page after this.
    fn more(&self) -> bool {
        if let Some(link) = self.link {
            return link.contains("rel=\"next\"");
        }
        if let Some(has_more) = self.has_more {
            return has_more == "true";
        }
        match self.total {
            Some(total) => self.items > 0 && self.end(self.least()) < total,
            None => self.limit.is_some_and(|limit| self.items >= limit),
        }
    }

    /// The number of the last item, where pages have this size.
    fn end(&self, size: u64) -> u64 {
        let before = (self.page - 1).saturating_mul(size);
        before.saturating_add(self.items)
    }

    /// Whether this page would go beyond the end of the list, were all as long as was asked for.
    fn is_beyond(&self) -> bool {
        let end = self.end(self.limit.unwrap_or(0));
        self.total.is_some_and(|total| end > total)
    }

    /// The fewest items that the forge's pages may have, so that none is lost.
    fn least(&self) -> u64 {
        let limit = self.limit.unwrap_or(0);
        let given = self.most.is_some_and(|most| limit <= most);
        if given && !self.is_beyond() {
            limit
        } else {
            limit.min(self.items)
        }
    }

    /// The size of the forge's pages, where this one shows that they are shorter than what was
    /// asked for. That it is short shows nothing: some lists leave out what may not be seen after
    /// they were cut into pages.
    fn size(&self) -> Option<u64> {
        let asked = |limit: &u64| (1..*limit).contains(&self.items);
        let (limit, total) = (self.limit.filter(asked)?, self.total?);
        if self.is_beyond() && !self.more() {
            // The last: those before it have the rest.
            return total.checked_sub(self.items)?.checked_div(self.page - 1);
        }
        let last = self.link.and_then(last_page);
        let has_more_pages = last.is_some_and(|last| last > total.div_ceil(limit));
        (self.is_beyond() || has_more_pages).then_some(self.items)
    }
}

/// The number of the last page: `<https://git.example.org/…?page=3>; rel="last"`.
fn last_page(link: &str) -> Option<u64> {
    let last = link.split(',').find(|it| it.contains("rel=\"last\""))?;
    let mut pairs = last.split(['?', '&', '>']);
    pairs
        .find_map(|pair| pair.strip_prefix("page="))?
        .parse()
        .ok()
}

/// The items of a list: an array, `null`, or an object that has them as `data`.
pub(super) struct Items<T>(pub(super) Bounded<T>);

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
        Ok(Items(Bounded {
            items: Vec::new(),
            empty: 0,
        }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Items<T>, A::Error> {
        bounded::items(list).map(Items)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Items<T>, A::Error> {
        let mut items = None;
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Data => items = Some(map.next_value()?),
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        // Something else than a list, which says nothing of what there is.
        items.ok_or_else(|| A::Error::missing_field("data"))
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
        for (json, items, empty) in [
            ("[1,2]", vec![1, 2], 0),
            ("[1,null,2,null]", vec![1, 2], 2),
            ("null", vec![], 0),
            (r#"{"ok":true,"data":[1]}"#, vec![1], 0),
            (r#"{"data":null,"x":[{}]}"#, vec![], 0),
        ] {
            let Items(read) = serde_json::from_str::<Items<u64>>(json).unwrap();
            assert_eq!((read.items, read.empty), (items, empty), "{json}");
        }
        for json in ["[1", "5", "{}", r#"{"message":"token expired"}"#] {
            assert!(serde_json::from_str::<Items<u64>>(json).is_err(), "{json}");
        }
    }

    const LAST_OF_3: &str = "<https://x/?page=2>; rel=\"next\",<https://x/?page=3>; rel=\"last\"";

    fn told(items: u64, total: Option<u64>, page: u64) -> Told<'static> {
        Told {
            items,
            total,
            link: None,
            has_more: None,
            page,
            limit: Some(30),
            most: Some(50),
        }
    }

    #[test]
    fn the_next_page_is_seen_by_whatever_gitea_sends() {
        let linked = |items, link, page| Told {
            link: Some(link),
            ..told(items, Some(70), page)
        };
        let hinted = |total, has_more| Told {
            has_more: Some(has_more),
            ..told(30, total, 1)
        };
        for (told, more) in [
            (linked(30, LAST_OF_3, 1), true),
            (linked(10, "<x>; rel=\"first\"", 3), false),
            (hinted(None, "true"), true),
            (hinted(Some(99), "false"), false),
            (told(30, Some(31), 1), true),
            (told(1, Some(31), 2), false),
            (told(0, Some(31), 99), false),
            (told(30, None, 1), true),
            (told(29, None, 1), false),
            // A list that ignores paging and gives all.
            (told(45, Some(45), 1), false),
        ] {
            assert_eq!(told.more(), more, "{told:?}");
            assert_eq!(told.size(), None, "{told:?}");
        }
        let unasked = Told {
            limit: None,
            ..told(3, None, 1)
        };
        assert!(!unasked.more());
    }

    #[test]
    fn pages_that_are_shorter_than_asked_for_are_seen_by_what_is_after_them() {
        let linked = |items, total, page, link| Told {
            link: Some(link),
            ..told(items, Some(total), page)
        };
        let end = "<https://x/?page=1>; rel=\"first\"";
        for (told, size, more) in [
            (linked(20, 60, 1, LAST_OF_3), Some(20), true),
            (linked(20, 60, 2, LAST_OF_3), Some(20), true),
            (linked(20, 60, 3, end), Some(20), false),
            // The last of all, asked for at once.
            (linked(10, 50, 3, end), Some(20), false),
            // Of 30, some were left out: the forge's last page says so.
            (linked(20, 70, 1, LAST_OF_3), None, true),
            // Without a link, only what would be beyond the end shows it.
            (told(20, Some(60), 1), None, true),
            (told(20, Some(60), 2), None, true),
            (told(20, Some(60), 3), Some(20), false),
            (told(20, Some(45), 2), Some(20), true),
        ] {
            assert_eq!((told.size(), told.more()), (size, more), "{told:?}");
        }
    }

    #[test]
    fn a_short_page_is_the_last_only_where_the_forge_gives_what_was_asked_for() {
        for (most, more) in [
            (Some(50), false),
            (Some(30), false),
            (Some(20), true),
            (None, true),
        ] {
            let told = Told {
                most,
                ..told(20, Some(50), 2)
            };
            assert_eq!(told.more(), more, "{told:?}");
        }
    }
}
