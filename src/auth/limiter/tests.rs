//! What the limiter promises, by the clock that it is told.
use std::net::{Ipv4Addr, Ipv6Addr};

use futures_util::FutureExt as _;
use proptest::prelude::*;

use super::*;

const WINDOW: Duration = Duration::from_mins(5);
const SOMEBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 42));

/// A limiter and the time that it is told.
struct Scene {
    limiter: FailureLimiter,
    now: Instant,
}

impl Scene {
    fn new(capacity: usize, max_failures: u32) -> Self {
        let now = Instant::now();
        let limiter = FailureLimiter::with_capacity(capacity, max_failures, WINDOW, now);
        Self { limiter, now }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn ask(&self, address: IpAddr, attempt: Attempt) -> Verdict {
        let asked = self.limiter.ask(address, attempt, self.now);
        asked.now_or_never().expect("this limiter answers at once")
    }

    fn fail(&self, address: IpAddr) -> Verdict {
        self.ask(address, Attempt::WrongKey)
    }

    fn is_wide(&self) -> bool {
        self.limiter.table().is_wide()
    }
}

fn v4(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0000 + number).into()
}

fn v6(number: u128) -> IpAddr {
    Ipv6Addr::from_bits(0x2001_0db8_u128 << 96 | number).into()
}

fn blocked(seconds: u64) -> Verdict {
    Verdict::Blocked(Duration::from_secs(seconds))
}

#[test]
fn the_failure_after_which_a_block_begins_is_still_answered() {
    let scene = Scene::new(10, 5);
    for _ in 0..4 {
        assert_eq!(scene.fail(SOMEBODY), Verdict::Open);
    }
    assert_eq!(scene.fail(SOMEBODY), Verdict::Tripped);
    assert_eq!(scene.fail(SOMEBODY), blocked(300));
    assert_eq!(scene.fail(v4(1)), Verdict::Open, "others are not met");
}

#[test]
fn failures_count_for_one_window_each() {
    let mut scene = Scene::new(10, 3);
    scene.fail(SOMEBODY);
    scene.wait(299);
    scene.fail(SOMEBODY);
    scene.wait(1);
    assert_eq!(
        scene.fail(SOMEBODY),
        Verdict::Open,
        "the first counts no more"
    );
    assert_eq!(scene.fail(SOMEBODY), Verdict::Tripped);
}

#[test]
fn a_block_lasts_one_window_and_is_not_prolonged() {
    let mut scene = Scene::new(10, 1);
    assert_eq!(scene.fail(SOMEBODY), Verdict::Tripped);
    scene.wait(200);
    assert_eq!(scene.fail(SOMEBODY), blocked(100));
    scene.wait(99);
    assert_eq!(scene.ask(SOMEBODY, Attempt::NoKey), blocked(1));
    scene.wait(1);
    assert_eq!(scene.ask(SOMEBODY, Attempt::NoKey), Verdict::Open);
    assert_eq!(scene.fail(SOMEBODY), Verdict::Tripped, "it begins anew");
}

#[test]
fn no_key_is_no_failure_and_meets_a_block() {
    let scene = Scene::new(10, 1);
    for _ in 0..10 {
        assert_eq!(scene.ask(SOMEBODY, Attempt::NoKey), Verdict::Open);
    }
    scene.fail(SOMEBODY);
    assert_eq!(scene.ask(SOMEBODY, Attempt::NoKey), blocked(300));
}

#[test]
fn a_high_limit_is_counted_by_parts_of_the_window_in_little_memory() {
    let mut scene = Scene::new(10, 1000);
    for _ in 0..999 {
        assert_eq!(scene.fail(SOMEBODY), Verdict::Open);
    }
    scene.wait(150);
    assert_eq!(scene.fail(SOMEBODY), Verdict::Tripped);
    scene.wait(300);
    for failure in 0..10_000 {
        assert_eq!(scene.fail(v4(1)), Verdict::Open, "{failure}");
        scene.now += Duration::from_millis(301);
    }
    assert!(scene.limiter.table().longest_history() <= 33);
}

