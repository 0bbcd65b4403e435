//! The command line, and the commands that only look at a server or talk to one on this machine.

pub(crate) mod admin;
pub mod cli;
pub(crate) mod complete;
pub mod doctor;
pub(crate) mod local_client;
pub(crate) mod manual;
pub(crate) mod running;
pub(crate) mod text;
