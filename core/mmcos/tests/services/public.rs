//! Public pages and their API: for anyone, from any site, without a password, with nothing private.

use std::time::Duration;

use mmcos_core::{
    admin::{self, Password, VisitorPage},
    settings::Value,
};
use mmcos_game::{Mmcos, Record};
use serde_json::Value as Json;

use super::{
    rig::{Rig, body, status},
    world::{Hosted, Search, login, on, race, restarted, rig, trusting},
};

const ANN: u64 = 76_561_202_255_230_001;
const BEN: u64 = 76_561_202_255_230_002;
const HOSTILE: &str = "<img src=x onerror=1>";

fn server() -> Rig<Mmcos> {
    let mut rig = rig(trusting());
    rig.skip_to(on(2023, 11, 18, 19));
    rig
}

fn get(rig: &mut Rig<Mmcos>, path: &str) -> String {
    let conn = rig.open_from([203, 0, 113, 7]);
    rig.send(conn, format!("GET {path} HTTP/1.1\r\nHost: anything.example\r\n\r\n").as_bytes());
    let response = rig.read(conn);
    rig.leave(conn);
    response
}

fn json(rig: &mut Rig<Mmcos>, path: &str) -> Json {
    let response = get(rig, path);
    assert_eq!(status(&response), "200", "{response}");
    assert!(response.contains("Access-Control-Allow-Origin: *\r\n"), "{response}");
    serde_json::from_str(body(&response)).unwrap()
}

fn page(rig: &mut Rig<Mmcos>, path: &str) -> String {
    let response = get(rig, path);
    assert_eq!(status(&response), "200", "{response}");
    assert!(
        response.contains("Content-Security-Policy: default-src 'none'; script-src 'self'"),
        "{response}"
    );
    body(&response).to_owned()
}

#[test]
fn anybody_sees_how_many_search_for_what_and_since_when() {
    let mut rig = server();
    let token = login(&mut rig, ANN, "Ann");
    let began = rig.wall().as_secs();
    Search::race(&token, 10).begin(&mut rig);
    rig.pass(Duration::from_secs(3));
    let now = json(&mut rig, "/api/v1/status");
    assert_eq!((&now["players"], &now["matches"], &now["names"]), (&1.into(), &0.into(), &Json::Null));
    let searching = &now["searching"][0];
    assert_eq!(
        (&searching["mode"], &searching["players"], &searching["since"]),
        (&"QuickRace".into(), &1.into(), &began.into())
    );
    assert_eq!((&now["season"]["id"], &now["season"]["active"]), (&39.into(), &true.into()), "{now}");
    let part = body(&get(&mut rig, "/now")).to_owned();
    assert!(part.contains("<bdi>QuickRace</bdi></td><td>1</td><td>3 s</td>"), "{part}");
    assert!(!part.contains("Ann"), "{part}");
    let badge = get(&mut rig, "/badge.svg?mode=QuickRace");
    assert!(
        badge.contains("Content-Type: image/svg+xml\r\n") && badge.contains(">1 searching QuickRace<"),
        "{badge}"
    );
}

#[test]
fn names_of_players_online_are_public_only_if_the_operator_says_so() {
    let mut rig = rig({
        let mut settings = trusting();
        settings.public_names = true;
        settings
    });
    login(&mut rig, ANN, HOSTILE);
    login(&mut rig, BEN, "Ben [private]");
    assert_eq!(json(&mut rig, "/api/v1/status")["names"], serde_json::json!([HOSTILE]));
    let part = body(&get(&mut rig, "/now")).to_owned();
    assert!(part.contains("&lt;img src=x onerror=1&gt;") && !part.contains("<img"), "{part}");
}