#[test]
fn failures_by_parts_of_the_window_count_as_long_as_others() {
    let mut scene = Scene::new(10, 40);
    scene.wait(299);
    for _ in 0..39 {
        assert_eq!(scene.fail(SOMEBODY), Verdict::Open);
    }
    scene.wait(60);
    assert_eq!(scene.fail(SOMEBODY), Verdict::Tripped);
}

#[test]
fn under_an_attack_an_ipv6_network_of_48_bits_is_one_client() {
    let scene = Scene::new(4, 2);
    for number in 0..8 {
        scene.fail(v4(number << 8));
    }
    assert!(scene.is_wide());
    assert_eq!(scene.fail(v6(0)), Verdict::Open);
    assert_eq!(scene.fail(v6(1 << 80)), Verdict::Open);
    assert_eq!(scene.fail(v6(1 << 64)), Verdict::Tripped);
}

#[test]
fn an_ipv6_network_is_one_client_and_a_mapped_address_is_ipv4() {
    let scene = Scene::new(10, 2);
    assert_eq!(scene.fail(v6(1)), Verdict::Open);
    assert_eq!(scene.fail(v6(2)), Verdict::Tripped);
    assert_eq!(scene.fail(v6(1 << 64)), Verdict::Open);
    assert_eq!(scene.fail(v4(1)), Verdict::Open);
    let mapped = Ipv4Addr::from_bits(0x0a00_0001).to_ipv6_mapped();
    assert_eq!(scene.fail(mapped.into()), Verdict::Tripped);
}

#[test]
fn a_block_that_was_met_is_told_once_when_it_ends() {
    let mut scene = Scene::new(10, 1);
    scene.fail(SOMEBODY);
    scene.fail(v4(1));
    scene.wait(10);
    scene.fail(SOMEBODY);
    scene.wait(20);
    scene.fail(SOMEBODY);
    assert_eq!(scene.limiter.tick(scene.now), []);
    scene.wait(270);
    let ended = scene.limiter.tick(scene.now);
    let [block] = &ended[..] else {
        panic!("a block that nobody met is not told: {ended:?}")
    };
    assert_eq!((block.client, block.requests), (SOMEBODY, 2));
    assert_eq!(
        (block.first, block.last),
        (Duration::from_secs(290), Duration::from_secs(270))
    );
    assert_eq!(scene.limiter.tick(scene.now), []);
}

#[test]
fn the_oldest_that_is_not_blocked_makes_way() {
    let mut scene = Scene::new(10, 2);
    scene.fail(v4(1));
    scene.fail(v4(1));
    for number in 2..=11 {
        scene.wait(1);
        scene.fail(v4(number));
    }
    assert_eq!(
        scene.fail(v4(2)),
        Verdict::Open,
        "it was forgotten, and now 3 is"
    );
    assert_eq!(scene.fail(v4(4)), Verdict::Tripped);
    let first = scene.fail(v4(1));
    assert!(
        matches!(first, Verdict::Blocked(_)),
        "a block is not forgotten"
    );
    assert_eq!(scene.limiter.table().len(), 10);
}

#[test]
fn where_all_are_blocked_the_rest_share_one_bucket_that_meets_no_valid_key() {
    let mut scene = Scene::new(2, 2);
    for number in [1, 1, 2, 2] {
        scene.fail(v4(number));
    }
    scene.wait(1);
    assert_eq!(scene.fail(v4(3)), Verdict::Open);
    assert_eq!(scene.fail(v4(4)), Verdict::Tripped);
    assert_eq!(scene.fail(v4(5)), blocked(300));
    assert_eq!(scene.ask(v4(6), Attempt::NoKey), blocked(300));
    assert_eq!(scene.ask(v4(6), Attempt::ValidKey), Verdict::Open);
    assert_eq!(scene.ask(v4(1), Attempt::ValidKey), blocked(299));
    assert!(scene.limiter.table().len() <= 3);
    scene.wait(299);
    assert_eq!(scene.fail(v4(5)), Verdict::Open, "there is a place again");
}

