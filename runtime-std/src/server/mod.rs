//! The sockets of an mmcos server, on threads: one owns the core, one at each door accepts, and one for each connection
//! reads.
//!
//! [`Server::run`]'s thread is the only owner of the core (`hub`). A connection's thread blocks in `read`, so that it
//! notices at once when its client goes, and tells the hub what was received (`reader`). The hub writes: what a socket
//! takes without waiting it writes itself, and for a client that does not read as fast, a thread is there until it has
//! (`link`). Nobody waits for the core or for a socket with a lock held.

mod hub;
mod link;
mod reader;
mod seats;

use std::io;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use mmcos_core::seam::{ConnId, ListenerId};
use rustls::ServerConnection;
use socket2::SockRef;

use crate::driver::Driver;
use crate::listen::{self, AcceptTrouble};
use crate::serving::{Door, RunError, Unread};
use hub::{Bell, Hub, Message};
use link::Link;
use seats::Seats;

/// Messages that may wait for the hub; who has another waits, and with it its client.
const INBOX: usize = 256;
/// For a thread that reads or writes one connection. A TLS handshake takes the most; debug builds take more.
const STACK: usize = if cfg!(debug_assertions) { 512 * 1024 } else { 96 * 1024 };
/// Connections that the core does not count (any more): to tell them so, or that are still being closed.
const SPARE: usize = 64;

/// A server at its doors, not yet running.
#[derive(Debug)]
pub struct Server {
    hub: Hub,
    doors: Vec<Door>,
    unread: Unread,
    seats: Arc<Seats>,
    sender: SyncSender<Message>,
    inbox: Receiver<Message>,
}

/// Stops a server. If it has ended, does nothing.
#[derive(Clone, Debug)]
pub struct Stop(SyncSender<Message>);

impl Stop {
    /// The server answers what is held, closes, and returns.
    pub fn stop(&self) {
        let _ = self.0.send(Message::Stop);
    }
}

impl Server {
    /// A server for about so many connections, more are not accepted before others have ended; and for clients who leave
    /// so much unread.
    pub fn new(driver: Driver, doors: Vec<Door>, connections: usize, unread: Unread) -> Self {
        let (sender, inbox) = sync_channel(INBOX);
        let bell = Bell(sender.clone());
        let hub = Hub::new(driver, &bell, unread.bytes);
        let seats = Seats::new(connections.saturating_add(SPARE), bell);
        Self { hub, doors, unread, seats, sender, inbox }
    }

    /// What stops it.
    pub fn stop(&self) -> Stop {
        Stop(self.sender.clone())
    }

    /// Runs on this thread until it is stopped, then answers what is held, closes, and returns when all is kept. If the
    /// store fails, drops everybody and returns at once.
    pub fn run(self) -> Result<(), RunError> {
        let opened = Arc::new(Mutex::new(0));
        let mut listeners = Vec::new();
        for (number, door) in (0..).zip(self.doors) {
            listeners.push(door.listener.try_clone()?);
            let entrance = Entrance {
                door,
                number: ListenerId(number),
                opened: Arc::clone(&opened),
                seats: Arc::clone(&self.seats),
                unread: self.unread.time,
                hub: self.sender.clone(),
            };
            thread::Builder::new().name("accept".to_owned()).spawn(move || entrance.accept())?;
        }
        let close_doors = || listeners.iter().for_each(close);
        let result = self.hub.run(&self.inbox, &self.seats, close_doors);
        close_doors();
        result
    }
}

/// Has the thread that accepts there stop, and the system turn away who comes.
fn close(listener: &TcpListener) {
    let _ = SockRef::from(listener).shutdown(std::net::Shutdown::Both);
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(run).map(drop)
}

/// A door and who stands there.
struct Entrance {
    door: Door,
    number: ListenerId,
    /// The number of the last connection, of all doors.
    opened: Arc<Mutex<u64>>,
    seats: Arc<Seats>,
    /// How long a client may leave unread what was written.
    unread: Duration,
    hub: SyncSender<Message>,
}

impl Entrance {
    /// Accepts until the listener is shut down.
    fn accept(self) {
        let mut trouble = AcceptTrouble::default();
        loop {
            match self.admit() {
                Ok(()) => {}
                // It was shut down.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => return,
                Err(error) => {
                    trouble.tell(&error);
                    thread::sleep(Duration::from_millis(50));
                }
            }
        }
    }

    fn admit(&self) -> io::Result<()> {
        let (socket, peer) = self.door.listener.accept()?;
        let seat = self.seats.take();
        let _ = socket.set_nodelay(true);
        let tls = self.door.tls.clone().map(ServerConnection::new).transpose().map_err(io::Error::other)?;
        let link = Arc::new(Link::new(socket, tls, seat, self.unread));
        let conn = {
            // Held, so that the hub sees the numbers in their order.
            let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
            *opened = opened.saturating_add(1);
            let (conn, link) = (ConnId(*opened), Arc::clone(&link));
            let opened = Message::Opened { conn, listener: self.number, peer: listen::peer(peer), link };
            if self.hub.send(opened).is_err() {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            conn
        };
        let hub = self.hub.clone();
        spawn("connection", move || reader::read(conn, &link, &hub))
            .inspect_err(|_| drop(self.hub.send(Message::Ended { conn, whole: false })))
    }
}
