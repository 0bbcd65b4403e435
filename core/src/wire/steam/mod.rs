//! Steam identities and auth session tickets.

mod id;

pub use id::SteamId;
