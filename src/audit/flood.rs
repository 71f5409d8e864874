//! How many denials are written singly: a stranger must not fill the disk, and so close the gate.
use std::{
    collections::{HashMap, HashSet},
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{AuditEvent, DenialReason};

/// A client: 100 at once, then 20 a minute.
const PER_CLIENT: Pace = Pace {
    burst: 100,
    interval: Duration::from_secs(3),
};
/// All together: 1,000 at once, then 50 a second.
const IN_ALL: Pace = Pace {
    burst: 1_000,
    interval: Duration::from_millis(20),
};
/// An aggregate is written when it is this old.
const AGGREGATE_AGE: Duration = Duration::from_mins(1);
/// As many clients are told apart in one aggregate.
const MOST_ADDRESSES: usize = 65_536;
/// Above this, clients that have not been heard of for long are forgotten. By [`IN_ALL`] and
/// [`PER_CLIENT`] no more than about 1,150 can be younger than that.
const MANY_CLIENTS: usize = 4_096;

#[derive(Debug, Default)]
pub(super) struct Flood {
    all: Bucket,
    clients: HashMap<IpAddr, Bucket>,
    beyond: Option<Beyond>,
}

/// Denials that were counted instead of written.
#[derive(Debug)]
struct Beyond {
    count: u64,
    invalid_keys: u64,
    addresses: HashSet<IpAddr>,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    since: Duration,
}

impl Flood {
    /// Whether a denial is to be written singly. Otherwise it is counted here.
    pub(super) fn admits(
        &mut self,
        reason: DenialReason,
        ip: IpAddr,
        now: DateTime<Utc>,
        elapsed: Duration,
    ) -> bool {
        let client = client(ip);
        let written = self.all.has_room(IN_ALL, elapsed) && {
            if self.clients.len() >= MANY_CLIENTS {
                self.clients.retain(|_, bucket| bucket.full_at > elapsed);
            }
            let bucket = self.clients.entry(client).or_default();
            bucket.take(PER_CLIENT, elapsed) && self.all.take(IN_ALL, elapsed)
        };
        if !written {
            self.count(reason, client, now, elapsed);
        }
        written
    }

    fn count(
        &mut self,
        reason: DenialReason,
        client: IpAddr,
        now: DateTime<Utc>,
        elapsed: Duration,
    ) {
        let beyond = self.beyond.get_or_insert_with(|| Beyond {
            count: 0,
            invalid_keys: 0,
            addresses: HashSet::new(),
            first: now,
            last: now,
            since: elapsed,
        });
        beyond.count += 1;
        beyond.invalid_keys += u64::from(reason == DenialReason::InvalidApiKey);
        beyond.last = now;
        if beyond.addresses.len() < MOST_ADDRESSES {
            beyond.addresses.insert(client);
        }
    }

    /// The record about what was counted, once it is old enough; whatever its age where `None`.
    pub(super) fn aggregate(&self, elapsed: Option<Duration>) -> Option<AuditEvent<'static>> {
        let beyond = self.beyond.as_ref()?;
        let is_due = elapsed.is_none_or(|now| now >= beyond.since + AGGREGATE_AGE);
        is_due.then_some(AuditEvent::FailuresAggregated {
            count: beyond.count,
            invalid_keys: beyond.invalid_keys,
            addresses: beyond.addresses.len(),
            first: beyond.first,
            last: beyond.last,
        })
    }

    /// Forgets what was counted: it has been written.
    pub(super) fn forget(&mut self) {
        self.beyond = None;
    }
}

/// So many at once, then one an interval.
#[derive(Clone, Copy)]
struct Pace {
    burst: u32,
    interval: Duration,
}

/// What is left of a pace, told by when all of it will be there again.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    full_at: Duration,
}

impl Bucket {
    fn has_room(self, pace: Pace, now: Duration) -> bool {
        self.full_at.max(now) + pace.interval <= now + pace.interval * pace.burst
    }

