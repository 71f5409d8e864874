use std::{net::Ipv4Addr, num::NonZeroU64};

use proptest::prelude::*;

use super::{scan::Scan, *};
use crate::{
    audit::{AuditEvent, AuditLog, AuditSettings, Checkpoints, DenialReason, tail::sha256},
    caller::RequestIds,
};

/// What a server writes: lines without their ends.
fn lines(records: u32) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.log");
    let log = AuditLog::open(AuditSettings {
        checkpoints: Checkpoints {
            records: NonZeroU64::new(50),
            ..Checkpoints::default()
        },
        ..AuditSettings::new(path.clone())
    })
    .expect("written");
    let request = RequestIds::new(0x0a0b_0c0d).next();
    for number in 0..records {
        if number % 5 > 0 {
            log.record(&AuditEvent::ServerStopped { reason: "J*" })
                .expect("written");
            continue;
        }
        log.record(&AuditEvent::Denied {
            reason: DenialReason::RateLimited,
            client_ip: Ipv4Addr::from(number).into(),
            method: "GET",
            route: "/mcp",
            key_source: None,
            request_id: request,
            offered: None,
            former: None,
            user_agent: Some(b"J* of an agent, \"prev\": \"0\""),
        })
        .expect("written");
    }
    drop(log);
    let text = std::fs::read(&path).expect("a log");
    let whole = text.strip_suffix(b"\n").expect("whole lines");
    whole
        .split(|byte| *byte == b'\n')
        .take(200)
        .map(<[u8]>::to_vec)
        .collect()
}

fn part(text: &[u8], heads: &[[u8; 32]]) -> Part {
    let mut scan = Scan::new(0, heads);
    scan.block(text);
    scan.finish()
}

fn judged(parts: impl IntoIterator<Item = Part>, heads: &[Head]) -> Verdict {
    let mut reading = Reading::new(1, heads.len(), None);
    parts.into_iter().for_each(|part| reading.take(part));
    reading.finish(heads)
}

fn text<L: AsRef<[u8]>>(lines: &[L]) -> Vec<u8> {
    lines
        .iter()
        .flat_map(|line| [line.as_ref(), b"\n"].concat())
        .collect()
}

fn verdict(lines: &[Vec<u8>]) -> Verdict {
    judged([part(&text(lines), &[])], &[])
}

/// The only break.
fn only(verdict: &Verdict) -> (u64, Kind) {
    assert_eq!(verdict.breaks.total, 1, "{:?}", verdict.breaks.list);
    let found = &verdict.breaks.list[0];
    (found.at.line, found.kind)
}

/// The same log in three parts, of which the middle one, a line and the next, is to be tampered with.
struct Cut {
    before: Part,
    middle: Vec<Vec<u8>>,
    after: Part,
}

impl Cut {
    fn at(lines: &[Vec<u8>], line: usize) -> Self {
        let to = lines.len().min(line + 2);
        Self {
            before: part(&text(&lines[..line]), &[]),
            middle: lines[line..to].to_vec(),
            after: part(&text(&lines[to..]), &[]),
        }
    }

    fn judged(&self, middle: &[u8], heads: &[Head]) -> Verdict {
        let hashes: Vec<_> = heads.iter().map(|head| head.hash).collect();
        let middle = part(middle, &hashes);
        judged([self.before.clone(), middle, self.after.clone()], heads)
    }
}

#[test]
fn a_true_log_is_intact_however_it_is_cut_into_parts() {
    let lines = lines(300);
    assert_eq!(lines.len(), 200);
    let text = text(&lines);
    let mut scan = Scan::new(0, &[]);
    text.chunks(7).for_each(|block| scan.block(block));
    let verdict = judged([scan.finish()], &[]);
    assert!(verdict.is_intact(), "{:?}", verdict.breaks.list);
    assert_eq!(
        (verdict.records, verdict.files),
        (200, vec![Some((1, 200))])
    );
    let end = verdict.end.expect("a record");
    assert_eq!(
        (end.at.line, end.seq, end.hash),
        (200, 200, sha256(&lines[199]))
    );
    for line in 0..200 {
        let cut = Cut::at(&lines, line);
        assert!(cut.judged(&self::text(&cut.middle), &[]).is_intact());
    }
}

