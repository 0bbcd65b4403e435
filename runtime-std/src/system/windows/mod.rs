//! Windows alone: the events that end a program, its service, its firewall, its permissions.

pub(crate) mod signals;
