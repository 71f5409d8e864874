//! The keys in force, and all that must hear of it when others are.
use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    audit::{AuditEvent, AuditLog},
    commands::logging,
    keys::{KeyHint, KeyId, KeyRing},
    mcp, sort,
};

/// So many hints are in one record, and so many in one line.
const MOST_IN_A_RECORD: usize = 250;
const MOST_IN_A_LINE: usize = 10;

#[derive(Clone)]
pub(super) struct InForce {
    pub(super) ring: Arc<ArcSwap<KeyRing>>,
    pub(super) audit: Arc<AuditLog>,
    pub(super) streams: Arc<mcp::Shared>,
}

impl InForce {
    /// Puts these keys in force instead, and says whether they are others. Requests that are at the
    /// gate now may still see those of before; those that come from now on do not.
    pub(super) fn replace(&self, ring: KeyRing) -> bool {
        let before = self.ring.load_full();
        let after = Arc::new(ring.after(&before));
        if after == before {
            return false;
        }
        let now = self.audit.now();
        self.ring.store(Arc::clone(&after));
        let (was, is) = (ends(&before, now), ends(&after, now));
        let moved = chosen(&is, |id, end| {
            was.get(id).is_some_and(|(_, was)| was != end)
        });
        if !moved.is_empty() {
            log::info!(
                target: logging::ALWAYS,
                "keys that end at another time now: {}",
                listed(&moved)
            );
        }
        let added = chosen(&is, |id, _| !was.contains_key(id));
        let removed = chosen(&was, |id, _| !is.contains_key(id));
        if added.is_empty() && removed.is_empty() {
            // Else only what is known of former keys is something else.
            return !moved.is_empty();
        }
        self.tell(&added, &removed, now);
        true
    }

    /// Sees to it that no stream outlives its key, and tells of keys that came to their end. At the
    /// gate they are refused by themselves.
    pub(super) async fn end_in_time(&self) -> Infallible {
        let mut seconds = interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut since = self.audit.now();
        loop {
            seconds.tick().await;
            let now = self.audit.now();
            self.tick(since, now);
            since = now.max(since);
        }
    }

    fn tick(&self, since: DateTime<Utc>, now: DateTime<Utc>) {
        let ring = self.ring.load();
        let mut ended: Vec<_> = ring.ended(since, now).map(|key| key.hint).collect();
        if ended.is_empty() {
            self.end_streams(now);
        } else {
            sort::by_key(&mut ended, |hint| *hint);
            self.tell(&[], &ended, now);
        }
    }

    fn end_streams(&self, now: DateTime<Utc>) {
        let ring = self.ring.load();
        self.streams
            .end_streams_unless(|key| ring.is_in_force(key, now));
    }

    fn tell(&self, added: &[KeyHint], removed: &[KeyHint], now: DateTime<Utc>) {
        self.end_streams(now);
        let (mut came, mut went) = (added, removed);
        loop {
            let (added, removed);
            (added, came) = came.split_at(came.len().min(MOST_IN_A_RECORD));
            (removed, went) = went.split_at(went.len().min(MOST_IN_A_RECORD));
            // A log that cannot be written says so itself; a revoked key is refused anyway.
            let _ = self
                .audit
                .record(&AuditEvent::KeysReloaded { added, removed });
            if came.is_empty() && went.is_empty() {
                break;
            }
        }
        let left = self.ring.load().in_force(now).count();
        let told = [("added", added), ("removed", removed)].map(|(what, hints)| match hints {
            [] => String::new(),
            hints => format!(", {what}: {}", listed(hints)),
        });
        log::info!(
            target: logging::ALWAYS,
            "other keys are in force: {left} now{}",
            told.concat()
        );
        if left == 0 {
            log::error!("critical: no key is in force any more, so nobody is let in");
        }
    }
}

/// The keys in force by digest, each with its end.
fn ends(ring: &KeyRing, now: DateTime<Utc>) -> Ends {
    ring.in_force(now)
        .map(|key| (key.id, (key.hint, key.expires_at)))
        .collect()
}

type Ends = HashMap<KeyId, (KeyHint, Option<DateTime<Utc>>)>;

/// The hints of the keys of which this is true.
fn chosen(keys: &Ends, is_so: impl Fn(&KeyId, &Option<DateTime<Utc>>) -> bool) -> Vec<KeyHint> {
    let chosen = keys.iter().filter(|(id, (_, end))| is_so(id, end));
    let mut chosen: Vec<_> = chosen.map(|(_, (hint, _))| *hint).collect();
    sort::by_key(&mut chosen, |hint| *hint);
    chosen
}

/// Some of these, for a line.
pub(super) fn listed(hints: &[KeyHint]) -> String {
    let shown: Vec<_> = hints
        .iter()
        .take(MOST_IN_A_LINE)
        .map(KeyHint::as_str)
        .collect();
    let more = match hints.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(" "))
}
