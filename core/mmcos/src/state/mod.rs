//! The state of a running server, with the effects of each change: records, log events, timers.

mod calls;
pub(crate) mod game_configuration;
pub(crate) mod matchmaking;
pub(crate) mod nights;
pub(crate) mod sessions;
pub(crate) mod standings;
