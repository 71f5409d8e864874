//! The summary for people.
use std::io::{self, Write};

use crate::audit::summary::{Period, Summary};

pub(super) fn write(out: &mut impl Write, summary: &Summary) -> io::Result<()> {
    let name = match summary.period {
        Period::Daily => "Daily ",
        Period::Weekly => "Weekly ",
        Period::Monthly => "Monthly ",
        Period::Quarterly => "Quarterly ",
        Period::Yearly => "Yearly ",
        Period::All | Period::Custom => "",
    };
    let totals = &summary.totals;
    // Letter by letter what the guide's script prints.
    write!(
        out,
        "=== {name}Auth Summary ===\n\n\
         Total auth attempts:\n{}\n\n\
         Successful:\n{}\n\n\
         Failed:\n{}\n\n\
         Rate limited IPs:\n{}\n",
        totals.attempts, totals.successful, totals.failed, totals.rate_limited_addresses
    )
}
