//! What an operation returns: facts and texts of the forge, not yet cut, escaped or redacted. One
//! renderer makes of it what an assistant reads.
use serde_json::{Map, Value};

/// What an operation returns.
pub enum Answer {
    Report(Report),
    /// What `search` promises.
    Results(Vec<Found>),
    /// What `fetch` promises.
    Document(Document),
}

impl From<Report> for Answer {
    fn from(report: Report) -> Self {
        Self::Report(report)
    }
}

/// A head that says what this is and what was applied, and a body of the forge's own words.
///
/// Its first line reads `title`, the range that is shown, `applied` after commas, and `subject`
/// after `: `, last because it is free text.
#[derive(Default)]
pub struct Report {
    pub title: String,
    pub applied: Vec<String>,
    pub subject: Option<String>,
    pub facts: Facts,
    pub body: Body,
    /// Where the forge has more than this: what changes in the arguments of the call that goes on.
    pub next: Vec<(&'static str, Value)>,
    /// What is pinned in any call that goes on from here: `ref` to the commit that was read.
    pub pins: Vec<(&'static str, Value)>,
}

/// What follows the head.
#[derive(Default)]
pub enum Body {
    #[default]
    None,
    /// One line an item, and its text where it has one. Cut between items.
    List {
        /// The number of the first item, from 1.
        first: u64,
        /// How many there are for this filter, where that is known.
        total: Option<u64>,
        items: Vec<Box<dyn View>>,
    },
    /// Several texts, each under a line of its own. Cut anywhere, by characters.
    Texts(Vec<Box<dyn View>>),
    /// One text. Cut by characters.
    Text(String),
    /// Lines of a file or a diff, of which some are wanted. Cut by lines.
    Lines {
        /// The whole text, also where only a part of it is wanted.
        text: String,
        /// The number of the first line that is wanted, from 1.
        first: u64,
        /// The number of the last.
        last: Option<u64>,
        form: Form,
    },
}

/// How lines are shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    Plain,
    /// Each after its number.
    Numbered,
    /// As git prints a diff: cut at the end of a file where one fits, files counted.
    Diff,
}

/// One thing of the forge, as an item of a list or as the subject of an answer.
pub trait View {
    /// Its line in a list; free text last, after `: `.
    fn line(&self) -> String;

    /// What is known of it, for those who read JSON.
    fn facts(&self) -> Facts;

    /// The text below its line.
    fn text(&self) -> Option<&str> {
        None
    }

    /// The most characters of that text that a list shows.
    fn text_max(&self) -> usize {
        usize::MAX
    }

    /// A line of the forge's own that ends this one.
    fn excerpt(&self) -> Option<Excerpt<'_>> {
        None
    }
}

/// A line of which only what is around a place is shown, where it is long. It is whole here: a secret
/// is known only by all of it.
pub struct Excerpt<'t> {
    pub line: &'t str,
    /// After so many characters.
    pub place: usize,
    /// The most characters that are shown.
    pub width: usize,
}

/// Named values. Absent ones are left out.
#[derive(Debug, Default)]
pub struct Facts(Vec<Fact>);

#[derive(Debug)]
struct Fact {
    name: &'static str,
    value: Value,
    told: bool,
}

impl Facts {
    pub fn new() -> Self {
        Self::default()
    }

    /// A fact with a line of its own in the head.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.push(name, value.into(), false);
        self
    }

    /// The same, where there is a value.
    #[must_use]
    pub fn maybe(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A fact that the line or the first line of the head tells already: for JSON only. There it
    /// replaces one of the same name before it, whose words were for people.
    #[must_use]
    pub fn told(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.push(name, value.into(), true);
        self
    }

    /// These, and then those.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// All but one.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|fact| fact.name != name);
        self
    }

    fn push(&mut self, name: &'static str, value: Value, told: bool) {
        let empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        if !empty {
            self.0.push(Fact { name, value, told });
        }
    }

    /// The lines of the head: name and value.
    pub fn lines(&self) -> impl Iterator<Item = (&'static str, String)> {
        let shown = self.0.iter().filter(|fact| !fact.told);
        shown.map(|fact| (fact.name, plain(&fact.value)))
    }

    pub fn into_json(self) -> Map<String, Value> {
        let pairs = self.0.into_iter();
        pairs
            .map(|fact| (fact.name.to_owned(), fact.value))
            .collect()
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

impl Report {
    /// An answer whose first line begins so.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// What was applied: a state, a filter, an order.
    #[must_use]
    pub fn applied(mut self, what: impl Into<String>) -> Self {
        self.applied.push(what.into());
        self
    }

    /// The same, where it was.
    #[must_use]
    pub fn maybe_applied(self, what: Option<String>) -> Self {
        match what {
            Some(what) => self.applied(what),
            None => self,
        }
    }

    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    #[must_use]
    pub fn facts(mut self, facts: Facts) -> Self {
        self.facts = facts;
        self
    }

    #[must_use]
    pub fn list<V: View + 'static>(
        mut self,
        first: u64,
        total: Option<u64>,
        items: Vec<V>,
    ) -> Self {
        let items = boxed(items);
        self.body = Body::List {
            first,
            total,
            items,
        };
        self
    }

    #[must_use]
    pub fn texts<V: View + 'static>(mut self, items: Vec<V>) -> Self {
        self.body = Body::Texts(boxed(items));
        self
    }

    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.body = Body::Text(text.into());
        self
    }

    /// The lines of a text from `first` to `last`.
    #[must_use]
    pub fn lines(mut self, text: String, first: u64, last: Option<u64>, form: Form) -> Self {
        self.body = Body::Lines {
            text,
            first,
            last,
            form,
        };
        self
    }

    /// Where it goes on: this argument changes.
    #[must_use]
    pub fn next(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.next.push((name, value.into()));
        self
    }

    #[must_use]
    pub fn pinned(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.pins.push((name, value.into()));
        self
    }
}

fn boxed<V: View + 'static>(items: Vec<V>) -> Vec<Box<dyn View>> {
    let items = items.into_iter();
    items.map(|item| Box::new(item) as Box<dyn View>).collect()
}

/// One result of `search`: exactly these three.
#[derive(Debug)]
pub struct Found {
    pub id: String,
    pub title: String,
    pub url: String,
}

/// What `fetch` brings.
#[derive(Debug)]
pub struct Document {
    pub id: String,
    pub title: String,
    pub text: String,
    pub url: String,
    pub metadata: Facts,
}
