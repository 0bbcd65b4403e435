use alloc::vec::Vec;
use core::net::Ipv4Addr;

use thiserror::Error;

use super::{AppId, SteamId};
use crate::wire::cursor::Cursor;

/// Maximum length of a ticket, in bytes. Our choice: capture 02 has one of 234, and each licence adds 4.
pub const MAX_TICKET_LEN: usize = 2048;
/// Length of a signature, in bytes: that of an RSA key of 1024 bits.
pub const SIGNATURE_LEN: usize = 128;

/// Value of the length field at offset 0: the length of the GC part, without the field.
pub(super) const GC_LEN: u32 = 20;
/// Value of the length field at offset 24: the length of the session header, without the field.
pub(super) const SESSION_LEN: u32 = 24;
/// Values of the two numbers at offset 28 of every ticket that was seen. Their meaning is unknown.
pub(super) const SESSION_CONSTANTS: [u32; 2] = [1, 2];
/// The version of the ownership ticket.
pub(super) const OWNERSHIP_VERSION: u32 = 4;

/// A Steam auth session ticket, in the one shape that was seen (capture 02): a GC part, a session header, and an
/// ownership ticket with its signature.
///
/// Parsing checks the form alone. [`verify`](super::verify) checks that Steam signed it, and [`check`](super::check)
/// that it is valid for a game now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket<'a> {
    session: Session,
    ownership: Ownership,
    signed: &'a [u8],
    signature: &'a [u8; SIGNATURE_LEN],
}

impl<'a> Ticket<'a> {
    /// Parses a ticket. Every length must be right and nothing may follow the signature.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, TicketError> {
        // Before any field is read: `as_u32` relies on it.
        if bytes.len() > MAX_TICKET_LEN {
            return Err(TicketError::TooLong { len: bytes.len() });
        }
        let mut fields = Fields(Cursor::new(bytes));
        let session = Session::read(&mut fields)?;
        fields.length_of_rest()?;
        let (ownership, signed) = Ownership::read(&mut fields)?;
        let signature = fields.array("the signature")?;
        fields.end()?;
        Ok(Self { session, ownership, signed, signature })
    }

    /// Returns the part that is not signed.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the part that Steam signs.
    pub fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    /// Returns the bytes of the ownership ticket, which the signature covers.
    pub fn signed_bytes(&self) -> &'a [u8] {
        self.signed
    }

    /// Returns the signature, RSA-1024, PKCS#1 v1.5 with SHA-1.
    pub fn signature(&self) -> &'a [u8; SIGNATURE_LEN] {
        self.signature
    }
}

/// A moment, in seconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(pub u32);

impl From<UnixSeconds> for i64 {
    fn from(time: UnixSeconds) -> Self {
        time.0.into()
    }
}

/// The first half of a ticket: the GC part and the session header. The client fills it in; it is not signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Two numbers of unknown meaning, 1 and 2 as seen. They are not checked, because nothing signs or uses them, and
    /// other builds of Steam write 1 and 5.
    pub constants: [u32; 2],
    /// A number that Steam gave the client for this ticket.
    pub gc_token: u64,
    /// The account, as the client claims.
    pub steam_id: SteamId,
    /// Time at which the token was made.
    pub generated: UnixSeconds,
    /// The client's public address. Its bytes are in network order, the reverse of those in [`Ownership`]: in capture
    /// 02 both are the same address.
    pub external_ip: Ipv4Addr,
    /// Unknown meaning; kept as it is.
    pub filler: u32,
    /// Time for which the client had been connected to Steam, in milliseconds.
    pub connected_millis: u32,
    /// Number of connections that the client had made.
    pub connection_count: u32,
}

