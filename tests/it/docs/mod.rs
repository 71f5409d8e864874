//! The documents: what they say of the program is so, and their commands do what they say.
mod commands; // subcommands and options that are named, and their exit codes
mod likeness; // whether a command printed what is shown
mod links; // where links lead, and how long lines are
mod man; // the man pages, with the sections that a help has not
mod page; // a document as its readers see it
mod run; // blocks that are run as they stand
mod shown; // blocks that show what the program prints
mod tables; // settings, records, faults and metrics: all of them, and no others
