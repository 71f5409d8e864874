//! What is believed of a line that may be anybody's.
use super::*;

#[test]
fn a_chain_is_named_by_its_first_record_where_that_tells_of_a_rotation_and_else_drawn_from_it() {
    let previous_head = "ab".repeat(32);
    for (event, id, is_believed) in [
        ("audit_rotated", "0102030405060708", true),
        ("server_started", "0102030405060708", false),
        ("audit_rotated", "01020304", false),
    ] {
        let line =
            serde_json::json!({"event": event, "chain_id": id, "previous_head": previous_head});
        let line = line.to_string();
        let expected = if is_believed {
            ([1, 2, 3, 4, 5, 6, 7, 8], Some([0xab; 32]))
        } else {
            let mut drawn = [0; 8];
            drawn.copy_from_slice(&sha256(line.as_bytes())[..8]);
            (drawn, None)
        };
        let read = Beginning::of(line.as_bytes(), 7, DateTime::UNIX_EPOCH);
        assert_eq!((read.chain_id, read.previous_head), expected, "{line}");
    }
}

#[test]
fn a_record_has_a_number_and_the_hash_of_the_line_before() {
    for (seq, digits, is_record) in [
        (1, 64, true),
        (0, 64, false),
        (u64::MAX, 64, false),
        (1, 63, false),
    ] {
        let line = serde_json::json!({
            "timestamp": "2026-01-29T12:34:56.789Z", "seq": seq, "prev": "0".repeat(digits)
        });
        let found = head(line.to_string().as_bytes());
        assert_eq!(found.is_some(), is_record, "{line}");
    }
}
