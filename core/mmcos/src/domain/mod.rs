//! The game's rules, without bytes and connections: time and random numbers are arguments.

pub mod calls;
pub mod catalogue;
pub mod divisions;
pub mod identity;
pub mod ids;
pub mod matchmaker;
pub mod mode_of_the_day;
pub mod moderation;
pub mod nights;
pub mod plans;
pub mod players;
pub(crate) mod podium;
pub(crate) mod race_keys;
pub mod ranking;
pub mod results;
pub mod seasons;
pub mod session_token;
pub mod special_events;
