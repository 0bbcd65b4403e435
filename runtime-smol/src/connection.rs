//! One connection: bytes in to the hub, bytes out from its link.

use std::{
    future::{Future, pending, poll_fn},
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use async_io::Timer;
use mmcos_core::seam::{Close, ConnId, Input};
use mmcos_std::serving::{ENOUGH, FAREWELL, LINGER};
use smol::{
    future::FutureExt,
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
};

use crate::{hub::Hub, link::Link};

/// Bytes that are read at a time.
const READ: usize = 16 * 1024;
/// How often a connection is read before others have their turn.
const TURNS: usize = 4;

/// Serves a connection until it ends. TLS, if any, is `handshake`'s.
pub(crate) async fn serve<S, F>(hub: Rc<Hub>, conn: ConnId, link: Rc<Link>, handshake: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = io::Result<S>>,
{
    let life = async {
        let mut stream = handshake.or(unwanted(&link)).await?;
        exchange(&hub, conn, &link, &mut stream).await?;
        linger(&mut stream).await;
        Ok(())
    };
    if let Err(error) = life.or(overdue(&link)).await {
        log::debug!("connection {}: {error}", conn.0);
    }
    hub.closed(conn);
}

/// Ends a handshake after which there would be nothing to say.
async fn unwanted<S>(link: &Link) -> io::Result<S> {
    link.closing().await;
    if !link.is_empty() {
        pending::<()>().await;
    }
    Err(io::ErrorKind::TimedOut.into())
}

/// Ends a connection that is to be closed: at once, or when it has not closed by itself for too long.
async fn overdue(link: &Link) -> io::Result<()> {
    if link.closing().await != Close::Abort {
        Timer::after(FAREWELL).await;
    }
    Err(io::ErrorKind::ConnectionAborted.into())
}

/// Reads and writes until either side ends it.
async fn exchange<S>(hub: &Hub, conn: ConnId, link: &Link, stream: &mut S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stalled: Option<Timer> = None;
    poll_fn(|cx| {
        for _ in 0..TURNS {
            link.news.lower();
            if poll_write_all(link, stream, cx)?.is_ready() {
                stalled = None;
                if link.close().is_some() && link.is_empty() {
                    return Poll::Ready(Ok(()));
                }
            } else {
                let timer = stalled.get_or_insert_with(|| Timer::after(hub.unread.time));
                if Pin::new(timer).poll(cx).is_ready() {
                    log::warn!("a client does not read its answers: dropped");
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
            let enough = link.close().is_some() || link.queued() >= ENOUGH;
            let read = if enough { Poll::Pending } else { poll_read(hub, conn, stream, cx)? };
            if read == Poll::Ready(0) {
                // Nobody waits for what is held; what is under way may still be read.
                hub.input(Input::Closed { conn });
                link.order_close(Close::AfterFlush);
            }
            // What was read may have been answered: go round and write.
            if read.is_pending() && link.news.poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
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
    // Also with nothing queued: TLS may hold what it could not write before.
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

#[cfg(test)]
mod tests {
    use mmcos_core::seam::{Bytes, CommitSeq};

    use super::*;

    /// Takes all at once and lets go of a byte at a time, as TLS does where the network is slow.
    #[derive(Default)]
    struct Hesitant {
        held: usize,
    }

    impl AsyncWrite for Hesitant {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.held = self.held.saturating_add(bytes.len());
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            let Some(rest) = self.held.checked_sub(1) else { return Poll::Ready(Ok(())) };
            self.held = rest;
            cx.waker().wake_by_ref();
            Poll::Pending
        }

        fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.poll_flush(cx)
        }
    }

    #[test]
    fn what_the_stream_holds_back_is_flushed_later() {
        let (link, mut stream) = (Link::default(), Hesitant::default());
        link.push(Bytes::Borrowed(b"an answer"), CommitSeq::default());
        let written = poll_fn(|cx| match poll_write_all(&link, &mut stream, cx) {
            Ok(progress) => progress.map(Ok),
            Err(error) => Poll::Ready(Err(error)),
        });
        smol::block_on(written).unwrap();
        assert_eq!(stream.held, 0);
    }
}
