//! Notices to friends about log events.

use alloc::{
    format,
    string::{String, ToString as _},
    vec,
    vec::Vec,
};

use crate::{
    LogEvent, NightNews,
    calls::{CallNews, Wish},
    nights::Night,
    players::Name,
};
use mmcos_core::notice::{Notice, Topic, Value, plain_name};

/// Returns the notice to friends about a log event; `None` if it is not worth one.
pub(crate) fn of(event: &LogEvent) -> Option<Notice> {
    match event {
        LogEvent::Call { name, topic, news } => Some(call(name, *topic, news)),
        LogEvent::Night { night, news: NightNews::Soon(minutes) } => Some(night_notice(night, *minutes)),
        _ => None,
    }
}

fn call(name: &Name, topic: Topic, news: &CallNews) -> Notice {
    let title = crate::host::info::INFO.title;
    let player = plain_name(name.as_str());
    let (kind, text, search) = match news {
        CallNews::Online { mode_of_the_day } => {
            let mode = mode_of_the_day.map(|mode| format!(" Mode of the day: {}.", mode.title));
            let text = format!(
                "{player} is online in {title}, and nobody else is: come and play!{}",
                mode.unwrap_or_default()
            );
            ("first-login", text, None)
        }
        CallNews::Searching { search, waits } => {
            let minutes = waits.as_secs().div_ceil(60);
            let wait = if minutes == 1 { "a minute".to_string() } else { format!("{minutes} minutes") };
            let text = format!(
                "{} looking for opponents in {title}{}. Nobody else is searching: come and play! The search goes on \
                 for {wait}.",
                group(&player, search),
                mode(search)
            );
            ("first-search", text, Some(search))
        }
        CallNews::Met { search, players } => {
            let text = format!(
                "{} no longer alone in {title}{}: {players} players race.",
                group(&player, search),
                mode(search)
            );
            ("met", text, Some(search))
        }
        CallNews::Over { search } => {
            let text = format!(
                "{} no longer looking for opponents in {title}{}. Nobody came this time.",
                group(&player, search),
                mode(search)
            );
            ("over", text, Some(search))
        }
    };
    let mut fields: Vec<(&'static str, Value)> =
        vec![("event", kind.into()), ("player", name.as_str().into())];
    if let Some(Wish { mode, size }) = search {
        fields.push(("players", u32::from(size.get()).into()));
        fields.push(("game_type", mode.game_type.0.as_str().into()));
    }
    if let CallNews::Searching { waits, .. } = news {
        fields.push(("seconds", u32::try_from(waits.as_secs()).unwrap_or(u32::MAX).into()));
    }
    Notice { text, fields, topic }
}

/// Returns the notice before a race night.
fn night_notice(night: &Night, minutes: i64) -> Notice {
    let title = crate::host::info::INFO.title;
    let wait = if minutes == 60 { "an hour".to_string() } else { format!("{minutes} minutes") };
    Notice {
        text: format!("Race night in {title} begins in {wait}: {}, until {}.", night.begin(), night.end()),
        fields: vec![
            ("event", "night".into()),
            ("minutes", u32::try_from(minutes).unwrap_or_default().into()),
        ],
        topic: Topic::News,
    }
}

/// Returns the player with the party, and the verb.
fn group(player: &str, search: &Wish) -> String {
    match search.size.get() {
        1 => format!("{player} is"),
        2 => format!("{player} and a friend are"),
        players => format!("{player} and {} friends are", players.saturating_sub(1)),
    }
}

/// Returns the mode in brackets. Leaves out a name that is none of the game's: a chat could interpret it.
fn mode(search: &Wish) -> String {
    let game_type = search.mode.game_type.0;
    let is_plain = game_type.as_str().chars().all(|c| c.is_ascii_alphanumeric());
    if is_plain { format!(" ({game_type})") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use mmcos_core::settings::Value as _;

    use super::*;
    use crate::matchmaker::{GameType, GroupSize, Label, Mode, RuleSet};
    use crate::mode_of_the_day::ModePlan;

    fn search(game_type: &str, players: u8) -> Wish {
        let game_type = GameType(Label::new(game_type).unwrap());
        let mode = Mode { network_version: 1, game_type, rule_set: RuleSet::Race };
        Wish { mode, size: GroupSize::new(players).unwrap() }
    }

    fn notice(name: &str, news: CallNews) -> Notice {
        of(&LogEvent::Call { name: Name::new(name), topic: Topic::Call(1), news }).unwrap()
    }

    fn searching(name: &str, game_type: &str, players: u8) -> Notice {
        let waits = Duration::from_mins(5);
        notice(name, CallNews::Searching { search: search(game_type, players), waits })
    }

    #[test]
    fn a_first_search_is_told_with_its_mode() {
        let Notice { text, fields, topic } = searching("Tiny Tim", "QuickRace", 1);
        assert_eq!(
            text,
            "Tiny Tim is looking for opponents in Micro Machines World Series (QuickRace). \
             Nobody else is searching: come and play! The search goes on for 5 minutes."
        );
        assert_eq!(
            fields,
            [
                ("event", Value::from("first-search")),
                ("player", "Tiny Tim".into()),
                ("players", 1.into()),
                ("game_type", "QuickRace".into()),
                ("seconds", 300.into())
            ]
        );
        assert_eq!(topic, Topic::Call(1));
    }

    #[test]
    fn friends_read_what_became_of_a_call() {
        let met = notice("Tim", CallNews::Met { search: search("QuickRace", 1), players: 3 });
        assert_eq!(
            met.text,
            "Tim is no longer alone in Micro Machines World Series (QuickRace): 3 players race."
        );
        let over = notice("Tim", CallNews::Over { search: search("QuickRace", 2) });
        assert!(over.text.starts_with("Tim and a friend are no longer looking"), "{}", over.text);
        let online = |mode_of_the_day| notice("@everyone", CallNews::Online { mode_of_the_day }).text;
        assert!(
            online(None).starts_with("everyone is online in ") && online(None).ends_with("come and play!")
        );
        let ModePlan::Always(mode) = ModePlan::parse("QuickBattle").unwrap() else { panic!("it is a mode") };
        assert!(online(Some(mode)).ends_with("come and play! Mode of the day: Quick Battle."));
    }

    #[test]
    fn a_party_is_counted() {
        assert!(searching("Tim", "QuickRace", 2).text.starts_with("Tim and a friend are looking"));
        assert!(searching("Tim", "QuickRace", 4).text.starts_with("Tim and 3 friends are looking"));
    }

    #[test]
    fn a_mode_with_an_odd_name_is_left_out() {
        assert!(searching("Tim", "@here <!x>", 1).text.contains("World Series. Nobody"));
    }
}
