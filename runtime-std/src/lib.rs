//! The host of every game: everything that touches the operating system with plain `std`, shared by all runtimes.
//!
//! A game is a crate that implements [`Game`](mmcos_core::game::Game) and depends on `mmcos-core` alone. Its program
//! is one line, `mmcos_std::main::<G>()`, which serves it on threads. `mmcos-smol` has the same for one thread. Both
//! have configuration, certificates, a store, traces, a doctor and pages for players. A custom adapter may need
//! [`driver`], [`store`], [`tls`] and [`listen`]. [`server::Server`] serves a [`Core`](mmcos_core::seam::Core) that
//! is not a `Game`.

pub mod certificate;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod data_dir;
pub mod doctor;
pub mod driver;
mod game;
pub mod host;
pub mod listen;
mod local_client;
mod log;
pub mod notify;
pub mod open_files;
mod operator;
mod program;
mod record;
mod running;
mod secret;
pub mod server;
mod service_manager;
pub mod serving;
pub mod setup;
pub mod signals;
pub mod socket;
pub mod store;
mod text;
mod text_file;
pub mod tls;

pub use server::main;
