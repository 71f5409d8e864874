//! Which records a summary is about.
use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

/// What a window is called.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// 24 hours.
    Daily,
    /// 7 days.
    Weekly,
    /// 30 days.
    Monthly,
    /// 90 days.
    Quarterly,
    /// 365 days.
    Yearly,
    All,
    /// Whatever was asked for.
    Custom,
}

/// Some time, from its first moment on and before its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    pub period: Period,
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// It ends at this moment: no record can be later, unless a clock was changed.
    pub until_now: bool,
}

impl Window {
    /// The period that ends now.
    pub fn rolling(period: Period, now: DateTime<Utc>) -> Self {
        let days = match period {
            Period::Daily => 1,
            Period::Weekly => 7,
            Period::Monthly => 30,
            Period::Quarterly => 90,
            Period::Yearly => 365,
            Period::All | Period::Custom => {
                return Self {
                    period,
                    from: None,
                    until: None,
                    until_now: false,
                };
            }
        };
        // A record of this very moment is in it.
        let until = now + TimeDelta::milliseconds(1);
        Self {
            period,
            from: Some(until - TimeDelta::days(days)),
            until: Some(until),
            until_now: true,
        }
    }

    /// The window before, which is as long.
    pub fn before(&self) -> Option<Self> {
        let from = self.from?;
        let length = self.until? - from;
        Some(Self {
            from: from.checked_sub_signed(length),
            until: Some(from),
            ..*self
        })
    }

    /// In milliseconds since 1970.
    pub(super) fn millis(&self) -> (i64, i64) {
        (
            self.from.map_or(i64::MIN, |it| it.timestamp_millis()),
            self.until.map_or(i64::MAX, |it| it.timestamp_millis()),
        )
    }
}
