//! The services when the wall clock jumps, and after a restart at a wrong time.

use std::time::Duration;

use mmcos_core::{
    admin::{self, Password},
    engine::{Limits, SETTLING},
    seam::Wall,
    wire::steam::encode_platform_id,
};
use mmcos_game::{IdentityPolicy, Mmcos, Record, moderation::Ban};

use super::world::Hosted;
use super::{
    rig::{Rig, status},
    signing,
    world::{
        self, Search, add_points, get_elite, login, login_answer, login_request, on, race, restarted, rig,
        server, text, texts, ticket, trusting,
    },
};

const ANN: u64 = 76_561_198_000_008_001;
const PASSWORD: &str = "right horse battery";
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;
const JUMPS: [i64; 9] = [60, 600, 5 * HOUR, 40 * DAY, YEAR, 10 * YEAR, -600, -DAY, -10 * YEAR];

fn plus(wall: Wall, secs: i64) -> Wall {
    Wall::from_secs(wall.as_secs() + secs)
}

/// Moves the clock of a running server; later steps follow that clock.
fn jump(rig: &mut Rig<Mmcos>, secs: i64) {
    rig.set_wall(plus(rig.wall(), secs));
}

/// Returns a server shortly before a season ends, and the session token of Ann, a player with some points.
fn before_a_season_ends() -> (Rig<Mmcos>, String) {
    let mut rig = server();
    rig.set_wall(on(2026, 10, 31, 20));
    let ann = login(&mut rig, ANN, "Ann");
    for _ in 0..3 {
        race(&mut rig, &ann, 100);
    }
    (rig, ann)
}

fn operated() -> Hosted {
    let admin =
        admin::Config { password: Some(Password::new(PASSWORD, &[1; 32])), ..admin::Config::default() };
    Hosted::from(trusting()).with_admin(admin)
}