impl Session {
    fn read(fields: &mut Fields<'_>) -> Result<Self, TicketError> {
        fields.expect("the length of the GC part", GC_LEN)?;
        let gc_token = fields.u64("the GC token")?;
        let steam_id = SteamId::new(fields.u64("the SteamID of the GC part")?);
        let generated = UnixSeconds(fields.u32("the token's time")?);
        fields.expect("the length of the session header", SESSION_LEN)?;
        let what = "a constant of the session header";
        Ok(Self {
            // Any: other builds of Steam write 1 and 5, and nothing signs or uses them.
            constants: [fields.u32(what)?, fields.u32(what)?],
            gc_token,
            steam_id,
            generated,
            external_ip: Ipv4Addr::from(*fields.array("the external address")?),
            filler: fields.u32("the filler")?,
            connected_millis: fields.u32("the time connected")?,
            connection_count: fields.u32("the connection count")?,
        })
    }
}

/// The second half of a ticket: Steam's statement that an account owns an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The account.
    pub steam_id: SteamId,
    /// The app that it owns.
    pub app_id: AppId,
    /// The client's public address as Steam saw it. This field and the next are little-endian integers: only then is
    /// the internal address of capture 02 one of a private network.
    pub external_ip: Ipv4Addr,
    /// The client's address in its own network.
    pub internal_ip: Ipv4Addr,
    /// Unknown meaning; 0 was seen.
    pub flags: u32,
    /// Time at which Steam issued it.
    pub issued: UnixSeconds,
    /// Time at which it expires: 21 days later, as seen.
    pub expires: UnixSeconds,
    /// The packages through which the account owns the app.
    pub licences: Vec<u32>,
    /// The DLCs of the app that the account owns.
    pub dlcs: Vec<Dlc>,
    /// Unknown meaning; 0 was seen.
    pub reserved: u16,
}

/// A DLC that an account owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dlc {
    /// The DLC.
    pub app_id: AppId,
    /// The packages through which the account owns it.
    pub licences: Vec<u32>,
}

impl Ownership {
    /// Parses the ownership ticket. Also returns the bytes that it was parsed from.
    fn read<'a>(fields: &mut Fields<'a>) -> Result<(Self, &'a [u8]), TicketError> {
        // The signature covers the length field too (capture 02).
        let mut start = *fields;
        let announced = fields.u32(LENGTH_OF_OWNERSHIP)?;
        let ownership = Self::read_content(fields)?;
        let len = fields.offset().saturating_sub(start.offset());
        equal(LENGTH_OF_OWNERSHIP, start.offset(), announced, as_u32(len))?;
        Ok((ownership, start.slice("the ownership ticket", len)?))
    }

    fn read_content(fields: &mut Fields<'_>) -> Result<Self, TicketError> {
        // The fields of another version are not known.
        fields.expect("the version of the ownership ticket", OWNERSHIP_VERSION)?;
        Ok(Self {
            steam_id: SteamId::new(fields.u64("the SteamID of the ownership ticket")?),
            app_id: AppId(fields.u32("the app id")?),
            // Little-endian, unlike in the session header: the next one is a private address only so (capture 02).
            external_ip: Ipv4Addr::from_bits(fields.u32("the external address")?),
            internal_ip: Ipv4Addr::from_bits(fields.u32("the internal address")?),
            flags: fields.u32("the ownership flags")?,
            issued: UnixSeconds(fields.u32("the time of issue")?),
            expires: UnixSeconds(fields.u32("the time of expiry")?),
            licences: fields.licences()?,
            dlcs: fields.dlcs()?,
            reserved: fields.u16("the reserved field")?,
        })
    }
}

