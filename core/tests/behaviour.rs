//! What players live through, told through the seam: several requests, several players, time.

#![cfg(test)]

mod rig;
mod signing;

use std::time::Duration;

use mmcos_core::{
    calendar::Date,
    engine::Limits,
    mmcos::{Config, IdentityPolicy, Mmcos, identity::APP, players::UserFacingId},
    seam::Input,
    wire::steam::{TicketBuilder, UnixSeconds, encode_platform_id},
};
use rig::{
    Rig, START, body, status,
    town::{Town, config, element, post, steam_id},
};

fn town() -> Town {
    Town::new(config())
}

#[test]
fn an_account_is_the_same_at_every_login() {
    let mut town = town();
    let (first, again) = (town.login("ann"), town.login("ann"));
    for name in ["UserID", "UserFacingID", "PlatformID"] {
        assert_eq!(element(&first, name), element(&again, name));
    }
    assert_eq!(element(&first, "UserFacingID"), UserFacingId::of(steam_id("ann")).as_str());
    assert_ne!(element(&first, "UserID"), element(&town.login("bob"), "UserID"));
}

#[test]
fn points_promote_and_are_not_lost_in_the_first_divisions() {
    let mut town = town();
    for expected in (60..=480).step_by(60) {
        assert_eq!(element(&town.score("bob", 60), "Points"), expected.to_string());
    }
    let promoted = town.score("bob", 60);
    assert_eq!((element(&promoted, "OldDivision"), element(&promoted, "NewDivision")), ("0", "1"));
    assert_eq!(element(&town.score("bob", -60), "Points"), "540");
    assert_eq!(element(&town.login("bob"), "Division"), "1");
}

#[test]
fn a_claim_beyond_what_a_game_can_bring_is_cut() {
    let mut town = town();
    let points: i32 = element(&town.score("bob", 1_000_000), "Points").parse().unwrap();
    assert!((60..=200).contains(&points), "{points}");
    assert!(town.rig.events.iter().any(|event| event.starts_with("Exaggerated")));
}

#[test]
fn ranks_count_from_zero_and_equals_keep_their_order() {
    let mut town = town();
    assert_eq!(element(&town.score("cid", 40), "Rank"), "0");
    assert_eq!(element(&town.login("bob"), "Rank"), "1");
    assert_eq!(element(&town.score("bob", 40), "Rank"), "0");
    assert_eq!(element(&town.login("cid"), "Rank"), "1");
}

#[test]
fn a_leaderboard_shows_every_change_at_once() {
    let mut town = town();
    let before = town.elite("bob");
    assert_eq!(before, town.elite("bob"));
    town.score("cid", 60);
    let scored = town.elite("bob");
    assert!(scored.find("<Name>Cid") < scored.find("<Name>Bob"), "{scored}");
    assert_eq!((element(&scored, "PlayerRank"), element(&scored, "UntrustedLevel")), ("1", "7"));
    town.title("cid", "lng_player_title_box_001");
    assert_eq!(element(&town.elite("bob"), "Title"), "lng_player_title_box_001");
    let renamed = format!(
        "<Login><PlatformID>{}</PlatformID><DisplayName>&lt;img src=x&gt;</DisplayName></Login>",
        rig::town::ticket("cid")
    );
    town.ask("cid", &post("Account/AccountService.svc/Login", &renamed));
    assert!(town.elite("bob").contains("<Name>&lt;img src=x&gt;</Name>"));
}

#[test]
fn two_thousand_friends_fit() {
    let mut town = town();
    let entry = |id| {
        format!("    <PlatformIdEntry>\r\n      <PlatformId>{id}</PlatformId>\r\n    </PlatformIdEntry>\r\n")
    };
    let ids: String = (0..2000).map(|n| entry(76_561_198_000_000_000_u64 + n)).collect();
    let request = format!(
        "<GetFriends>\r\n  <SessionToken>{}</SessionToken>\r\n  <PlatformIds>\r\n{ids}  </PlatformIds>\r\n</GetFriends>",
        town.tokens["bob"]
    );
    let answer = town.ask("bob", &post("Leaderboard/LeaderboardService.svc/GetFriends", &request));
    assert_eq!((status(&answer), answer.matches("<LeaderboardEntry>").count()), ("200", 2));
}

