//! A protocol that is not HTTP, on the same sockets, TLS and group commit: the core's example `framed`.

#[path = "../../../../core/examples/framed.rs"]
#[expect(dead_code, reason = "the example's own main is not called")]
mod example;

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, LazyLock, Mutex},
    thread,
    time::Duration,
};

use example::{Board, Note, frame};
use mmcos_core::game::Game as _;
use mmcos_game::Mmcos;
use mmcos_std::{
    certificate::{Certificates, Subject},
    clock::Clock,
    data_dir::DataDir,
    driver::Driver,
    serving::Listener,
    store::{Commit, Committer, StoreError},
    tls::Tls,
};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::blackbox::rig::{process::Scratch, tls};
use crate::run;

static TLS: LazyLock<Tls> = LazyLock::new(|| {
    let scratch = Scratch::new();
    let dir = DataDir::open(&scratch.data()).unwrap();
    let (subject, now) = (Subject { info: &Mmcos::INFO, addresses: &[] }, Clock::start().now().wall);
    Tls::new(Certificates::load_or_make(&dir, None, None, subject, now).unwrap()).unwrap()
});

/// A disk in memory: it survives its server, and rejects commits while it is locked.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<Vec<Note>>>);

impl Commit<Note> for Disk {
    fn commit(&mut self, notes: &[Note]) -> Result<(), StoreError> {
        self.0.lock().unwrap().extend_from_slice(notes);
        Ok(())
    }
}

/// Starts a server with the notes of this disk.
fn start(disk: &Disk, patience: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (disk, tls) = (disk.clone(), Some(TLS.config()));
    thread::spawn(move || {
        let mut board = Board::new(patience);
        let notes = disk.0.lock().unwrap().clone();
        for note in notes {
            board.restore(note);
        }
        let driver = Driver::new(board, Committer::start(disk).unwrap(), Clock::start());
        run(driver, Listener { socket: listener, tls, is_admin: false, trusted_proxies: Vec::new() })
    });
    address
}

struct Client(StreamOwned<ClientConnection, TcpStream>);

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let mut config = ClientConfig::clone(&tls::modern());
        config.alpn_protocols.clear();
        let session = ClientConnection::new(Arc::new(config), "board.example".try_into().unwrap()).unwrap();
        let client = Self(StreamOwned::new(session, TcpStream::connect(address).unwrap()));
        client.wait_for(Duration::from_secs(20));
        client
    }

    fn wait_for(&self, time: Duration) {
        self.0.sock.set_read_timeout(Some(time)).unwrap();
    }

    fn send(&mut self, text: &str) {
        let mut bytes = Vec::new();
        frame(&mut bytes, &[text.as_bytes()]);
        self.0.write_all(&bytes).unwrap();
    }

    fn read(&mut self) -> String {
        let mut length = [0; 2];
        self.0.read_exact(&mut length).unwrap();
        let mut text = vec![0; u16::from_be_bytes(length).into()];
        self.0.read_exact(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn hears_nothing(&mut self) -> bool {
        self.wait_for(Duration::from_millis(100));
        let read = self.0.read(&mut [0]);
        self.wait_for(Duration::from_secs(20));
        !is_over(&read) && read.is_err()
    }
}

/// Returns true if this result of a read shows a closed connection.
fn is_over(read: &io::Result<usize>) -> bool {
    match read {
        Ok(count) => *count == 0,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

#[test]
fn a_note_is_durable_before_it_is_pushed_and_survives_its_server() {
    let disk = Disk::default();
    let address = start(&disk, Duration::from_mins(1));
    let (mut ann, mut bob) = (Client::connect(address), Client::connect(address));
    // The server sends first.
    assert_eq!([ann.read(), bob.read()], ["0 notes; ", "0 notes; "]);

    let locked = disk.0.lock().unwrap();
    ann.send("hello");
    assert!(bob.hears_nothing() && ann.hears_nothing(), "nothing leaves before it is kept");
    drop(locked);
    assert_eq!([bob.read(), ann.read()], ["hello", "kept 1"]);
    bob.send("hello yourself");
    assert_eq!([ann.read(), bob.read()], ["hello yourself", "kept 2"]);

    let mut later = Client::connect(start(&disk, Duration::from_mins(1)));
    assert_eq!(later.read(), "2 notes; hello yourself");
}

#[test]
fn an_endless_frame_is_closed_and_disturbs_nobody() {
    let address = start(&Disk::default(), Duration::from_mins(1));
    let (mut ann, mut hostile) = (Client::connect(address), Client::connect(address));
    assert_eq!([ann.read(), hostile.read()], ["0 notes; ", "0 notes; "]);
    // The server closes, and discards further input for a while: writing may or may not fail.
    for _ in 0..1024 {
        if hostile.0.write_all(&[0xff; 1024]).is_err() {
            break;
        }
    }
    assert!(is_over(&hostile.0.read(&mut [0])));
    ann.send("still here");
    assert_eq!(ann.read(), "kept 1");
}

#[test]
fn silence_is_closed_before_and_after_the_handshake() {
    let address = start(&Disk::default(), Duration::from_secs(2));
    let mut mute = TcpStream::connect(address).unwrap();
    mute.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut silent = Client::connect(address);
    assert_eq!(silent.read(), "0 notes; ");
    assert!(is_over(&silent.0.read(&mut [0])));
    // Bytes that wait for a handshake have the time of the write limits.
    assert!(is_over(&mute.read(&mut [0])));
}
