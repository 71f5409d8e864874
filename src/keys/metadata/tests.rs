#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
use super::*;

fn id(letter: char) -> KeyId {
    KeyId::of(&[letter as u8; 64])
}

fn time(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn document(keys: &str) -> String {
    format!("{{\"version\": 1, \"keys\": [{keys}]}}")
}

fn parse(text: &str) -> Result<Metadata, MetadataFault> {
    Metadata::parse(text.as_bytes().to_vec())
}

#[test]
fn what_was_noted_is_read_again() {
    let (old, new) = (id('a'), id('b'));
    let mut metadata = Metadata::default();
    let record = KeyRecord {
        label: Some(super::super::Label::new("laptop").unwrap()),
        created_at: Some(time("2026-01-01T12:00:00Z")),
        source: Some("generated".to_owned()),
        ..KeyRecord::of(&old, old.hint())
    };
    metadata.note_created(record.clone()).unwrap();
    assert_eq!(metadata.note_created(record.clone()), Err(KnownKey));
    metadata.note_replaced(&old, old.hint(), &new);
    metadata.note_expires(&old, old.hint(), time("2026-04-08T00:00:00Z"));
    metadata.note_retired(&old, old.hint(), time("2026-04-09T00:00:00.250Z"));
    metadata.note_revoked(&new, new.hint(), time("2026-04-10T00:00:00+02:00"));

    let read = parse(&metadata.to_text()).unwrap();
    assert_eq!(
        read.records().collect::<Vec<_>>(),
        metadata.records().collect::<Vec<_>>()
    );
    let known = read.key(&old).unwrap();
    assert_eq!(known.label, record.label);
    assert_eq!(known.replaced_by, Some(new.fingerprint().to_string()));
    assert_eq!(known.retired_at, Some(time("2026-04-09T00:00:00.250Z")));
    // Of a key that was not recorded, the age stays unknown.
    let unknown = read.key(&new).unwrap();
    assert_eq!(unknown.created_at, None);
    assert_eq!(unknown.revoked_at, Some(time("2026-04-09T22:00:00Z")));
    assert!(read.key(&id('c')).is_none());
}

#[test]
fn a_key_is_in_force_until_its_end_and_never_after_it_was_taken_out() {
    let now = time("2026-04-08T00:00:00Z");
    let mut record = KeyRecord::of(&id('a'), id('a').hint());
    assert!(record.is_in_force(now));
    record.expires_at = Some(now);
    assert!(!record.is_in_force(now));
    assert!(record.is_in_force(time("2026-04-07T23:59:59Z")));
    record.expires_at = None;
    record.retired_at = Some(time("2099-01-01T00:00:00Z"));
    assert!(!record.is_in_force(now));
}

#[test]
fn what_is_not_known_here_is_kept_as_it_stands() {
    let (a, b) = (id('a'), id('b'));
    let foreign = format!(
        r#"{{"$schema":"x", "version":1, "keys":[
  {{ "id":"one", "fp":"{}", "scopes":["read", 1e2], "n":123456789012345678901234567890 }},
  {{"id":"two","fp":"{}","label":null,"note":"\u00e9"}}], "later": {{"a" : [1.0]}} }}"#,
        a.fingerprint(),
        b.fingerprint()
    );
    let mut metadata = parse(&foreign).unwrap();
    metadata.note_retired(&a, a.hint(), time("2026-04-09T00:00:00Z"));
    let text = metadata.to_text();
    let expected = format!(
        r#"{{
  "$schema": "x",
  "version": 1,
  "keys": [
    {{"id": "one", "fp": "{}", "scopes": ["read", 1e2], "n": 123456789012345678901234567890, "retired_at": "2026-04-09T00:00:00Z"}},
    {{"id":"two","fp":"{}","label":null,"note":"\u00e9"}}
  ],
  "later": {{"a" : [1.0]}}
}}
"#,
        a.fingerprint(),
        b.fingerprint()
    );
    assert_eq!(text, expected);
    assert_eq!(parse(&text).unwrap().to_text(), text);
}

#[test]
fn an_empty_file_of_metadata_has_a_version() {
    let text = Metadata::default().to_text();
    assert_eq!(text, "{\n  \"version\": 1,\n  \"keys\": []\n}\n");
}

