//! What every runtime does with the core alike: gives it the time, keeps its records, writes its log. It knows no game
//! and no protocol: it drives any [`Core`].

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use mmcos_core::seam::{
    Bytes, Close, CommitSeq, ConnId, Core, Effect, Input, Level, Monotonic, Now, Outbox, Report, Storage,
};

use crate::clock::Clock;
use crate::store::{Committer, Status, StoreError};

/// Where a runtime takes what the core has to say to a connection. Connections that it does not know (any more) it
/// passes over.
pub trait Carry {
    /// Queue these bytes, to be written when `after` is durable; at once if that is the default ticket, unless they
    /// would overtake what waits.
    fn send(&mut self, conn: ConnId, bytes: Bytes<'_>, after: CommitSeq);

    /// Close the connection in this manner.
    fn close(&mut self, conn: ConnId, how: Close);
}

/// A host's part that sees what happens and changes none of it: a trace, a webhook. Each method does nothing by default.
/// It must return at once.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
/// use mmcos_core::seam::{Core, Input, Now};
/// use mmcos_std::driver::Witness;
///
/// /// Counts the bytes that clients have sent.
/// #[derive(Clone, Debug, Default)]
/// struct Traffic(Arc<AtomicU64>);
///
/// impl<C: Core> Witness<C> for Traffic {
///     fn input(&mut self, _: Now, input: Input<'_>) {
///         if let Input::Received { bytes, .. } = input {
///             self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Witness<C: Core>: Debug + Send {
    /// An input, before the core gets it.
    fn input(&mut self, _now: Now, _input: Input<'_>) {}

    /// An effect of the last input, before it is carried out.
    fn effect(&mut self, _effect: &Effect<'_, C::Record, C::Event>) {}

    /// A log event, once the records that it came with are durable. `at` is the time of its input.
    fn event(&mut self, _at: Monotonic, _event: &C::Event) {}
}

/// The core, its clock, its store, and its witnesses.
///
/// ```
/// # use std::convert::Infallible;
/// # use mmcos_core::seam::{Bytes, Close, CommitSeq, ConnId, Core, Input, Monotonic, Now, Outbox};
/// # use mmcos_std::{clock::Clock, driver::{Carry, Driver}, store::{Commit, Committer, StoreError}};
/// # struct Echo;
/// # impl Core for Echo {
/// #     type Record = ();
/// #     type Event = Infallible;
/// #     fn handle(&mut self, _: Now, input: Input<'_>, out: &mut Outbox<(), Infallible>) {
/// #         if let Input::Received { conn, bytes } = input {
/// #             out.persist(());
/// #             out.send(conn, bytes);
/// #         }
/// #     }
/// #     fn next_deadline(&self) -> Option<Monotonic> { None }
/// # }
/// # struct Memory;
/// # impl Commit<()> for Memory {
/// #     fn commit(&mut self, _: &[()]) -> Result<(), StoreError> { Ok(()) }
/// # }
/// /// Holds back what must not leave yet.
/// #[derive(Default)]
/// struct Sockets(Vec<(Vec<u8>, CommitSeq)>);
///
/// impl Carry for Sockets {
///     fn send(&mut self, _: ConnId, bytes: Bytes<'_>, after: CommitSeq) {
///         self.0.push((bytes.to_vec(), after));
///     }
///
///     fn close(&mut self, _: ConnId, _: Close) {}
/// }
///
/// // `Echo` is a `Core` that keeps what it echoes, `Memory` a store.
/// let mut driver = Driver::new(Echo, Committer::start(Memory)?, Clock::start());
/// let mut sockets = Sockets::default();
/// driver.input(Input::Received { conn: ConnId(1), bytes: b"hello" }, &mut sockets);
/// let [(bytes, after)] = &sockets.0[..] else { panic!() };
/// assert_eq!(bytes, b"hello");
/// driver.store().wait(*after)?; // Now it may leave.
/// driver.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Driver<C: Core> {
    clock: Clock,
    core: C,
    store: Committer<C::Record>,
    witnesses: Vec<Box<dyn Witness<C>>>,
    out: Outbox<C::Record, C::Event>,
    /// The records of the last input.
    records: Vec<C::Record>,
    /// The state of the storage, as the core knows it.
    storage: Storage,
    /// Log events about changes that are not durable yet.
    events: VecDeque<(CommitSeq, Monotonic, C::Event)>,
}

impl<C: Core> Driver<C> {
    /// Drives this core, whose records go to this store.
    pub fn new(core: C, store: Committer<C::Record>, clock: Clock) -> Self {
        let (out, witnesses) = (Outbox::new(), Vec::new());
        let (records, events, storage) = (Vec::new(), VecDeque::new(), Storage::default());
        Self { clock, core, store, witnesses, out, records, storage, events }
    }

