use alloc::{format, string::String, vec::Vec};
use core::fmt::{self, Write as _};

use crate::{
    OutboxOf, Server,
    game::Game,
    seam::{Effect, Input, Now},
    trace::{Recorder, Start, StartError},
};

/// A server whose run is recorded as a [trace](crate::trace), without its secrets.
pub struct Recording<G: Game> {
    /// The server.
    pub server: Server<G>,
    /// Trace of the run so far.
    pub trace: String,
    recorder: Recorder<G>,
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
        let server = start.server()?;
        let (recorder, start) = Recorder::new(start, server.service(), [0x5a; 32]);
        Ok(Self { server, trace: format!("{start}\n"), recorder, out: OutboxOf::<G>::new() })
    }

    /// Passes an input to the server. Returns the bytes that it sends.
    pub fn input(&mut self, now: Now, input: Input<'_>) -> Vec<u8> {
        let line = self.recorder.input(now, input);
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(self.trace, "{line}");
        self.server.handle(now, input, &mut self.out);
        let mut sent = Vec::new();
        for effect in self.out.drain() {
            if let Some(line) = self.recorder.effect(&effect) {
                let _ = writeln!(self.trace, "{line}");
            }
            if let Effect::Send { bytes, .. } = effect {
                sent.extend_from_slice(&bytes);
            }
        }
        sent
    }
}
