//! Micro Machines World Series.

pub mod ids;
