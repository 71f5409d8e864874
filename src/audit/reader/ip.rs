//! Addresses of a log.
use std::{
    cmp::Ordering,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// An address, in one word: an IPv4 one as the IPv6 one that it is mapped to (RFC 4291, 2.5.5.2).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Ip(u128);

/// As the standard library has it: IPv4 before IPv6.
impl Ord for Ip {
    fn cmp(&self, other: &Self) -> Ordering {
        self.address().cmp(&other.address())
    }
}

impl PartialOrd for Ip {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ip {
    pub fn address(self) -> IpAddr {
        Ipv6Addr::from_bits(self.0).to_canonical()
    }

    /// The IPv4 address that a text is; `None` for whatever `str::parse` may say something else of.
    #[inline]
    pub(super) fn plain(text: &[u8]) -> Option<Self> {
        let mut octets = [0; 4];
        let mut rest = text;
        for (at, octet) in octets.iter_mut().enumerate() {
            if at > 0 {
                rest = rest.strip_prefix(b".")?;
            }
            let length;
            (*octet, length) = plain_octet(rest)?;
            rest = &rest[length..];
        }
        rest.is_empty().then(|| Ipv4Addr::from(octets).into())
    }
}

/// The number that `text` begins with, and how many digits it has: no zeros before it.
#[inline]
fn plain_octet(text: &[u8]) -> Option<(u8, usize)> {
    let digit = |at: usize| text.get(at).map_or(u8::MAX, |byte| byte.wrapping_sub(b'0'));
    match (digit(0), digit(1), digit(2)) {
        (10.., _, _) => None,
        (one, 10.., _) => Some((one, 1)),
        (0, _, _) => None,
        (one, two, 10..) => Some((one * 10 + two, 2)),
        (one, two, three) => Some(((one * 10 + two).checked_mul(10)?.checked_add(three)?, 3)),
    }
}

impl From<IpAddr> for Ip {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => v4.into(),
            IpAddr::V6(v6) => Self(v6.to_bits()),
        }
    }
}

impl From<Ipv4Addr> for Ip {
    #[inline]
    fn from(address: Ipv4Addr) -> Self {
        Self(0xffff_0000_0000 | u128::from(address.to_bits()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::Text, *};

    proptest! {
        #[test]
        fn an_address_is_read_as_the_standard_library_does(text in "[0-9.]{0,16}|[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-f:.]{2,20}") {
            let read: Option<IpAddr> = text.parse().ok();
            let told = Text::new(text.as_bytes(), text.len()).ip();
            prop_assert_eq!(told, read.map(Ip::from));
            prop_assert_eq!(told.map(Ip::address), read.map(|it| it.to_canonical()));
        }
    }
}
