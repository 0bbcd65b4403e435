//! What every runtime does with the core alike: gives it the time, keeps its records, writes its log and its trace.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use mmcos_core::seam::{Bytes, Close, CommitSeq, ConnId, Effect, Input, Monotonic, Storage};
use mmcos_core::{OutboxOf, Server};
use mmcos_game::{Event, Mmcos, Record};

use crate::clock::Clock;
use crate::notify::Notifier;
use crate::record::Recorder;
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

/// The core, its clock, its store, and if there are such its trace and its webhook.
#[derive(Debug)]
pub struct Driver {
    clock: Clock,
    server: Server<Mmcos>,
    store: Committer,
    recorder: Option<Recorder>,
    notifier: Option<Notifier>,
    out: OutboxOf<Mmcos>,
    /// The records of the last input.
    records: Vec<Record>,
    /// The state of the storage, as the core knows it.
    storage: Storage,
    /// Log events about changes that are not durable yet.
    events: VecDeque<(CommitSeq, Monotonic, Event)>,
}

impl Driver {
    /// Drives this core, whose records go to this store.
    pub fn new(server: Server<Mmcos>, store: Committer, clock: Clock) -> Self {
        let out = OutboxOf::<Mmcos>::new();
        let (records, events, storage) = (Vec::new(), VecDeque::new(), Storage::default());
        Self { clock, server, store, recorder: None, notifier: None, out, records, storage, events }
    }

    /// Writes all that happens from now on.
    #[must_use]
    pub fn recording(self, recorder: Option<Recorder>) -> Self {
        Self { recorder, ..self }
    }

    /// Has friends told of what happens from now on.
    #[must_use]
    pub fn notifying(self, notifier: Option<Notifier>) -> Self {
        Self { notifier, ..self }
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
        if let Some(recorder) = &mut self.recorder {
            recorder.input(now, input);
        }
        self.server.handle(now, input, &mut self.out);
        let mut after = CommitSeq::default();
        let mut events = Vec::new();
        for effect in self.out.drain() {
            if let Some(recorder) = &mut self.recorder {
                recorder.effect(&effect);
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
                self.tell(now.monotonic, &event);
            } else {
                // A login that was not kept has not taken place.
                self.events.push_back((after, now.monotonic, event));
            }
        }
    }

    /// Tells the log what has become durable.
    pub fn release(&mut self, durable: CommitSeq) {
        while let Some((_, at, event)) = self.events.pop_front_if(|(after, ..)| *after <= durable) {
            self.tell(at, &event);
        }
    }

    fn tell(&mut self, at: Monotonic, event: &Event) {
        log(event);
        if let Some(notifier) = &mut self.notifier
            && let Some(notice) = event.notice()
        {
            notifier.hear(at, notice);
        }
    }

    /// The clock that the core is given.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The core.
    pub fn server(&self) -> &Server<Mmcos> {
        &self.server
    }

    /// The store.
    pub fn store(&self) -> &Committer {
        &self.store
    }

    /// When the core wants a tick.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.server.next_deadline()
    }

    /// How long until the core wants a tick.
    pub fn until_tick(&self) -> Option<Duration> {
        Some(self.next_deadline()?.since(self.clock.now().monotonic))
    }

    /// Makes durable what is not yet, and closes the store. Fails if that is not possible within some seconds.
    pub fn finish(mut self) -> Result<(), Arc<StoreError>> {
        self.release(self.store.durable()?);
        let events = std::mem::take(&mut self.events);
        let durable = self.store.finish()?;
        events.iter().filter(|(after, ..)| *after <= durable).for_each(|(.., event)| log(event));
        Ok(())
    }
}

fn log(event: &Event) {
    let level = if event.is_trouble() { log::Level::Warn } else { log::Level::Info };
    log::log!(target: event.kind(), level, "{event}");
}
