//! The sockets of a server, on threads: one owns the core, one at each listener accepts, and one for each
//! connection reads.
//!
//! [`Server::run`]'s thread is the only owner of the core (`hub`). A connection's thread blocks in `read`, so that it
//! notices at once when its client goes, and tells the hub what was received (`connection`). The hub writes: what a
//! socket takes without waiting it writes itself, and for a client that does not read as fast, a thread is there until
//! it has. The hub also keeps the deadlines of all connections: it shuts a socket down, and whatever thread waits for it
//! wakes up. A client over a limit is turned away before it has a thread.

mod connection;
mod hub;
mod transport;

use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use std::{io, thread};

use mmcos_core::game::Game;
use mmcos_core::link::WriteLimits;
use mmcos_core::seam::Core;
use socket2::SockRef;

use crate::driver::Driver;
use crate::listen::{self, AcceptTrouble};
use crate::serving::{self, Door, RunError, Serving};
use crate::socket;
use hub::{Hub, Inbox, Message};

/// Serves a game on threads: does what the command line of this process asks for. A program's `main` is this call alone.
pub fn main<G: Game>() -> ExitCode {
    serving::main::<G>(|Serving { driver, doors, caretaker, write_limits }| {
        let server = Server::new(driver, doors, write_limits);
        let stop = server.stop();
        thread::Builder::new().name("caretaker".to_owned()).spawn(move || {
            caretaker.watch();
            stop.stop();
        })?;
        server.run()
    })
}

/// Messages that may wait for the hub; a sender of another waits, and with it its client.
const INBOX: usize = 256;
/// Stack of a thread that reads or writes one connection. A TLS handshake takes the most; debug builds take more.
const STACK: usize = if cfg!(debug_assertions) { 512 * 1024 } else { 96 * 1024 };

/// A server with its listeners, not yet running.
#[derive(Debug)]
pub struct Server<C: Core> {
    hub: Hub<C>,
    doors: Vec<Door>,
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

impl<C: Core> Server<C> {
    /// A server with these listeners and write limits.
    pub fn new(driver: Driver<C>, doors: Vec<Door>, limits: WriteLimits) -> Self {
        let (sender, inbox) = sync_channel(INBOX);
        let hub = Hub::new(driver, Inbox(sender.clone()), limits);
        Self { hub, doors, sender, inbox }
    }

    /// What stops it.
    pub fn stop(&self) -> Stop {
        Stop(self.sender.clone())
    }

    /// Runs on this thread until it is stopped, then answers what is held, closes, and returns when all is kept. If the
    /// store fails, drops all connections and returns at once.
    pub fn run(self) -> Result<(), RunError> {
        let mut listeners = Vec::new();
        for door in self.doors {
            listeners.push(door.listener.try_clone()?);
            let hub = self.sender.clone();
            thread::Builder::new().name("accept".to_owned()).spawn(move || accept(&door, &hub))?;
        }
        let stop_accepting = || listeners.iter().for_each(close);
        let result = self.hub.run(&self.inbox, stop_accepting);
        stop_accepting();
        result
    }
}

/// Makes the thread that accepts there stop, and the system reject new clients.
fn close(listener: &TcpListener) {
    let _ = SockRef::from(listener).shutdown(std::net::Shutdown::Both);
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(run).map(drop)
}

/// Accepts until the listener is shut down.
fn accept(door: &Door, hub: &SyncSender<Message>) {
    let mut trouble = AcceptTrouble::default();
    loop {
        match door.listener.accept() {
            Ok((socket, peer)) => {
                socket::prepare(&socket);
                let (tls, peer) = (door.tls.clone(), listen::peer(peer));
                if hub.send(Message::Opened { socket, tls, peer }).is_err() {
                    return;
                }
            }
            // It was shut down.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return,
            Err(error) => {
                trouble.tell(&error);
                thread::sleep(Duration::from_millis(50));
            }
        }
    }
}
