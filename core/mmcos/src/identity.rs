//! Who is logging in: read from the Steam ticket, never from a name or an address.

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

/// How far apart Steam's clock and this machine's may be.
pub const TOLERANCE: Duration = Duration::from_mins(10);

/// Whom to let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityPolicy {
    /// Who brings a ticket that Steam signed with this key, for this game, not expired.
    Verify(PublicKey),
    /// Who brings anything of the shape of a ticket. For a LAN of friends, and for tests.
    Trust,
}

/// Why somebody is not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The `PlatformID` holds no ticket.
    #[error(transparent)]
    PlatformId(#[from] PlatformIdError),
    /// The ticket has not the known shape.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// The ticket is for something else, or not for now.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The ticket is not Steam's.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Not a person's account.
    #[error("{0} is not a person's Steam account in the public universe")]
    NotAPerson(SteamId),
}

/// The Steam account that a `PlatformID` proves to be asking. `now` is the earliest that it may be.
///
/// # Errors
/// See [`IdentityError`].
pub fn identify(policy: &IdentityPolicy, platform_id: &str, now: Wall) -> Result<SteamId, IdentityError> {
    let bytes = parse_platform_id(platform_id)?;
    let ticket = Ticket::parse(&bytes)?;
    match policy {
        IdentityPolicy::Verify(key) => {
            // Steam signed when it was issued: it is that late at least, however slow this machine's clock is.
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
