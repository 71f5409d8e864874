//! What a process that holds keys asks of its operating system.
use std::{
    fmt,
    hint::black_box,
    io::{self, Write},
    panic,
};

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};

/// Leaves no key behind in a core dump, and shows none to a neighbour's debugger.
pub(super) fn hide_memory() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let dumps = setrlimit(Resource::Core, none);
    let dumpable = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    if let Err(error) = dumps.and(dumpable) {
        say(format_args!(
            "warning: a crash could leave keys in a core dump: {error}"
        ));
    }
}

/// Lets a panic say where it was, and nothing of what was at hand there.
pub(super) fn hush_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        say(format_args!(
            "critical: a panic at {}",
            place.unwrap_or_default()
        ));
    }));
}

/// Says something before anybody keeps a log, and whatever its level is.
fn say(line: fmt::Arguments<'_>) {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Takes as many open files, and so connections, as the operating system allows.
pub(super) fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Where it stays as it is, the one file too many is told.
    let _ = setrlimit(Resource::Nofile, most);
}

/// Lets glibc keep what is freed, up to 2 MiB a thread, where it would keep 128 KiB: each list of issues
/// takes as much, and what comes from the system anew comes zeroed, page by page. It does so once it has
/// been given back a piece of half that size, by `mallopt(3)`'s account of `M_MMAP_THRESHOLD`.
pub(super) fn keep_memory() {
    drop(black_box(Vec::<u8>::with_capacity(1 << 20)));
}
