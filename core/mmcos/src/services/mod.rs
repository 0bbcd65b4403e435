//! The services of the game: a request's bytes in, a response's bytes out. [`routes`] says which path is which.

mod account;
mod add_points;
mod egonet_login;
pub(crate) mod leaderboard;
mod matchmaking;
pub(crate) mod response;
pub(crate) mod routes;
pub(crate) mod status;
