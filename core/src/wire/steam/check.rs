use core::fmt;
use core::time::Duration;

use thiserror::Error;

use super::{AppId, SteamId, Ticket};

/// Returns the player if the Steam ticket is valid for this game now. `now` is in seconds since the Unix epoch; the
/// clocks of Steam and of this machine may differ by `tolerance`.
///
/// This does not check the signature: see [`verify`](super::verify).
pub fn check(ticket: &Ticket<'_>, app: AppId, now: i64, tolerance: Duration) -> Result<SteamId, Refusal> {
    // Steam signs this half; the client fills in the other as it likes.
    let ownership = ticket.ownership();
    if ownership.app_id != app {
        return Err(Refusal::OtherApp { expected: app, found: ownership.app_id });
    }
    let steam_id = check_account(ownership.steam_id, ticket.session().steam_id)?;
    let early = seconds_from(now, ownership.issued.into());
    if early > tolerance {
        return Err(Refusal::NotYetIssued { early });
    }
    let late = seconds_from(ownership.expires.into(), now);
    if late > tolerance {
        return Err(Refusal::Expired { late });
    }
    Ok(steam_id)
}

/// The reason why a Steam ticket is not accepted for a login. The texts are for players and operators: what happened,
/// what it means, what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is for another app.
    #[error(
        "the Steam ticket is for app {found}, not for app {expected}: it belongs to another game; \
         start this game through Steam"
    )]
    OtherApp {
        /// App of this game.
        expected: AppId,
        /// App of the ticket.
        found: AppId,
    },
    /// Its two halves name two accounts.
    #[error(
        "the Steam ticket is signed for account {signed} but used by {claimed}: its parts are of different \
         tickets; restart Steam and the game"
    )]
    TwoAccounts {
        /// In the signed half.
        signed: SteamId,
        /// In the other half, which is not signed.
        claimed: SteamId,
    },
    /// The account is not that of a person in the public universe.
    #[error(
        "{steam_id} in the Steam ticket is not a player's account but a server's, a group's or a test's; \
         log in to Steam as a player"
    )]
    NotAPlayer {
        /// The account.
        steam_id: SteamId,
    },
    /// It was issued in the future.
    #[error(
        "the Steam ticket was issued {} in the future: the clock of this server is slow; set it", Span(*.early)
    )]
    NotYetIssued {
        /// Time until the moment of issue, to the second.
        early: Duration,
    },
    /// It has expired.
    #[error(
        "the Steam ticket expired {} ago: Steam on the player's machine has been offline for long, or the clock \
         of this server is fast; restart Steam online and check the clock",
        Span(*.late)
    )]
    Expired {
        /// Time since the expiry, to the second.
        late: Duration,
    },
}

fn check_account(signed: SteamId, claimed: SteamId) -> Result<SteamId, Refusal> {
    // Steam signs only one of them, so halves of two tickets could be joined.
    if signed != claimed {
        return Err(Refusal::TwoAccounts { signed, claimed });
    }
    // Servers, groups and test accounts have SteamIDs too.
    if !signed.is_public_individual() {
        return Err(Refusal::NotAPlayer { steam_id: signed });
    }
    Ok(signed)
}

/// Returns the time from `earlier` to `later`, both in seconds; zero if `later` is before `earlier`.
fn seconds_from(earlier: i64, later: i64) -> Duration {
    // Saturates, since a clock can be wrong by any amount.
    Duration::from_secs(u64::try_from(later.saturating_sub(earlier)).unwrap_or(0))
}

/// A time span. Its `Display` is in its largest unit, rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0..120 => write!(f, "{seconds} seconds"),
            120..7_200 => write!(f, "{} minutes", seconds / 60),
            7_200..172_800 => write!(f, "{} hours", seconds / 3_600),
            _ => write!(f, "{} days", seconds / 86_400),
        }
    }
}
