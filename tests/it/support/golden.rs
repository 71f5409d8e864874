//! Whole outputs, compared with files that are read in review.
use std::path::Path;
use std::{env, fs};

/// Compares `actual` with `tests/golden/<name>`; with `UPDATE_GOLDEN=1` (`make golden`) the file is rewritten instead.
pub(crate) fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().expect("a golden file is in a folder")).unwrap();
        fs::write(&path, actual).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected == actual {
        return;
    }
    let first = (expected.lines().zip(actual.lines()))
        .take_while(|(expected, actual)| expected == actual)
        .count();
    panic!(
        "tests/golden/{name} differs from line {}:\n  expected: {:?}\n  actual:   {:?}\n\
         read the whole below; where it is right, `make golden` takes it over\n\n{actual}",
        first + 1,
        expected.lines().nth(first),
        actual.lines().nth(first),
    );
}
