//! Whatever a line is, the fast ways of reading it say what the definition says.
use aegis::audit::reader::{Line, Minute};

pub(crate) fn check(text: &[u8]) {
    assert_eq!(Line::of(text), Line::read(text));
    let ended = [text, b"\n"].concat();
    let mut minute = Minute::default();
    for text in [text, &ended, &ended] {
        if let Some((line, length)) = Line::first(text, &mut minute) {
            let (read, rest) = text[..length].split_last().expect("its end");
            assert_eq!((*read, Line::read(rest)), (b'\n', Ok(line)));
        }
    }
}
