//! Race nights: the news of one, and what searches do meanwhile.

use std::time::Duration;

use mmcos_core::settings::Value;
use mmcos_game::Mmcos;

use crate::{
    rig::Rig,
    world::{Search, login_answer, on, rig, text, trusting},
};

const ANN: u64 = 76_561_198_000_008_001;
const HOUR: Duration = Duration::from_hours(1);

/// A server two hours before a night of two hours, from 19:00 to 21:00 UTC.
fn two_hours_before() -> Rig<Mmcos> {
    let mut settings = trusting();
    settings.nights = Value::parse("mon 20:00-22:00 Europe/Berlin").unwrap();
    let mut rig = rig(settings);
    rig.skip_to(on(2023, 11, 20, 17));
    rig
}

#[test]
fn a_night_is_told_an_hour_and_five_minutes_before_and_when_it_begins_and_ends() {
    let mut rig = two_hours_before();
    let mut news = Vec::new();
    for minute in 1..=6 * 60 {
        rig.pass(Duration::from_mins(1));
        let nights = rig.events.drain(..).filter(|event| event.starts_with("Night"));
        news.extend(nights.filter_map(|event| Some((minute, event.split_once("news: ")?.1.to_owned()))));
    }
    let news: Vec<_> = news.iter().map(|(minute, news)| (*minute, news.as_str())).collect();
    assert_eq!(news, [(60, "Soon(60) }"), (115, "Soon(5) }"), (120, "Began }"), (240, "Ended }")]);
}

#[test]
fn a_server_that_starts_in_the_middle_of_a_night_tells_that_it_has_begun() {
    let mut rig = two_hours_before();
    rig.skip_to(on(2023, 11, 20, 20));
    rig.pass(Duration::from_secs(1));
    let nights: Vec<_> = rig.events.iter().filter(|event| event.starts_with("Night")).collect();
    assert!(matches!(&*nights, [began] if began.ends_with("news: Began }")), "{nights:?}");
}

#[test]
fn during_a_night_games_search_longer_and_no_search_is_sent_to_ai_at_once() {
    let mut rig = two_hours_before();
    for (is_night, seconds) in [(false, "70"), (true, "600"), (false, "70")] {
        rig.pass(HOUR);
        let login = login_answer(&mut rig, ANN, "Ann");
        let timeout = login.split_once("Config_MatchmakingTimeout_Soft</Name>").unwrap().1;
        assert_eq!(text(timeout, "Value"), seconds, "is night: {is_night}");
        let search = Search { ignore: true, ..Search::race(text(&login, "SessionToken"), 7) }.begin(&mut rig);
        assert_eq!(rig.read(search).is_empty(), is_night);
        rig.leave(search);
        rig.pass(HOUR);
    }
}
