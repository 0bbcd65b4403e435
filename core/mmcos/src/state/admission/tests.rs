//! Commands of an operator while people play.

use alloc::{format, string::String, vec::Vec};

use super::*;
use crate::{IdentityPolicy, Settings, identity};
use mmcos_core::{
    OutboxOf, Server,
    engine::Limits,
    game::{Game as _, Life},
    seam::{ConnId, Effect, Input},
    wire::steam::{SIGNATURE_LEN, TicketBuilder, UnixSeconds, encode_platform_id},
};

const NOW: Wall = Wall::from_secs(1_700_336_720);

struct World {
    server: Server<Mmcos>,
    out: OutboxOf<Mmcos>,
    opened: u64,
}

impl World {
    fn new() -> Self {
        let config = Settings { identity: IdentityPolicy::Trust, ..Settings::defaults().unwrap() };
        let game = Mmcos::new(&config, &Life { seed: [3; 32], ..Life::default() }).unwrap();
        Self {
            server: Server::new(game, Limits::default(), [7; 32]),
            out: OutboxOf::<Mmcos>::new(),
            opened: 0,
        }
    }

    /// Sends a request on a new connection, from 203.0.113.N for the Nth.
    fn request(&mut self, path: &str, body: &str) -> String {
        self.opened = self.opened.saturating_add(1);
        let conn = ConnId(self.opened);
        let peer = ([203, 0, 113, u8::try_from(self.opened).unwrap()], 50_000).into();
        let length = body.len();
        let request = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}");
        for input in
            [Input::Opened { conn, peer, tls: false }, Input::Received { conn, bytes: request.as_bytes() }]
        {
            self.server.handle(Now { wall: NOW, ..Now::default() }, input, &mut self.out);
        }
        self.effects().concat()
    }

    /// Returns the token of a new session.
    fn login(&mut self, player: u64) -> String {
        let issued = UnixSeconds(u32::try_from(NOW.as_secs()).unwrap());
        let ticket = TicketBuilder::new(SteamId::new(player), identity::APP, issued);
        let ticket = encode_platform_id(&ticket.build(|_| [0; SIGNATURE_LEN]).unwrap());
        let answer = self.request(
            "/MMCOS-Account/AccountService.svc/Login",
            &format!("<Login><PlatformID>{ticket}</PlatformID><DisplayName>A</DisplayName></Login>"),
        );
        let (_, token) = answer.split_once("<SessionToken>").expect("a login");
        token.split('<').next().unwrap_or_default().into()
    }

    fn search(&mut self, token: &str) -> String {
        self.request(
            "/MMCOS-Matchmaking/MatchmakingService.svc/EnterMatchmaking2",
            &format!(
                "<EnterMatchmaking2><SessionToken>{token}</SessionToken><GroupLobbyId>1</GroupLobbyId>\
                 <GameLobbyId>2</GameLobbyId><NetworkVersion>1</NetworkVersion><GameType>QuickRace</GameType>\
                 <GroupSize>1</GroupSize><RuleSet>Race</RuleSet>\
                 <IgnoreMinimumMatchRequirements>false</IgnoreMinimumMatchRequirements></EnterMatchmaking2>"
            ),
        )
    }

    /// Returns the result of a call of one method.
    fn call<T>(&mut self, call: impl FnOnce(&mut Mmcos, &mut Context<'_, Mmcos>) -> T) -> T {
        self.server.with(Now { wall: NOW, ..Now::default() }, &mut self.out, call)
    }

    fn ban(&mut self, subject: &str) -> Vec<String> {
        let subject = subject.parse().unwrap();
        let ban = Ban { subject, since: NOW, until: None, reason: "cheating".into(), note: String::new() };
        self.call(|game, cx| game.ban(cx, ban));
        self.effects()
    }

    /// Returns all effects, in order: bytes that were sent, records and log lines.
    fn effects(&mut self) -> Vec<String> {
        let effects = self.out.drain().map(|effect| match effect {
            Effect::Send { conn, bytes } => format!("{}: {}", conn.0, String::from_utf8_lossy(&bytes)),
            Effect::Log(event) => format!("{event}"),
            other => format!("{other:?}"),
        });
        effects.collect()
    }
}

