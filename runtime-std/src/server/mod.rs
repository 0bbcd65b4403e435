//! The sockets of a server, on threads: one owns the core, one accepts at each listener, and one reads each
//! connection.
//!
//! The thread of [`Server::run`] is the only owner of the core (`hub`). A connection's thread blocks in `read`, so
//! that it notices at once when its client disconnects, and sends received bytes to the hub (`connection`). The hub
//! writes what a socket takes without waiting. For a client that reads more slowly, a thread writes the rest. The hub
//! also keeps the deadlines of all connections: it shuts a socket down, and any thread that waits for it wakes up. A
//! client over a limit is refused before it has a thread.

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

use crate::connections;
use crate::driver::Driver;
use crate::listen::{self, AcceptTrouble};
use crate::serving::{self, Listener, RunError, Serving};
use hub::{Hub, Inbox, Message};

/// Runs a program that serves a game on threads: carries out the command line of this process. A `main` consists of
/// this call.
pub fn main<G: Game>() -> ExitCode {
    serving::main::<G>(|Serving { driver, listeners, caretaker, write_limits }| {
        let server = Server::new(driver, listeners, write_limits);
        let stop = server.stop();
        thread::Builder::new().name("caretaker".to_owned()).spawn(move || {
            caretaker.watch();
            stop.stop();
        })?;
        server.run()
    })
}

/// Maximum number of messages that wait for the hub. A sender of another one waits, and its client with it.
const INBOX: usize = 256;
/// Stack size of a connection's thread, in bytes. A TLS handshake needs the most; debug builds need more.
const STACK: usize = if cfg!(debug_assertions) { 512 * 1024 } else { 96 * 1024 };

/// A server with its listeners, not running yet.
#[derive(Debug)]
pub struct Server<C: Core> {
    hub: Hub<C>,
    listeners: Vec<Listener>,
    sender: SyncSender<Message>,
    inbox: Receiver<Message>,
}

/// Handle that stops a server. Does nothing if the server has ended.
#[derive(Clone, Debug)]
pub struct Stop(SyncSender<Message>);

impl Stop {
    /// Stops the server: it responds to held requests, closes its connections, and returns.
    pub fn stop(&self) {
        let _ = self.0.send(Message::Stop);
    }
}

impl<C: Core> Server<C> {
    /// Makes a server with these listeners and write limits.
    pub fn new(driver: Driver<C>, listeners: Vec<Listener>, limits: WriteLimits) -> Self {
        let (sender, inbox) = sync_channel(INBOX);
        let hub = Hub::new(driver, Inbox(sender.clone()), limits);
        Self { hub, listeners, sender, inbox }
    }

    /// Returns a handle that stops the server.
    pub fn stop(&self) -> Stop {
        Stop(self.sender.clone())
    }

    /// Runs on this thread until it is stopped. Then responds to held requests, closes, and returns when everything
    /// is durable. If the store fails, drops all connections and returns at once.
    pub fn run(self) -> Result<(), RunError> {
        let mut listeners = Vec::new();
        for listener in self.listeners {
            listeners.push(listener.socket.try_clone()?);
            let hub = self.sender.clone();
            thread::Builder::new().name("accept".to_owned()).spawn(move || accept(&listener, &hub))?;
        }
        let stop_accepting = || listeners.iter().for_each(close);
        let result = self.hub.run(&self.inbox, stop_accepting);
        stop_accepting();
        result
    }
}

/// Stops the thread that accepts here, and makes the system reject new clients.
fn close(listener: &TcpListener) {
    let _ = SockRef::from(listener).shutdown(std::net::Shutdown::Both);
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(run).map(drop)
}

/// Accepts connections until the listener is shut down.
fn accept(listener: &Listener, hub: &SyncSender<Message>) {
    let mut trouble = AcceptTrouble::default();
    loop {
        match listener.socket.accept() {
            Ok((socket, peer)) => {
                connections::prepare(&socket);
                let (tls, kind, peer) = (listener.tls.clone(), listener.kind(), listen::peer(peer));
                let is_trusted = listener.trusted_proxies.iter().any(|range| range.contains(peer.ip()));
                let opened = Message::Opened { socket, tls, listener: kind, peer, is_trusted };
                if hub.send(opened).is_err() {
                    return;
                }
            }
            // The listener was shut down.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return,
            Err(error) => {
                trouble.log(&error);
                thread::sleep(Duration::from_millis(50));
            }
        }
    }
}
