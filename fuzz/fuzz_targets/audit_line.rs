//! Whatever a line is, the fast way of reading it says what the definition says.
#![no_main]
use aegis::audit::reader::Line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    assert_eq!(Line::of(line), Line::read(line));
});
