//! Searches, matches and their results.

mod lone_players;
mod races;
mod searches;
