//! Bans: a banned player is told so at every request, until the ban ends.

use std::time::Duration;

use mmcos_core::{
    game::Game as _,
    seam::{ConnId, Wall},
    wire::steam::SteamId,
};
use mmcos_game::{
    Mmcos, Record,
    moderation::{Ban, Subject},
};

use crate::{
    rig::{Rig, START, status},
    world::{
        LOGIN, add_points, get_elite, login, login_answer, login_request, platform_id, post, server, text,
    },
};

const ANN: u64 = 76_561_198_000_007_001;
const BEN: u64 = 76_561_198_000_007_002;
const HOUR: Duration = Duration::from_hours(1);

fn ban(rig: &mut Rig<Mmcos>, subject: Subject, until: Option<Wall>) {
    let (since, reason, note) = (Wall::from_secs(START), "cheating & <worse>".into(), "see mail".into());
    rig.server.restore(Record::Ban(Box::new(Ban { subject, since, until, reason, note }))).unwrap();
}

fn ann() -> Subject {
    Subject::Account(SteamId::new(ANN))
}

#[test]
fn a_banned_players_login_is_refused_with_the_reason_and_makes_no_account() {
    let mut rig = server();
    ban(&mut rig, ann(), None);
    let answer = login_answer(&mut rig, ANN, "Ann");
    assert_eq!(status(&answer), "403", "{answer}");
    assert_eq!(text(&answer, "Error"), format!("{ANN} is banned for good: cheating &amp; &lt;worse&gt;"));
    assert!(!answer.contains("see mail"), "the note is for operators");
    let event = rig.events.last().unwrap();
    assert!(event.starts_with("Rejected") && event.contains("Login") && event.contains("Banned"), "{event}");
    assert!(rig.server.service().players().is_empty());
    login(&mut rig, BEN, "Ben");
}

#[test]
fn a_banned_players_session_holds_again_when_the_ban_ends() {
    let mut rig = server();
    let [ann_token, ben_token] = [ANN, BEN].map(|player| login(&mut rig, player, "Racer"));
    ban(&mut rig, ann(), Some(Wall::from_secs(START + 3600)));
    for answer in [get_elite(&mut rig, &ann_token), add_points(&mut rig, &ann_token, "00000000000000AB", 10)]
    {
        assert_eq!(status(&answer), "403", "{answer}");
        assert!(text(&answer, "Error").contains("until 2023-11-18T20:45:20Z"), "{answer}");
    }
    assert_eq!(status(&get_elite(&mut rig, &ben_token)), "200");
    rig.pass(HOUR);
    assert_eq!(status(&get_elite(&mut rig, &ann_token)), "200");
    login(&mut rig, ANN, "Ann");
}

#[test]
fn a_banned_range_is_refused_everything_and_others_nothing() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    ban(&mut rig, Subject::Addresses("203.0.113.0/24".parse().unwrap()), None);
    let mut ask = |address, request: &[u8]| {
        let conn: ConnId = rig.open_from(address);
        rig.send(conn, request);
        rig.read(conn)
    };
    let elite = post(
        "MMCOS-Leaderboard/LeaderboardService.svc/GetElite",
        &format!(
            "<GetElite><SessionToken>{token}</SessionToken><StartRank>0</StartRank><NumResults>1</NumResults></GetElite>"
        ),
    );
    let redirect = b"GET /redirect_steam_submission3.txt HTTP/1.1\r\nHost: a\r\n\r\n";
    let login = login_request(&platform_id(BEN), "Ben");
    for request in [&login[..], &elite, redirect, &post(LOGIN, "no XML at all")] {
        let answer = ask([203, 0, 113, 255], request);
        assert_eq!(status(&answer), "403", "{answer}");
        assert!(answer.contains("203.0.113.0/24 is banned"), "{answer}");
    }
    for request in [&login[..], &elite, redirect] {
        assert_eq!(status(&ask([203, 0, 114, 0], request)), "200");
    }
}

#[test]
fn bans_are_in_a_snapshot_and_lifted_by_their_subject() {
    let mut rig = server();
    ban(&mut rig, ann(), None);
    ban(&mut rig, Subject::Addresses("203.0.113.0/24".parse().unwrap()), None);
    let mut again = server();
    for record in rig.server.service().rows() {
        again.server.restore(record).unwrap();
    }
    assert_eq!(again.server.service().bans(), rig.server.service().bans());
    assert_eq!(again.server.service().bans().iter().count(), 2);
    again.server.restore(Record::Unban(ann())).unwrap();
    login(&mut again, ANN, "Ann");
}
