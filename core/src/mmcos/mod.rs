//! Micro Machines World Series.

pub mod catalogue;
pub mod ids;
