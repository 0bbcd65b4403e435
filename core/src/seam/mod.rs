//! All that an adapter needs: what goes in, what comes out, and time.

mod time;

pub use time::{Monotonic, Now, Wall};
