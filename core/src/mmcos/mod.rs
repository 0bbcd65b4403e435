//! Micro Machines World Series.

pub mod ids;
pub mod matchmaker;
