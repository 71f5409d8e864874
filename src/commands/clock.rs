//! The time by which keys end, the same for a server and for every command.
use std::path::Path;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::audit;

/// As much two clocks may differ.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(5);

pub(super) struct Time {
    pub(super) now: DateTime<Utc>,
    /// Says that the clock is behind what was recorded, if it is by much.
    pub(super) behind: Option<String>,
}

impl Time {
    /// By the machine's clock, unless something was recorded later: time that ran back would bring
    /// keys back that ended. Where the `log` cannot be read, the clock alone tells.
    pub(super) fn read(log: Option<&Path>, checkpoints: Option<&Path>) -> Self {
        let clock = Utc::now();
        let newest = log.and_then(|log| audit::newest_record(log, checkpoints));
        let now = newest.map_or(clock, |newest| newest.max(clock));
        let behind = (now - clock > CLOCKS_DIFFER).then(|| {
            let time = now.to_rfc3339_opts(SecondsFormat::Secs, true);
            format!(
                "the newest audit record is from {time}, ahead of the clock: until then keys end as if it were that late"
            )
        });
        Self { now, behind }
    }
}
