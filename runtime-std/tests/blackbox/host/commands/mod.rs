//! Commands that look at a running server, or at none.

mod admin;
mod completions;
