//! The limiter's memory, bounded: what is known of each bucket, and in which order it is forgotten.
use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    time::Duration,
};

use super::{
    bucket::Bucket,
    churn::Churn,
    limiter::{Attempt, EndedBlock, Verdict},
};

/// Up to this limit every failure is remembered to the millisecond; above it they are counted by
/// parts of the window, so that a bucket never holds more.
const EXACT: u32 = 32;
/// Each question forgets a few that are over, so that they go before somebody must be evicted.
const TIDY_A_QUESTION: usize = 4;

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) capacity: usize,
    pub(super) max_failures: u32,
    /// In milliseconds, as every time here is, since the limiter's start.
    pub(super) window: u64,
}

#[derive(Debug)]
pub(super) struct Table {
    limits: Limits,
    /// Keyed by a random hash: nobody can choose addresses that collide.
    records: HashMap<Bucket, Record>,
    /// Those that are not blocked, by when their last failure stops to count.
    open: BTreeSet<(u64, Bucket)>,
    /// Those that are, by when that ends.
    blocked: BTreeSet<(u64, Bucket)>,
    ended: Vec<Block>,
    churn: Churn,
}

/// What is known of a bucket.
#[derive(Debug)]
enum Record {
    /// When it failed and how often, oldest first.
    Open(Vec<(u64, u32)>),
    Blocked(Box<Block>),
}

#[derive(Debug)]
struct Block {
    client: IpAddr,
    until: u64,
    requests: u64,
    first: u64,
    last: u64,
}

