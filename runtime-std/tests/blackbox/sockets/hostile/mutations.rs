//! Real requests with random errors.

use std::{io::Write, net::Shutdown};

use crate::blackbox::rig::{
    client::{Client, REDIRECT, connect, get, post_with},
    player::{ENTER, Player, login, request},
    process::Server,
    tls,
};

use super::Random;

/// Permitted status codes of responses to a mutated request.
const STATUSES: [u16; 13] = [100, 200, 400, 401, 404, 405, 408, 413, 414, 417, 431, 501, 505];

/// Sends `count` mutated requests, each on a connection of its own that is then half-closed. Each gets whole
/// responses, or none, and the connection ends.
pub(super) fn of_requests(server: &Server, seed: u64, count: usize) {
    let requests = requests(server);
    let mut random = Random(seed);
    for number in 0..count {
        let request = mutated(&mut random, &requests);
        let mut client = Client::plain(server.http);
        let _ = client.try_send(&request);
        let _ = client.tcp().shutdown(Shutdown::Write);
        let read = client.end();
        assert!(are_answers(&read), "{seed}/{number}: {}\n{}", request.escape_ascii(), read.escape_ascii());
    }
}

/// Sends mutated first messages of a TLS client, at the TLS listener.
pub(super) fn of_handshakes(server: &Server, seed: u64, count: usize) {
    let hellos = [tls::hello(&tls::modern()), tls::hello(&tls::game())];
    let mut random = Random(seed);
    for number in 0..count {
        let hello = mutated(&mut random, &hellos);
        let mut tcp = connect(server.https);
        let _ = tcp.write_all(&hello);
        let _ = tcp.shutdown(Shutdown::Write);
        let read = Client::plain_over(tcp).end();
        assert!(!read.starts_with(b"HTTP"), "{seed}/{number}: {}", hello.escape_ascii());
    }
}

/// Returns valid requests as the game sends them.
fn requests(server: &Server) -> Vec<Vec<u8>> {
    let token = Player::new(server.https, 7).token;
    let search = "  <GroupLobbyId>1</GroupLobbyId>\r\n  <GameLobbyId>2</GameLobbyId>\r\n  <NetworkVersion>1</NetworkVersion>\r\n  \
                  <GameType>QuickRace</GameType>\r\n  <GroupSize>1</GroupSize>\r\n  <SkillLevel>1</SkillLevel>\r\n  \
                  <RuleSet>Race</RuleSet>\r\n  <Ranking>NotRanked</Ranking>\r\n  \
                  <IgnoreMinimumMatchRequirements>true</IgnoreMinimumMatchRequirements>\r\n";
    let points = "  <RaceKey>0123456789ABCDEF</RaceKey>\r\n  <Points>10</Points>\r\n  <Level>1</Level>\r\n  <Prestige>0</Prestige>\r\n";
    let friends = "<PlatformIds><PlatformIdEntry><PlatformId>76561202255230001</PlatformId></PlatformIdEntry></PlatformIds>\
                   <MaxEntries>100</MaxEntries>";
    let mut requests = [
        ("Account", "UpdateAccountTitle", "<Title>lng_player_title_box_004</Title>"),
        ("Matchmaking", "EnterMatchmaking2", search),
        ("Matchmaking", "CancelMatchmaking", ""),
        ("Matchmaking", "RegisterActiveGameWithPlayers", "<RaceKey>0123456789ABCDEF</RaceKey>"),
        ("Matchmaking", "GetGames", ""),
        ("GameProgression", "AddPoints", points),
        ("Leaderboard", "GetElite", "<StartRank>0</StartRank><NumResults>100</NumResults>"),
        ("Leaderboard", "GetFriends", friends),
        ("Leaderboard", "GetEliteRank", ""),
    ]
    .map(|(service, name, fields)| request(&token, service, name, fields))
    .to_vec();
    let egonet = b"vdic\x01\0\0\0\x04Namedstr\x08\0\0\0Player 7";
    let chunked = "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<a/> \r\n0\r\n\r\n";
    requests.extend([
        get("/MMCOS/MMCOS-ServerStatus/ServerStatus.xml"),
        get(REDIRECT),
        login(7),
        post_with("/MicroMachines/STEAM/1.0/", "X-EgoNet-Function: LoginService.Login\r\n", egonet),
        format!("POST {ENTER} HTTP/1.1\r\n{chunked}").into_bytes(),
    ]);
    requests
}

/// Returns a request or message, changed in one to four places.
fn mutated(random: &mut Random, originals: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = originals[random.below(originals.len())].clone();
    for _ in 0..=random.below(4) {
        mutate(random, &mut bytes);
    }
    bytes
}

fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    const TOKENS: [&str; 12] =
        ["\r\n", "\n", "\r\n\r\n", "\0", "\u{ff}", "<", ">", "&#0;", "]]>", "4294967296", "-1", "%n%s"];
    let at = random.below(bytes.len() + 1);
    let end = bytes.len().min(at + random.below(32));
    let part = bytes[at..end].to_vec();
    match random.below(7) {
        0 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
        1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.next().to_le_bytes()[0]),
        2 => drop(bytes.splice(at..at, TOKENS[random.below(TOKENS.len())].bytes())),
        3 => drop(bytes.drain(at..end)),
        4 => drop(bytes.splice(at..at, part.repeat(1 + random.below(40)))),
        5 => bytes.truncate(at),
        _ => bytes.extend_from_slice(&part),
    }
}

/// Returns true if the bytes are whole responses, one after the other, and nothing else.
fn are_answers(mut read: &[u8]) -> bool {
    while !read.is_empty() {
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
        let Ok(head) = str::from_utf8(&read[..end]) else { return false };
        let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        if !status.is_some_and(|status| STATUSES.contains(&status)) {
            return false;
        }
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        let Some(rest) = read.get(end + 4 + length..) else { return false };
        read = rest;
    }
    true
}
