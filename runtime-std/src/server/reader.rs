//! Tells the hub what one connection's client says.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use mmcos_core::seam::ConnId;

use super::hub::Message;
use super::link::Link;

/// Bytes that are read at a time. They are on the stack of every thread.
const READ: usize = 4 * 1024;

/// Reads until either side ends it.
pub(super) fn read(conn: ConnId, link: &Arc<Link>, hub: &SyncSender<Message>) {
    let result = read_all(conn, link, hub);
    if let Err(error) = &result {
        log::debug!("connection {}: {error}", conn.0);
    }
    // An error: there is no hub any more.
    let _ = hub.send(Message::Ended { conn, whole: result.is_ok() });
}

fn read_all(conn: ConnId, link: &Arc<Link>, hub: &SyncSender<Message>) -> io::Result<()> {
    let plain = link.is_plain();
    let mut buffer = [0; READ];
    // What comes from a client that is to go is thrown away.
    let received = |bytes: Vec<u8>| {
        if link.read_ahead(bytes.len()) {
            let _ = hub.send(Message::Received { conn, bytes, link: Arc::clone(link) });
            link.hold_back();
        }
    };
    loop {
        let bytes = link.read(&mut buffer)?;
        if bytes.is_empty() {
            return Ok(());
        }
        if plain {
            received(bytes.to_vec());
        } else if !link.decrypt(bytes, received)? {
            return Ok(());
        }
    }
}