#[test]
fn a_token_is_good_for_its_own_account_alone() {
    let mut town = town();
    // Both play from one address; what each has is by the token.
    town.tokens.insert("ann", town.tokens["bob"].clone());
    town.score("ann", 60);
    assert_eq!(element(&town.login("bob"), "Points"), "60");
    assert_eq!(element(&town.login("cid"), "Points"), "0");
    let mut forged = town.tokens["bob"].clone().into_bytes();
    forged[3] ^= 1;
    town.tokens.insert("ann", String::from_utf8(forged).unwrap());
    assert_eq!(status(&town.elite("ann")), "401");
}

#[test]
fn a_session_ends_after_its_time() {
    let mut town = Town::new(Config { session_lifetime: Duration::from_hours(2), ..config() });
    town.rig.pass(Duration::from_mins(119));
    let conn = town.rig.open();
    let ask = post(
        "Leaderboard/LeaderboardService.svc/GetEliteRank",
        &format!("<GetEliteRank><SessionToken>{}</SessionToken></GetEliteRank>", town.tokens["bob"]),
    );
    town.rig.send(conn, &ask);
    assert_eq!(status(&town.rig.read(conn)), "200");
    town.rig.pass(Duration::from_mins(1));
    let conn = town.rig.open();
    town.rig.send(conn, &ask);
    assert_eq!(status(&town.rig.read(conn)), "401");
}

#[test]
fn a_new_season_starts_from_the_bonus_and_the_login_tells_it() {
    let mut town = town();
    for _ in 0..10 {
        town.score("bob", 60);
    }
    let before = town.login("bob");
    assert_eq!((element(&before, "CurrentSeasonID"), element(&before, "Points")), ("39", "600"));
    let new_year = Date { year: 2024, month: 1, day: 1 }.start();
    let wait = u64::try_from(new_year.as_secs() - START).unwrap();
    town.rig.pass(Duration::from_secs(wait - 60 * 60 * 24 * 10));
    let inactive = town.fresh_login("bob");
    assert_eq!(
        (element(&inactive, "IsSeasonActive"), element(&inactive, "CurrentSeasonID")),
        ("false", "39")
    );
    town.rig.pass(Duration::from_hours(240));
    let after = town.fresh_login("bob");
    let tells = ["CurrentSeasonID", "PlayerSeasonID", "NewSeasonID", "OldSeasonID", "IsSeasonActive"];
    assert_eq!(tells.map(|name| element(&after, name)), ["40", "40", "40", "39", "true"]);
    // The first of the leaderboard gets 50, and division 1 brings nothing.
    assert_eq!(
        (element(&after, "Points"), element(&after, "NextActiveSeasonDate")),
        ("50", "2024-03-01T00:00:00Z")
    );
    let later = town.fresh_login("bob");
    assert_eq!((element(&later, "OldSeasonID"), element(&later, "Points")), ("40", "50"));
}

#[test]
fn the_message_of_the_day_is_text() {
    let message = Some("Race night <friday> & \"sunday\"".to_owned());
    let mut town = Town::new(Config { message, ..config() });
    let answer =
        town.ask("bob", b"GET /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.contains(
        "<Message display=\"true\" localize=\"false\">Race night &lt;friday&gt; &amp; \"sunday\"</Message>"
    ));
}

#[test]
fn maintenance_keeps_newcomers_out() {
    let mut rig = Rig::new(Mmcos::new(Config { maintenance: true, ..config() }, [5; 32]), Limits::default());
    let login = format!(
        "<Login><PlatformID>{}</PlatformID><DisplayName>Ann</DisplayName></Login>",
        rig::town::ticket("ann")
    );
    let refused = rig.ask(&post("Account/AccountService.svc/Login", &login));
    assert_eq!(status(&refused), "503");
    assert!(body(&refused).contains("maintenance"));
    let up = rig.ask(b"GET /MMCOS/MMCOS-ServerStatus/ServerStatus.xml HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(up.contains("<ServerStatus accessible=\"false\"/>"));
}