#[test]
fn an_attack_from_many_addresses_is_counted_by_network_and_named_once() {
    let mut scene = Scene::new(100, 3);
    for number in 0..151 {
        assert_eq!(scene.fail(v4(number << 8)), Verdict::Open);
    }
    assert!(
        scene.is_wide(),
        "more than half of the table was forgotten within a minute"
    );
    for (number, verdict) in [
        (1, Verdict::Open),
        (2, Verdict::Open),
        (3, Verdict::Tripped),
        (4, blocked(300)),
    ] {
        assert_eq!(scene.fail(v4(0x00ff_0000 + number)), verdict);
    }
    assert_eq!(scene.ask(v4(0x00ff_0005), Attempt::ValidKey), Verdict::Open);
    scene.wait(60);
    scene.fail(v4(1));
    assert!(scene.is_wide(), "the last minute was the attack");
    scene.wait(60);
    scene.fail(v4(1));
    assert!(!scene.is_wide());
}

#[test]
fn where_half_the_places_are_blocked_neighbours_are_blocked_as_one() {
    let mut scene = Scene::new(100, 1);
    let blocked = (0..1000).filter(|&network| {
        scene.now += Duration::from_millis(1);
        scene.fail(v6(network << 64)) == Verdict::Tripped
    });
    assert_eq!(
        blocked.count(),
        52,
        "51 single ones, and the network that holds all"
    );
}

#[test]
fn memory_has_a_bound_whatever_comes() {
    let mut scene = Scene::new(1000, 5);
    for number in 0..20_000 {
        scene.fail(v4(number));
        scene.fail(v6(u128::from(number) << 64));
        scene.now += Duration::from_millis(1);
    }
    assert!(scene.limiter.table().len() <= 1001);
    scene.wait(600);
    scene.limiter.tick(scene.now);
    assert_eq!(scene.limiter.table().len(), 0);
}

proptest! {
    /// Held against the plain definition, with room for everybody.
    #[test]
    fn it_says_what_the_definition_says(
        steps in prop::collection::vec((0_u32..4, 0_u64..200_000, 0_u8..4), 1..120),
        max_failures in 1_u32..6,
    ) {
        let mut scene = Scene::new(100, max_failures);
        let mut failures: Vec<(u32, Instant)> = Vec::new();
        let mut blocks: Vec<(u32, Instant)> = Vec::new();
        for (who, wait, kind) in steps {
            scene.now += Duration::from_millis(wait);
            let now = scene.now;
            blocks.retain(|(_, until)| *until > now);
            failures.retain(|(_, at)| *at + WINDOW > now);
            let attempt = if kind == 0 { Attempt::NoKey } else { Attempt::WrongKey };
            let block = blocks.iter().find(|(blocked, _)| *blocked == who);
            let expected = match (block, attempt) {
                (Some((_, until)), _) => {
                    let left = (*until - now).as_millis();
                    Verdict::Blocked(Duration::from_millis(u64::try_from(left).expect("a short time")))
                }
                (None, Attempt::WrongKey) => {
                    failures.push((who, now));
                    let count = failures.iter().filter(|(failed, _)| *failed == who).count();
                    if count < max_failures as usize {
                        Verdict::Open
                    } else {
                        failures.retain(|(failed, _)| *failed != who);
                        blocks.push((who, now + WINDOW));
                        Verdict::Tripped
                    }
                }
                (None, _) => Verdict::Open,
            };
            prop_assert_eq!(scene.ask(v4(who), attempt), expected);
        }
    }
}

#[test]
fn an_attack_from_many_addresses_is_an_alarm_once() {
    let mut table = Table::new(Limits {
        capacity: 4,
        max_failures: 1,
        window: 1_000,
    });
    let alarms = (0..5).map(|number| {
        table.ask(v4(number << 8), Attempt::WrongKey, 0);
        table.take_alarm()
    });
    let alarms: Vec<_> = alarms.collect();
    assert_eq!(alarms, [false, false, true, false, false]);
}
