//! Identity of a player that logs in: read from the Steam ticket, never from a name or an address.

use core::time::Duration;

use mmcos_core::{
    seam::Wall,
    wire::steam::{
        AppId, PlatformIdError, PublicKey, Refusal, SignatureError, SteamId, Ticket, TicketError, check,
        parse_platform_id, verify,
    },
};

/// Micro Machines World Series on Steam. (Capture 02.)
pub const APP: AppId = AppId(535_850);

/// The largest accepted difference between Steam's clock and this machine's.
pub const TOLERANCE: Duration = Duration::from_mins(10);

/// Steam tickets that a login accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityPolicy {
    /// Only a ticket that was signed with this key, for this game, and has not expired.
    Verify(PublicKey),
    /// Any well-formed ticket. For a LAN of friends, and for tests.
    Trust,
}

/// Reason why a login is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The `PlatformID` holds no ticket.
    #[error(transparent)]
    PlatformId(#[from] PlatformIdError),
    /// The ticket does not have the known shape.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// The ticket is for another game, or not valid now.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The signature is not Steam's.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The account is not a person's.
    #[error("{0} is not a person's Steam account in the public universe")]
    NotAPerson(SteamId),
}

/// Returns the Steam account that a `PlatformID` proves. `now` is the earliest time that it may be.
///
/// # Errors
/// See [`IdentityError`].
pub fn identify(policy: &IdentityPolicy, platform_id: &str, now: Wall) -> Result<SteamId, IdentityError> {
    let bytes = parse_platform_id(platform_id)?;
    let ticket = Ticket::parse(&bytes)?;
    match policy {
        IdentityPolicy::Verify(key) => {
            // Steam signed the ticket when it was issued: it is at least that late, however slow this machine's clock
            // is.
            let now = now.as_secs().max(ticket.ownership().issued.into());
            let id = check(&ticket, APP, now, TOLERANCE)?;
            verify(&ticket, key)?;
            Ok(id)
        }
        IdentityPolicy::Trust => {
            let id = ticket.ownership().steam_id;
            if id.is_public_individual() { Ok(id) } else { Err(IdentityError::NotAPerson(id)) }
        }
    }
}
