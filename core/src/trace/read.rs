//! Parses lines into inputs.

use alloc::vec::Vec;
use core::time::Duration;

use super::{bytes::unescape, write::SECOND};
use crate::{
    link::ProxyHeaderError,
    seam::{ConnId, Input, ListenerKind, Monotonic, Now, Storage, StorageTrouble, Wall},
};

/// An input that owns its bytes.
pub(super) enum Owned {
    Received { conn: ConnId, bytes: Vec<u8> },
    Other(Input<'static>),
}

impl Owned {
    pub(super) fn input(&self) -> Input<'_> {
        match self {
            Self::Received { conn, bytes } => Input::Received { conn: *conn, bytes },
            Self::Other(input) => *input,
        }
    }
}

/// Parses an [`InputLine`](super::InputLine).
pub(super) fn input(line: &str) -> Option<(Now, Owned)> {
    let (monotonic, rest) = line.split_once(' ')?;
    let (wall, rest) = rest.split_once(' ')?;
    let monotonic = Monotonic::from_nanos(nanos(monotonic)?);
    let now = Now { monotonic, wall: Wall::from_millis(wall.parse().ok()?) };
    let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let input = match verb {
        "received" => {
            let (conn, bytes) = rest.split_once(' ')?;
            return Some((now, Owned::Received { conn: connection(conn)?, bytes: unescape(bytes)? }));
        }
        "opened" => {
            let (conn, rest) = rest.split_once(' ')?;
            let (how, peer) = rest.split_once(' ')?;
            let listener = ListenerKind::ALL.into_iter().find(|kind| kind.name() == how)?;
            Input::Opened { conn: connection(conn)?, peer: peer.parse().ok()?, listener }
        }
        "proxied" => {
            let (conn, client) = rest.split_once(' ')?;
            let client =
                if client == "malformed" { Err(ProxyHeaderError) } else { Ok(client.parse().ok()?) };
            Input::Proxied { conn: connection(conn)?, client }
        }
        "ended" => Input::Ended { conn: connection(rest)? },
        "stalled" => Input::Stalled { conn: connection(rest)? },
        "closed" => Input::Closed { conn: connection(rest)? },
        "tick" => Input::Tick,
        "committed" => Input::Committed { took: Duration::from_nanos(nanos(rest)?) },
        "storage" => Input::Storage(storage(rest)?),
        "shutdown" => Input::Shutdown { grace: Duration::from_nanos(nanos(rest)?) },
        _ => return None,
    };
    Some((now, Owned::Other(input)))
}

fn connection(text: &str) -> Option<ConnId> {
    text.parse().ok().map(ConnId)
}

fn storage(text: &str) -> Option<Storage> {
    let (state, name) = text.split_once(' ').unwrap_or((text, ""));
    let trouble = StorageTrouble::ALL.into_iter().find(|trouble| trouble.name() == name);
    match state {
        "available" => Some(Storage::Available),
        "delayed" => trouble.map(Storage::Delayed),
        "unavailable" => trouble.map(Storage::Unavailable),
        _ => None,
    }
}

/// Parses seconds with nine decimals. Returns nanoseconds.
fn nanos(text: &str) -> Option<u64> {
    let (seconds, nanos) = text.split_once('.').filter(|(_, nanos)| nanos.len() == 9)?;
    seconds.parse::<u64>().ok()?.checked_mul(SECOND)?.checked_add(nanos.parse().ok()?)
}
