//! Who answers at an address.

use std::io;
use std::net::SocketAddr;

use crate::certificate::GAME_HOSTS;
use crate::local_client::{self, Listener};

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nobody takes the connection.
    Nobody,
    /// A server of this game.
    Mmcos,
    /// Somebody who answers something else, or nothing.
    Stranger,
}

/// Asks whoever listens there, on this machine, for what the game asks first.
pub(super) fn ask(listener: SocketAddr, https: bool) -> Answer {
    let [host, ..] = GAME_HOSTS;
    let request = format!(
        "GET /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    );
    let listener = Listener { address: listener, tls: https };
    match local_client::exchange(listener, request.as_bytes()) {
        Ok(answer) if answer.contains("<OnlineServiceStatus") => Answer::Mmcos,
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Answer::Nobody,
        Ok(_) | Err(_) => Answer::Stranger,
    }
}
