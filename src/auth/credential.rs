//! What a request offers as a key.
use std::{borrow::Cow, iter::once};

use actix_web::{
    dev::RequestHead,
    http::header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use memchr::memmem;
use percent_encoding::percent_decode;

use crate::{caller::KeySource, keys::is_key_character};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const API_KEY: &[u8] = b"api_key";
/// What stands in a value whose variable a client or its user did not fill in. No key holds any of it.
const UNFILLED: [&[u8]; 3] = [b"${", b"<", b"YOUR_"];
/// What `client-config` prints in place of a key. It is too short to be one.
const PLACEHOLDER: &[u8] = b"PASTE-THE-KEY-HERE";
/// The least that tells something of a key: half of the shortest. Names of schemes are shorter.
const TELLING: usize = 16;
/// The same of what another scheme than `Bearer` offers, `dXNlcjpwdw==` by `Basic`: all of it is a secret,
/// however short. What is shorter than this is in names by chance, as a word or a version: `null`, `1.0.0`.
const TELLING_WHOLE: usize = 8;
/// No credential of any scheme has so many telling parts.
const MOST_PARTS: usize = 24;

/// What a request offers as a key.
pub(super) enum Credential<'a> {
    Key(Cow<'a, [u8]>, KeySource),
    Absent(Absence),
    /// Two keys, or two headers for one: which counts, proxies and servers would answer differently.
    Conflict(&'static str),
}

/// Why a request offers no key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Absence {
    NotSent,
    /// `Authorization` has another scheme than `Bearer`, or no scheme.
    NotBearer,
    /// A key's place is there, with nothing in it.
    Empty,
    /// A variable was not filled in.
    Unfilled,
}

impl<'a> Credential<'a> {
    /// Reads the headers, and `api_key` of the query where the door takes it.
    pub(super) fn read(head: &'a RequestHead, in_query: bool) -> Self {
        let authorization = match single(head, AUTHORIZATION) {
            Ok(value) => value.map_or(Err(Absence::NotSent), bearer),
            Err(TwoValues) => {
                return Self::Conflict("more than one `Authorization` header was sent");
            }
        };
        let x_api_key = match single(head, X_API_KEY) {
            Ok(value) => value.map_or(Err(Absence::NotSent), filled_in),
            Err(TwoValues) => return Self::Conflict("more than one `X-API-Key` header was sent"),
        };
        let mut query = query_keys(head.uri.query().filter(|_| in_query));
        let in_query = query.next().map(|key| (filled_in(&key).map(|_| ()), key));
        if query.next().is_some() {
            return Self::Conflict("`api_key` was sent more than once");
        }

        let header = match (authorization, x_api_key) {
            (Ok(one), Ok(other)) if one != other => {
                return Self::Conflict("`Authorization` and `X-API-Key` hold different keys");
            }
            (Ok(key), _) | (_, Ok(key)) => Ok(key),
            (Err(absence), Err(Absence::NotSent)) | (_, Err(absence)) => Err(absence),
        };
        match (header, in_query) {
            (Ok(one), Some((Ok(()), other))) if *one != *other => {
                Self::Conflict("a header and `api_key` hold different keys")
            }
            (Ok(key), _) => Self::Key(Cow::Borrowed(key), KeySource::Header),
            (Err(_), Some((Ok(()), key))) => Self::Key(key, KeySource::Query),
            (Err(Absence::NotSent), Some((Err(absence), _))) | (Err(absence), _) => {
                Self::Absent(absence)
            }
        }
    }
}

/// Whether a text repeats what stands in any place for a key, taken from there or not: a value or what of
/// it could be a key by itself, here and there as it was sent or decoded. What is shorter is in many
/// texts by chance.
pub(super) fn is_repeated_in(text: &[u8], head: &RequestHead) -> bool {
    let texts: Vec<_> = both(text).collect();
    let mut looked_for = 0;
    // Each costs a search: of more than anybody offers, one is taken to stand there.
    let mut is_in = |part: &[u8]| {
        looked_for += 1;
        let mut texts = texts.iter();
        looked_for > MOST_PARTS || texts.any(|text| memmem::find(text, part).is_some())
    };
    let header = |name| head.headers.get_all(name).map(HeaderValue::as_bytes);
    let others = header(AUTHORIZATION).map(in_scheme);
    let others = others.filter(|(scheme, _)| !is_bearer(scheme));
    let mut others = others
        .flat_map(|(_, value)| both(value))
        .filter(|value| value.len() >= TELLING_WHOLE);
    if others.any(|value| is_in(&value)) {
        return true;
    }
    let sent = header(AUTHORIZATION)
        .chain(header(X_API_KEY))
        .chain(query_values(head.uri.query()));
    sent.flat_map(both).any(|value| {
        let parts = value.split(|byte| !is_key_character(char::from(*byte)));
        let mut telling = once(&*value).chain(parts).filter(|it| it.len() >= TELLING);
        telling.any(&mut is_in)
    })
}

/// A value as it was sent, and decoded where that is another.
fn both(value: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let decoded: Cow<'_, [u8]> = percent_decode(value).into();
    let is_another = matches!(decoded, Cow::Owned(_));
    once(Cow::Borrowed(value)).chain(is_another.then_some(decoded))
}

struct TwoValues;

/// The value of a header that may be sent once.
fn single(head: &RequestHead, name: HeaderName) -> Result<Option<&[u8]>, TwoValues> {
    let mut values = head.headers.get_all(name).map(HeaderValue::as_bytes);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(TwoValues),
        (value, None) => Ok(value),
    }
}

