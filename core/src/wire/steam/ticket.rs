use alloc::vec::Vec;
use core::{fmt, net::Ipv4Addr};

use super::SteamId;
use crate::wire::cursor::Cursor;

/// Length of the signature: RSA with 1024 bits.
const SIGNATURE: usize = 128;

/// A Steam application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppId(pub u32);

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Seconds since the Unix epoch, as tickets count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(pub u32);

/// A DLC that the account owns, and by which licences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dlc {
    /// The DLC.
    pub app: AppId,
    /// Numbers of Steam packages.
    pub licences: Vec<u32>,
}

/// An auth session ticket: a session header, an ownership ticket, and Steam's signature over the latter.
///
/// Layout as seen in captures 02 and verified against Steam's key on real tickets; all integers little-endian. The order of
/// an address's bytes was never established; they are taken for an integer like the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// A random number by Steam's game coordinator.
    pub gc_token: u64,
    /// Whose session it is. Not signed.
    pub session_steam_id: SteamId,
    /// When the session part was made. Not signed.
    pub generated: UnixTime,
    /// Eight bytes that were 1 and 2. Not signed.
    pub session_words: [u32; 2],
    /// The client's address as Steam saw it. Not signed.
    pub session_external_ip: Ipv4Addr,
    /// Not signed, meaning unknown.
    pub session_filler: u32,
    /// How long the client had been connected to Steam, in milliseconds. Not signed.
    pub connected_millis: u32,
    /// How often it had connected. Not signed.
    pub connections: u32,
    /// Version of the ownership ticket.
    pub version: u32,
    /// Whose ownership it is.
    pub owner: SteamId,
    /// What is owned.
    pub app: AppId,
    /// The client's address as Steam saw it.
    pub external_ip: Ipv4Addr,
    /// The client's address as it told Steam.
    pub internal_ip: Ipv4Addr,
    /// Ownership flags, meaning unknown.
    pub flags: u32,
    /// From when on the ticket holds.
    pub issued: UnixTime,
    /// Until when it holds, 21 days later.
    pub expires: UnixTime,
    /// Numbers of the Steam packages by which the game is owned.
    pub licences: Vec<u32>,
    /// The DLCs owned.
    pub dlcs: Vec<Dlc>,
    /// Two bytes, reserved.
    pub reserved: u16,
    /// Steam's signature over the ownership ticket.
    pub signature: [u8; SIGNATURE],
}

/// Why bytes are not a ticket of the known shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TicketError {
    /// The bytes end too early.
    #[error("expected {expected} at byte {offset} of the ticket, got the end")]
    Cut {
        /// What was to come.
        expected: &'static str,
        /// Where.
        offset: usize,
    },
    /// A length that the known shape does not have.
    #[error("expected {expected} = {length} at byte {offset} of the ticket, got {got}")]
    Length {
        /// What it measures.
        expected: &'static str,
        /// What it should be.
        length: u32,
        /// What it is.
        got: u32,
        /// Where.
        offset: usize,
    },
    /// Bytes after the signature.
    #[error("expected the end at byte {offset} of the ticket, got {left} more bytes")]
    LeftOver {
        /// Where the ticket ended.
        offset: usize,
        /// How much there was behind it.
        left: usize,
    },
}

impl Ticket {
    /// Reads a ticket that takes up all of `bytes`.
    ///
    /// # Errors
    /// See [`TicketError`]. Nothing is checked but the shape.
    pub fn parse(bytes: &[u8]) -> Result<Self, TicketError> {
        let mut fields = Fields(Cursor::new(bytes));
        fields.length("length of the token", 20)?;
        let gc_token = fields.u64("the token")?;
        let session_steam_id = SteamId::new(fields.u64("the session's SteamID64")?);
        let generated = UnixTime(fields.u32("the session's time")?);
        fields.length("length of the session header", 24)?;
        let session_words = [fields.u32("the session header")?, fields.u32("the session header")?];
        let session_external_ip = fields.ip("the session's address")?;
        let session_filler = fields.u32("the session header")?;
        let connected_millis = fields.u32("the connected time")?;
        let connections = fields.u32("the connection count")?;
        let rest = u32::try_from(fields.0.remaining()).unwrap_or(u32::MAX).saturating_sub(4);
        fields.length("length of the rest", rest)?;
        let owned_from = fields.0.offset();
        let ownership_length = fields.u32("length of the ownership ticket")?;
        let version = fields.u32("the version")?;
        let owner = SteamId::new(fields.u64("the owner's SteamID64")?);
        let app = AppId(fields.u32("the app id")?);
        let external_ip = fields.ip("the external address")?;
        let internal_ip = fields.ip("the internal address")?;
        let flags = fields.u32("the ownership flags")?;
        let issued = UnixTime(fields.u32("the time of issue")?);
        let expires = UnixTime(fields.u32("the time of expiry")?);
        let licences = fields.list("the licences", Fields::u32)?;
        let dlcs = fields.list("the DLCs", |fields, what| {
            Ok(Dlc { app: AppId(fields.u32(what)?), licences: fields.list(what, Fields::u32)? })
        })?;
        let reserved = u16::from_le_bytes(fields.array("two reserved bytes")?);
        let ownership = u32::try_from(fields.0.offset().saturating_sub(owned_from)).unwrap_or(u32::MAX);
        if ownership_length != ownership {
            let expected = "length of the ownership ticket";
            return Err(TicketError::Length {
                expected,
                length: ownership,
                got: ownership_length,
                offset: owned_from,
            });
        }
        let signature = fields.array("the signature")?;
        match fields.0.remaining() {
            0 => Ok(Self {
                gc_token,
                session_steam_id,
                generated,
                session_words,
                session_external_ip,
                session_filler,
                connected_millis,
                connections,
                version,
                owner,
                app,
                external_ip,
                internal_ip,
                flags,
                issued,
                expires,
                licences,
                dlcs,
                reserved,
                signature,
            }),
            left => Err(TicketError::LeftOver { offset: fields.0.offset(), left }),
        }
    }

