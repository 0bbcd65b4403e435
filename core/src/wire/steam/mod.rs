//! Steam identities and auth session tickets: who is asking, established offline.
//!
//! The game logs in with a ticket that Steam gave it. [`Ticket::parse`] reads it, [`Ticket::verify`] checks Steam's
//! signature, [`Ticket::check`] what it says. A ticket is a promise about one account, one game and some weeks; that
//! it was not copied from somebody's machine only Steam's own servers could tell.
//!
//! ```
//! use mmcos_core::wire::steam::{AppId, SteamId, Ticket, UnixTime};
//!
//! let now = UnixTime(1_700_000_000);
//! let id = SteamId::new(76_561_202_255_230_001);
//! let bytes = Ticket::sample(id, AppId(535_850), now).encode();
//! let ticket = Ticket::parse(&bytes)?;
//! assert_eq!(ticket.check(AppId(535_850), now, 300), Ok(id));
//! assert!(ticket.check(AppId(480), now, 300).is_err());
//! # Ok::<(), mmcos_core::wire::steam::TicketError>(())
//! ```

mod check;
mod id;
mod platform_id;
mod signature;
mod ticket;

pub use check::Refusal;
pub use id::SteamId;
pub use platform_id::{NotAPlatformId, PlatformId};
pub use signature::{NotAKey, PublicKey, SignatureError};
pub use ticket::{AppId, Dlc, Ticket, TicketError, UnixTime};
