//! Reading what Gitea means: `null` for nothing, the year 1 or 1970 for never, a user for a login.
use std::{fmt, marker::PhantomData};

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Utc};
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, Visitor},
};

use crate::gitea::bounded::Bounded;

/// A text; `null` is an empty one.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A text that is not empty.
pub(super) fn filled<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text: Option<String> = Option::deserialize(from)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// A list; `null` is an empty one. A list with a `null` in it is none: nothing would tell that there is more
/// than is shown.
pub(super) fn list<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(maybe_list(from)?.unwrap_or_default())
}

/// A list, where there is one.
pub(super) fn maybe_list<'de, D, T>(from: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list: Option<Bounded<T>> = Option::deserialize(from)?;
    list.map(Bounded::whole).transpose()
}

/// A list, and how many of its items are `null`; itself `null` is an empty one.
pub(super) fn counted<'de, D, T>(from: D) -> Result<Bounded<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A flag; `null` is false.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A count; `null` and less than nothing are 0.
pub(super) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let count: Option<i64> = Option::deserialize(from)?;
    Ok(count.and_then(|count| count.try_into().ok()).unwrap_or(0))
}

/// A point in time; `null`, the years 1 and 1970, and what is no time are none.
pub(super) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    Ok(zoned(from)?.map(|time| time.to_utc()))
}

/// The date of a point in time, in the zone that it is told in: a day that was chosen there ends
/// there.
pub(super) fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Option<NaiveDate>, D::Error> {
    Ok(zoned(from)?.map(|time| time.date_naive()))
}

fn zoned<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<FixedOffset>>, D::Error> {
    struct Time;

    impl Visitor<'_> for Time {
        type Value = Option<DateTime<FixedOffset>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a time")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            let time = DateTime::parse_from_rfc3339(text).ok();
            Ok(time.filter(|time| time.to_utc().year() > 1970))
        }
    }

    from.deserialize_any(Time)
}

/// The login of a user.
pub(super) fn login<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<One<Login>>::deserialize(from)?.and_then(|one| one.0))
}

/// The logins of users.
pub(super) fn logins<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    every::<D, Login>(from)
}

/// The names of things.
pub(super) fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    every::<D, Name>(from)
}

/// The hashes of commits.
pub(super) fn shas<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    every::<D, Hash>(from)
}

/// The `owner/name` of a repository.
pub(super) fn full_name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<One<FullName>>::deserialize(from)?.and_then(|one| one.0))
}

/// Of what has none, as of `null`, it says nothing: people and labels are told beside the thing itself.
fn every<'de, D: Deserializer<'de>, F: Field>(from: D) -> Result<Vec<String>, D::Error> {
    let list: Option<Bounded<One<F>>> = Option::deserialize(from)?;
    let items = list.into_iter().flat_map(|list| list.items);
    Ok(items.filter_map(|one| one.0).collect())
}

/// The one field that is read of an object with many.
trait Field {
    const NAME: &'static str;
}

struct Login;
struct Name;
struct Hash;
struct FullName;

impl Field for Login {
    const NAME: &'static str = "login";
}

impl Field for Name {
    const NAME: &'static str = "name";
}

impl Field for Hash {
    const NAME: &'static str = "sha";
}

impl Field for FullName {
    const NAME: &'static str = "full_name";
}

struct One<F>(Option<String>, PhantomData<F>);

impl<'de, F: Field> Deserialize<'de> for One<F> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(OneVisitor(PhantomData))
    }
}

struct OneVisitor<F>(PhantomData<F>);

impl<'de, F: Field> Visitor<'de> for OneVisitor<F> {
    type Value = One<F>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with `{}`", F::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<One<F>, A::Error> {
        let mut value: Option<String> = None;
        while let Some(Is(found, _)) = map.next_key::<Is<F>>()? {
            if found {
                value = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(One(value.filter(|it| !it.is_empty()), PhantomData))
    }
}

/// Whether a key is the field's.
struct Is<F>(bool, PhantomData<F>);

impl<'de, F: Field> Deserialize<'de> for Is<F> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Key<F>(PhantomData<F>);

        impl<F: Field> Visitor<'_> for Key<F> {
            type Value = Is<F>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E: de::Error>(self, key: &str) -> Result<Is<F>, E> {
                Ok(Is(key == F::NAME, PhantomData))
            }
        }

        from.deserialize_identifier(Key(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Thing {
        #[serde(default, deserialize_with = "time")]
        at: Option<DateTime<Utc>>,
        #[serde(default, deserialize_with = "date")]
        due: Option<NaiveDate>,
        #[serde(default, deserialize_with = "login")]
        user: Option<String>,
        #[serde(default, deserialize_with = "names")]
        labels: Vec<String>,
        #[serde(default, deserialize_with = "count")]
        size: u64,
        #[serde(default, deserialize_with = "filled")]
        note: Option<String>,
        #[serde(default, deserialize_with = "list")]
        files: Vec<String>,
    }

    fn thing(json: &str) -> Thing {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn nothing_is_said_in_many_ways() {
        for json in [
            "{}",
            r#"{"at":null,"user":null,"labels":null,"size":null,"note":null}"#,
            r#"{"at":"0001-01-01T00:00:00Z","user":{},"labels":[],"size":-1,"note":""}"#,
            r#"{"at":"1970-01-01T00:00:00Z","user":{"login":""},"labels":[{}]}"#,
            r#"{"at":"1970-01-01T01:00:00+01:00","user":{"login":null}}"#,
            r#"{"at":"soon"}"#,
        ] {
            let thing = thing(json);
            assert_eq!(thing.at, None, "{json}");
            assert_eq!(thing.user, None, "{json}");
            assert_eq!(thing.labels, [""; 0], "{json}");
            assert_eq!(thing.size, 0, "{json}");
            assert_eq!(thing.note, None, "{json}");
        }
    }

    #[test]
    fn a_list_of_which_nothing_would_tell_what_is_missing_is_read_whole_or_not() {
        assert_eq!(thing(r#"{"files":["a","b"]}"#).files, ["a", "b"]);
        assert_eq!(thing(r#"{"files":null}"#).files, [""; 0]);
        assert!(serde_json::from_str::<Thing>(r#"{"files":["a",null]}"#).is_err());
    }

    #[test]
    fn a_day_is_that_of_the_zone_in_which_it_was_chosen() {
        for zone in ["-05:00", "Z", "+10:00"] {
            let json = format!(r#"{{"due":"2026-12-15T23:59:59{zone}"}}"#);
            assert_eq!(thing(&json).due.unwrap().to_string(), "2026-12-15");
        }
    }

    #[test]
    fn what_is_there_is_read_whatever_is_around_it() {
        let thing = thing(
            r#"{"at":"2026-11-23T10:33:00+02:00","x":[{"login":"no"}],"size":7,"note":"n",
                "user":{"id":1,"email":"a@example.org","login":"mäx\n","deep":{"login":"no"}},
                "labels":[{"name":"bug","color":"f00"},null,{"color":"0f0","name":"q"}]}"#,
        );
        assert_eq!(thing.at.unwrap().to_rfc3339(), "2026-11-23T08:33:00+00:00");
        assert_eq!(thing.user.unwrap(), "mäx\n");
        assert_eq!(thing.labels, ["bug", "q"]);
        assert_eq!((thing.size, thing.note.unwrap().as_str()), (7, "n"));
    }
}
