//! The host of every game: everything that touches the operating system with plain `std`, shared by all runtimes.
//!
//! A game is a crate that implements [`Game`](mmcos_core::game::Game) and depends on `mmcos-core` alone. Its program
//! is one line, `mmcos_std::main::<G>()`, which serves it on threads. `mmcos-smol` has the same for one thread. Both
//! have configuration, certificates, a store, traces, a doctor and pages for players. A custom adapter may need
//! [`driver`], [`store`], [`tls`] and [`listen`]. [`server::Server`] serves a [`Core`](mmcos_core::seam::Core) that
//! is not a `Game`.

mod command;
pub mod config;
pub mod host;
mod log;
mod net;
pub mod notify;
mod runtime;
pub mod server;
pub mod setup;
pub mod store;
mod system;

pub use command::{cli, doctor};
pub use net::{certificate, listen, tls};
pub use runtime::{connections, driver, serving};
pub use server::main;
pub use system::{clock, data_dir, open_files, signals};