#[test]
fn the_leaderboard_is_paged_searched_and_shown_around_a_player() {
    let mut rig = server();
    let tokens: Vec<String> =
        (0..120).map(|number| login(&mut rig, ANN + number, &format!("Racer {number:03}"))).collect();
    race(&mut rig, &tokens[100], 120);
    let first = json(&mut rig, "/api/v1/leaderboard");
    assert_eq!((&first["players"], &first["start"]), (&120.into(), &1.into()));
    let rows = first["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 50);
    assert_eq!(
        (&rows[0]["rank"], &rows[0]["name"], &rows[0]["user_id"]),
        (&1.into(), &"Racer 100".into(), &101.into())
    );
    assert!(rows[0].get("steam_id").is_none(), "{}", rows[0]);
    assert_eq!(json(&mut rig, "/api/v1/leaderboard?start=101")["rows"].as_array().unwrap().len(), 20);
    // Account 70 has rank 71: the account ahead of all was behind it.
    let around = json(&mut rig, "/api/v1/leaderboard?around=70");
    assert_eq!((&around["start"], &around["rows"][25]["name"]), (&46.into(), &"Racer 069".into()));
    let found = json(&mut rig, "/api/v1/leaderboard?search=RACER+11");
    assert_eq!(found["rows"].as_array().unwrap().len(), 10);
    let id = mmcos_game::players::UserFacingId::of(mmcos_core::wire::steam::SteamId::new(ANN + 5));
    let by_number = json(&mut rig, &format!("/api/v1/leaderboard?search={}", id.as_str().to_lowercase()));
    assert_eq!(by_number["rows"][0]["name"], "Racer 005");
    let html = page(&mut rig, "/leaderboard?start=51");
    assert!(
        html.contains("href=\"/leaderboard?start=1\"") && html.contains("href=\"/leaderboard?start=101\""),
        "{html}"
    );
    assert_eq!(status(&get(&mut rig, "/api/v1/leaderboard?around=121")), "404");
}

#[test]
fn searches_through_all_players_have_one_limit() {
    let mut rig = server();
    let mut statuses = (0..12).map(|_| status(&get(&mut rig, "/api/v1/leaderboard?search=a")).to_owned());
    assert!(statuses.by_ref().take(10).all(|status| status == "200"));
    assert!(statuses.all(|status| status == "429"));
    assert_eq!(status(&get(&mut rig, "/leaderboard?search=a")), "429");
    assert_eq!(status(&get(&mut rig, "/leaderboard")), "200");
    rig.pass(Duration::from_secs(1));
    assert_eq!(status(&get(&mut rig, "/leaderboard?search=a")), "200");
}

#[test]
fn a_player_has_a_page_without_times_or_steam_ids() {
    let mut rig = server();
    let token = login(&mut rig, ANN, HOSTILE);
    race(&mut rig, &token, 40);
    let player = json(&mut rig, "/api/v1/players/1");
    assert_eq!(
        (&player["name"], &player["rank"], &player["points"]),
        (&HOSTILE.into(), &1.into(), &40.into())
    );
    assert_eq!(
        (&player["results"][0]["day"], &player["results"][0]["change"]),
        (&"2023-11-18".into(), &40.into())
    );
    assert!(!player.to_string().contains(&ANN.to_string()), "{player}");
    let html = page(&mut rig, "/players/1");
    assert!(html.contains("&lt;img src=x") && !html.contains("<img"), "{html}");
    for unknown in ["2", "0", "x", "-1", "99999999999"] {
        assert_eq!(status(&get(&mut rig, &format!("/players/{unknown}"))), "404");
    }
}

#[test]
fn a_private_player_has_a_place_without_a_name() {
    let mut rig = server();
    login(&mut rig, ANN, "Ann [private]");
    let row = json(&mut rig, "/api/v1/leaderboard")["rows"][0].clone();
    assert_eq!((&row["name"], &row["user_id"]), (&"Private player".into(), &Json::Null));
    assert_eq!(status(&get(&mut rig, "/players/1")), "404");
    assert_eq!(json(&mut rig, "/api/v1/leaderboard?search=ann")["rows"], serde_json::json!([]));
}

#[test]
fn a_season_that_has_ended_keeps_its_first_places_over_a_restart() {
    let mut rig = server();
    let [ann, ben] = [(ANN, "Ann"), (BEN, "Ben")].map(|(id, name)| login(&mut rig, id, name));
    race(&mut rig, &ann, 40);
    race(&mut rig, &ben, 120);
    assert_eq!(json(&mut rig, "/api/v1/seasons"), serde_json::json!([]));
    rig.skip_to(on(2024, 1, 1, 1));
    login(&mut rig, ANN, "Ann the second");
    let check = |rig: &mut Rig<Mmcos>| {
        assert_eq!(json(rig, "/api/v1/seasons"), serde_json::json!([{ "season": 39, "places": 2 }]));
        let rows = &json(rig, "/api/v1/seasons/39")["rows"];
        assert_eq!(
            (&rows[0]["name"], &rows[0]["points"], &rows[1]["name"]),
            (&"Ben".into(), &120.into(), &"Ann".into())
        );
        assert_eq!(json(rig, "/api/v1/players/1")["seasons"][0]["rank"], 2);
        assert!(page(rig, "/seasons/39").contains("<bdi>Ben</bdi>"));
        assert_eq!(status(&get(rig, "/seasons/38")), "404");
    };
    check(&mut rig);
    let mut rig = restarted(&rig, trusting(), rig.wall());
    check(&mut rig);
}

#[test]
fn the_week_shows_when_people_play() {
    let mut rig = server();
    login(&mut rig, ANN, "Ann");
    login(&mut rig, BEN, "Ben");
    rig.pass(Duration::from_mins(1));
    get(&mut rig, "/now");
    rig.pass(Duration::from_hours(1));
    let week = |rig: &mut Rig<Mmcos>| json(rig, "/api/v1/week").as_array().unwrap().clone();
    // 2023-11-18 is a Saturday.
    let hours = week(&mut rig);
    assert_eq!((hours.len(), &hours[5 * 24 + 19], &hours[5 * 24 + 20]), (168, &20.into(), &0.into()));
    assert!(rig.records.iter().any(|record| matches!(record, Record::Hour(_))));
    assert!(body(&get(&mut rig, "/now")).contains("data-week="));
    assert_eq!(week(&mut restarted(&rig, trusting(), rig.wall())), hours);
}

#[test]
fn the_mode_of_the_day_and_the_next_race_night_are_public() {
    let mut settings = trusting();
    settings.mode_of_the_day = Value::parse("QuickBattle").unwrap();
    settings.nights = Value::parse("mon 20:00-22:00 Europe/Berlin").unwrap();
    let mut rig = rig(settings);
    rig.skip_to(on(2023, 11, 18, 19));
    let now = json(&mut rig, "/api/v1/status");
    let starts = on(2023, 11, 20, 19).as_secs();
    assert_eq!(now["mode_of_the_day"], "Quick Battle");
    assert_eq!(now["night"], serde_json::json!({ "on": false, "starts": starts, "ends": starts + 7_200 }));
    let part = body(&get(&mut rig, "/now")).to_owned();
    assert!(part.contains("<time datetime=\"2023-11-20T19:00:00Z\">"), "{part}");
    let calendar = get(&mut rig, "/nights.ics");
    assert!(calendar.contains("Content-Type: text/calendar"), "{calendar}");
    assert!(calendar.contains("DTSTART:20231120T190000Z\r\nDTEND:20231120T210000Z\r\n"), "{calendar}");
    assert_eq!(status(&get(&mut server(), "/nights.ics")), "404");
}

#[test]
fn the_first_page_has_the_live_part_as_long_as_public_pages_are_on() {
    let mut hosted = Hosted::from(trusting()).with_admin(admin::Config {
        password: Some(Password::new("right horse battery", &[1; 32])),
        ..admin::Config::default()
    });
    let page = "<p>Instructions</p>{front}";
    hosted.life.desk.pages = vec![VisitorPage {
        path: "/".to_owned(),
        content_type: "text/html".to_owned(),
        policy: String::new(),
        by_ip: page.to_owned(),
        by_name: page.to_owned(),
        unknown: Some(page.to_owned()),
    }];
    let mut rig = rig(hosted);
    assert!(body(&get(&mut rig, "/")).contains("players online"));
    let set = "PUT /api/v1/settings/public-pages HTTP/1.1\r\nHost: 192.168.1.20\r\n\
               Authorization: Bearer right horse battery\r\nContent-Length: 17\r\n\r\n{\"value\":\"false\"}";
    assert_eq!(status(&rig.request(set.as_bytes())), "200");
    assert_eq!(body(&get(&mut rig, "/")), "<p>Instructions</p>");
}

#[test]
fn public_pages_can_be_turned_off_and_only_be_read() {
    let mut settings = trusting();
    settings.public_pages = false;
    let mut hidden = rig(settings);
    for path in ["/now", "/leaderboard", "/api/v1/status", "/api/v1/players/1", "/badge.svg"] {
        assert_eq!(status(&get(&mut hidden, path)), "404", "{path}");
    }
    let mut rig = server();
    let conn = rig.open_from([203, 0, 113, 7]);
    rig.send(conn, b"POST /leaderboard HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(status(&rig.read(conn)), "405");
}

#[test]
fn the_menu_shows_a_change_at_once() {
    let mut settings = trusting();
    settings.message = Value::parse("{online} online, {searching} search").unwrap();
    let mut rig = rig(settings);
    let message = |rig: &mut Rig<Mmcos>| {
        let answer = get(rig, "/MMCOS/MMCOS-ServerStatus/ServerStatus.xml");
        let (_, rest) = answer.split_once("localize=\"false\">").unwrap();
        rest.split_once("</Message>").unwrap().0.to_owned()
    };
    assert_eq!(message(&mut rig), "0 online, 0 search");
    let token = login(&mut rig, ANN, "Ann");
    assert_eq!(message(&mut rig), "1 online, 0 search");
    let search = Search::race(&token, 10).begin(&mut rig);
    assert_eq!(message(&mut rig), "1 online, 1 search");
    rig.leave(search);
    assert_eq!(message(&mut rig), "1 online, 0 search");
}

#[test]
fn a_page_says_what_is_stored_by_the_settings_and_is_always_there() {
    let page = |change: &dyn Fn(&mut mmcos_game::Settings)| {
        let mut settings = trusting();
        change(&mut settings);
        get(&mut rig(settings), "/privacy")
    };
    let usual = page(&|_| {});
    assert_eq!(status(&usual), "200", "{usual}");
    assert!(
        usual.contains("at most 30 days") && usual.contains("Anyone can read the leaderboard"),
        "{usual}"
    );
    assert!(!usual.contains("your name is on the first page"));
    let named = page(&|settings| (settings.address_days, settings.public_names) = (1, true));
    assert!(named.contains("at most 1 day<") && named.contains("your name is on the first page"), "{named}");
    let closed = page(&|settings| settings.public_pages = false);
    assert!(status(&closed) == "200" && !closed.contains("Anyone can read"), "{closed}");
}