#[test]
fn the_name_of_a_record_is_never_given_twice() {
    let foreign = format!(r#"{{"id":"{}"}}"#, id('a').fingerprint());
    let mut metadata = parse(&document(&foreign)).unwrap();
    metadata.note_retired(&id('a'), id('a').hint(), time("2026-04-09T00:00:00Z"));
    assert!(parse(&metadata.to_text()).is_ok());
}

#[test]
fn what_is_wrong_is_told_without_a_byte_of_it() {
    let record = |member: &str| document(&format!(r#"{{"id":"SECRET0",{member}}}"#));
    let fp = "0123456789abcdef";
    let twice = format!(r#"{{"id":"1","fp":"{fp}"}},{{"id":"2","fp":"{fp}"}}"#);
    for (text, reason) in [
        (
            record(r#""expires_at":"SECRET""#),
            "record 1 has a wrong member: `expires_at` is no RFC 3339 time",
        ),
        (
            record(r#""expires_at":"2026-02-30T00:00:00Z""#),
            "`expires_at` is no RFC 3339",
        ),
        (
            record(r#""expires_at":"2026-01-31""#),
            "`expires_at` is no RFC 3339",
        ),
        (record(r#""expires_at":17000"#), "or one that is no text"),
        (record(r#""id":"1""#), "a member twice"),
        (record(r#""fp":"SECRET""#), "`fp` is not 16"),
        (record(r#""hint":"SECRETSECRETSECRET""#), "`hint` is not"),
        (
            record(&format!(r#""label":"{}""#, "x".repeat(65))),
            "a label has 1 to 64",
        ),
        (
            document(r#"{"id":"1"},{"id":"1"}"#),
            "record 2 has the `id` of an earlier one",
        ),
        (document(&twice), "record 2 has the `fp` of an earlier one"),
        (document("{}"), "record 1 has no `id`"),
        (document("7"), "record 1 has no `id`"),
        (document(r#"{"id":""}"#), "`id` is not 1 to 64"),
        (
            "{\"version\":1,\"version\":1,\"keys\":[]}".to_owned(),
            "a member twice",
        ),
        (
            "{\"version\":1,\"keys\":[SECRET]}".to_owned(),
            "it is no JSON from line 1, column 22 on",
        ),
        ("{\"version\":1,\"ke".to_owned(), "it ends too early"),
        (String::new(), "it ends too early"),
    ] {
        let Err(MetadataFault::Broken(said)) = parse(&text) else {
            panic!("this must be broken: {text}")
        };
        assert!(said.contains(reason), "{said} should say {reason}");
        assert!(!said.contains("SECRET"), "{said}");
    }
}

#[test]
fn what_is_of_something_else_is_told_apart() {
    for text in [
        "[]",
        "7",
        "\"SECRET\"",
        "{}",
        r#"{"version":2,"keys":[]}"#,
        r#"{"version":1}"#,
        r#"{"version":"1","keys":[]}"#,
        r#"{"version":1,"keys":{}}"#,
    ] {
        assert_eq!(parse(text).unwrap_err(), MetadataFault::Foreign, "{text}");
    }
}

#[test]
fn neither_depth_nor_length_breaks_the_reader() {
    let deep = "[".repeat(200_000);
    for text in [deep.clone(), document(&deep), format!("{{\"x\":{deep}")] {
        assert!(parse(&text).is_err());
    }
    let closed = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let kept = parse(&format!(
        r#"{{"version":1,"keys":[{{"id":"1","x":{closed}}}],"y":{closed}}}"#
    ));
    assert_eq!(kept.unwrap().records().len(), 1);
    assert!(Metadata::parse(b"\xff\xfe{\0}\0".to_vec()).is_err());
    assert!(parse(&document(&"7,".repeat(1 << 20))).is_err());
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,60}") {
        let _ = parse(&text);
        let _ = parse(&document(&text));
    }

    #[test]
    fn a_file_that_is_cut_off_is_never_taken_for_a_whole_one(cut in 1_usize..200) {
        let mut metadata = Metadata::default();
        metadata.note_expires(&id('a'), id('a').hint(), time("2026-04-08T00:00:00Z"));
        let text = metadata.to_text();
        let end = text.trim_end().len();
        proptest::prop_assert!(parse(&text[..end - cut.min(end)]).is_err());
    }
}
