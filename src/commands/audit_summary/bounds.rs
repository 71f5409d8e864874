//! `--fail-on`: what must not be passed.
use super::shown::typed;
use crate::audit::summary::Summary;

/// A figure and how large it may be.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Bound {
    name: &'static str,
    most: u64,
}

const NAMES: [&str; 9] = [
    "attempts", "invalid", "denied", "blocked", "errors", "gaps", "breaks", "cuts", "later",
];
/// What the server records where it finds its log cut, or something else in its place.
const CUTS: [&str; 2] = ["audit_log_truncated", "audit_log_replaced"];

/// Reads `denied>100,blocked>0`.
///
/// # Errors
/// What is wrong with it, for the person who typed it.
pub(super) fn parse(text: &str) -> Result<Vec<Bound>, String> {
    let bounds = text.split(',').map(str::trim).filter(|it| !it.is_empty());
    let bounds = bounds.map(|bound| {
        let told = typed(bound);
        let (name, most) = bound
            .split_once('>')
            .ok_or_else(|| format!("`{told}` is no bound: write it as `denied>100`"))?;
        let name = name.trim();
        let name = NAMES.iter().find(|known| **known == name);
        let name = name.ok_or_else(|| {
            format!(
                "`{told}` bounds nothing that is known: {}",
                NAMES.join(", ")
            )
        })?;
        let most = most.trim().parse();
        let most = most.map_err(|_| format!("`{told}` has no number behind its `>`"))?;
        Ok(Bound { name, most })
    });
    let bounds = bounds.collect::<Result<Vec<_>, String>>()?;
    if bounds.is_empty() {
        return Err("it bounds nothing: write a bound as `denied>100`".to_owned());
    }
    Ok(bounds)
}

impl Bound {
    /// What is passed, if it is.
    pub(super) fn passed(&self, summary: &Summary) -> Option<String> {
        let totals = &summary.totals;
        let value = match self.name {
            "attempts" => totals.attempts,
            "invalid" => totals.failed,
            "denied" => totals.denied,
            "blocked" => totals.rate_limit_events,
            "errors" => totals.errors,
            "gaps" => summary.log.gaps,
            "breaks" => summary.log.breaks,
            "later" => summary.log.later,
            _ => cuts(summary),
        };
        let Self { name, most } = self;
        (value > *most).then(|| format!("{name} is {value}, more than {most}"))
    }
}

fn cuts(summary: &Summary) -> u64 {
    let cuts = summary
        .events
        .iter()
        .filter(|row| CUTS.contains(&&*row.event));
    cuts.map(|row| row.count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_with_and_without_spaces() {
        let bounds = parse(" denied > 100,blocked>0, ");
        let bound = |name, most| Bound { name, most };
        assert_eq!(bounds, Ok(vec![bound("denied", 100), bound("blocked", 0)]));
    }

    #[test]
    fn what_is_no_bound_is_told() {
        for (text, told) in [
            ("", "bounds nothing: write"),
            (" , ", "bounds nothing: write"),
            ("denied", "`denied` is no bound"),
            ("denied>", "has no number"),
            ("denied>-1", "has no number"),
            ("denied>=1", "has no number"),
            (
                "denieds>1",
                "bounds nothing that is known: attempts, invalid",
            ),
        ] {
            let error = parse(text).expect_err("it is none");
            assert!(error.contains(told), "{error}");
        }
    }
}
