//! The parts that all runtimes share: they serve with these, and differ in how they wait.

pub mod connections;
pub mod driver;
pub(crate) mod recorder;
pub mod serving;
