//! Which addresses are counted as one.
use std::net::IpAddr;

/// Addresses whose failures are counted together.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Bucket {
    /// One IPv4 address.
    V4(u32),
    /// An IPv6 network of 64 bits: what one subscriber has.
    V6(u64),
    /// An IPv4 network of 24 bits, under an attack from many addresses.
    WideV4(u32),
    /// An IPv6 network of 48 bits, likewise.
    WideV6(u64),
    /// Every address that the full table has no place for.
    Overflow,
}

impl Bucket {
    /// The bucket of one client.
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }

    /// The bucket of a client and its neighbours.
    pub(super) fn wide(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::WideV4(address.to_bits() >> 8),
            IpAddr::V6(address) => Self::WideV6((address.to_bits() >> 80) as u64),
        }
    }
}