fn bearer(value: &[u8]) -> Result<&[u8], Absence> {
    match in_scheme(value) {
        (scheme, key) if is_bearer(scheme) => filled_in(key),
        ([], _) => Err(Absence::Empty),
        _ => Err(Absence::NotBearer),
    }
}

/// The scheme of a value of `Authorization`, and what is offered by it.
fn in_scheme(value: &[u8]) -> (&[u8], &[u8]) {
    let value = value.trim_ascii();
    let scheme = value.iter().position(u8::is_ascii_whitespace);
    let (scheme, offered) = value.split_at(scheme.unwrap_or(value.len()));
    (scheme, offered.trim_ascii())
}

fn is_bearer(scheme: &[u8]) -> bool {
    scheme.eq_ignore_ascii_case(b"bearer")
}

fn filled_in(value: &[u8]) -> Result<&[u8], Absence> {
    let value = value.trim_ascii();
    if value.is_empty() {
        Err(Absence::Empty)
    } else if is_unfilled(value) {
        Err(Absence::Unfilled)
    } else {
        Ok(value)
    }
}

fn is_unfilled(value: &[u8]) -> bool {
    // Most keys are hexadecimal and are done with here.
    let suspicious = value.iter().any(|byte| matches!(byte, b'$' | b'<' | b'_'));
    let has = |mark: &&[u8]| value.windows(mark.len()).any(|window| window == *mark);
    (suspicious && UNFILLED.iter().any(has)) || value == PLACEHOLDER
}

/// Every `api_key` of a query, decoded once. A `+` stays one: keys may hold it.
fn query_keys(query: Option<&str>) -> impl Iterator<Item = Cow<'_, [u8]>> {
    query_values(query).map(|value| percent_decode(value).into())
}

/// Every `api_key` of a query, as it was sent.
fn query_values(query: Option<&str>) -> impl Iterator<Item = &[u8]> {
    let pairs = query.into_iter().flat_map(|query| query.split('&'));
    pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let is_ours = percent_decode(name.as_bytes()).eq(API_KEY.iter().copied());
        is_ours.then_some(value.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_was_not_filled_in_is_told_from_a_key_with_such_characters() {
        for unfilled in ["${KEY}", "Bearer <key>", "YOUR_KEY_HERE"] {
            assert!(is_unfilled(unfilled.as_bytes()), "{unfilled}");
        }
        for key in ["a_key_with_underscores", "a$b_YOUR", "plain", "__"] {
            assert!(!is_unfilled(key.as_bytes()), "{key}");
        }
    }
}
