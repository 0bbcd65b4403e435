//! Micro Machines World Series.

pub mod calendar;
pub mod divisions;
pub mod ids;
pub mod players;
pub mod ranking;
pub mod seasons;
