//! Steam identities, read from the auth session ticket in a login request and checked offline.
//!
//! ```
//! use core::time::Duration;
//! use mmcos_core::wire::steam::{
//!     AppId, PublicKey, SteamId, Ticket, TicketBuilder, UnixSeconds, check, encode_platform_id,
//!     parse_platform_id, verify,
//! };
//!
//! let app = AppId(535_850);
//! let builder = TicketBuilder::new(SteamId::new(76_561_202_000_000_001), app, UnixSeconds(1_700_000_000));
//! let field = encode_platform_id(&builder.build(|_| [0; 128])?);
//!
//! let bytes = parse_platform_id(&field)?;
//! let ticket = Ticket::parse(&bytes)?;
//! let steam_id = check(&ticket, app, 1_700_000_100, Duration::from_secs(300))?;
//! assert_eq!(steam_id, SteamId::new(76_561_202_000_000_001));
//! assert!(verify(&ticket, &PublicKey::steam()).is_err(), "only Steam can sign");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod builder;
mod check;
mod id;
mod platform_id;
mod signature;
mod ticket;

pub use builder::TicketBuilder;
pub use check::{Refusal, Span, check};
pub use id::{AppId, SteamId};
pub use platform_id::{PlatformIdError, encode_platform_id, parse_platform_id};
pub use signature::{KeyError, PublicKey, SignatureError, verify};
pub use ticket::{Dlc, MAX_TICKET_LEN, Ownership, SIGNATURE_LEN, Session, Ticket, TicketError, UnixSeconds};
