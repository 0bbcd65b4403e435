use std::{
    future::poll_fn,
    net::TcpListener,
    pin::Pin,
    process::ExitCode,
    rc::{Rc, Weak},
    task::Poll,
    time::Duration,
};

use async_io::{Async, Timer};
use futures_rustls::TlsAcceptor;
use mmcos_core::{
    AddressRange,
    game::Game,
    seam::{Core, Input, ListenerKind},
};
use mmcos_std::{
    connections,
    listen::{self, AcceptTrouble},
    serving::{self, GRACE, LONGEST_GRACE, Listener, RunError, Serving},
};
use smol::{LocalExecutor, future::FutureExt};

use crate::{
    connection::{self, Socket},
    hub::Hub,
};

/// Runs a program that serves a game on smol: carries out the command line of this process. A `main` consists of this
/// call.
pub fn main<G: Game>() -> ExitCode {
    serving::main::<G>(|Serving { driver, listeners, caretaker, write_limits }| {
        Server { hub: Hub::new(driver, write_limits), listeners }.run(smol::unblock(|| caretaker.watch()))
    })
}

/// A server with its listeners, not running yet.
#[derive(Debug)]
pub struct Server<C: Core> {
    /// Hub with the core.
    pub hub: Hub<C>,
    /// Listeners.
    pub listeners: Vec<Listener>,
}

impl<C: Core + 'static> Server<C> {
    /// Runs on this thread until `stop` is ready. Then responds to held requests, closes, and returns when everything
    /// is durable. If the store fails, drops all connections and returns at once.
    pub fn run(self, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        let executor = Rc::new(LocalExecutor::new());
        let hub = Rc::new(self.hub);
        let mut accepting = Vec::new();
        for listener in self.listeners {
            let kind = listener.kind();
            let Listener { socket, tls, trusted_proxies, .. } = listener;
            let (socket, tls) = (Async::new(socket)?, tls.map(TlsAcceptor::from));
            let accept =
                accept(Rc::downgrade(&executor), Rc::clone(&hub), socket, kind, tls, trusted_proxies);
            accepting.push(executor.spawn(accept));
        }
        let ticker = executor.spawn(tick(Rc::clone(&hub)));
        let until_stopped = async {
            stop.await;
            drop(accepting);
            hub.input(Input::Shutdown { grace: GRACE });
            let patience = async {
                Timer::after(LONGEST_GRACE).await;
            };
            hub.emptied().or(patience).await;
            drop(ticker);
            Ok(())
        };
        let until_failed = async { Err(hub.release_durable().await) };
        async_io::block_on(executor.run(until_stopped.or(until_failed)))?;
        // This ends all tasks, and with them every other owner of the hub.
        drop(executor);
        Rc::into_inner(hub).map_or(Ok(()), Hub::finish)?;
        Ok(())
    }
}

async fn accept<C: Core + 'static>(
    executor: Weak<LocalExecutor<'static>>,
    hub: Rc<Hub<C>>,
    listener: Async<TcpListener>,
    kind: ListenerKind,
    tls: Option<TlsAcceptor>,
    trusted_proxies: Vec<AddressRange>,
) {
    let mut trouble = AcceptTrouble::default();
    loop {
        let accepted = async {
            // Waits for news of sockets even if a client is queued. Otherwise the server would accept the whole queue
            // before it reads that earlier clients have left, and refuse others over their limits.
            listener.readable().await?;
            listener.accept().await
        };
        let (stream, peer) = match accepted.await {
            Ok(accepted) => accepted,
            Err(error) => {
                trouble.log(&error);
                Timer::after(Duration::from_millis(50)).await;
                continue;
            }
        };
        // This task belongs to the executor: it must not keep it alive.
        let Some(executor) = executor.upgrade() else { return };
        connections::prepare(stream.get_ref());
        let peer = listen::peer(peer);
        if let Some((conn, connection)) = hub.open(stream.get_ref(), kind, peer) {
            let (hub, mut socket) = (Rc::clone(&hub), Socket::from(stream));
            if trusted_proxies.iter().any(|range| range.contains(peer.ip())) {
                let hub = Rc::clone(&hub);
                socket.expect_header(move |client| hub.input(Input::Proxied { conn, client }));
            }
            let task = match &tls {
                // On the heap: otherwise a task would have room for both the handshake and the stream that follows.
                Some(tls) => {
                    let handshake = Box::pin(tls.accept(socket));
                    let handshake = async { Ok(Box::new(handshake.await?)) };
                    executor.spawn(connection::serve(hub, conn, connection, handshake))
                }
                None => executor.spawn(connection::serve(hub, conn, connection, async { Ok(socket) })),
            };
            task.detach();
        }
    }
}

/// Passes a tick to the core at each of its deadlines.
async fn tick<C: Core>(hub: Rc<Hub<C>>) {
    loop {
        let until = hub.until_tick();
        let mut timer = until.map_or_else(Timer::never, Timer::after);
        poll_fn(|cx| match hub.sooner.poll(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => Pin::new(&mut timer).poll(cx).map(|_| ()),
        })
        .await;
        hub.input(Input::Tick);
    }
}