    fn take(&mut self, pace: Pace, now: Duration) -> bool {
        let has_room = self.has_room(pace, now);
        if has_room {
            self.full_at = self.full_at.max(now) + pace.interval;
        }
        has_room
    }
}

/// What counts as one client: an address, or an IPv6 network of 64 bits, in which whoever has one
/// address has them all.
fn client(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const WRONG: DenialReason = DenialReason::InvalidApiKey;

    fn admitted(flood: &mut Flood, ip: impl Into<IpAddr>, at: Duration, times: u32) -> usize {
        let ip = ip.into();
        (0..times)
            .filter(|_| flood.admits(WRONG, ip, DateTime::UNIX_EPOCH, at))
            .count()
    }

    #[test]
    fn an_address_gets_a_hundred_and_then_twenty_a_minute() {
        let mut flood = Flood::default();
        assert_eq!(admitted(&mut flood, [192, 0, 2, 1], SECOND, 500), 100);
        assert_eq!(admitted(&mut flood, [192, 0, 2, 1], SECOND * 61, 500), 20);
        assert_eq!(admitted(&mut flood, [192, 0, 2, 2], SECOND * 61, 500), 100);
        assert_eq!(
            admitted(&mut flood, [192, 0, 2, 1], SECOND * 1000, 500),
            100
        );
    }

    #[test]
    fn all_addresses_get_a_thousand_and_then_fifty_a_second() {
        let mut flood = Flood::default();
        let mut at_once = |at| -> usize {
            (0..5_000_u32)
                .map(|n| admitted(&mut flood, (0x0a00_0000 + n).to_be_bytes(), at, 1))
                .sum()
        };
        assert_eq!(at_once(SECOND), 1_000);
        assert_eq!(at_once(SECOND * 2), 50);
        assert_eq!(at_once(SECOND * 12), 500);
    }

    #[test]
    fn an_ipv6_network_is_one_client_and_a_mapped_address_its_ipv4_one() {
        let mut flood = Flood::default();
        for n in 0..300 {
            flood.admits(
                WRONG,
                Ipv6Addr::new(0x2001, 0xdb8, 0, 1, n, 0, 0, n).into(),
                DateTime::UNIX_EPOCH,
                SECOND,
            );
        }
        let counted = flood.aggregate(None);
        assert!(matches!(
            counted,
            Some(AuditEvent::FailuresAggregated {
                count: 200,
                addresses: 1,
                ..
            })
        ));
        let mapped = Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201);
        assert_eq!(admitted(&mut flood, mapped, SECOND, 60), 60);
        assert_eq!(admitted(&mut flood, [192, 0, 2, 1], SECOND, 60), 40);
    }

    #[test]
    fn whoever_has_used_its_share_is_not_forgotten_among_many() {
        let mut flood = Flood::default();
        assert_eq!(admitted(&mut flood, [192, 0, 2, 1], SECOND, 500), 100);
        let mut at = SECOND;
        for n in 0..5_000_u32 {
            at += IN_ALL.interval;
            assert_eq!(
                admitted(&mut flood, (0x0a00_0000 + n).to_be_bytes(), at, 1),
                1
            );
        }
        assert_eq!(admitted(&mut flood, [192, 0, 2, 1], at, 500), 33);
    }

    #[test]
    fn a_million_addresses_cost_little_memory() {
        let mut flood = Flood::default();
        for n in 0..1_000_000_u32 {
            let at = SECOND + Duration::from_micros(100) * n;
            flood.admits(WRONG, n.to_be_bytes().into(), DateTime::UNIX_EPOCH, at);
        }
        assert!(flood.clients.len() <= MANY_CLIENTS);
        let written = 1_000 + 50 * 100;
        let counted = flood.aggregate(None);
        assert!(
            matches!(counted, Some(AuditEvent::FailuresAggregated { count, addresses: MOST_ADDRESSES, .. })
                if count.abs_diff(1_000_000 - written) <= 1),
        );
    }
}