#[test]
fn every_flipped_bit_is_one_break_at_its_line() {
    let lines = lines(300);
    let heads = [Head {
        hash: sha256(&lines[199]),
        may_be_gone: None,
        said_by: "a test".to_owned(),
        may_be_before: true,
    }];
    for line in 0..lines.len() {
        let cut = Cut::at(&lines, line);
        let is_last = line + 1 == lines.len();
        let mut middle = text(&cut.middle);
        // The head is looked for in the part that has the last line.
        let heads = if cut.after.lines == 0 {
            &heads[..]
        } else {
            &[]
        };
        for at in 0..=lines[line].len() {
            for bit in 0..8 {
                middle[at] ^= 1 << bit;
                let verdict = cut.judged(&middle, heads);
                let (told, kind) = only(&verdict);
                // The link between the last two may be changed at either end.
                let near = is_last && told == 199 && kind == Kind::Changed;
                assert!(
                    told == line as u64 + 1 || near,
                    "line {line}, byte {at}, bit {bit}: {:?}",
                    verdict.breaks.list
                );
                middle[at] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn a_line_that_is_cut_anywhere_is_told_and_is_no_tampering() {
    let lines = lines(300);
    for line in 0..lines.len() {
        let before = part(&text(&lines[..line]), &[]);
        for length in 1..=lines[line].len() {
            let half = part(&lines[line][..length], &[]);
            let verdict = judged([before.clone(), half], &[]);
            assert!(verdict.is_intact(), "{:?}", verdict.breaks.list);
            if length == lines[line].len() {
                assert_eq!(verdict.end.expect("a record").seq, line as u64 + 1);
            } else {
                let note = verdict.notes.list.last().expect("a note");
                let bytes = length as u64;
                assert_eq!(
                    (note.at.line, &note.what),
                    (line as u64 + 1, &Told::Unended { bytes })
                );
            }
        }
    }
}

#[test]
fn a_log_that_is_cut_between_lines_lacks_the_head_that_was_asked_for() {
    let lines = lines(300);
    let hash = sha256(&lines[150]);
    let said_by = "a test".to_owned();
    let heads = [Head {
        hash,
        may_be_gone: None,
        said_by,
        may_be_before: false,
    }];
    for length in 1..lines.len() {
        let text = text(&lines[..length]);
        let verdict = judged([part(&text, &[hash])], &heads);
        if length > 150 {
            assert!(verdict.is_intact());
        } else {
            assert_eq!(only(&verdict), (length as u64, Kind::NoHead));
        }
    }
}

#[test]
fn every_line_that_is_taken_out_is_missed_at_its_place() {
    let lines = lines(300);
    for line in 0..lines.len() - 1 {
        let mut lines = lines.clone();
        lines.remove(line);
        let expected = if line == 0 {
            Kind::NoBeginning
        } else {
            Kind::Missing
        };
        assert_eq!(only(&verdict(&lines)), (line as u64 + 1, expected));
    }
}

#[test]
fn every_line_that_stands_there_twice_is_found_at_its_place() {
    let lines = lines(300);
    for line in 0..lines.len() {
        let mut lines = lines.clone();
        lines.insert(line, lines[line].clone());
        assert_eq!(only(&verdict(&lines)), (line as u64 + 2, Kind::Repeated));
    }
}

#[test]
fn two_lines_in_each_others_place_are_one_break_at_the_first() {
    let lines = lines(300);
    for one in 0..lines.len() {
        for two in [one + 1, one + 2, one + 17, 199] {
            if two < lines.len() && one < two {
                let mut lines = lines.clone();
                lines.swap(one, two);
                assert_eq!(
                    only(&verdict(&lines)),
                    (one as u64 + 1, Kind::Reordered),
                    "{one} {two}"
                );
            }
        }
    }
}

#[test]
fn a_line_that_was_moved_is_one_break() {
    let lines = lines(300);
    for (from, to) in [(0, 5), (5, 0), (7, 150), (150, 7), (100, 199), (199, 100)] {
        let mut lines = lines.clone();
        let line = lines.remove(from);
        lines.insert(to, line);
        let at = from.min(to) as u64 + 1;
        assert_eq!(only(&verdict(&lines)), (at, Kind::Reordered), "{from} {to}");
    }
}

#[test]
fn every_line_that_is_put_in_is_found_at_its_place() {
    let true_lines = lines(300);
    for at in 0..true_lines.len() {
        for new in [
            &b"nonsense"[..],
            b"",
            b"{}",
            &true_lines[(at + 77) % 200],
            &forged(&true_lines, at),
        ] {
            let mut lines = true_lines.clone();
            lines.insert(at, new.to_vec());
            let (line, kind) = only(&verdict(&lines));
            let wanted = if new == forged(&true_lines, at) {
                Kind::Inserted
            } else {
                kind
            };
            assert_eq!((line, kind), (at as u64 + 1, wanted));
            assert!(
                matches!(kind, Kind::Inserted | Kind::Repeated | Kind::NoRecord),
                "{kind:?}"
            );
        }
    }
}

/// A record that fits at a place, but for what stands there.
fn forged(lines: &[Vec<u8>], at: usize) -> Vec<u8> {
    let mut line = lines[at].clone();
    line[37] ^= 1; // a digit of its time
    line
}

#[test]
fn lines_with_the_ends_of_another_system_are_one_break_that_says_so() {
    let lines: Vec<_> = lines(300)
        .iter()
        .map(|line| [line, &b"\r"[..]].concat())
        .collect();
    let verdict = verdict(&lines);
    assert_eq!(only(&verdict), (1, Kind::NoRecord));
    let found = &verdict.breaks.list[0];
    assert_eq!((found.count, found.found.contains("CR LF")), (200, true));
}

proptest! {
    /// Whatever is done to a log, no line that is as it was is told to be changed, and nothing panics.
    #[test]
    fn whatever_is_done_is_found(edits in prop::collection::vec((0..40_usize, 0..6_u8, 0..40_usize), 1..5)) {
        let true_lines = &lines(60)[..40];
        let mut lines = true_lines.to_vec();
        for (at, what, other) in edits {
            let at = at.min(lines.len() - 1);
            let other = other.min(lines.len() - 1);
            match what {
                0 => { lines.remove(at); }
                1 => lines.swap(at, other),
                2 => lines[at].reverse(),
                3 => lines.insert(at, lines[other].clone()),
                4 => lines.insert(at, vec![0; other]),
                _ => lines[at] = forged(true_lines, other),
            }
            if lines.is_empty() {
                return Ok(());
            }
        }
        let is_start = lines.len() <= true_lines.len() && lines[..] == true_lines[..lines.len()];
        let verdict = verdict(&lines);
        // A cut between lines, and a last line that is forged well, are for a head to find.
        let may_pass = is_start || lines.len() <= 40 && lines[..lines.len() - 1] == true_lines[..lines.len() - 1];
        prop_assert!(may_pass || !verdict.is_intact());
        prop_assert!(!is_start || verdict.is_intact());
    }

    #[test]
    fn anything_is_judged(bytes: Vec<u8>) {
        let verdict = judged([part(&bytes, &[])], &[]);
        prop_assert!(verdict.records == 0);
    }
}
