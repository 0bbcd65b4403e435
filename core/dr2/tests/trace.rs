//! A recorded trace replays, and reveals no valid session.
#![cfg(test)]
#![expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test: a panic is its failure")]

mod common;

use common::{Game, Transport, encoded, entries, get_clubs, ghost, post, settings, trial};
use dr2::Dr2;
use mmcos_core::{
    engine::Limits,
    game::{Game as _, Life},
    seam::{ConnId, Input, ListenerKind, Monotonic, Now, Wall},
    testing::Recording,
    trace::{Start, replay},
    wire::egonet::Dict,
};

/// A server that is recorded.
struct Recorded {
    run: Recording<Dr2>,
    conn: u64,
}

impl Recorded {
    fn input(&mut self, input: Input<'_>) -> Vec<u8> {
        let monotonic = Monotonic::from_nanos(self.conn * 1_000_000_000);
        let wall = Wall::from_secs(1_795_000_000 + i64::try_from(self.conn).unwrap());
        self.run.input(Now { monotonic, wall }, input)
    }
}

impl Transport for Recorded {
    fn exchange(&mut self, request: &[u8]) -> Vec<u8> {
        self.conn += 1;
        let conn = ConnId(self.conn);
        self.input(Input::Opened {
            conn,
            listener: ListenerKind::Tls,
            peer: ([203, 0, 113, 9], 50_000).into(),
        });
        // In two pieces: secrets are not known before a request is whole.
        let (first, second) = request.split_at(request.len() / 2);
        let begun = self.input(Input::Received { conn, bytes: first });
        let response = self.input(Input::Received { conn, bytes: second });
        self.input(Input::Closed { conn });
        [begun, response].concat()
    }
}

/// Every request of a game, a stranger's requests, and a session from before.
#[test]
fn a_recorded_season_plays_again_and_shows_no_secret() {
    let life = || Life { key: [3; 32], seed: [5; 32], ..Life::default() };
    let mut before = common::served(Dr2::new(&settings(), &life()).unwrap());
    let bob = Game::log_in(&mut before, "Bob");
    let records = before.server.service().rows().collect();
    let life = Life { seed: [9; 32], is_recorded: true, ..life() };
    let start = Start::<Dr2> { life, limits: Limits::default(), settings: settings(), records };
    let mut server = Recorded { run: Recording::new(&start).unwrap(), conn: 0 };
    let server = &mut server;

    assert_eq!(bob.call(server, "Login.Tick", &Dict::new()).result(), "0", "a session outlives a restart");
    let ann = Game::log_in(server, "Ann");
    let challenge = ann.challenge(server);
    for stage in 0..3 {
        ann.post_time(server, 626, 100.5);
        let complete = ann.drive(server, challenge, stage, 300.0);
        assert_eq!(complete.result(), "0");
        bob.drive(server, challenge, stage, 301.0);
    }
    assert_eq!(ann.board(server, i64::from(challenge) << 4).0.len(), 2);
    ann.call(server, "RaceNetLeaderboard.GetFriendsEntries", &entries(1, 5, true));
    ann.call(server, "Clubs.GetChampionshipLeaderboard", &common::standings(7));
    ann.call(server, "TimeTrial.GetLeaderboardId", &trial(72, 626));
    ann.post_time(server, 626, 200.5);
    let fitting = Dict::new().si64("VehicleInstId", 382).ui32("LiveryId", 9).ui32("EngineTuningId", 281);
    for function in ["Repairs.SetLivery", "Repairs.FitTuning"] {
        assert_eq!(ann.call(server, function, &fitting).result(), "0");
    }
    let event = Dict::new().dstr("event", "at home").uuid("Machine", *b"machine-of-ann-1");
    ann.call(server, "DataMining.DataEvent", &event);
    for function in ["RaceNetInventory.GetInventory", "RaceNetCareerLadder.GetRallyTierList", "No.Such", "?"]
    {
        ann.call(server, function, &get_clubs());
    }
    // Forged: her session under the tag of another, one of no server, and no text.
    let forged = [&ann.session[..16], &bob.session[16..]].concat();
    for session in [forged.as_str(), "0123456789abcdef0123456789abcdef", "é", ""] {
        assert_eq!(post(server, "Clubs.GetClubs", Some(session), &encoded(&get_clubs())).result(), "1");
    }
    for request in
        ["GET /dr2 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /RP17/ HTTP/1.1\r\nHost: x\r\n\r\n", "nonsense\r\n\r\n"]
    {
        server.exchange(request.as_bytes());
    }
    post(server, "Login.Login", None, &encoded(&common::login("Ann"))[..100]);
    let trace = &server.run.trace;
    assert!(replay::<Dr2>(trace).unwrap().inputs > 100);
    assert!(trace.contains("\"Ann\"") && trace.contains("X-EgoNet-Function: Repairs.SetLivery"));

    let written = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let secrets = [
        ann.session.clone(),
        bob.session.clone(),
        forged,
        ann.session[16..].to_owned(),
        "203.0.113.9".to_owned(),
        "at home".to_owned(),
        "machine-of".to_owned(),
        written(&[0xa5; 8]),
        written(&ghost()[..16]),
    ];
    for secret in secrets {
        assert!(!trace.contains(&secret), "{secret}");
    }
    assert!(trace.contains(&format!("X-EgoNet-SessionID: {}", &ann.session[..16])));

    // The replacement of a session is not valid here.
    let stand_in = trace.split("X-EgoNet-SessionID: ").nth(1).unwrap()[..32].to_owned();
    assert_eq!(post(server, "Login.Tick", Some(&stand_in), b"{}").result(), "1");
    let changed = server.run.trace.replace("Login.Login", "Login.Loggo");
    assert!(replay::<Dr2>(&changed).is_err());
}
