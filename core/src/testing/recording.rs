use alloc::{format, string::String, vec::Vec};
use core::fmt::{self, Write as _};

use crate::{
    OutboxOf, Server,
    game::Game,
    seam::{Effect, Input, Now},
    trace::{EffectLine, InputLine, Start, StartError},
};

/// A server whose run is written down as a [trace](crate::trace).
pub struct Recording<G: Game> {
    /// The server.
    pub server: Server<G>,
    /// All that has happened so far.
    pub trace: String,
    out: OutboxOf<G>,
}

impl<G: Game> fmt::Debug for Recording<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").field("trace", &self.trace).finish_non_exhaustive()
    }
}

impl<G: Game> Recording<G> {
    /// Starts a server.
    pub fn new(start: &Start<G>) -> Result<Self, StartError> {
        Ok(Self { server: start.server()?, trace: format!("{start}\n"), out: OutboxOf::<G>::new() })
    }

    /// Gives the server an input, and returns all bytes that it sends.
    pub fn input(&mut self, now: Now, input: Input<'_>) -> Vec<u8> {
        let _ = writeln!(self.trace, "{}", InputLine { now, input });
        self.server.handle(now, input, &mut self.out);
        let mut sent = Vec::new();
        for effect in self.out.drain() {
            if let Some(line) = EffectLine::of(&effect) {
                // Writing to a String cannot fail, here and above.
                let _ = writeln!(self.trace, "{line}");
            }
            if let Effect::Send { bytes, .. } = effect {
                sent.extend_from_slice(&bytes);
            }
        }
        sent
    }
}
