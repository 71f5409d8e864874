use super::*;

fn reads(bytes: &[u8]) -> (String, String) {
    let decoded = decode(bytes.to_vec()).expect("text");
    (decoded.text, decoded.remark.unwrap_or_default())
}

fn pair(text: &str, remark: &str) -> (String, String) {
    (text.to_owned(), remark.to_owned())
}

#[test]
fn plain_text_needs_no_remark() {
    assert_eq!(reads("über\n".as_bytes()), pair("über\n", ""));
    assert_eq!(reads(b""), pair("", ""));
}

#[test]
fn line_ends_and_marks_are_told() {
    assert_eq!(reads(b"a\r\nb\r\n").1, "CRLF line ends");
    assert_eq!(reads(b"a\r\nb\n").1, "mixed line ends");
    let remark = "UTF-8 with byte order mark, CRLF line ends";
    assert_eq!(reads(b"\xef\xbb\xbfa\r\n"), pair("a\r\n", remark));
    let wide = b"\xff\xfea\0\n\0";
    assert_eq!(reads(wide), pair("a\n", "UTF-16LE with byte order mark"));
}

#[test]
fn other_encodings_are_decoded_as_declared_or_as_they_look() {
    let french = b"Caf\xe9 au bord de l'oc\xe9an\n";
    let text = "Café au bord de l'océan\n";
    assert_eq!(reads(french), pair(text, "windows-1252 (detected)"));
    for start in [
        "<?xml version=\"1.0\" encoding='ISO-8859-2'?>",
        "# -*- coding: latin2 -*-",
        "@charset \"iso-8859-2\";",
    ] {
        let bytes = [start.as_bytes(), b" \xb1\n"].concat();
        let text = format!("{start} ą\n");
        assert_eq!(reads(&bytes), pair(&text, "ISO-8859-2 (declared)"));
    }
    // What is declared does not fit.
    let (_, remark) = reads(b"charset=utf-8 caf\xe9 au lait\n");
    assert_eq!(remark, "windows-1252 (detected)");
}

#[test]
fn each_file_of_a_diff_has_an_encoding_of_its_own() {
    let files: [&[u8]; 2] = [
        b"diff --git a/a b/a\n-caf\xe9 au lait\n",
        "diff --git a/b b/b\n+über\n".as_bytes(),
    ];
    assert_eq!(
        decode_diff(files.concat()),
        (
            "diff --git a/a b/a\n-café au lait\ndiff --git a/b b/b\n+über\n".to_owned(),
            told(&["UTF-8", "1 line windows-1252 (detected)"])
        )
    );
    assert_eq!(
        decode_diff(files[0].to_vec()).1,
        told(&["windows-1252 (detected)"])
    );
}

fn told(encodings: &[&str]) -> Vec<String> {
    encodings.iter().copied().map(str::to_owned).collect()
}

#[test]
fn lines_and_paths_of_a_diff_that_are_utf_8_stay_so_however_many_others_are_not() {
    let head = "diff --git a/über b/über\n--- a/über\n+++ b/über\n@@ -1,3 +1 @@\n";
    let lines: [&[u8]; 4] = [
        b"-caf\xe9 au lait\n",
        b"-d\xe9j\xe0 vu\n",
        b" gar\xe7on\n",
        "+café au lait\n".as_bytes(),
    ];
    let (text, encodings) = decode_diff([head.as_bytes(), &lines.concat()].concat());
    assert_eq!(
        text,
        format!("{head}-café au lait\n-déjà vu\n garçon\n+café au lait\n")
    );
    assert_eq!(
        encodings,
        told(&["UTF-8", "3 lines windows-1252 (detected)"])
    );
}

#[test]
fn an_encoding_of_a_diff_is_told_once_with_all_its_lines() {
    let file = |name: &str, lines: usize| {
        let head = format!("diff --git a/{name} b/{name}\n+über\n").into_bytes();
        [head, b"+caf\xe9 au lait\n".repeat(lines)].concat()
    };
    assert_eq!(
        decode_diff([file("a", 1), file("b", 2)].concat()).1,
        told(&["UTF-8", "3 lines windows-1252 (detected)"])
    );
}

#[test]
fn lines_that_are_utf_8_stay_so_where_others_are_not() {
    let bytes = [
        "über\n".as_bytes(),
        b"caf\xe9 au lait\n",
        "größe\n".as_bytes(),
    ]
    .concat();
    let text = "über\ncafé au lait\ngröße\n";
    assert_eq!(
        reads(&bytes),
        pair(text, "UTF-8, 1 line windows-1252 (detected)")
    );
    assert_eq!(
        decode_diff(b"-caf\xe9 au lait\n+caf\xc3\xa9 au lait\n".to_vec()),
        (
            "-café au lait\n+café au lait\n".to_owned(),
            told(&["UTF-8", "1 line windows-1252 (detected)"])
        )
    );
    // By accident one line of a file could be UTF-8 too.
    let (_, remark) = reads(b"\xc3\xa9\ncaf\xe9 au lait\nd\xe9j\xe0 vu\n");
    assert_eq!(remark, "windows-1252 (detected)");
}

#[test]
fn utf_8_that_is_cut_within_its_last_character_stays_utf_8() {
    let remark = "UTF-8, cut within the last character";
    assert_eq!(
        reads(b"\xc3\xbcber \xe2\x82"),
        pair("über \u{fffd}", remark)
    );
    assert_eq!(
        reads(b"\xc3\xbcber\nsch\xc3\xb6n \xe2"),
        pair("über\nschön \u{fffd}", remark)
    );
    assert_eq!(reads(b"a caf\xe9").1, "windows-1252 (detected)");
}

#[test]
fn a_last_letter_of_another_encoding_is_not_taken_for_utf_8_that_was_cut() {
    let bytes = ["größe\nüber\n".as_bytes(), b"Appended: caf\xe9"].concat();
    assert_eq!(
        reads(&bytes),
        pair(
            "größe\nüber\nAppended: café",
            "UTF-8, 1 line windows-1252 (detected)"
        )
    );
}

#[test]
fn what_is_no_text_is_named() {
    assert_eq!(decode(b"\x89PNG\r\n\x1a\n\0\0".to_vec()), Err("image/png"));
    let unknown = Err("binary, of no kind known here");
    let wide = decode(b"\xff\xfe\0\0a\0\0\0".to_vec());
    assert_eq!(wide, Err("text in UTF-32LE"));
    assert_eq!(decode(vec![0; 10]), unknown);
    assert_eq!(decode(vec![1; 100]), unknown);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_text_or_are_not(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let _ = decode(bytes);
    }

    #[test]
    fn utf_8_stays_what_it_is(text in "[^\\x00-\\x1f\\u{feff}]{0,99}") {
        proptest::prop_assert_eq!(decode(text.clone().into_bytes()), Ok(Decoded { text, remark: None }));
    }
}
