//! Tests of the example protocol that is not HTTP, through the seam.

#[path = "../examples/framed.rs"]
#[expect(dead_code, reason = "the example's own main is not called")]
mod framed;

use std::{collections::BTreeMap, time::Duration};

use framed::{Board, MAX_NOTE, Note, frame};
use mmcos_core::seam::{
    Close, ConnId, Core as _, Effect, Input, ListenerKind, Monotonic, Now, Outbox, Storage, StorageTrouble,
};

const ANN: ConnId = ConnId(2);
const BOB: ConnId = ConnId(1);
const PATIENCE: Duration = Duration::from_mins(1);

/// A board with its time and its effects.
struct Play {
    board: Board,
    now: Monotonic,
    /// Kinds of effects in their order.
    effects: Vec<String>,
    read: BTreeMap<ConnId, Vec<u8>>,
}

impl Play {
    fn new() -> Self {
        let (now, effects, read) = (Monotonic::default(), Vec::new(), BTreeMap::new());
        Self { board: Board::new(PATIENCE), now, effects, read }
    }

    fn input(&mut self, input: Input<'_>) {
        let mut out = Outbox::new();
        self.board.handle(Now { monotonic: self.now, ..Now::default() }, input, &mut out);
        for effect in out.drain() {
            self.effects.push(match effect {
                Effect::Persist(Note { number, .. }) => format!("persist {number}"),
                Effect::Send { conn, bytes } => {
                    self.read.entry(conn).or_default().extend_from_slice(&bytes);
                    format!("send {}", conn.0)
                }
                Effect::Close { conn, how } => format!("close {} {how:?}", conn.0),
                Effect::Log(event) => format!("log {event}"),
            });
        }
    }

    fn open(&mut self, conn: ConnId) {
        self.input(Input::Opened {
            conn,
            peer: ([127, 0, 0, 1], 50_000).into(),
            listener: ListenerKind::Tls,
        });
    }

    fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        self.input(Input::Received { conn, bytes });
    }

    /// Takes the frames that a client has read.
    fn frames(&mut self, conn: ConnId) -> Vec<String> {
        let read = self.read.remove(&conn).unwrap_or_default();
        let (mut rest, mut frames) = (read.as_slice(), Vec::new());
        while let Some((length, after)) = rest.split_first_chunk() {
            let (text, after) = after.split_at(u16::from_be_bytes(*length).into());
            frames.push(String::from_utf8_lossy(text).into_owned());
            rest = after;
        }
        frames
    }

    fn effects(&mut self) -> Vec<String> {
        std::mem::take(&mut self.effects)
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.input(Input::Tick);
        assert!(self.board.next_deadline().is_none_or(|next| next > self.now));
    }
}

fn framed(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame(&mut bytes, &[text.as_bytes()]);
    bytes
}

#[test]
fn the_server_speaks_first_and_pushes_what_it_has_kept() {
    let mut play = Play::new();
    play.board.restore(Note { number: 6, text: b"before".to_vec() });
    play.open(ANN);
    play.open(BOB);
    assert_eq!(play.frames(BOB), ["6 notes; before"]);
    play.effects();
    play.send(ANN, &framed("hi"));
    let [persist, log, push, confirmed] = &play.effects()[..] else { panic!() };
    assert_eq!([persist, push, confirmed], ["persist 7", "send 1", "send 2"]);
    assert!(log.starts_with("log note 7 is from 127.0.0.1"), "{log}");
    assert_eq!(play.frames(BOB), ["hi"]);
    assert_eq!(play.frames(ANN), ["6 notes; before", "kept 7"]);
}

#[test]
fn every_split_of_frames_is_the_same() {
    let bytes = [framed("one"), framed(""), framed("three")].concat();
    for at in 0..=bytes.len() {
        let mut play = Play::new();
        play.open(ANN);
        play.send(ANN, &bytes[..at]);
        play.send(ANN, &bytes[at..]);
        assert_eq!(play.frames(ANN), ["0 notes; ", "kept 1", "kept 2", "kept 3"], "{at}");
    }
}

#[test]
fn an_endless_frame_and_silence_are_closed_and_nothing_more_is_sent() {
    let mut play = Play::new();
    play.open(ANN);
    play.open(BOB);
    let longest = "x".repeat(MAX_NOTE);
    play.send(ANN, &framed(&longest));
    play.effects();
    play.send(ANN, &framed(&format!("{longest}x"))[..2]);
    assert!(play.effects().contains(&"close 2 Abort".to_owned()));
    // Late bytes change nothing.
    play.send(ANN, &framed("late"));
    assert_eq!(play.effects(), Vec::<String>::new());

    // Dripping bytes do not move the deadline.
    for byte in framed("slow").into_iter().take(5) {
        play.pass(PATIENCE / 6);
        play.send(BOB, &[byte]);
    }
    assert_eq!(play.effects(), Vec::<String>::new());
    play.pass(PATIENCE / 6);
    assert!(play.effects().contains(&"close 1 AfterFlush".to_owned()));
    assert_eq!(play.board.next_deadline(), None);
}

#[test]
fn without_storage_nothing_changes() {
    let mut play = Play::new();
    play.open(ANN);
    play.input(Input::Storage(Storage::Unavailable(StorageTrouble::Full)));
    play.effects();
    play.send(ANN, &framed("lost"));
    assert_eq!(play.effects(), ["send 2"]);
    play.input(Input::Storage(Storage::Available));
    play.send(ANN, &framed("kept"));
    assert_eq!(play.frames(ANN), ["0 notes; ", "not now", "kept 1"]);
}

#[test]
fn a_stop_closes_everything() {
    let mut play = Play::new();
    play.open(ANN);
    play.effects();
    play.input(Input::Shutdown { grace: Duration::from_secs(4) });
    play.open(BOB);
    assert_eq!(play.effects(), ["close 2 AfterFlush", format!("close 1 {:?}", Close::Abort).as_str()]);
}
