//! The key that seals checkpoints. Each key seals one and then becomes its own hash, so that whoever
//! breaks in finds none that could have sealed what is written already. The first of them is kept
//! elsewhere, by whoever is to verify.
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::{AuditOpenError, Seal};
use crate::durable::{self, InPlace, LockedFile};

const NO_KEY: &str = "does not hold 64 hexadecimal digits (`openssl rand -hex 32` makes them)";
/// Far more than a key file holds.
const LIMIT: u64 = 4096;
/// A log is never further ahead of its key file: the file follows within a second.
const MOST_AHEAD: u64 = 1_000_000;

/// The key of the next seal.
#[derive(Clone)]
pub struct SealKey {
    key: Zeroizing<[u8; 32]>,
    number: u64,
}

/// A checkpoint that was sealed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Sealed {
    pub(super) head: [u8; 32],
    pub(super) seal: Seal,
}

impl SealKey {
    /// What a key file holds, for whoever is to verify.
    ///
    /// # Errors
    /// It cannot be read, or holds no key.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(LIMIT).unwrap_or(0)));
        File::open(path)?.take(LIMIT).read_to_end(&mut text)?;
        Self::parse(&text).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, NO_KEY))
    }

    /// Whether a key that this one comes from has sealed.
    pub fn has_sealed(&self) -> bool {
        self.number > 0
    }

    /// Which of the keys it is, from 0 on.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn seal(&self, head: [u8; 32]) -> Seal {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*self.key);
        let mut mac = [0; 32];
        mac.copy_from_slice(hmac::sign(&key, hex::encode(head).as_bytes()).as_ref());
        Seal {
            number: self.number,
            mac,
        }
    }

    /// Forgets the key for the one after it.
    pub(super) fn evolve(&mut self) {
        let next = digest::digest(&digest::SHA256, &*self.key);
        self.key.copy_from_slice(next.as_ref());
        self.number += 1;
    }

    /// The key after a seal of the log, where that was made with this key or one that comes from it:
    /// the process ended before the file had the next one.
    fn after(self, newest: Sealed) -> Self {
        let ahead = newest.seal.number.checked_sub(self.number);
        let Some(ahead) = ahead.filter(|ahead| *ahead <= MOST_AHEAD) else {
            return self;
        };
        let mut used = self.clone();
        (0..ahead).for_each(|_| used.evolve());
        if used.seal(newest.head) == newest.seal {
            used.evolve();
            used
        } else {
            self
        }
    }

    /// 64 digits, and, where this program has written it, which key it is.
    fn parse(text: &[u8]) -> Option<Self> {
        let mut words = str::from_utf8(text).ok()?.split_ascii_whitespace();
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(words.next()?, &mut *key).ok()?;
        let number = words.next().map_or(Some(0), |word| word.parse().ok())?;
        words.next().is_none().then_some(Self { key, number })
    }
}

/// The file that holds the key of the next seal.
pub(super) struct SealFile {
    file: LockedFile,
    /// The number of the key that it holds.
    number: u64,
}

impl SealFile {
    /// Nobody else may use the key as long as this lives. The newest seal of the log is among these.
    pub(super) fn open(
        path: &Path,
        newest: Vec<Sealed>,
    ) -> Result<(SealKey, Self), AuditOpenError> {
        let failed = |error: durable::Error| AuditOpenError::Seal(error.to_string());
        let mut file = LockedFile::open(path, LIMIT, durable::PATIENCE).map_err(failed)?;
        let key = SealKey::parse(&file.take_bytes())
            .ok_or_else(|| AuditOpenError::Seal(format!("{} {NO_KEY}", file.path().display())))?;
        if file.access().mode & 0o077 != 0 {
            let path = file.path().display();
            log::warn!("others than its owner can read the key that seals: `chmod 600 {path}`");
        }
        let mut kept = Self {
            file,
            number: key.number,
        };
        let key = newest.into_iter().fold(key, SealKey::after);
        // Now, and not with the first seal, it turns out whether the file can be replaced at all.
        kept.write(&key).map_err(failed)?;
        Ok((key, kept))
    }

    /// Puts the key in the place of those before it.
    pub(super) fn keep(&mut self, key: &SealKey) -> Result<(), durable::Error> {
        if key.number == self.number {
            return Ok(());
        }
        self.write(key)
    }

    fn write(&mut self, key: &SealKey) -> Result<(), durable::Error> {
        let digits = Zeroizing::new(hex::encode(*key.key));
        let text = Zeroizing::new(format!("{} {}\n", *digits, key.number));
        self.file.replace(text.as_bytes(), InPlace::Never)?;
        self.number = key.number;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
    use super::*;

    fn first() -> SealKey {
        SealKey::parse(format!("{}\n", "0b".repeat(32)).as_bytes()).unwrap()
    }

    /// RFC 4231's way of HMAC over the digits of the head, with a key that is hashed each time.
    #[test]
    fn a_seal_is_what_the_documentation_says() {
        let mut key = first();
        assert_eq!(key.seal([0xab; 32]).number, 0);
        key.evolve();
        let seal = key.seal([0xab; 32]);
        assert_eq!(seal.number, 1);
        let second = digest::digest(&digest::SHA256, &[0x0b; 32]);
        let second = hmac::Key::new(hmac::HMAC_SHA256, second.as_ref());
        let mac = hmac::sign(&second, "ab".repeat(32).as_bytes());
        assert_eq!(mac.as_ref(), seal.mac);
    }

    #[test]
    fn a_key_that_has_sealed_already_is_not_used_again() {
        let mut ahead = first();
        (0..7).for_each(|_| ahead.evolve());
        let head = [1; 32];
        let newest = Sealed {
            head,
            seal: ahead.seal(head),
        };
        assert_eq!(first().after(newest).number, 8);
        assert_eq!(ahead.clone().after(newest).number, 8);
        let mut next = ahead;
        next.evolve();
        assert_eq!(next.after(newest).number, 8);
        let foreign = SealKey::parse("aa".repeat(32).as_bytes()).unwrap();
        assert_eq!(foreign.after(newest).number, 0);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "0b",
            &"0b".repeat(33),
            &"0x".repeat(32),
            &format!("{} x", "0b".repeat(32)),
        ] {
            assert!(SealKey::parse(text.as_bytes()).is_none(), "{text}");
        }
        let later = SealKey::parse(format!("{} 12\n", "0B".repeat(32)).as_bytes()).unwrap();
        assert_eq!(later.number, 12);
    }
}
