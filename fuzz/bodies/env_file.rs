//! Whatever a `.env` file holds: it is printed as it was read, and reading settings from it ends.
use aegis::config::{Config, Env, EnvFile};

pub(crate) fn check(bytes: &[u8]) {
    let file = EnvFile::parse(bytes.to_vec());
    assert_eq!(file.as_bytes(), bytes);
    for assignment in file.assignments() {
        assert!(!assignment.name.is_empty() && assignment.line > 0);
    }
    let _ = Config::from_env(&Env::new([], Some((".env".into(), file))));
}