const ANN: u64 = 76_561_202_255_230_001;
const BEN: u64 = 76_561_202_255_230_002;
/// The log line of a search that is held, if it is the first.
const FIRST_SEARCH: &str = "A searches for \"QuickRace\", and nobody else does";

#[test]
fn a_ban_ends_the_search_of_its_player_after_it_is_kept() {
    let mut world = World::new();
    let tokens = [ANN, BEN].map(|player| world.login(player));
    assert_eq!(tokens.each_ref().map(|token| world.search(token)), [FIRST_SEARCH, ""]);
    let effects = world.ban("76561202255230001");
    let [record, event, answer] = &effects[..] else { panic!("{effects:?}") };
    assert!(record.starts_with("Persist(Ban("), "{record}");
    assert_eq!(event, "76561202255230001 is banned for good: cheating");
    assert!(answer.starts_with("3: HTTP/1.1 200") && answer.contains("<Error>cancelled</Error>"), "{answer}");
    let [ann, ben] = tokens.map(|token| world.search(&token));
    assert!(ann.contains("403 Forbidden"), "{ann}");
    assert!(!ben.contains("403"), "{ben}");
}

#[test]
fn a_ban_of_a_range_ends_the_searches_from_there() {
    let mut world = World::new();
    let tokens = [ANN, BEN].map(|player| world.login(player));
    assert_eq!(tokens.map(|token| world.search(&token)), [FIRST_SEARCH, ""]);
    let [_, _, answer] = &world.ban("203.0.113.4")[..] else { panic!("one answer alone") };
    assert!(answer.starts_with("4: ") && answer.contains("cancelled"), "{answer}");
}

#[test]
fn an_unban_lets_in_again_and_is_kept() {
    let mut world = World::new();
    world.ban("76561202255230001");
    let subject = Subject::Account(SteamId::new(ANN));
    assert!(world.call(|game, cx| game.unban(cx, subject)).is_some());
    assert_eq!(world.call(|game, cx| game.unban(cx, subject)), None);
    assert_eq!(
        world.effects(),
        ["Persist(Unban(Account(SteamId(76561202255230001))))", "76561202255230001 may play again"]
    );
    world.login(ANN);
}

#[test]
fn an_event_by_hand_is_told_to_who_logs_in_next_and_is_kept() {
    let mut world = World::new();
    let token = world.login(ANN);
    let changed = |world: &mut World| {
        let body = format!(
            "<AddPoints><SessionToken>{token}</SessionToken><RaceKey>0000000000000000</RaceKey><Points>0</Points>\
             <Level>1</Level><Prestige>0</Prestige></AddPoints>"
        );
        let answer = world.request("/MMCOS-GameProgression/GameProgressionService.svc/AddPoints", &body);
        answer.contains("<GameConfigChanged>true<")
    };
    assert!(!changed(&mut world));
    let until = Wall::from_secs(NOW.as_secs() + 60);
    world.call(|game, cx| game.start_event(cx, "chaos".parse().unwrap(), until));
    let effects = world.effects();
    assert!(effects[0].starts_with("Persist(EventByHand(ByHand { event: Some(chaos), "), "{effects:?}");
    assert_eq!(effects[1], "chaos was started, and runs until 2023-11-18T19:46:20Z");
    assert!(changed(&mut world));
    world.call(Mmcos::stop_event);
    let effects = world.effects();
    assert!(effects[0].starts_with("Persist(EventByHand(ByHand { event: None, "), "{effects:?}");
    assert_eq!(effects[1], "events were stopped until 2023-11-18T19:45:20Z");
    assert!(!changed(&mut world));
}
