//! One connection: bytes in to the hub, bytes out from its link.

use std::{
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use async_io::Timer;
use mmcos_core::seam::{Close, ConnId, Input};
use smol::{
    future::FutureExt,
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
};

use crate::{hub::Hub, link::Link};

/// Bytes that are read at a time.
const READ: usize = 16 * 1024;
/// How long a client may go without taking a byte of what is sent to it.
const STALLED: Duration = Duration::from_secs(20);
/// How long a closed connection is read on, so that its last answer is not lost to a reset.
const LINGER: Duration = Duration::from_secs(1);

/// Serves a connection until it ends. TLS, if any, is `handshake`'s.
pub(crate) async fn serve<S, F>(hub: Rc<Hub>, conn: ConnId, link: Rc<Link>, handshake: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = io::Result<S>>,
{
    let outcome = async {
        let mut stream = until_closed(&link, handshake).await?;
        exchange(&hub, conn, &link, &mut stream).await?;
        if link.close() != Some(Close::Abort) {
            linger(&mut stream).await;
        }
        io::Result::Ok(())
    };
    if let Err(error) = outcome.await {
        log::debug!("connection {}: {error}", conn.0);
    }
    hub.closed(conn);
}

/// Waits for `future`, unless the hub wants the connection closed before.
async fn until_closed<T>(link: &Link, future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if link.close() == Some(Close::Abort) || link.close().is_some() && link.is_flushed() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let _ = link.news.poll(cx);
        future.as_mut().poll(cx)
    })
    .await
}

/// Reads and writes until either side ends it.
async fn exchange<S>(hub: &Hub, conn: ConnId, link: &Link, stream: &mut S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stalled: Option<Timer> = None;
    poll_fn(|cx| {
        loop {
            let writing = poll_write_all(link, stream, cx)?;
            match (link.close(), writing) {
                (Some(Close::Abort), _) => return Poll::Ready(Ok(())),
                (Some(_), Poll::Ready(())) if link.is_flushed() => return Poll::Ready(Ok(())),
                (_, Poll::Ready(())) => stalled = None,
                (_, Poll::Pending) => {
                    let timer = stalled.get_or_insert_with(|| Timer::after(STALLED));
                    if Pin::new(timer).poll(cx).is_ready() {
                        return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "does not read")));
                    }
                }
            }
            let read = if link.close().is_some() { Poll::Pending } else { poll_read(hub, conn, stream, cx)? };
            if read == Poll::Ready(0) {
                return Poll::Ready(Ok(()));
            }
            // What was read may have been answered: go round and write.
            if read.is_pending() && link.news.poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Reads once, and gives the hub what came.
fn poll_read<S>(hub: &Hub, conn: ConnId, stream: &mut S, cx: &mut Context<'_>) -> io::Result<Poll<usize>>
where
    S: AsyncRead + Unpin,
{
    let mut buffer = [0; READ];
    match Pin::new(stream).poll_read(cx, &mut buffer) {
        Poll::Pending => Ok(Poll::Pending),
        Poll::Ready(Err(error)) => Err(error),
        Poll::Ready(Ok(count)) => {
            if let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) {
                hub.input(Input::Received { conn, bytes });
            }
            Ok(Poll::Ready(count))
        }
    }
}

/// Ready when all that may be written is written and flushed.
fn poll_write_all<S>(link: &Link, stream: &mut S, cx: &mut Context<'_>) -> io::Result<Poll<()>>
where
    S: AsyncWrite + Unpin,
{
    if !link.is_writable() {
        return Ok(Poll::Ready(()));
    }
    while link.is_writable() {
        let written = |result: &Poll<io::Result<usize>>| match result {
            Poll::Ready(Ok(count)) => *count,
            _ => 0,
        };
        match link.write_with(|slices| Pin::new(&mut *stream).poll_write_vectored(cx, slices), written) {
            Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(error)) => return Err(error),
            Poll::Pending => return Ok(Poll::Pending),
        }
    }
    match Pin::new(stream).poll_flush(cx) {
        Poll::Ready(Err(error)) => Err(error),
        Poll::Ready(Ok(())) => Ok(Poll::Ready(())),
        Poll::Pending => Ok(Poll::Pending),
    }
}

/// Says goodbye and reads on for a moment, throwing away what comes.
async fn linger<S>(stream: &mut S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let goodbye = async {
        stream.close().await?;
        let mut thrown_away = [0; 1024];
        while stream.read(&mut thrown_away).await? > 0 {}
        io::Result::Ok(())
    };
    let patience = async {
        Timer::after(LINGER).await;
        Ok(())
    };
    // Whether the client heard it no longer matters.
    let _ = goodbye.or(patience).await;
}