/// Starts a season by the operator's command.
fn begin(rig: &mut Rig<Mmcos>, season: i32) -> String {
    let body = format!(r#"{{"season":{season}}}"#);
    let length = body.len();
    let request = format!(
        "POST /api/v1/season/start HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {PASSWORD}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    rig.request(request.as_bytes())
}

/// Returns the season, the points, and whether a season is on, from a login response.
fn told(rig: &mut Rig<Mmcos>) -> [String; 3] {
    let answer = login_answer(rig, ANN, "Ann");
    ["CurrentSeasonID", "Points", "IsSeasonActive"]
        .map(|name| texts(&answer, name).last().unwrap().to_string())
}

fn seasons(rig: &Rig<Mmcos>) -> usize {
    rig.records.iter().filter(|record| matches!(record, Record::SeasonStarted(_))).count()
}

#[test]
fn a_jump_that_is_taken_back_begins_no_season_and_logs_nobody_out() {
    for secs in JUMPS {
        let (mut rig, ann) = before_a_season_ends();
        let before = seasons(&rig);
        jump(&mut rig, secs);
        for minute in 0..5 {
            assert_eq!(text(&get_elite(&mut rig, &ann), "PlayerScore"), "300", "{secs} s, minute {minute}");
            assert_eq!(told(&mut rig)[1], "300", "{secs} s");
            rig.pass(Duration::from_mins(1));
        }
        let during = login(&mut rig, ANN, "Ann");
        jump(&mut rig, -secs);
        assert_eq!(status(&get_elite(&mut rig, &ann)), "200", "{secs} s");
        assert_eq!(status(&get_elite(&mut rig, &during)), "200", "{secs} s");
        assert_eq!(told(&mut rig), ["56", "300", "false"], "{secs} s");
        assert_eq!(seasons(&rig), before, "{secs} s");
        // The calendar's season begins when it is due, with all points won so far.
        rig.skip_to(on(2026, 11, 1, 1));
        assert_eq!(told(&mut rig)[0], "57", "{secs} s");
        assert_eq!(seasons(&rig), before + 1, "{secs} s");
    }
}

#[test]
fn a_restart_while_the_clock_is_wrong_begins_no_season_either() {
    for secs in JUMPS {
        let (rig, ann) = before_a_season_ends();
        let wrong = plus(rig.wall(), secs);
        let mut wrong = restarted_at(&rig, trusting(), wrong);
        let before = seasons(&wrong);
        let key = issued(&mut wrong, &ann);
        wrong.pass(Duration::from_mins(1));
        assert_eq!(told(&mut wrong)[1], "300", "{secs} s");
        jump(&mut wrong, -secs);
        wrong.pass(Duration::from_mins(1));
        assert_eq!(text(&add_points(&mut wrong, &ann, &key, 50), "Points"), "350", "{secs} s: {ann}");
        let right = wrong.wall();
        let mut right = restarted_at(&wrong, trusting(), right);
        assert_eq!(told(&mut right), ["56", "350", "false"], "{secs} s");
        assert_eq!(seasons(&right), before, "{secs} s");
        right.skip_to(on(2026, 11, 1, 1));
        assert_eq!(told(&mut right)[0], "57", "{secs} s");
    }
}

/// Returns a server in the place of this one that has just been started.
fn restarted_at(rig: &Rig<Mmcos>, config: impl Into<Hosted>, now: Wall) -> Rig<Mmcos> {
    let limits = Limits { built: on(2026, 1, 1, 0), ..Limits::default() };
    let mut next = Rig::new(world::game(config, 5), limits);
    for record in &rig.records {
        next.server.restore(record.clone()).expect("what was recorded fits");
    }
    next.records.clone_from(&rig.records);
    next.set_wall(now);
    next.pass(Duration::ZERO);
    next
}

/// Returns the race key of a match that is under way.
fn issued(rig: &mut Rig<Mmcos>, token: &str) -> String {
    let conn = Search { ignore: true, ..Search::race(token, 7) }.begin(rig);
    rig.pass(Duration::from_secs(1));
    let key = text(&rig.read(conn), "RaceKey").to_owned();
    rig.leave(conn);
    key
}

#[test]
fn a_server_that_was_off_for_months_is_in_the_right_season_within_minutes() {
    let (rig, _) = before_a_season_ends();
    let mut rig = restarted_at(&rig, trusting(), on(2027, 2, 3, 9));
    assert_eq!(told(&mut rig)[..2], ["56", "300"]);
    rig.pass(SETTLING);
    assert_eq!(told(&mut rig)[0], "58");
}

#[test]
fn results_of_a_race_count_whatever_the_clock_does_meanwhile() {
    for secs in JUMPS {
        let (mut rig, ann) = before_a_season_ends();
        let key = issued(&mut rig, &ann);
        jump(&mut rig, secs);
        // Long enough for the server to believe it, if it ever will.
        rig.pass(Duration::from_mins(11));
        get_elite(&mut rig, &ann);
        let token = login(&mut rig, ANN, "Ann");
        let answer = add_points(&mut rig, &token, &key, 50);
        assert!(rig.events.iter().any(|event| event.contains("change: Points(50)")), "{secs} s: {answer}");
    }
}

#[test]
fn bans_are_neither_lifted_nor_prolonged_by_a_jump() {
    for secs in JUMPS {
        let (mut rig, _) = before_a_season_ends();
        let ban = Ban {
            subject: "76561198000008001".parse().unwrap(),
            since: rig.wall(),
            until: Some(plus(rig.wall(), HOUR)),
            reason: String::new(),
            note: String::new(),
        };
        rig.server.restore(Record::Ban(Box::new(ban))).unwrap();
        jump(&mut rig, secs);
        assert_eq!(status(&login_answer(&mut rig, ANN, "Ann")), "403", "{secs} s");
        rig.pass(Duration::from_mins(9));
        assert_eq!(status(&login_answer(&mut rig, ANN, "Ann")), "403", "{secs} s");
        jump(&mut rig, -secs);
        rig.pass(Duration::from_mins(50));
        assert_eq!(status(&login_answer(&mut rig, ANN, "Ann")), "403", "{secs} s");
        rig.pass(Duration::from_mins(1));
        assert_eq!(status(&login_answer(&mut rig, ANN, "Ann")), "200", "{secs} s");
    }
}

#[test]
fn a_jump_refuses_nobody_who_brings_a_ticket_of_steam() {
    for secs in JUMPS {
        let mut config = trusting();
        config.identity = IdentityPolicy::Verify(signing::public_key());
        let mut rig = rig(config);
        rig.pass(Duration::from_secs(1));
        jump(&mut rig, secs);
        let platform_id = encode_platform_id(&ticket(ANN).build(signing::sign).unwrap());
        let answer = rig.request(&login_request(&platform_id, "Ann"));
        assert_eq!(status(&answer), "200", "{secs} s: {answer}");
    }
}

#[test]
fn a_season_from_the_future_can_be_called_by_its_right_number() {
    let mut wrong = rig(operated());
    wrong.set_wall(on(2036, 11, 18, 12));
    let ann = login(&mut wrong, ANN, "Ann");
    race(&mut wrong, &ann, 100);
    let mut rig = restarted(&wrong, operated(), on(2026, 11, 18, 12));
    assert_eq!(told(&mut rig), ["117", "100", "false"]);
    let refused = begin(&mut rig, 118);
    assert_eq!(status(&refused), "400");
    assert!(refused.contains("season 57") && refused.contains("before-season-117.db"), "{refused}");
    assert_eq!(status(&begin(&mut rig, 57)), "200");
    assert_eq!(told(&mut rig), ["57", "100", "true"]);
    let mut again = restarted(&rig, trusting(), on(2026, 11, 18, 13));
    assert_eq!(told(&mut again), ["57", "100", "true"]);
    again.skip_to(on(2027, 1, 1, 0));
    assert_eq!(told(&mut again)[0], "58");
}

#[test]
fn a_first_start_in_1970_is_in_the_right_season_once_the_clock_is_set() {
    let limits = Limits { built: on(2026, 1, 1, 0), ..Limits::default() };
    let mut rig = Rig::new(world::game(trusting(), 5), limits);
    rig.set_wall(Wall::from_secs(20));
    assert_eq!(told(&mut rig)[0], "52");
    rig.pass(Duration::from_mins(30));
    assert_eq!(told(&mut rig)[0], "52");
    rig.set_wall(world::on(2026, 11, 18, 12));
    assert_eq!(told(&mut rig)[0], "52");
    rig.pass(SETTLING);
    assert_eq!(told(&mut rig)[0], "57");
}
