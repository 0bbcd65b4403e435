use alloc::vec::Vec;
use core::net::Ipv4Addr;

use thiserror::Error;

use super::{AppId, SteamId};
use crate::wire::cursor::Cursor;

/// The longest ticket that is read, in bytes. Our choice: capture 02 has one of 234, and each licence adds 4.
pub const MAX_TICKET_LEN: usize = 2048;
/// The length of a signature in bytes: that of an RSA key of 1024 bits.
pub const SIGNATURE_LEN: usize = 128;

/// What the length field at offset 0 says: the GC part's, without the field.
pub(super) const GC_LEN: u32 = 20;
/// What the length field at offset 24 says: the session header's, without the field.
pub(super) const SESSION_LEN: u32 = 24;
/// The two numbers at offset 28 of every ticket that was seen. Their meaning is unknown.
pub(super) const SESSION_CONSTANTS: [u32; 2] = [1, 2];
/// The version of the ownership ticket.
pub(super) const OWNERSHIP_VERSION: u32 = 4;

/// A Steam auth session ticket, in the one shape that was seen (capture 02): a GC part, a session header, and an
/// ownership ticket with its signature.
///
/// Parsing checks the shape alone. Whether Steam made it is for [`verify`](super::verify) to say, and whether it
/// is good for a game today for [`check`](super::check).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket<'a> {
    session: Session,
    ownership: Ownership,
    signed: &'a [u8],
    signature: &'a [u8; SIGNATURE_LEN],
}

impl<'a> Ticket<'a> {
    /// Reads a ticket. Every length must be right and nothing may follow the signature.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, TicketError> {
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

    /// The part that nothing signs.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The part that Steam signs.
    pub fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    /// The bytes of the ownership ticket, over which the signature is made.
    pub fn signed_bytes(&self) -> &'a [u8] {
        self.signed
    }

    /// The signature, RSA-1024, PKCS#1 v1.5 with SHA-1.
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

/// The first half of a ticket: the GC part and the session header. The client fills it in and nothing signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Two numbers of unknown meaning, 1 and 2 as seen; kept as they are. Nothing signs or uses them, so no value of
    /// theirs refuses a ticket: other builds of Steam write 1 and 5.
    pub constants: [u32; 2],
    /// A number that Steam gave the client for this ticket.
    pub gc_token: u64,
    /// The account, as the client says.
    pub steam_id: SteamId,
    /// When the token was made.
    pub generated: UnixSeconds,
    /// The client's public address. Its bytes stand in network order, the reverse of those in [`Ownership`]: in
    /// capture 02 both are the same address.
    pub external_ip: Ipv4Addr,
    /// Meaning unknown; kept as it is.
    pub filler: u32,
    /// For how many milliseconds the client had been connected to Steam.
    pub connected_millis: u32,
    /// How many connections the client had made.
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

/// The second half of a ticket: Steam's word that an account owns an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The account.
    pub steam_id: SteamId,
    /// The app that it owns.
    pub app_id: AppId,
    /// The client's public address as Steam saw it. It and the next are little-endian integers: only read so is
    /// the internal address of capture 02 one of a private network.
    pub external_ip: Ipv4Addr,
    /// The client's address in its own network.
    pub internal_ip: Ipv4Addr,
    /// Meaning unknown; 0 was seen.
    pub flags: u32,
    /// When Steam issued it.
    pub issued: UnixSeconds,
    /// Until when it holds: 21 days later, as seen.
    pub expires: UnixSeconds,
    /// The packages through which the account owns the app.
    pub licences: Vec<u32>,
    /// The DLCs of the app that the account owns.
    pub dlcs: Vec<Dlc>,
    /// Meaning unknown; 0 was seen.
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
    /// The ownership ticket and the bytes that it was read from.
    fn read<'a>(fields: &mut Fields<'a>) -> Result<(Self, &'a [u8]), TicketError> {
        let mut start = *fields;
        let announced = fields.u32(LENGTH_OF_OWNERSHIP)?;
        let ownership = Self::read_content(fields)?;
        let len = fields.offset().saturating_sub(start.offset());
        equal(LENGTH_OF_OWNERSHIP, start.offset(), announced, as_u32(len))?;
        Ok((ownership, start.slice("the ownership ticket", len)?))
    }

    fn read_content(fields: &mut Fields<'_>) -> Result<Self, TicketError> {
        fields.expect("the version of the ownership ticket", OWNERSHIP_VERSION)?;
        Ok(Self {
            steam_id: SteamId::new(fields.u64("the SteamID of the ownership ticket")?),
            app_id: AppId(fields.u32("the app id")?),
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

/// Why bytes are not a ticket. Offsets count from the first byte.
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
        /// Where it begins.
        at: usize,
        /// How many bytes it takes.
        needed: usize,
        /// How many are left there.
        left: usize,
    },
    /// A length or a constant is not the one of the shape that was seen.
    #[error("{what} at offset {at} of the Steam ticket is {found}, expected {expected}")]
    Unexpected {
        /// The field.
        what: &'static str,
        /// Where it begins.
        at: usize,
        /// What it must be.
        expected: u32,
        /// What it is.
        found: u32,
    },
    /// Bytes after the signature.
    #[error("the Steam ticket ends at offset {at}, {extra} bytes follow it")]
    Trailing {
        /// Where the ticket ends.
        at: usize,
        /// How many bytes follow.
        extra: usize,
    },
}

const LENGTH_OF_OWNERSHIP: &str = "the length of the ownership ticket";

/// The fields of a ticket, little-endian, each with a name for the error.
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
        let (licences, _) = self.slice("the licences", count.saturating_mul(4))?.as_chunks();
        Ok(licences.iter().map(|licence| u32::from_le_bytes(*licence)).collect())
    }

    fn dlcs(&mut self) -> Result<Vec<Dlc>, TicketError> {
        let count = self.u16("the number of DLCs")?;
        let dlc = |_| Ok(Dlc { app_id: AppId(self.u32("the app id of a DLC")?), licences: self.licences()? });
        (0..count).map(dlc).collect()
    }

    /// The length field that all the rest, ownership ticket and signature, hangs on.
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

/// A length within a ticket, all of which are under [`MAX_TICKET_LEN`].
fn as_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
