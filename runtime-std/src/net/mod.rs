//! Listening sockets, TLS and its certificates.

pub mod certificate;
pub mod listen;
pub mod tls;