    /// Adds a witness of what happens from now on.
    pub fn add_witness(&mut self, witness: impl Witness<C> + 'static) {
        self.witnesses.push(Box::new(witness));
    }

    /// Gives the core an input and carries out what follows. What the core says after a record may leave when the
    /// record is durable.
    pub fn input(&mut self, input: Input<'_>, carry: &mut impl Carry) {
        let Status { times, storage, durable } = self.store.status();
        self.release(durable);
        for took in times {
            self.carry_out(Input::Committed { took }, carry);
        }
        if storage != self.storage {
            self.storage = storage;
            self.carry_out(Input::Storage(storage), carry);
        }
        self.carry_out(input, carry);
    }

    fn carry_out(&mut self, input: Input<'_>, carry: &mut impl Carry) {
        let now = self.clock.now();
        for witness in &mut self.witnesses {
            witness.input(now, input);
        }
        self.core.handle(now, input, &mut self.out);
        let mut after = CommitSeq::default();
        let mut events = Vec::new();
        for effect in self.out.drain() {
            for witness in &mut self.witnesses {
                witness.effect(&effect);
            }
            match effect {
                Effect::Persist(record) => self.records.push(record),
                Effect::Send { conn, bytes } => {
                    if !self.records.is_empty() {
                        after = self.store.submit(self.records.drain(..));
                    }
                    carry.send(conn, bytes, after);
                }
                Effect::Close { conn, how } => carry.close(conn, how),
                Effect::Log(event) => events.push(event),
            }
        }
        if !self.records.is_empty() {
            after = self.store.submit(self.records.drain(..));
        }
        for event in events {
            if after == CommitSeq::default() {
                tell(&mut self.witnesses, now.monotonic, &event);
            } else {
                // A login that was not kept has not taken place.
                self.events.push_back((after, now.monotonic, event));
            }
        }
    }

    /// Tells the log what has become durable.
    pub fn release(&mut self, durable: CommitSeq) {
        while let Some((_, at, event)) = self.events.pop_front_if(|(after, ..)| *after <= durable) {
            tell(&mut self.witnesses, at, &event);
        }
    }

    /// The clock that the core is given.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The core.
    pub const fn core(&self) -> &C {
        &self.core
    }

    /// The store.
    pub const fn store(&self) -> &Committer<C::Record> {
        &self.store
    }

    /// When the core wants a tick.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.core.next_deadline()
    }

    /// How long until the core wants a tick.
    pub fn until_tick(&self) -> Option<Duration> {
        Some(self.next_deadline()?.since(self.clock.now().monotonic))
    }

    /// Makes durable what is not yet, and closes the store. Fails if that is not possible within some seconds.
    pub fn finish(mut self) -> Result<(), Arc<StoreError>> {
        self.release(self.store.durable()?);
        let Self { store, mut witnesses, events, .. } = self;
        let durable = store.finish()?;
        for (_, at, event) in events.into_iter().take_while(|(after, ..)| *after <= durable) {
            tell(&mut witnesses, at, &event);
        }
        Ok(())
    }
}

fn tell<C: Core>(witnesses: &mut [Box<dyn Witness<C>>], at: Monotonic, event: &C::Event) {
    let level = match event.level() {
        Level::Info => log::Level::Info,
        Level::Warn => log::Level::Warn,
    };
    log::log!(target: event.target(), level, "{event}");
    for witness in witnesses {
        witness.event(at, event);
    }
}
