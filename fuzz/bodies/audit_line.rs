//! Whatever a line is, the fast way of reading it says what the definition says.
use aegis::audit::reader::Line;

pub(crate) fn check(line: &[u8]) {
    assert_eq!(Line::of(line), Line::read(line));
}
