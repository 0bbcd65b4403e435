//! The server on threads, from outside.
#![cfg(unix)]

use mmcos_core::{link::WriteLimits, seam::Core};
use mmcos_std::{
    driver::Driver,
    server::Server,
    serving::{Listener, RunError},
};

mod blackbox;

/// Path of the tested program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_mmcos-std");

/// Serves at one listener until the store fails.
fn run<C: Core>(driver: Driver<C>, listener: Listener) -> Result<(), RunError> {
    Server::new(driver, vec![listener], WriteLimits::default()).run()
}
