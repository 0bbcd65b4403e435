use alloc::{
    format,
    string::{String, ToString},
};
use core::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::bytes::Escaped;
use crate::seam::{Close, Effect, Input, Now, Storage};

/// Maximum length of a piece that is written out, in bytes. A longer one is represented by its beginning.
pub const SHOWN: usize = 1024;
/// Length of that beginning, in bytes.
const BEGINNING: usize = 200;

/// An input as a line of a trace, without the line end.
#[derive(Clone, Copy, Debug)]
pub struct InputLine<'a> {
    /// Time of the input.
    pub now: Now,
    /// The input.
    pub input: Input<'a>,
}

impl fmt::Display for InputLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.now.monotonic.as_nanos();
        write!(f, "{}.{:09} {} ", nanos / SECOND, nanos % SECOND, self.now.wall.as_millis())?;
        match self.input {
            Input::Opened { conn, peer, listener } => {
                write!(f, "opened {} {} {peer}", conn.0, listener.name())
            }
            Input::Proxied { conn, client: Ok(client) } => write!(f, "proxied {} {client}", conn.0),
            Input::Proxied { conn, client: Err(_) } => write!(f, "proxied {} malformed", conn.0),
            Input::Received { conn, bytes } => write!(f, "received {} {}", conn.0, Escaped(bytes)),
            Input::Ended { conn } => write!(f, "ended {}", conn.0),
            Input::Stalled { conn } => write!(f, "stalled {}", conn.0),
            Input::Closed { conn } => write!(f, "closed {}", conn.0),
            Input::Tick => f.write_str("tick"),
            Input::Committed { took } => write!(f, "committed {}", Seconds(took)),
            Input::Storage(Storage::Available) => f.write_str("storage available"),
            Input::Storage(Storage::Delayed(trouble)) => write!(f, "storage delayed {}", trouble.name()),
            Input::Storage(Storage::Unavailable(trouble)) => {
                write!(f, "storage unavailable {}", trouble.name())
            }
            Input::Shutdown { grace } => write!(f, "shutdown {}", Seconds(grace)),
        }
    }
}

struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.0.as_secs(), self.0.subsec_nanos())
    }
}

pub(super) const SECOND: u64 = 1_000_000_000;

/// An effect as a line of a trace, without the line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectLine(String);

impl EffectLine {
    /// Returns the line of an effect; `None` for a log event.
    pub fn of<R: Serialize, E>(effect: &Effect<'_, R, E>) -> Option<Self> {
        Some(Self(match effect {
            Effect::Persist(record) => format!("  persist {}", serde_json::to_string(record).ok()?),
            Effect::Send { conn, bytes } => format!("  send {} {}", conn.0, piece(bytes)),
            Effect::Close { conn, how } => {
                let how = match how {
                    Close::AfterFlush => "after-flush",
                    Close::Refuse => "refuse",
                    Close::Abort => "abort",
                };
                format!("  close {} {how}", conn.0)
            }
            Effect::Log(_) => return None,
        }))
    }

    /// Returns the text of the line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EffectLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn piece(bytes: &[u8]) -> String {
    if bytes.len() <= SHOWN {
        return Escaped(bytes).to_string();
    }
    let digest = STANDARD.encode(Sha256::digest(bytes));
    let beginning = Escaped(bytes.get(..BEGINNING).unwrap_or_default());
    format!("{} bytes, SHA-256 {digest}, beginning {beginning}", bytes.len())
}
