//! No player can act for another, whatever the token.

use mmcos_core::seam::Wall;
use mmcos_game::{Mmcos, session_token::Session};

use super::{
    rig::{Rig, START, status},
    world::{
        CANCEL, Search, UPDATE_TITLE, add_points, get_elite, login, millis, post, server, session_key, text,
    },
};

const ANN: u64 = 76_561_198_000_009_001;
const BEA: u64 = 76_561_198_000_009_002;

/// Two players at the same address.
fn two() -> (Rig<Mmcos>, [String; 2]) {
    let mut rig = server();
    let tokens = [(ANN, "Ann"), (BEA, "Bea")].map(|(player, name)| login(&mut rig, player, name));
    (rig, tokens)
}

fn points(rig: &Rig<Mmcos>) -> Vec<i32> {
    rig.server.service().players().iter().map(|player| player.standing.points.0).collect()
}

fn titles(rig: &Rig<Mmcos>) -> Vec<&str> {
    rig.server.service().players().iter().map(|player| player.profile.title.as_str()).collect()
}

#[test]
fn two_players_of_one_address_are_two() {
    let (mut rig, [ann, bea]) = two();
    assert_ne!(ann, bea);
    assert_eq!(rig.server.service().players().len(), 2);
    assert!([ann, bea].iter().all(|token| status(&get_elite(&mut rig, token)) == "200"));
}

#[test]
fn a_race_key_of_anothers_scores_for_nobody() {
    let (mut rig, [ann, bea]) = two();
    let search = Search { ignore: true, ..Search::race(&ann, 1) }.begin(&mut rig);
    rig.pass(millis(30_000));
    let key = text(&rig.read(search), "RaceKey").to_owned();
    assert_eq!(status(&add_points(&mut rig, &bea, &key, 50)), "200");
    assert_eq!(points(&rig), [0, 0]);
    add_points(&mut rig, &ann, &key, 50);
    assert_eq!(points(&rig), [50, 0]);
}

#[test]
fn a_cancel_ends_the_own_search_alone() {
    let (mut rig, [ann, bea]) = two();
    let search = Search::race(&ann, 1).begin(&mut rig);
    let cancel = format!("<CancelMatchmaking><SessionToken>{bea}</SessionToken></CancelMatchmaking>");
    assert_eq!(status(&rig.request(&post(CANCEL, &cancel))), "200");
    assert_eq!(rig.read(search), "", "Ann still searches");
}

#[test]
fn a_title_is_the_own_one() {
    let (mut rig, [_, bea]) = two();
    let title = format!(
        "<UpdateAccountTitle><SessionToken>{bea}</SessionToken><Title>lng_of_bea</Title></UpdateAccountTitle>"
    );
    assert_eq!(status(&rig.request(&post(UPDATE_TITLE, &title))), "200");
    assert_eq!(titles(&rig), ["lng_player_title_default", "lng_of_bea"]);
}

#[test]
fn a_token_that_was_changed_is_nobodys() {
    let (mut rig, [ann, bea]) = two();
    let mut refused = |token: &str| {
        let answer = get_elite(&mut rig, token);
        assert_eq!(status(&answer), "401", "{token}: {answer}");
    };
    for at in 0..ann.len() {
        let other = if ann.as_bytes()[at] == b'A' { "B" } else { "A" };
        refused(&format!("{}{other}{}", &ann[..at], &ann[at + 1..]));
        refused(&ann[..at]);
        // The claims of one token with the seal of the other.
        if !ann[at..].starts_with(&bea[at..]) && !ann[..at].starts_with(&bea[..at]) {
            refused(&format!("{}{}", &ann[..at], &bea[at..]));
        }
    }
}

#[test]
fn a_token_whose_account_belongs_to_another_player_is_refused() {
    let (mut rig, [ann, _]) = two();
    let session = session_key().verify(&ann, Wall::from_secs(START)).unwrap();
    let foreign = Session { steam_id: mmcos_core::wire::steam::SteamId::new(BEA), ..session };
    assert_eq!(status(&get_elite(&mut rig, &session_key().issue(&foreign))), "401");
}
