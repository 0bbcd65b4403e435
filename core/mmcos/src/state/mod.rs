//! The state of a running server, with the effects of each change: records, log events, timers.

mod admission;
pub(crate) mod game_configuration;
pub(crate) mod presence;
pub(crate) mod season_change;
