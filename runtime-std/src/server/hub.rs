//! The one owner of the core.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use mmcos_core::seam::{Bytes, Close, CommitSeq, ConnId, Input, ListenerId};

use super::link::Link;
use super::seats::Seats;
use crate::driver::{Carry, Driver};
use crate::serving::{GRACE, LINGER, LONGEST_GRACE, RunError};
use crate::store::StoreError;

/// What the hub is told.
#[derive(Debug)]
pub(super) enum Message {
    /// A client came.
    Opened { conn: ConnId, listener: ListenerId, peer: SocketAddr, link: Arc<Link> },
    /// It said this.
    Received { conn: ConnId, bytes: Vec<u8>, link: Arc<Link> },
    /// It says no more; `whole` if it meant to. Its reader is gone.
    Ended { conn: ConnId, whole: bool },
    /// There is something to see: more is durable, or the last connection is gone.
    Look,
    /// It is time to stop.
    Stop,
}

/// Gives the core its inputs, one at a time, and carries out its effects.
#[derive(Debug)]
pub(super) struct Hub {
    driver: Driver,
    links: Links,
    /// Until when to go on, once it is to stop.
    end: Option<Instant>,
    waker: Waker,
    durable: CommitSeq,
}

/// Where bytes go.
#[derive(Debug, Default)]
struct Links {
    open: BTreeMap<ConnId, Arc<Link>>,
    /// Links with bytes that wait, the first to be durable first.
    waiting: VecDeque<(CommitSeq, Arc<Link>)>,
    /// Links that are to be closed, and when to look at them, the first first.
    closing: VecDeque<(Instant, Weak<Link>)>,
    /// Links with something new to write.
    written: Vec<Arc<Link>>,
    /// What clients may leave unread, and who left more.
    most_unread: usize,
    overfull: Vec<ConnId>,
}

impl Hub {
    pub(super) fn new(driver: Driver, bell: &Bell, most_unread: usize) -> Self {
        let waker = Waker::from(Arc::new(bell.clone()));
        let links = Links { most_unread, ..Links::default() };
        Self { driver, links, end: None, waker, durable: CommitSeq::default() }
    }

    /// Runs until it was told to stop and all is done, or the store fails.
    pub(super) fn run(
        mut self,
        inbox: &Receiver<Message>,
        seats: &Seats,
        close_doors: impl Fn(),
    ) -> Result<(), RunError> {
        let result = self.serve(inbox, seats, close_doors);
        self.links.abort_all();
        result?;
        Ok(self.driver.finish()?)
    }

    fn serve(
        &mut self,
        inbox: &Receiver<Message>,
        seats: &Seats,
        close_doors: impl Fn(),
    ) -> Result<(), Arc<StoreError>> {
        while self.end.is_none_or(|end| !seats.are_free() && Instant::now() < end) {
            self.release_durable()?;
            match inbox.recv_timeout(self.patience()) {
                Ok(Message::Stop) => {
                    close_doors();
                    self.end = Instant::now().checked_add(LONGEST_GRACE);
                    self.input(Input::Shutdown { grace: GRACE });
                }
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            if self.driver.until_tick() == Some(Duration::ZERO) {
                self.input(Input::Tick);
            }
            self.links.end_closing(Instant::now());
        }
        Ok(())
    }

    /// How long nothing needs to be done.
    fn patience(&self) -> Duration {
        let look = self.links.closing.front().map(|(at, _)| *at);
        let moments = look.into_iter().chain(self.end).map(|at| at.saturating_duration_since(Instant::now()));
        moments.chain(self.driver.until_tick()).min().unwrap_or(Duration::MAX)
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Opened { conn, listener, peer, link } => {
                self.links.open.insert(conn, link);
                self.input(Input::Opened { conn, listener, peer });
            }
            Message::Received { conn, bytes, link } => {
                self.input(Input::Received { conn, bytes: &bytes });
                link.catch_up(bytes.len());
            }
            Message::Ended { conn, whole } => {
                // Nobody waits for what is held; what is under way may still be read.
                self.input(Input::Closed { conn });
                self.links.close(conn, if whole { Close::AfterFlush } else { Close::Abort });
            }
            Message::Look | Message::Stop => {}
        }
    }

    fn input(&mut self, input: Input<'_>) {
        self.driver.input(input, &mut self.links);
        self.links.write();
        while let Some(conn) = self.links.overfull.pop() {
            log::warn!("a client does not read its answers: dropped");
            self.links.close(conn, Close::Abort);
            self.driver.input(Input::Closed { conn }, &mut self.links);
        }
    }

    /// Lets go what waited for the disk, if more is durable. Fails if nothing will be any more.
    fn release_durable(&mut self) -> Result<(), Arc<StoreError>> {
        while let Poll::Ready(durable) =
            self.driver.store().poll(self.durable, &Context::from_waker(&self.waker))
        {
            self.durable = durable?;
            self.driver.release(self.durable);
            while let Some((_, link)) = self.links.waiting.pop_front_if(|(after, _)| *after <= self.durable) {
                link.release(self.durable);
                link.write();
            }
        }
        Ok(())
    }
}

impl Carry for Links {
    fn send(&mut self, conn: ConnId, bytes: Bytes<'_>, after: CommitSeq) {
        let Some(link) = self.open.get(&conn) else { return };
        if link.push(bytes, after) > self.most_unread {
            self.overfull.push(conn);
        }
        let same = |last: &Arc<Link>| Arc::ptr_eq(last, link);
        if after == CommitSeq::default() {
            if !self.written.last().is_some_and(same) {
                self.written.push(Arc::clone(link));
            }
        } else if !self.waiting.back().is_some_and(|(last, link)| *last == after && same(link)) {
            self.waiting.push_back((after, Arc::clone(link)));
        }
    }

    fn close(&mut self, conn: ConnId, how: Close) {
        let Some(link) = self.open.remove(&conn) else { return };
        link.close(how);
        if let Some(look) = Instant::now().checked_add(LINGER).filter(|_| link.is_closing()) {
            self.closing.push_back((look, Arc::downgrade(&link)));
        }
    }
}

impl Links {
    /// Writes what is new.
    fn write(&mut self) {
        for link in self.written.drain(..) {
            link.write();
        }
    }

    /// Ends those that have had their time to close.
    fn end_closing(&mut self, now: Instant) {
        while let Some((_, link)) = self.closing.pop_front_if(|(look, _)| *look <= now) {
            let Some(link) = link.upgrade() else { continue };
            match now.checked_add(LINGER) {
                Some(later) if !link.is_over() => self.closing.push_back((later, Arc::downgrade(&link))),
                _ => link.abort(),
            }
        }
    }

    fn abort_all(&self) {
        self.open.values().for_each(|link| link.abort());
        self.closing.iter().filter_map(|(_, link)| link.upgrade()).for_each(|link| link.abort());
    }
}

/// Has the hub look. If its inbox is full it will anyway.
#[derive(Clone, Debug)]
pub(super) struct Bell(pub(super) SyncSender<Message>);

impl Bell {
    pub(super) fn ring(&self) {
        let _ = self.0.try_send(Message::Look);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}
