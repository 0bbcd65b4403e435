//! For hosts, beside the services: names, findings of `doctor`, notices to friends, a command.

pub(crate) mod findings;
pub(crate) mod info;
pub(crate) mod notice;
pub mod steam_ticket;