/// The reason why bytes are not a ticket. Offsets count from the first byte.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TicketError {
    /// It is longer than [`MAX_TICKET_LEN`].
    #[error("the Steam ticket is {len} bytes long, at most {MAX_TICKET_LEN} are accepted")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// It ends too early.
    #[error("{what} at offset {at} of the Steam ticket takes {needed} bytes, {left} are left")]
    Truncated {
        /// The field.
        what: &'static str,
        /// Its offset.
        at: usize,
        /// Number of bytes that it takes.
        needed: usize,
        /// Number of bytes left there.
        left: usize,
    },
    /// A length or a constant differs from the form that was seen.
    #[error("{what} at offset {at} of the Steam ticket is {found}, expected {expected}")]
    Unexpected {
        /// The field.
        what: &'static str,
        /// Its offset.
        at: usize,
        /// The expected value.
        expected: u32,
        /// The value found.
        found: u32,
    },
    /// Bytes after the signature.
    #[error("the Steam ticket ends at offset {at}, {extra} bytes follow it")]
    Trailing {
        /// Offset at which the ticket ends.
        at: usize,
        /// Number of bytes that follow.
        extra: usize,
    },
}

const LENGTH_OF_OWNERSHIP: &str = "the length of the ownership ticket";

/// Reader of a ticket's little-endian fields. `what` names the field in an error.
#[derive(Clone, Copy)]
struct Fields<'a>(Cursor<'a>);

impl<'a> Fields<'a> {
    fn offset(&self) -> usize {
        self.0.offset()
    }

    fn u16(&mut self, what: &'static str) -> Result<u16, TicketError> {
        self.array(what).map(|bytes| u16::from_le_bytes(*bytes))
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, TicketError> {
        self.array(what).map(|bytes| u32::from_le_bytes(*bytes))
    }

    fn u64(&mut self, what: &'static str) -> Result<u64, TicketError> {
        self.array(what).map(|bytes| u64::from_le_bytes(*bytes))
    }

    fn licences(&mut self) -> Result<Vec<u32>, TicketError> {
        let count: usize = self.u16("the number of licences")?.into();
        // A multiple of four leaves no remainder, and a count of 16 bits cannot saturate.
        let (licences, _) = self.slice("the licences", count.saturating_mul(4))?.as_chunks();
        Ok(licences.iter().map(|licence| u32::from_le_bytes(*licence)).collect())
    }

    fn dlcs(&mut self) -> Result<Vec<Dlc>, TicketError> {
        let count = self.u16("the number of DLCs")?;
        let dlc = |_| Ok(Dlc { app_id: AppId(self.u32("the app id of a DLC")?), licences: self.licences()? });
        // Reserves nothing for `count`: a false one fails at the first missing byte.
        (0..count).map(dlc).collect()
    }

    /// Checks the length field that covers all the rest, ownership ticket and signature.
    fn length_of_rest(&mut self) -> Result<(), TicketError> {
        let what = "the length of the ownership ticket and its signature";
        let at = self.offset();
        let announced = self.u32(what)?;
        equal(what, at, announced, as_u32(self.0.remaining()))
    }

    fn expect(&mut self, what: &'static str, expected: u32) -> Result<(), TicketError> {
        let at = self.offset();
        let found = self.u32(what)?;
        equal(what, at, found, expected)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<&'a [u8; N], TicketError> {
        self.0.array().ok_or_else(|| self.truncated(what, N))
    }

    fn slice(&mut self, what: &'static str, len: usize) -> Result<&'a [u8], TicketError> {
        self.0.slice(len).ok_or_else(|| self.truncated(what, len))
    }

    fn truncated(&self, what: &'static str, needed: usize) -> TicketError {
        TicketError::Truncated { what, at: self.offset(), needed, left: self.0.remaining() }
    }

    fn end(self) -> Result<(), TicketError> {
        match self.0.remaining() {
            0 => Ok(()),
            extra => Err(TicketError::Trailing { at: self.offset(), extra }),
        }
    }
}

fn equal(what: &'static str, at: usize, found: u32, expected: u32) -> Result<(), TicketError> {
    if found == expected { Ok(()) } else { Err(TicketError::Unexpected { what, at, expected, found }) }
}

/// Converts a length within a ticket. All of them are below [`MAX_TICKET_LEN`].
fn as_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