    /// The bytes of this ticket. Of lists longer than 65,535 only so many are written.
    pub fn encode(&self) -> Vec<u8> {
        let ownership = self.ownership();
        let mut out = Vec::with_capacity(ownership.len().saturating_add(184));
        put(&mut out, &[20_u32.to_le_bytes()]);
        put(&mut out, &[self.gc_token.to_le_bytes(), self.session_steam_id.get().to_le_bytes()]);
        let [first, second] = self.session_words;
        let header =
            [self.generated.0, 24, first, second, self.session_external_ip.to_bits(), self.session_filler];
        put(&mut out, &header.map(u32::to_le_bytes));
        let rest = u32::try_from(ownership.len().saturating_add(SIGNATURE)).unwrap_or(u32::MAX);
        put(&mut out, &[self.connected_millis, self.connections, rest].map(u32::to_le_bytes));
        out.extend_from_slice(&ownership);
        out.extend_from_slice(&self.signature);
        out
    }

    /// The ownership ticket: what the signature is over.
    pub fn ownership(&self) -> Vec<u8> {
        let mut body = Vec::new();
        put(&mut body, &[self.version.to_le_bytes()]);
        put(&mut body, &[self.owner.get().to_le_bytes()]);
        let addresses = [self.external_ip.to_bits(), self.internal_ip.to_bits()];
        put(&mut body, &[self.app.0].map(u32::to_le_bytes));
        put(&mut body, &addresses.map(u32::to_le_bytes));
        put(&mut body, &[self.flags, self.issued.0, self.expires.0].map(u32::to_le_bytes));
        put_licences(&mut body, &self.licences);
        put(&mut body, &[count(&self.dlcs).to_le_bytes()]);
        for dlc in self.dlcs.iter().take(usize::from(u16::MAX)) {
            put(&mut body, &[dlc.app.0.to_le_bytes()]);
            put_licences(&mut body, &dlc.licences);
        }
        put(&mut body, &[self.reserved.to_le_bytes()]);
        let length = u32::try_from(body.len().saturating_add(4)).unwrap_or(u32::MAX);
        let mut ownership = length.to_le_bytes().to_vec();
        ownership.append(&mut body);
        ownership
    }

    /// A ticket of the shape the game sends, for tests and tools: of this account, for this game, good for three
    /// weeks from now, with a signature of zeros.
    pub fn sample(id: SteamId, app: AppId, now: UnixTime) -> Self {
        Self {
            gc_token: id.get().wrapping_mul(0x9e37_79b9_7f4a_7c15),
            session_steam_id: id,
            generated: now,
            session_words: [1, 2],
            session_external_ip: Ipv4Addr::LOCALHOST,
            session_filler: 0,
            connected_millis: 60_000,
            connections: 1,
            version: 4,
            owner: id,
            app,
            external_ip: Ipv4Addr::LOCALHOST,
            internal_ip: Ipv4Addr::LOCALHOST,
            flags: 0,
            issued: now,
            expires: UnixTime(now.0.saturating_add(21 * 24 * 60 * 60)),
            licences: alloc::vec![0],
            dlcs: Vec::new(),
            reserved: 0,
            signature: [0; SIGNATURE],
        }
    }
}

fn put<const N: usize>(out: &mut Vec<u8>, fields: &[[u8; N]]) {
    out.extend(fields.iter().flatten());
}

fn put_licences(out: &mut Vec<u8>, licences: &[u32]) {
    put(out, &[count(licences).to_le_bytes()]);
    out.extend(licences.iter().take(usize::from(u16::MAX)).flat_map(|licence| licence.to_le_bytes()));
}

fn count<T>(list: &[T]) -> u16 {
    u16::try_from(list.len()).unwrap_or(u16::MAX)
}

/// Little-endian fields, one after the other.
struct Fields<'a>(Cursor<'a>);

impl Fields<'_> {
    fn array<const N: usize>(&mut self, expected: &'static str) -> Result<[u8; N], TicketError> {
        let offset = self.0.offset();
        self.0.array().copied().ok_or(TicketError::Cut { expected, offset })
    }

    fn u32(&mut self, expected: &'static str) -> Result<u32, TicketError> {
        self.array(expected).map(u32::from_le_bytes)
    }

    fn u64(&mut self, expected: &'static str) -> Result<u64, TicketError> {
        self.array(expected).map(u64::from_le_bytes)
    }

    fn ip(&mut self, expected: &'static str) -> Result<Ipv4Addr, TicketError> {
        self.u32(expected).map(Ipv4Addr::from_bits)
    }

    fn length(&mut self, expected: &'static str, length: u32) -> Result<(), TicketError> {
        let offset = self.0.offset();
        match self.u32(expected)? {
            got if got == length => Ok(()),
            got => Err(TicketError::Length { expected, length, got, offset }),
        }
    }

    fn list<T>(
        &mut self,
        expected: &'static str,
        mut item: impl FnMut(&mut Self, &'static str) -> Result<T, TicketError>,
    ) -> Result<Vec<T>, TicketError> {
        let count = u16::from_le_bytes(self.array(expected)?);
        (0..count).map(|_| item(self, expected)).collect()
    }
}
