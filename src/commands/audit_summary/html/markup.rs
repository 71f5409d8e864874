//! HTML that is written from its beginning to its end.
use chrono::{DateTime, SecondsFormat, Utc};

use super::super::cell::minute;

/// Markup is what stands in this program's source, and lives as long as it; everything else is text.
pub(super) struct Html(String);

impl Html {
    pub(super) fn new() -> Self {
        Self(String::with_capacity(64 * 1024))
    }

    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// A text, between tags or within a quoted attribute: no character of it is markup in either.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        let mut written = 0;
        for (at, byte) in text.bytes().enumerate() {
            let escaped = match byte {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                b'\'' => "&#39;",
                _ => continue,
            };
            self.0.push_str(&text[written..at]);
            self.0.push_str(escaped);
            written = at + 1;
        }
        self.0.push_str(&text[written..]);
        self
    }

    /// As programs read it, not people.
    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.text(&number.to_string())
    }

    /// A moment, to the minute for people, as it is for programs.
    pub(super) fn time(&mut self, time: DateTime<Utc>) -> &mut Self {
        self.raw("<time datetime=\"")
            .text(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        self.raw("\">").text(&minute(time)).raw("</time>")
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> String {
        let mut html = Html::new();
        html.text(text);
        html.finish()
    }

    #[test]
    fn no_text_is_markup_or_ends_an_attribute() {
        for (given, expected) in [
            ("curl/8.5.0", "curl/8.5.0"),
            (
                "<script>alert(1)</script>",
                "&lt;script&gt;alert(1)&lt;/script&gt;",
            ),
            (
                "\"><img src=x onerror='x'>",
                "&quot;&gt;&lt;img src=x onerror=&#39;x&#39;&gt;",
            ),
            ("]]></style><!--", "]]&gt;&lt;/style&gt;&lt;!--"),
            ("&lt;", "&amp;lt;"),
            ("Büro & <é>", "Büro &amp; &lt;é&gt;"),
        ] {
            assert_eq!(text(given), expected);
        }
    }

    proptest! {
        #[test]
        fn a_browser_reads_a_text_as_it_was(given in ".*") {
            let written = text(&given);
            prop_assert!(!written.contains(['<', '>', '"', '\'']));
            let read = written
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&");
            prop_assert_eq!(read, given);
        }
    }
}