#[test]
fn a_ticket_must_be_steams() {
    let key = signing::public_key();
    let config = Config { identity: IdentityPolicy::Verify(key), ..config() };
    let mut rig = Rig::new(Mmcos::new(config, [5; 32]), Limits::default());
    let issued = UnixSeconds(u32::try_from(START).unwrap());
    let mut login = |sign: fn(&[u8]) -> [u8; 128]| {
        let ticket = TicketBuilder::new(steam_id("ann"), APP, issued).build(sign).unwrap();
        let id = encode_platform_id(&ticket);
        let body = format!("<Login><PlatformID>{id}</PlatformID><DisplayName>Ann</DisplayName></Login>");
        rig.ask(&post("Account/AccountService.svc/Login", &body))
    };
    assert_eq!(status(&login(signing::sign)), "200");
    assert_eq!(status(&login(|_| [0; 128])), "401");
    assert!(rig.events.last().unwrap().contains("Signature"), "{:?}", rig.events.last());
}

#[test]
fn two_who_search_meet_and_hear_the_same() {
    let mut town = town();
    assert_eq!(town.search("bob", "QuickRace", "Race", false), "");
    town.rig.pass(Duration::from_secs(3));
    assert_eq!(town.search("cid", "QuickRace", "Race", false), "");
    town.rig.pass(Duration::from_secs(4));
    assert_eq!(town.heard("bob"), "");
    town.rig.pass(Duration::from_secs(1));
    let (bob, cid) = (town.heard("bob"), town.heard("cid"));
    assert_eq!(body(&bob), body(&cid));
    assert_eq!(bob.matches("<MatchmakingGroup>").count(), 2);
    assert_eq!(bob.matches("<IsHost>true</IsHost>").count(), 1);
    assert_eq!(bob.matches("<Team>0</Team>").count(), 2);
}

#[test]
fn battle_has_two_teams() {
    let mut town = town();
    town.search("bob", "QuickBattle", "Battle", false);
    town.search("cid", "QuickBattle", "Battle", true);
    town.rig.pass(Duration::from_secs(5));
    let answer = town.heard("cid");
    assert!(answer.contains("<Team>1</Team>") && answer.contains("<Team>2</Team>"), "{answer}");
}

#[test]
fn who_leaves_or_cancels_is_in_no_match() {
    for leave in [true, false] {
        let mut town = town();
        town.search("bob", "QuickRace", "Race", false);
        if leave {
            let conn = town.client("bob");
            town.rig.leave(conn);
        } else {
            let cancel = format!(
                "<CancelMatchmaking><SessionToken>{}</SessionToken></CancelMatchmaking>",
                town.tokens["bob"]
            );
            let answer = town.rig.ask(&post("Matchmaking/MatchmakingService.svc/CancelMatchmaking", &cancel));
            assert_eq!((status(&answer), body(&answer)), ("200", ""));
            assert!(town.heard("bob").contains("<Error>cancelled</Error>"));
        }
        town.search("cid", "QuickRace", "Race", false);
        town.rig.pass(Duration::from_secs(25));
        assert_eq!(town.heard("cid").matches("<MatchmakingGroup>").count(), 1);
        assert_eq!(town.heard("bob"), "");
    }
}

#[test]
fn a_second_poll_supersedes_the_first() {
    let mut town = town();
    town.search("bob", "QuickRace", "Race", false);
    town.tokens.insert("ann", town.tokens["bob"].clone());
    assert_eq!(town.search("ann", "QuickRace", "Race", false), "");
    assert_eq!(town.heard("bob").matches("<MatchmakingGroup>").count(), 1);
    town.rig.pass(Duration::from_millis(24_500));
    assert_eq!(town.heard("ann").matches("<MatchmakingGroup>").count(), 1);
}

#[test]
fn a_server_that_stops_answers_all_who_search() {
    let mut town = town();
    town.search("bob", "QuickRace", "Race", false);
    town.search("cid", "QuickRace", "Race", false);
    town.rig.input(Input::Shutdown { grace: Duration::from_secs(4) });
    assert_eq!(town.heard("bob").matches("<MatchmakingGroup>").count(), 2);
    assert!(town.heard("cid").contains("Connection: close"));
    assert!(town.rig.server.is_idle());
}

#[test]
fn when_all_have_left_nothing_is_kept() {
    let mut town = town();
    for name in ["bob", "cid"] {
        town.search(name, "QuickRace", "Race", false);
        let conn = town.client(name);
        town.rig.leave(conn);
    }
    town.rig.pass(Duration::from_hours(1));
    assert!(town.rig.server.is_idle());
    let load = town.rig.server.service().matchmaker().load();
    assert_eq!((load.tickets, load.matches), (0, 0));
    assert_eq!(town.rig.server.next_deadline(), None);
}
