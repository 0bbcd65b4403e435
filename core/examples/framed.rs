//! A server for an invented protocol that is not HTTP: `cargo run -p mmcos-core --example framed`.
//!
//! *Board* implements [`Core`] itself. A frame is a length of two bytes, most significant first, and that many bytes
//! of text. The server speaks first: it sends the number of notes, and the last one. Each frame of a client is a
//! note: the server persists it, pushes it to all other clients, and confirms it, in this order. It drops a client
//! that announces too long a frame, or that does not complete a frame in time.

use std::{collections::BTreeMap, fmt, mem, net::SocketAddr, sync::Arc, time::Duration};

use mmcos_core::seam::{
    Close, ConnId, Core, Input, Level, ListenerKind, Monotonic, Now, Outbox, Report, Storage,
};

/// Maximum length of a note, in bytes.
pub(crate) const MAX_NOTE: usize = 1024;
/// Maximum number of clients.
const MAX_CLIENTS: usize = 1000;

/// A note in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) number: u64,
    pub(crate) text: Vec<u8>,
}

/// A log event.
#[derive(Debug)]
pub(crate) enum BoardEvent {
    Kept { peer: SocketAddr, number: u64 },
    TooLong { peer: SocketAddr },
    TooQuiet { peer: SocketAddr },
    TooMany { peer: SocketAddr },
    BadProxyHeader { peer: SocketAddr },
}

impl fmt::Display for BoardEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kept { peer, number } => write!(f, "note {number} is from {peer}"),
            Self::TooLong { peer } => write!(f, "{peer} announced too long a note: dropped"),
            Self::TooQuiet { peer } => write!(f, "{peer} sent no note in time: closed"),
            Self::BadProxyHeader { peer } => write!(f, "{peer} is a proxy with a malformed header: dropped"),
            Self::TooMany { peer } => write!(f, "refused {peer}: there are {MAX_CLIENTS} clients"),
        }
    }
}

impl Report for BoardEvent {
    fn level(&self) -> Level {
        match self {
            Self::Kept { .. } => Level::Info,
            Self::TooLong { .. }
            | Self::TooQuiet { .. }
            | Self::TooMany { .. }
            | Self::BadProxyHeader { .. } => Level::Warn,
        }
    }

    fn target(&self) -> &'static str {
        "board"
    }
}

struct Client {
    peer: SocketAddr,
    /// Beginning of a frame: never more than one frame.
    received: Vec<u8>,
    /// Time by which the client's next frame must be whole; `None` while it is being closed.
    deadline: Option<Monotonic>,
}

/// The whole server: its clients and its notes.
pub(crate) struct Board {
    /// Time limit for a frame.
    patience: Duration,
    clients: BTreeMap<ConnId, Client>,
    last: Option<Note>,
    storage: Storage,
    is_stopping: bool,
}

type Out = Outbox<Note, BoardEvent>;

impl Board {
    /// Returns a board without notes.
    pub(crate) fn new(patience: Duration) -> Self {
        let (clients, storage) = (BTreeMap::new(), Storage::default());
        Self { patience, clients, last: None, storage, is_stopping: false }
    }

    /// Restores a note of an earlier life. Called in the order in which the notes were made.
    pub(crate) fn restore(&mut self, note: Note) {
        self.last = Some(note);
    }

    fn open(&mut self, conn: ConnId, peer: SocketAddr, now: Monotonic, out: &mut Out) {
        if self.is_stopping {
            return out.close(conn, Close::Abort);
        }
        if self.clients.len() >= MAX_CLIENTS {
            out.log(BoardEvent::TooMany { peer });
            return out.close(conn, Close::Refuse);
        }
        let deadline = Some(now.after(self.patience));
        self.clients.insert(conn, Client { peer, received: Vec::new(), deadline });
        let (number, text) = self.last.as_ref().map_or((0, &[][..]), |note| (note.number, &note.text));
        out.send_with(conn, |bytes| frame(bytes, &[format!("{number} notes; ").as_bytes(), text]));
    }

    fn receive(&mut self, conn: ConnId, bytes: &[u8], now: Monotonic, out: &mut Out) {
        let open = self.clients.get_mut(&conn).filter(|client| client.deadline.is_some());
        let Some(client) = open else { return };
        let mut received = mem::take(&mut client.received);
        received.extend_from_slice(bytes);
        let mut rest = received.as_slice();
        loop {
            match split_frame(rest) {
                Ok(Some((text, after))) => {
                    rest = after;
                    self.take(conn, text, now, out);
                }
                Ok(None) => break,
                Err(TooLong) => {
                    let abort = |peer| BoardEvent::TooLong { peer };
                    return self.drop_client(conn, Close::Abort, abort, out);
                }
            }
        }
        if let Some(client) = self.clients.get_mut(&conn) {
            client.received = rest.to_vec();
        }
    }

