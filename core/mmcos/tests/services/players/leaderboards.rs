//! Leaderboards, and the lines of the game's menu.

use mmcos_core::settings::{Line, Value as _};

use crate::{
    rig::{body, status},
    world::{GET_FRIENDS, get_elite, login, post, race, rig, server, text, texts, trusting, update_title},
};

const ANN: u64 = 76_561_198_000_003_001;
const BEA: u64 = 76_561_198_000_003_002;

#[test]
fn the_page_is_fresh_after_every_change_of_what_it_shows() {
    let mut rig = server();
    let ann = login(&mut rig, ANN, "Ann");
    let shown = |rig: &mut _, name| texts(&get_elite(rig, &ann), name).join(" ");
    assert_eq!(shown(&mut rig, "Name"), "Ann");
    let bea = login(&mut rig, BEA, "Bea");
    assert_eq!(shown(&mut rig, "Name"), "Ann Bea");
    race(&mut rig, &bea, 40);
    assert_eq!((shown(&mut rig, "Name"), shown(&mut rig, "Points")), ("Bea Ann".into(), "40 0".into()));
    login(&mut rig, ANN, "Anna");
    assert_eq!(shown(&mut rig, "Name"), "Bea Anna");
    let title = "lng_player_title_elite";
    update_title(&mut rig, &ann, title);
    assert_eq!(shown(&mut rig, "Title"), format!("lng_player_title_default {title}"));
}

#[test]
fn the_page_is_everybodys_but_the_place_is_the_callers() {
    let mut rig = server();
    let [ann, bea] = [(ANN, "Ann"), (BEA, "Bea")].map(|(id, name)| login(&mut rig, id, name));
    race(&mut rig, &bea, 40);
    let place = |answer: &str| [text(answer, "PlayerRank"), text(answer, "PlayerScore")].join(" ");
    assert_eq!(place(&get_elite(&mut rig, &ann)), "1 0");
    assert_eq!(place(&get_elite(&mut rig, &bea)), "0 40");
}

#[test]
fn two_thousand_friends_fit() {
    let mut rig = server();
    let ann = login(&mut rig, ANN, "Ann");
    login(&mut rig, BEA, "Bea");
    let entry = |id: u64| {
        format!("    <PlatformIdEntry>\r\n      <PlatformId>{id}</PlatformId>\r\n    </PlatformIdEntry>\r\n")
    };
    let friends: String = (0..2_000).map(|friend| entry(ANN + friend)).collect();
    let request = format!(
        "<GetFriends>\r\n  <SessionToken>{ann}</SessionToken>\r\n  <PlatformIds>\r\n{friends}  </PlatformIds>\r\n  \
         <MaxEntries>2000</MaxEntries>\r\n</GetFriends>"
    );
    let answer = rig.request(&post(GET_FRIENDS, &request));
    assert_eq!((status(&answer), texts(&answer, "Name").join(" ")), ("200", "Ann Bea".into()), "{answer}");
}

#[test]
fn a_name_stays_text() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "<img src=x> & \"co\"");
    let answer = get_elite(&mut rig, &token);
    assert_eq!(text(&answer, "Name"), "&lt;img src=x&gt; &amp; \"co\"");
    assert!(!answer.contains("<img"));
}

#[test]
fn the_message_of_the_day_stays_text() {
    let mut config = trusting();
    config.message = Line::parse("<ServerStatus accessible=\"false\"/> & so on");
    config.maintenance = true;
    let answer = rig(config).request(b"GET /MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: a\r\n\r\n");
    let message = "&lt;ServerStatus accessible=\"false\"/&gt; &amp; so on</Message>";
    assert!(body(&answer).contains(message), "{answer}");
    assert_eq!(answer.matches("<ServerStatus accessible=\"false\"/>").count(), 1);
}
