//! Whether a command printed what its document shows, but for what differs from run to run.

/// Whether `actual` is as `shown`. Keys, hashes, hints, times, dates and numbers of four digits and
/// more are all alike; a line `...` stands for any lines, `...` at the end of a line for any end.
pub(super) fn is_alike(shown: &str, actual: &str) -> bool {
    let shown: Vec<_> = shown.lines().map(|line| plain(line.trim_end())).collect();
    let actual: Vec<_> = actual.lines().map(|line| plain(line.trim_end())).collect();
    lines_match(&shown, &actual)
}

fn lines_match(shown: &[String], actual: &[String]) -> bool {
    match (shown.split_first(), actual.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first == "..." => {
            (0..=actual.len()).any(|skipped| lines_match(rest, &actual[skipped..]))
        }
        (Some((first, rest)), Some((found, left))) => {
            let is_same = match first.strip_suffix("...") {
                Some(start) => found.starts_with(start.trim_end()),
                None => first == found,
            };
            is_same && lines_match(rest, left)
        }
        _ => false,
    }
}

/// A line without what differs: `<time>`, `<date>`, `<hint>`, `<n>`.
fn plain(line: &str) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some(c) = rest.chars().next() {
        let is_inside = out.ends_with(|c: char| c.is_ascii_alphanumeric());
        let found = if is_inside { None } else { varying(rest) };
        if let Some((length, name)) = found {
            out.push_str(name);
            rest = &rest[length..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// What at the start of a text differs from run to run: its length and a name for it.
fn varying(text: &str) -> Option<(usize, &'static str)> {
    if let Some(length) = shape(text, "dddd-dd-dd") {
        let rest = &text[length..];
        for time in ["Tdd:dd:dd.dddZ", "Tdd:dd:ddZ", " dd:dd:ddZ", " dd:dd"] {
            if let Some(more) = shape(rest, time) {
                return Some((length + more, "<time>"));
            }
        }
        return Some((length, "<date>"));
    }
    if let Some(length) = shape(text, "xxxxxxxx...xxxx") {
        return Some((length, "<hint>"));
    }
    let length = text.bytes().take_while(u8::is_ascii_hexdigit).count();
    let is_word = text[length..].starts_with(|c: char| c.is_ascii_alphanumeric());
    let has_digit = text[..length].bytes().any(|byte| byte.is_ascii_digit());
    (length >= 4 && has_digit && !is_word).then_some((length, "<n>"))
}

/// How long the start of a text is, if it has this shape: `d` a digit, `x` a hexadecimal one.
fn shape(text: &str, shape: &str) -> Option<usize> {
    let bytes = text.as_bytes().get(..shape.len())?;
    let fits = shape.bytes().zip(bytes).all(|(wanted, byte)| match wanted {
        b'd' => byte.is_ascii_digit(),
        b'x' => byte.is_ascii_hexdigit(),
        wanted => wanted == *byte,
    });
    fits.then_some(shape.len())
}

#[test]
fn what_differs_from_run_to_run_is_alike_and_nothing_else_is() {
    for (shown, actual) in [
        ("key a1b2c3d4...e1f2 ok", "key abcdefab...ffff ok"),
        ("2026-01-29T12:34:56.789Z x", "2027-11-01T00:00:00.000Z x"),
        ("until 2026-12-06 12:00 UTC", "until 2027-01-01 23:59 UTC"),
        ("127.0.0.1:8080", "127.0.0.1:43210"),
        ("a\n...\nz", "a\nb\nc\nz"),
        ("a\n...\nz", "a\nz"),
        (r#"{"tools":[..."#, r#"{"tools":[{"name":"x"}]}"#),
        (&"0f".repeat(32), &"a3".repeat(32)),
    ] {
        assert!(is_alike(shown, actual), "{shown} / {actual}");
    }
    for (shown, actual) in [
        ("401", "200"),
        ("a", "a\nb"),
        ("a\n...\nz", "a\nb"),
        ("added", "faced"),
        ("records 41", "records 42"),
        ("x1234", "x1235"),
    ] {
        assert!(!is_alike(shown, actual), "{shown} / {actual}");
    }
}
