//! The server on smol, from outside.
#![cfg(unix)]

use mmcos_core::{link::WriteLimits, seam::Core};
use mmcos_smol::{Hub, Server};
use mmcos_std::{
    driver::Driver,
    serving::{Listener, RunError},
};

#[path = "../../runtime-std/tests/blackbox/mod.rs"]
mod blackbox;

/// Path of the tested program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_mmcos");

/// Serves at one listener until the store fails.
fn run<C: Core + 'static>(driver: Driver<C>, listener: Listener) -> Result<(), RunError> {
    Server { hub: Hub::new(driver, WriteLimits::default()), listeners: vec![listener] }
        .run(std::future::pending())
}
