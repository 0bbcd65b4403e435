//! The online services of Micro Machines World Series without any IO.
#![no_std]

extern crate alloc;

pub mod mmcos;
pub mod seam;
pub mod wire;