impl Table {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            records: HashMap::new(),
            open: BTreeSet::new(),
            blocked: BTreeSet::new(),
            ended: Vec::new(),
            churn: Churn::default(),
        }
    }

    pub(super) fn ask(&mut self, address: IpAddr, attempt: Attempt, now: u64) -> Verdict {
        self.tidy(now, TIDY_A_QUESTION);
        let own = Bucket::of(address);
        if let Some(left) = self.meet_block(own, now) {
            return Verdict::Blocked(left);
        }
        // What neighbours and strangers did is no reason to refuse a valid key, in any mode.
        if attempt == Attempt::ValidKey {
            return Verdict::Open;
        }
        self.churn.roll(now, self.limits.capacity);
        let bucket = if self.churn.wide() {
            Bucket::wide(address)
        } else {
            own
        };
        let bucket = if self.has_place(bucket) {
            bucket
        } else {
            Bucket::Overflow
        };
        if bucket != own
            && let Some(left) = self.meet_block(bucket, now)
        {
            return Verdict::Blocked(left);
        }
        match attempt {
            Attempt::WrongKey => self.count(bucket, address, now),
            Attempt::NoKey | Attempt::ValidKey => Verdict::Open,
        }
    }

    /// Whether an attack from many addresses has just been noticed.
    pub(super) fn take_alarm(&mut self) -> bool {
        self.churn.take_alarm()
    }

    /// Forgets up to `most` buckets that are over; says how many there were.
    pub(super) fn tidy(&mut self, now: u64, most: usize) -> usize {
        let over = |queue: &BTreeSet<(u64, Bucket)>| {
            let first = queue.first().filter(|(until, _)| *until <= now);
            first.map(|(_, bucket)| *bucket)
        };
        for done in 0..most {
            match over(&self.blocked).or_else(|| over(&self.open)) {
                Some(bucket) => self.forget(bucket),
                None => return done,
            }
        }
        most
    }

    /// Ends every block before its time.
    pub(super) fn end_all(&mut self) {
        while let Some((_, bucket)) = self.blocked.first() {
            self.forget(*bucket);
        }
    }

    /// The blocks that have ended since this was asked last.
    pub(super) fn take_ended(&mut self, now: u64) -> Vec<EndedBlock> {
        let ago = |time| Duration::from_millis(now.saturating_sub(time));
        let ended = std::mem::take(&mut self.ended)
            .into_iter()
            .map(|block| EndedBlock {
                client: block.client,
                requests: block.requests,
                first: ago(block.first),
                last: ago(block.last),
            });
        ended.collect()
    }

    /// How long this bucket is blocked yet; the request that asks is counted.
    fn meet_block(&mut self, bucket: Bucket, now: u64) -> Option<Duration> {
        let Record::Blocked(block) = self.records.get_mut(&bucket)? else {
            return None;
        };
        if block.until <= now {
            self.forget(bucket);
            return None;
        }
        if block.requests == 0 {
            block.first = now;
        }
        block.last = now;
        block.requests += 1;
        Some(Duration::from_millis(block.until - now))
    }

    /// Counts a failure of a bucket that is not blocked; the last one allowed begins a block.
    fn count(&mut self, bucket: Bucket, client: IpAddr, now: u64) -> Verdict {
        let Limits {
            capacity,
            max_failures,
            window,
        } = self.limits;
        self.churn.note_failure();
        if !self.records.contains_key(&bucket)
            && bucket != Bucket::Overflow
            && self.records.len() >= capacity
            && let Some((_, oldest)) = self.open.first().copied()
        {
            // Its failures count: those that do not are forgotten with each question.
            self.churn.note_eviction(capacity);
            self.forget(oldest);
        }
        let mut failures = match self.take(bucket) {
            Some(Record::Open(failures)) => failures,
            Some(Record::Blocked(_)) | None => Vec::with_capacity(1),
        };
        failures.retain(|(time, _)| time + window > now);
        let part = if max_failures <= EXACT {
            1
        } else {
            (window / u64::from(EXACT)).max(1)
        };
        let time = now - now % part;
        match failures.last_mut() {
            Some((last, count)) if *last == time => *count += 1,
            _ => failures.push((time, 1)),
        }
        if failures.iter().map(|(_, count)| count).sum::<u32>() < max_failures {
            self.open.insert((time + window, bucket));
            self.records.insert(bucket, Record::Open(failures));
            return Verdict::Open;
        }
        let until = now + window;
        let block = Block {
            client,
            until,
            requests: 0,
            first: now,
            last: now,
        };
        self.blocked.insert((until, bucket));
        self.churn.note_blocked(self.blocked.len(), capacity);
        self.records
            .insert(bucket, Record::Blocked(Box::new(block)));
        Verdict::Tripped
    }

    /// Whether this bucket is known, or can be: the oldest that is not blocked makes way for it.
    fn has_place(&self, bucket: Bucket) -> bool {
        self.records.len() < self.limits.capacity
            || self.records.contains_key(&bucket)
            || self
                .open
                .first()
                .is_some_and(|(_, oldest)| *oldest != Bucket::Overflow)
    }

    fn forget(&mut self, bucket: Bucket) {
        if let Some(Record::Blocked(block)) = self.take(bucket)
            && block.requests > 0
        {
            self.ended.push(*block);
        }
    }

    /// Takes a bucket out of the table and its queue.
    fn take(&mut self, bucket: Bucket) -> Option<Record> {
        let record = self.records.remove(&bucket)?;
        match &record {
            Record::Open(failures) => {
                let last = failures.last().map_or(0, |(time, _)| *time);
                self.open.remove(&(last + self.limits.window, bucket));
            }
            Record::Blocked(block) => {
                self.blocked.remove(&(block.until, bucket));
            }
        }
        Some(record)
    }
}

#[cfg(test)]
impl Table {
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.records.len(), self.open.len() + self.blocked.len());
        self.records.len()
    }

    pub(super) fn is_wide(&self) -> bool {
        self.churn.wide()
    }

    pub(super) fn longest_history(&self) -> usize {
        let histories = self.records.values().map(|record| match record {
            Record::Open(failures) => failures.len(),
            Record::Blocked(_) => 0,
        });
        histories.max().unwrap_or_default()
    }
}
