//! When each key was last used, and last refused.
use std::{
    collections::HashMap,
    io::{self, BufReader},
    net::IpAddr,
    path::Path,
};

use chrono::{DateTime, Utc};

use super::{Event, Line, Raw, Text, open, read_lines, rotated};
use crate::keys::KeyHint;

/// What a log says of the keys with one hint.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct KeyUse {
    /// When one was last let in, and from where.
    pub last: Option<(DateTime<Utc>, IpAddr)>,
    /// How often one was let in since the time that was asked for.
    pub lately: u64,
    /// When one was last refused because it is no longer in force, and from where.
    pub last_refused: Option<(DateTime<Utc>, IpAddr)>,
}

/// What the log at this path, with the files that it was before, says of keys, by their hint: each
/// that was ever let in, or refused as no longer in force. Lines that are no records say nothing.
///
/// # Errors
/// There is no such log, or it cannot be read.
pub fn key_uses(log: &Path, lately: DateTime<Utc>) -> io::Result<HashMap<KeyHint, KeyUse>> {
    let mut uses = HashMap::new();
    for part in rotated(log)? {
        let file = part.open()?;
        let ended = read_lines(BufReader::new(open(&*file)?), |_, raw| {
            if let Raw::Line(line) | Raw::Unended(line) = raw
                && let Ok(line) = Line::of(line)
            {
                note(&mut uses, &line, lately);
            }
        });
        match ended {
            // A compressed file that was cut: what is left of it was read.
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
            _ => {}
        }
    }
    Ok(uses)
}

fn note(uses: &mut HashMap<KeyHint, KeyUse>, line: &Line<'_>, lately: DateTime<Utc>) {
    let (hint, client_ip, refused) = match &line.event {
        Event::Authenticated {
            by_key: true,
            key_hint,
            client_ip,
            ..
        } => (key_hint, client_ip, false),
        Event::Denied {
            retired_key,
            client_ip,
            ..
        } => (retired_key, client_ip, true),
        _ => return,
    };
    let hint = hint.map(Text::to_text);
    let (Some(hint), Some(client_ip), Some(time)) = (
        hint.and_then(|hint| KeyHint::parse(&hint)),
        client_ip.and_then(Text::ip),
        DateTime::from_timestamp_millis(line.millis),
    ) else {
        return;
    };
    let KeyUse {
        last,
        lately: count,
        last_refused,
    } = uses.entry(hint).or_default();
    let newest = if refused { last_refused } else { last };
    if newest.is_none_or(|(before, _)| before <= time) {
        *newest = Some((time, client_ip.address()));
    }
    if !refused && time >= lately {
        *count += 1;
    }
}
