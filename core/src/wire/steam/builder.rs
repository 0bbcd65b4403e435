use alloc::vec;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

use super::ticket::{GC_LEN, OWNERSHIP_VERSION, SESSION_CONSTANTS, SESSION_LEN};
use super::{
    AppId, Dlc, MAX_TICKET_LEN, Ownership, SIGNATURE_LEN, Session, SteamId, TicketError, UnixSeconds,
};

/// Builds Steam tickets in the form that [`Ticket::parse`](super::Ticket::parse) accepts, for tests and tools. The
/// caller signs them; only Steam can make a signature that is valid for Steam's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketBuilder {
    /// The part that is not signed.
    pub session: Session,
    /// The part that is signed.
    pub ownership: Ownership,
}

impl TicketBuilder {
    /// Lifetime of a Steam ticket, in seconds: 21 days, as seen in capture 02.
    pub const LIFETIME_SECONDS: u32 = 21 * 24 * 60 * 60;

    /// Returns a builder for this account's ticket as Steam would issue it: one licence, no DLC. All other values are
    /// made up.
    pub fn new(steam_id: SteamId, app_id: AppId, issued: UnixSeconds) -> Self {
        // An address for documentation (RFC 5737).
        let external_ip = Ipv4Addr::new(192, 0, 2, 1);
        let session = Session {
            constants: SESSION_CONSTANTS,
            gc_token: steam_id.get().rotate_left(32),
            steam_id,
            generated: issued,
            external_ip,
            filler: 0,
            connected_millis: 60_000,
            connection_count: 1,
        };
        let ownership = Ownership {
            steam_id,
            app_id,
            external_ip,
            internal_ip: Ipv4Addr::new(192, 168, 0, 2),
            flags: 0,
            issued,
            expires: UnixSeconds(issued.0.saturating_add(Self::LIFETIME_SECONDS)),
            licences: vec![1],
            dlcs: Vec::new(),
            reserved: 0,
        };
        Self { session, ownership }
    }

    /// Returns the ticket's bytes. `sign` returns the signature of the bytes it is given.
    ///
    /// # Errors
    /// [`TicketError::TooLong`] if licences and DLCs make it longer than [`MAX_TICKET_LEN`].
    pub fn build(&self, sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE_LEN]) -> Result<Vec<u8>, TicketError> {
        let signed = self.ownership_bytes()?;
        let rest = signed.len().saturating_add(SIGNATURE_LEN);
        let mut ticket = Writer(self.session_bytes());
        ticket.u32(length(rest)?);
        ticket.0.extend_from_slice(&signed);
        ticket.0.extend_from_slice(&sign(&signed));
        // The whole can be too long though the part is not.
        length(ticket.0.len())?;
        Ok(ticket.0)
    }

    fn session_bytes(&self) -> Vec<u8> {
        let session = &self.session;
        let mut out = Writer(Vec::new());
        out.u32(GC_LEN);
        out.u64(session.gc_token);
        out.u64(session.steam_id.get());
        out.u32(session.generated.0);
        out.u32(SESSION_LEN);
        for constant in session.constants {
            out.u32(constant);
        }
        // In network order, unlike in the ownership ticket (capture 02).
        out.0.extend_from_slice(&session.external_ip.octets());
        out.u32(session.filler);
        out.u32(session.connected_millis);
        out.u32(session.connection_count);
        out.0
    }

    fn ownership_bytes(&self) -> Result<Vec<u8>, TicketError> {
        let content = self.ownership_content()?;
        let mut out = Writer(Vec::new());
        // Counts itself, unlike the lengths of the first half (capture 02).
        out.u32(length(content.len().saturating_add(size_of::<u32>()))?);
        out.0.extend_from_slice(&content);
        Ok(out.0)
    }

    fn ownership_content(&self) -> Result<Vec<u8>, TicketError> {
        let ownership = &self.ownership;
        let mut out = Writer(Vec::new());
        out.u32(OWNERSHIP_VERSION);
        out.u64(ownership.steam_id.get());
        out.u32(ownership.app_id.0);
        out.u32(ownership.external_ip.to_bits());
        out.u32(ownership.internal_ip.to_bits());
        out.u32(ownership.flags);
        out.u32(ownership.issued.0);
        out.u32(ownership.expires.0);
        out.licences(&ownership.licences)?;
        out.dlcs(&ownership.dlcs)?;
        out.u16(ownership.reserved);
        Ok(out.0)
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn u16(&mut self, number: u16) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn licences(&mut self, licences: &[u32]) -> Result<(), TicketError> {
        self.count(licences.len())?;
        for licence in licences {
            self.u32(*licence);
        }
        Ok(())
    }

    fn dlcs(&mut self, dlcs: &[Dlc]) -> Result<(), TicketError> {
        self.count(dlcs.len())?;
        for dlc in dlcs {
            self.u32(dlc.app_id.0);
            self.licences(&dlc.licences)?;
        }
        Ok(())
    }

    fn count(&mut self, count: usize) -> Result<(), TicketError> {
        // So many licences would make any ticket too long, so this is the same error.
        self.u16(u16::try_from(count).map_err(|_| TicketError::TooLong { len: count })?);
        Ok(())
    }
}

/// Returns a length of a ticket or of a part of one, as its field holds it.
fn length(len: usize) -> Result<u32, TicketError> {
    let too_long = TicketError::TooLong { len };
    if len > MAX_TICKET_LEN { Err(too_long) } else { u32::try_from(len).map_err(|_| too_long) }
}
