//! Models that the server is compared with.

pub mod naive_matchmaker;
