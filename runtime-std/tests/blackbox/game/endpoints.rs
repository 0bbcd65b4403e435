//! Every path of the game, at both listeners.

use mmcos_core::wire::egonet::{self, Dict, Value};

use crate::blackbox::rig::{
    client::{Answer, Client, get, post, post_with},
    player::{self, ENTER, login},
    process::Server,
    tls,
};

/// Services that need a session token and other fields, and texts in their responses.
pub(in crate::blackbox) const SERVICES: [(&str, &str, &str, &str); 9] = [
    ("MMCOS-Account/AccountService.svc", "UpdateAccountTitle", "<Title>lng_player_title_box_004</Title>", ""),
    ("MMCOS-Matchmaking/MatchmakingService.svc", "CancelMatchmaking", "", ""),
    (
        "MMCOS-Matchmaking/MatchmakingService.svc",
        "RegisterActiveGameWithPlayers",
        "<RaceKey>0123456789ABCDEF</RaceKey>",
        "",
    ),
    ("MMCOS-Matchmaking/MatchmakingService.svc", "RegisterServer", "", ""),
    ("MMCOS-Matchmaking/MatchmakingService.svc", "GetGames", "", ""),
    ("MMCOS-Matchmaking/MatchmakingService.svc", "DebugMessage", "", ""),
    (
        "MMCOS-Leaderboard/LeaderboardService.svc",
        "GetElite",
        "<StartRank>0</StartRank><NumResults>100</NumResults>",
        "<Name>Player 1</Name>",
    ),
    (
        "MMCOS-Leaderboard/LeaderboardService.svc",
        "GetFriends",
        "<PlatformIds><PlatformIdEntry><PlatformId>76561202255230001</PlatformId></PlatformIdEntry></PlatformIds>\
         <MaxEntries>100</MaxEntries>",
        "<Name>Player 1</Name>",
    ),
    ("MMCOS-Leaderboard/LeaderboardService.svc", "GetEliteRank", "", "<Entries"),
];

#[test]
fn every_endpoint_answers_at_both_doors() {
    // A result against AI counts at once, not after half a minute.
    let server = Server::start_with(&["--poll-seconds", "3", "--min-race-seconds", "0"]);
    for prefix in ["", "/MMCOS"] {
        every_endpoint_answers(&mut Client::plain(server.http), prefix);
        every_endpoint_answers(&mut Client::tls(server.https, &tls::game()), prefix);
    }
}

fn every_endpoint_answers(client: &mut Client, prefix: &str) {
    for version in 1..=3 {
        let path = format!("{prefix}/redirect_steam_submission{version}.txt");
        assert_eq!(client.ask(&get(&path)).ok().text(), "Live");
    }
    let status = client.ask(&get(&format!("{prefix}/MMCOS-ServerStatus/ServerStatus.xml"))).ok();
    assert!(status.text().contains("accessible=\"true\""), "{}", status.text());
    let details = client.ask(&login(1)).ok();
    assert_eq!(details.element("PlatformID"), player::steam_id(1).to_string());
    let token = details.element("SessionToken");
    for (service, name, fields, expected) in SERVICES {
        let body = format!("<{name}><SessionToken>{token}</SessionToken>{fields}</{name}>");
        let answer = client.ask(&post(&format!("{prefix}/{service}/{name}"), &body)).ok();
        assert!(answer.text().contains(expected), "{name}: {}", answer.text());
        assert_eq!(answer.body.is_empty(), expected.is_empty(), "{name}: {}", answer.text());
    }
    race(client, prefix, token);
    egonet_login(client);
}

/// Requests a match that accepts AI, and sends the points of its result.
fn race(client: &mut Client, prefix: &str, token: &str) {
    let search = format!(
        "<EnterMatchmaking2><SessionToken>{token}</SessionToken><GroupLobbyId>1</GroupLobbyId>\
         <GameLobbyId>2</GameLobbyId><NetworkVersion>1</NetworkVersion><GameType>QuickRace</GameType>\
         <GroupSize>1</GroupSize><SkillLevel>1</SkillLevel><RuleSet>Race</RuleSet><Ranking>NotRanked</Ranking>\
         <IgnoreMinimumMatchRequirements>true</IgnoreMinimumMatchRequirements></EnterMatchmaking2>"
    );
    let path = ENTER.strip_prefix("/MMCOS").unwrap();
    let found = client.ask(&post(&format!("{prefix}{path}"), &search)).ok();
    let race_key = found.element("RaceKey");
    let body = format!(
        "<AddPoints><SessionToken>{token}</SessionToken><RaceKey>{race_key}</RaceKey><Points>10</Points>\
         <Level>1</Level><Prestige>0</Prestige></AddPoints>"
    );
    let path = format!("{prefix}/MMCOS-GameProgression/GameProgressionService.svc/AddPoints");
    let points: u32 = client.ask(&post(&path, &body)).ok().element("Points").parse().unwrap();
    assert!(points >= 10, "{points}");
}

fn egonet_login(client: &mut Client) {
    let request = Dict::new().dstr("Name", "Player 1").blob("SteamTicket", &[1, 2, 3][..]);
    let mut body = Vec::new();
    egonet::encode(&request.into(), &mut body).unwrap();
    let fields = "content-type: application/egonet-stream\r\nX-EgoNet-Function: LoginService.Login\r\n";
    let answer = client.ask(&post_with("/MicroMachines/STEAM/1.0/", fields, &body)).ok();
    assert!(answer.head.contains("X-EgoNet-Result: 0\r\n"), "{}", answer.head);
    let answer = egonet::decode(&answer.body, &egonet::Limits::default()).unwrap();
    assert_eq!(answer.get("SteamId"), Some(&Value::U64(player::steam_id(1))));
}

#[test]
fn what_cannot_be_served_is_refused_with_its_status() {
    let server = Server::start();
    let ask = |request: &[u8]| Client::tls(server.https, &tls::modern()).ask(request);
    let xml = |answer: Answer| (answer.status, answer.element("Error").is_empty());
    assert_eq!(xml(ask(&get("/nowhere"))), (404, false));
    assert_eq!(xml(ask(&get(ENTER))), (405, false));
    assert_eq!(xml(ask(&post(ENTER, "<EnterMatchmaking2>"))), (400, false));
    let forged = "<CancelMatchmaking><SessionToken>Zm9yZ2Vk</SessionToken></CancelMatchmaking>";
    assert_eq!(
        xml(ask(&post(&ENTER.replace("EnterMatchmaking2", "CancelMatchmaking"), forged))),
        (401, false)
    );
    assert_eq!(ask(b"GET  HTTP/1.1\r\n\r\n").status, 400);
    assert_eq!(ask(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n").status, 413);
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    assert_eq!(ask(long.as_bytes()).status, 431);
}
