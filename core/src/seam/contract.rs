use core::fmt::Debug;

use super::{Input, Monotonic, Now, Outbox, Report};

/// A server without its sockets: inputs in, effects out. [`Server`](crate::Server) is one, for games that speak HTTP.
///
/// It never blocks, fails or panics, whatever the input. Its only sources of time and randomness are its inputs and
/// its seed. This one echoes, and persists what it has echoed:
///
/// ```
/// use core::convert::Infallible;
/// use mmcos_core::seam::{Close, ConnId, Core, Effect, Input, Monotonic, Now, Outbox};
///
/// struct Echo;
///
/// impl Core for Echo {
///     type Record = Vec<u8>;
///     type Event = Infallible;
///
///     fn handle(&mut self, _: Now, input: Input<'_>, out: &mut Outbox<Vec<u8>, Infallible>) {
///         match input {
///             // Nothing waits for the client: this server speaks first.
///             Input::Opened { conn, .. } => out.send(conn, b"hello "),
///             Input::Received { conn, bytes } => {
///                 out.persist(bytes.to_vec());
///                 // Leaves once the record is durable.
///                 out.send(conn, bytes);
///             }
///             Input::Ended { conn } => out.close(conn, Close::AfterFlush),
///             Input::Closed { .. } | Input::Stalled { .. } => {}
///             Input::Tick | Input::Committed { .. } | Input::Storage(_) | Input::Shutdown { .. } => {}
///         }
///     }
///
///     fn next_deadline(&self) -> Option<Monotonic> {
///         None
///     }
/// }
///
/// let (mut core, mut out, conn) = (Echo, Outbox::new(), ConnId(1));
/// let mut sent = Vec::new();
/// for input in [
///     Input::Opened { conn, peer: ([127, 0, 0, 1], 50_000).into(), tls: true },
///     Input::Received { conn, bytes: b"world" },
/// ] {
///     core.handle(Now::default(), input, &mut out);
///     for effect in out.drain() {
///         if let Effect::Send { bytes, .. } = effect {
///             sent.extend_from_slice(&bytes);
///         }
///     }
/// }
/// assert_eq!(sent, b"hello world");
/// ```
///
/// `examples/framed.rs` is a whole one, with frames, limits and time-outs.
pub trait Core {
    /// A durable change.
    type Record: Debug;
    /// A log event; [`Infallible`](core::convert::Infallible) if there is none.
    type Event: Report;

    /// Handles an input and appends its effects to `out`. Several inputs may share an outbox before its effects are
    /// carried out.
    fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox<Self::Record, Self::Event>);

    /// Returns the time of the next [`Input::Tick`], unless another input comes before. It can change with every
    /// input. A tick at this time moves it to a later time, or to none.
    fn next_deadline(&self) -> Option<Monotonic>;
}
