//! How the data files are written: entries that begin with `%% kind name`, then `field: value` lines, an empty line, and
//! a text. Entries that are the content of a file have a text only.

/// One entry of a data file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    body: &'static str,
}

impl Entry {
    /// The entries of a data file, in their order.
    pub(super) fn all(data: &'static str) -> impl Iterator<Item = Self> {
        let entries = data.strip_prefix("%% ").unwrap_or(data).split("\n%% ");
        entries.map(|text| {
            let (head, body) = text.split_once('\n').unwrap_or((text, ""));
            let (kind, name) = head.split_once(' ').unwrap_or((head, ""));
            Self { kind, name, body }
        })
    }

    /// Its fields, as they are written.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let lines = self.body.lines().take_while(|line| !line.is_empty());
        lines.filter_map(|line| line.split_once(": "))
    }

    pub(super) fn field(&self, name: &str) -> Option<&'static str> {
        let mut fields = self.fields();
        fields
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// A field that this kind of entry always has.
    pub(super) fn fact(&self, name: &str) -> &'static str {
        let value = self.field(name);
        value
            .unwrap_or_else(|| panic!("`%% {} {}` in data/ has no `{name}:`", self.kind, self.name))
    }

    /// A field with several values, separated by commas.
    pub(super) fn list(&self, name: &str) -> Vec<&'static str> {
        let values = self.field(name).map(|value| value.split(", "));
        values.into_iter().flatten().collect()
    }

    /// The text after the fields, without a line end. `\u{202e}` stands for that character, so that nothing
    /// hides in the data files.
    pub(super) fn text(&self) -> String {
        let text = match self.body.split_once("\n\n") {
            Some((_, text)) => text.trim_end(),
            None => "",
        };
        let mut pieces = text.split("\\u{");
        let mut shown = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (digits, rest) = piece.split_once('}').unwrap_or((piece, ""));
            let code = u32::from_str_radix(digits, 16).ok();
            shown.extend(code.and_then(char::from_u32));
            shown += rest;
        }
        shown
    }

    /// The whole body, for an entry that is the content of a file.
    pub(super) fn content(&self) -> &'static str {
        self.body
    }
}
