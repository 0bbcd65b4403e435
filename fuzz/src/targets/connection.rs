use std::time::Duration;

use mmcos_core::{engine::Limits, seam::ConnId};

use crate::{
    client::{Client, Mode, RuleSet, requests},
    virtual_time::{VirtualTime, trusting},
};

/// Connections at a time.
const CONNECTIONS: usize = 4;

/// Any bytes on several connections, in any pieces, at any times, with any of them closed at any time: whether they
/// come whole or in pieces changes nothing, and in the end the server is left with nothing.
///
/// # Panics
/// If not.
pub fn connection(bytes: &[u8]) {
    let whole = transcript(bytes, false);
    assert_eq!(whole, transcript(bytes, true), "in pieces the same bytes are answered differently");
    for read in whole {
        assert!(read.is_empty() || read.starts_with(b"HTTP/1.1 "), "{}", String::from_utf8_lossy(&read));
    }
}

/// What is read on each connection that ever was.
fn transcript(bytes: &[u8], in_pieces: bool) -> Vec<Vec<u8>> {
    let mut time = VirtualTime::new(trusting(), Limits::default(), [3; 32]);
    let clients: Vec<Client> = (1..=4).map(|number| Client::log_in(&mut time, number)).collect();
    let requests: Vec<Vec<u8>> = clients.iter().flat_map(requests_of).collect();
    let mut script = Script(bytes);
    let mut read = Vec::new();
    let mut open: [Option<ConnId>; CONNECTIONS] = [None; CONNECTIONS];
    while let Some(byte) = script.byte() {
        let place = usize::from(byte & 3);
        let conn = *open[place].get_or_insert_with(|| time.open([10, 0, 0, byte & 3].into()));
        match byte >> 2 & 3 {
            kind @ (0 | 1) => {
                let length = usize::from(script.byte().unwrap_or(0));
                let piece = if in_pieces { usize::from(script.peek() % 16) + 1 } else { usize::MAX };
                let chosen =
                    if kind == 0 { script.bytes(length) } else { &requests[length % requests.len()] };
                chosen.chunks(piece).for_each(|piece| time.send(conn, piece));
            }
            2 => time.pass(Duration::from_millis(500) * u32::from(script.byte().unwrap_or(0))),
            _ => {
                read.push(time.take_unread(conn));
                time.close(conn);
                open[place] = None;
            }
        }
    }
    time.shut_down(Duration::from_secs(2));
    time.pass(Duration::from_secs(2));
    assert!(time.server().is_idle(), "a connection outlived the server");
    read.extend(open.into_iter().flatten().map(|conn| time.take_unread(conn)));
    read
}

/// Requests that make sense, of one client.
fn requests_of(client: &Client) -> Vec<Vec<u8>> {
    let token = client.session_token();
    let search = requests::Search {
        session_token: token,
        group_lobby: 1,
        game_lobby: 2,
        mode: Mode { rule_set: RuleSet::Battle, ranked: false },
        size: 1,
        ignore_minimum: false,
    };
    vec![
        requests::enter_matchmaking(&search),
        requests::cancel_matchmaking(token),
        b"GET /MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
        b"HEAD /redirect_steam_submission3.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_vec(),
        b"POST /MicroMachines/STEAM/1.0/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
          4\r\nvdic\r\n0\r\n\r\n"
            .to_vec(),
    ]
}

/// What is still to be read of the bytes that say what happens.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn peek(&self) -> u8 {
        self.0.first().copied().unwrap_or(0)
    }

    fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}
