//! A server that waits for its turn: another one leads in the database.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mmcos_core::row::Row;

use super::HostError;
use crate::listen::Bound;
use crate::serving::tell_service_manager;
use crate::store::{AnyStore, Database as _, Place, StoreError};

/// Time between two attempts to lead.
const ATTEMPT: Duration = Duration::from_millis(500);
/// Time between two looks for a connection.
const LOOK: Duration = Duration::from_millis(20);
/// Time that a client has for its request.
const REQUEST: Duration = Duration::from_millis(500);

const RESPONSE: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 30\r\n\
    Retry-After: 5\r\nConnection: close\r\n\r\nstandby: another server leads\n";

/// Waits until this server leads. Meanwhile, every request at the `plain` listeners gets 503 `standby`, so that a load
/// balancer passes no players on, and an operator sees why there is no dashboard. Clients of HTTPS are not accepted
/// yet.
pub(super) fn wait<'a, R: Row>(
    plain: impl Iterator<Item = &'a Bound>,
    place: &Place,
    leads: &StoreError,
) -> Result<AnyStore<R>, HostError> {
    log::info!("standing by until this server leads: {leads}");
    tell_service_manager();
    let is_over = &AtomicBool::new(false);
    thread::scope(|scope| {
        for bound in plain {
            scope.spawn(|| refuse(&bound.listener, is_over));
        }
        let store = lead(place);
        is_over.store(true, Ordering::Relaxed);
        store
    })
}

fn lead<R: Row>(place: &Place) -> Result<AnyStore<R>, HostError> {
    let mut told = String::new();
    loop {
        thread::sleep(ATTEMPT);
        match AnyStore::open(place) {
            Ok(store) => {
                log::info!("this server leads now");
                return Ok(store);
            }
            Err(StoreError::Leads { .. }) => {}
            Err(error) if error.trouble().is_some() => {
                // Once for each trouble.
                let text = error.to_string();
                if told != text {
                    log::warn!("{text}");
                    told = text;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Refuses every request until `is_over`.
fn refuse(listener: &TcpListener, is_over: &AtomicBool) {
    // An error of a socket leaves its client without a response, which a load balancer understands as well.
    let _ = listener.set_nonblocking(true);
    while !is_over.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((stream, _)) => drop(respond(stream)),
            Err(_) => thread::sleep(LOOK),
        }
    }
    let _ = listener.set_nonblocking(false);
}

fn respond(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    let (start, mut read, mut part) = (Instant::now(), Vec::new(), [0; 1024]);
    // A response before the request would be lost with the reset that unread bytes cause.
    while !read.ends_with(b"\r\n\r\n") && read.len() < 16_384 {
        let left = REQUEST.saturating_sub(start.elapsed());
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        let count = stream.read(&mut part)?;
        if count == 0 {
            break;
        }
        read.extend(part.iter().take(count));
    }
    stream.set_write_timeout(Some(REQUEST))?;
    stream.write_all(RESPONSE)
}
