use super::{AppId, SteamId, Ticket, UnixTime};

/// Why a ticket does not let somebody in. Each text says what it means and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// For another game.
    #[error(
        "the Steam ticket is for app {got}, not for app {expected}: log in from Micro Machines World Series"
    )]
    OtherApp {
        /// The game it should be for.
        expected: AppId,
        /// The game it is for.
        got: AppId,
    },
    /// Session and ownership are of different accounts.
    #[error("the Steam ticket names two accounts, {session} and {owner}: restart Steam and the game")]
    TwoAccounts {
        /// The session's.
        session: SteamId,
        /// The owner's.
        owner: SteamId,
    },
    /// Not a person's account.
    #[error("{got} is not a person's Steam account in the public universe")]
    NotAPerson {
        /// The id.
        got: SteamId,
    },
    /// Issued in the future.
    #[error(
        "the Steam ticket was issued {seconds} s in the future: this server's clock is wrong, most likely; set it \
         (a Raspberry Pi without a network starts in the past)"
    )]
    FromTheFuture {
        /// By how much.
        seconds: u32,
    },
    /// Expired.
    #[error(
        "the Steam ticket expired {seconds} s ago: restart Steam to get a new one; if everybody is refused, this \
         server's clock is wrong"
    )]
    Expired {
        /// By how much.
        seconds: u32,
    },
}

impl Ticket {
    /// Checks what the ticket says, without its signature: the game, one account that is a person's, and the time,
    /// give or take `tolerance` seconds. Gives the account.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn check(&self, app: AppId, now: UnixTime, tolerance: u32) -> Result<SteamId, Refusal> {
        let early = self.issued.0.saturating_sub(now.0);
        let late = now.0.saturating_sub(self.expires.0);
        match () {
            () if self.app != app => Err(Refusal::OtherApp { expected: app, got: self.app }),
            () if self.session_steam_id != self.owner => {
                Err(Refusal::TwoAccounts { session: self.session_steam_id, owner: self.owner })
            }
            () if !self.owner.is_public_individual() => Err(Refusal::NotAPerson { got: self.owner }),
            () if early > tolerance => Err(Refusal::FromTheFuture { seconds: early }),
            () if late > tolerance => Err(Refusal::Expired { seconds: late }),
            () => Ok(self.owner),
        }
    }
}
