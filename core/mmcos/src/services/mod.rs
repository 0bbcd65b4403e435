//! The services of the game: a request's bytes in, a response's bytes out. [`routes`] says which path is which.

mod account;
pub(crate) mod add_points;
pub(crate) mod egonet_login;
pub(crate) mod leaderboard;
pub(crate) mod matchmaking;
pub(crate) mod rejection;
pub(crate) mod response;
pub(crate) mod routes;
mod status;
