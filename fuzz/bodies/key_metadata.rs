//! Any bytes as `aegis-keys.json`: read or refused, and what was read is the same when written.
use aegis::keys::{KeyId, Metadata};
use chrono::DateTime;

pub(crate) fn check(data: &[u8]) {
    let Ok(mut metadata) = Metadata::parse(data.to_vec()) else {
        return;
    };
    let id = KeyId::of(b"a key");
    let records: Vec<_> = metadata.records().cloned().collect();
    metadata.note_expires(&id, id.hint(), DateTime::default());
    let anew = Metadata::parse(metadata.to_text().into_bytes()).expect("what was written is read");
    assert!(anew.key(&id).is_some());
    let kept = anew.records().zip(&records);
    assert!(
        kept.filter(|(new, old)| new.fp != Some(id.fingerprint()) && new != old)
            .count()
            == 0
    );
}