    /// Handles a whole frame.
    fn take(&mut self, conn: ConnId, text: &[u8], now: Monotonic, out: &mut Out) {
        let Some(client) = self.clients.get_mut(&conn) else { return };
        client.deadline = Some(now.after(self.patience));
        // Do not change anything that could not be persisted.
        if let Storage::Unavailable(_) = self.storage {
            return out.send_with(conn, |bytes| frame(bytes, &[b"not now"]));
        }
        let number = self.last.as_ref().map_or(0, |note| note.number).saturating_add(1);
        let note = Note { number, text: text.to_vec() };
        self.last = Some(note.clone());
        out.persist(note);
        out.log(BoardEvent::Kept { peer: client.peer, number });
        let mut push = Vec::new();
        frame(&mut push, &[text]);
        // All clients share one copy.
        let push = Arc::<[u8]>::from(push);
        for (other, _) in self.open_clients().filter(|(other, _)| *other != conn) {
            out.send_shared(other, Arc::clone(&push));
        }
        out.send_with(conn, |bytes| frame(bytes, &[format!("kept {number}").as_bytes()]));
    }

    /// Closes a client. It stays among the clients until its socket is gone.
    fn drop_client(
        &mut self,
        conn: ConnId,
        how: Close,
        why: impl FnOnce(SocketAddr) -> BoardEvent,
        out: &mut Out,
    ) {
        if let Some(client) = self.clients.get_mut(&conn) {
            out.log(why(client.peer));
            client.close(conn, how, out);
        }
    }

    fn drop_quiet(&mut self, now: Monotonic, out: &mut Out) {
        let is_late = |client: &Client| client.deadline.is_some_and(|deadline| deadline <= now);
        let late: Vec<ConnId> =
            self.open_clients().filter(|(_, client)| is_late(client)).map(|(conn, _)| conn).collect();
        for conn in late {
            self.drop_client(conn, Close::AfterFlush, |peer| BoardEvent::TooQuiet { peer }, out);
        }
    }

    fn open_clients(&self) -> impl Iterator<Item = (ConnId, &Client)> {
        let clients = self.clients.iter().map(|(conn, client)| (*conn, client));
        clients.filter(|(_, client)| client.deadline.is_some())
    }
}

impl Client {
    fn close(&mut self, conn: ConnId, how: Close, out: &mut Out) {
        if self.deadline.take().is_some() {
            self.received = Vec::new();
            out.close(conn, how);
        }
    }
}

impl Core for Board {
    type Record = Note;
    type Event = BoardEvent;

    fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Out) {
        let now = now.monotonic;
        // Drop late clients before handling the new input.
        self.drop_quiet(now, out);
        match input {
            Input::Opened { conn, peer, .. } => self.open(conn, peer, now, out),
            Input::Received { conn, bytes } => self.receive(conn, bytes, now, out),
            Input::Ended { conn } => {
                if let Some(client) = self.clients.get_mut(&conn) {
                    client.close(conn, Close::AfterFlush, out);
                }
            }
            Input::Closed { conn } | Input::Stalled { conn } => drop(self.clients.remove(&conn)),
            Input::Proxied { conn, client: Ok(client) } => {
                if let Some(proxied) = self.clients.get_mut(&conn) {
                    proxied.peer = client;
                }
            }
            Input::Proxied { conn, client: Err(_) } => {
                self.drop_client(conn, Close::Abort, |peer| BoardEvent::BadProxyHeader { peer }, out);
            }
            Input::Storage(storage) => self.storage = storage,
            Input::Shutdown { .. } => {
                self.is_stopping = true;
                for (conn, client) in &mut self.clients {
                    client.close(*conn, Close::AfterFlush, out);
                }
            }
            Input::Tick | Input::Committed { .. } => {}
        }
    }

    /// Checks every client. A server for many thousands would keep the deadlines in order.
    fn next_deadline(&self) -> Option<Monotonic> {
        self.open_clients().filter_map(|(_, client)| client.deadline).min()
    }
}

struct TooLong;

/// The text of a frame, and the bytes after it.
type Split<'b> = (&'b [u8], &'b [u8]);

/// Splits off the first frame; `None` while it is not whole.
fn split_frame(bytes: &[u8]) -> Result<Option<Split<'_>>, TooLong> {
    let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes(*length));
    if length > MAX_NOTE { Err(TooLong) } else { Ok(rest.split_at_checked(length)) }
}

/// Appends a frame of these parts. Together they must fit the length field.
pub(crate) fn frame(bytes: &mut Vec<u8>, parts: &[&[u8]]) {
    let text = parts.concat();
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend(text.into_iter().take(usize::from(length)));
}

fn main() {
    let (mut board, mut out) = (Board::new(Duration::from_mins(1)), Outbox::new());
    board.restore(Note { number: 6, text: b"of an earlier life".to_vec() });
    let (ann, bob) = (ConnId(1), ConnId(2));
    let mut note = Vec::new();
    frame(&mut note, &[b"hello"]);
    let peer = ([127, 0, 0, 1], 50_000).into();
    for input in [
        Input::Opened { conn: ann, peer, listener: ListenerKind::Tls },
        Input::Opened { conn: bob, peer, listener: ListenerKind::Tls },
        Input::Received { conn: ann, bytes: &note },
    ] {
        board.handle(Now::default(), input, &mut out);
    }
    for effect in out.drain() {
        println!("{effect:?}");
    }
}
