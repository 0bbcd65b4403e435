//! The part of every runtime that drives the core: gives it the time, persists its records, writes its log. It drives
//! any [`Core`], without knowledge of a game or protocol.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use mmcos_core::seam::{
    Bytes, Close, CommitSeq, ConnId, Core, Effect, Input, Level, Monotonic, Now, Outbox, Report, Storage,
};

use crate::clock::Clock;
use crate::store::{Committer, Status, StoreError};

/// The connections of a runtime, for the core's effects. Ignores unknown and removed connections.
pub trait ConnectionSet {
    /// Queues bytes to be written when `after` is durable. With the default commit number they are written at once,
    /// unless they would overtake bytes that wait.
    fn send(&mut self, conn: ConnId, bytes: Bytes<'_>, after: CommitSeq);

    /// Closes the connection in this manner.
    fn close(&mut self, conn: ConnId, how: Close);
}

/// Part of a host that sees all inputs and effects and changes none of them: a trace, a webhook. Each method does
/// nothing by default. Each must return at once.
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
    /// Called with an input before the core handles it.
    fn input(&mut self, _now: Now, _input: Input<'_>) {}

    /// Called with an effect of the last input, before it is carried out.
    fn effect(&mut self, _effect: &Effect<'_, C::Record, C::Event>) {}

    /// Called with a log event when the records of its input are durable. `at` is the time of the input.
    fn event(&mut self, _at: Monotonic, _event: &C::Event) {}
}

/// The core, its clock, its store, and its witnesses.
///
/// ```
/// # use std::convert::Infallible;
/// # use mmcos_core::seam::{Bytes, Close, CommitSeq, ConnId, Core, Input, Monotonic, Now, Outbox};
/// # use mmcos_std::{clock::Clock, driver::{ConnectionSet, Driver}, store::{Commit, Committer, StoreError}};
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
/// impl ConnectionSet for Sockets {
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
    /// Records of the last input.
    records: Vec<C::Record>,
    /// State of the storage, as last reported to the core.
    storage: Storage,
    /// Log events about changes that are not durable yet.
    events: VecDeque<(CommitSeq, Monotonic, C::Event)>,
}

impl<C: Core> Driver<C> {
    /// Drives this core, with this store for its records.
    pub fn new(core: C, store: Committer<C::Record>, clock: Clock) -> Self {
        let (out, witnesses) = (Outbox::new(), Vec::new());
        let (records, events, storage) = (Vec::new(), VecDeque::new(), Storage::default());
        Self { clock, core, store, witnesses, out, records, storage, events }
    }

    /// Adds a witness. It sees all later inputs.
    pub fn add_witness(&mut self, witness: impl Witness<C> + 'static) {
        self.witnesses.push(Box::new(witness));
    }

    /// Starts the core: a game may have something to do before a client comes.
    pub fn start(&mut self) {
        self.carry_out(Input::Tick, &mut NoConnections);
    }

    /// Passes an input to the core and carries out its effects. Bytes that the core sends after a record leave when
    /// the record is durable.
    pub fn input(&mut self, input: Input<'_>, connections: &mut impl ConnectionSet) {
        let Status { times, storage, durable } = self.store.status();
        self.release(durable);
        for took in times {
            self.carry_out(Input::Committed { took }, connections);
        }
        if storage != self.storage {
            self.storage = storage;
            self.carry_out(Input::Storage(storage), connections);
        }
        self.carry_out(input, connections);
    }

    fn carry_out(&mut self, input: Input<'_>, connections: &mut impl ConnectionSet) {
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
                    connections.send(conn, bytes, after);
                }
                Effect::Close { conn, how } => connections.close(conn, how),
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
                // A login that was not persisted has not taken place.
                self.events.push_back((after, now.monotonic, event));
            }
        }
    }

    /// Logs the events whose records are durable up to `durable`.
    pub fn release(&mut self, durable: CommitSeq) {
        while let Some((_, at, event)) = self.events.pop_front_if(|(after, ..)| *after <= durable) {
            tell(&mut self.witnesses, at, &event);
        }
    }

    /// Returns the clock that the core's times come from.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns the core.
    pub const fn core(&self) -> &C {
        &self.core
    }

    /// Returns the store.
    pub const fn store(&self) -> &Committer<C::Record> {
        &self.store
    }

    /// Returns the time at which the core wants a tick.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.core.next_deadline()
    }

    /// Returns the time until the core wants a tick.
    pub fn until_tick(&self) -> Option<Duration> {
        Some(self.next_deadline()?.since(self.clock.now().monotonic))
    }

    /// Commits what is not durable yet, and closes the store. Fails if that is not possible within some seconds.
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

/// The connections of a server that accepts none yet.
struct NoConnections;

impl ConnectionSet for NoConnections {
    fn send(&mut self, _conn: ConnId, _bytes: Bytes<'_>, _after: CommitSeq) {}

    fn close(&mut self, _conn: ConnId, _how: Close) {}
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
