//! The server as its operator meets it: start, stop, pages, commands, troubles.

mod admin_listen;
mod calls;
pub(super) mod clock;
mod commands;
#[cfg(feature = "postgres")]
mod database;
mod doctor;
mod notify;
mod privacy;
mod proof;
mod setup;
mod start;
mod stop;
mod store_faults;
mod traces;
mod troubles;
