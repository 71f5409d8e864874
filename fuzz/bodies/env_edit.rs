//! Any bytes as a `.env`: they are printed as they were, and an edit of the keys touches these alone.
use aegis::{
    config::{EditError, EnvFile, KeyEditor, NewKey},
    keys::ApiKey,
};

const NAME: &str = "MCP_API_KEYS";

pub(crate) fn check(data: &[u8]) {
    let before = EnvFile::parse(data.to_vec());
    assert_eq!(before.as_bytes(), data);
    let Ok(mut editor) = KeyEditor::parse(data.to_vec()) else {
        return;
    };
    let keys = editor.keys().to_vec();
    let key = ApiKey::parse(&"f0".repeat(32)).expect("a key");
    if editor.add(NewKey::Plain(&key)).is_err() {
        assert_eq!(editor.as_bytes(), data);
        return;
    }
    let after = EnvFile::parse(editor.as_bytes().to_vec());
    let others = |file: &EnvFile| -> Vec<_> {
        let others = file.assignments().filter(|line| line.name != NAME);
        others
            .map(|line| (line.name.to_owned(), line.value.to_vec()))
            .collect()
    };
    assert_eq!(others(&after), others(&before));
    if !before.assignments().any(|line| line.name == NAME) {
        assert!(editor.as_bytes().starts_with(data));
    }
    let added = editor.as_bytes().to_vec();
    // Where quotes do not close, what is left may read as something else: it is left to its owner.
    if let Err(refused) = editor.remove(&key.id()) {
        assert!(matches!(refused, EditError::Unsafe { .. }));
        assert_eq!(editor.as_bytes(), added);
        return;
    }
    assert_eq!(editor.keys(), keys);
    let holds = |bytes: &[u8]| {
        bytes
            .windows(64)
            .any(|text| text == key.expose().as_bytes())
    };
    assert!(holds(data) || !holds(editor.as_bytes()));
}
