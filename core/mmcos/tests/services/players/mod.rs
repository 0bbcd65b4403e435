//! Accounts, and what players see of each other.

mod bans;
mod identity;
mod leaderboards;
mod names;
mod points;
