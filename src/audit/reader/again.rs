//! Looking at files that somebody renames, compresses and removes meanwhile.
use std::{thread, time::Duration};

/// So often it is looked again at once, and so often after a pause: a rotation has two steps, between
/// which the log has no file, and whoever takes them may be kept waiting in between.
const AT_ONCE: usize = 8;
const LATER: usize = 24;
const PAUSE: Duration = Duration::from_millis(10);

/// Looks until what is found is settled, but not for long.
pub(in crate::audit) fn again<T>(look: impl Fn() -> T, is_settled: impl Fn(&T) -> bool) -> T {
    for attempt in 0..AT_ONCE + LATER {
        let found = look();
        if is_settled(&found) {
            return found;
        }
        if attempt >= AT_ONCE {
            thread::sleep(PAUSE);
        }
    }
    look()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn it_is_looked_until_it_is_settled_and_no_longer() {
        let looks = Cell::new(0);
        let look = || {
            looks.set(looks.get() + 1);
            looks.get()
        };
        assert_eq!(again(look, |found| *found == 12), 12);
        assert_eq!(again(look, |_| true), 13);
        assert_eq!(again(look, |_| false), 13 + AT_ONCE + LATER + 1);
    }
}
