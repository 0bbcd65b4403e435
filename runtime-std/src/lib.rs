//! The host: all that touches the operating system with plain `std`, for every runtime alike.

pub mod certificate;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod data_dir;
pub mod doctor;
pub mod driver;
pub mod game;
pub mod host;
pub mod listen;
mod local_client;
pub mod log;
pub mod notify;
pub mod open_files;
pub mod operator;
mod program;
pub mod record;
pub mod running;
pub mod secret;
pub mod server;
pub mod service_manager;
pub mod serving;
pub mod setup;
pub mod signals;
pub mod socket;
pub mod store;
mod text;
pub mod text_file;
pub mod tls;

pub use server::main;
