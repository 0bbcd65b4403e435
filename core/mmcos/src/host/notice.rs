//! Notices to friends about log events.

use alloc::{format, string::String, vec};

use crate::{
    LogEvent,
    matchmaker::{GroupSize, Mode},
    players::Name,
};
use mmcos_core::notice::{Notice, plain_name};

/// Returns the notice to friends about a log event; `None` if it is not worth one.
pub(crate) fn of(event: &LogEvent) -> Option<Notice> {
    match event {
        LogEvent::LonePlayer { name, mode, size } => Some(first_search(name, *mode, *size)),
        _ => None,
    }
}

fn first_search(name: &Name, mode: Mode, size: GroupSize) -> Notice {
    let shown = plain_name(name.as_str());
    let who = match size.get() {
        1 => format!("{shown} is"),
        2 => format!("{shown} and a friend are"),
        players => format!("{shown} and {} friends are", players.saturating_sub(1)),
    };
    let game_type = mode.game_type.0;
    let is_plain = game_type.as_str().chars().all(|c| c.is_ascii_alphanumeric());
    let what = if is_plain { format!(" ({game_type})") } else { String::new() };
    let title = crate::host::info::INFO.title;
    Notice {
        text: format!(
            "{who} looking for opponents in {title}{what}. Nobody else is searching: come and play!"
        ),
        fields: vec![
            ("event", "first-search".into()),
            ("player", name.as_str().into()),
            ("players", u32::from(size.get()).into()),
            ("game_type", game_type.as_str().into()),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmcos_core::notice::Value;

    use crate::matchmaker::{GameType, Label, RuleSet};

    fn notice(name: &str, game_type: &str, players: u8) -> Notice {
        let game_type = GameType(Label::new(game_type).unwrap());
        let mode = Mode { network_version: 1, game_type, rule_set: RuleSet::Race };
        let event =
            LogEvent::LonePlayer { name: Name::new(name), mode, size: GroupSize::new(players).unwrap() };
        of(&event).unwrap()
    }

    #[test]
    fn a_first_search_is_told_with_its_mode() {
        let Notice { text, fields } = notice("Tiny Tim", "QuickRace", 1);
        assert_eq!(
            text,
            "Tiny Tim is looking for opponents in Micro Machines World Series (QuickRace). \
             Nobody else is searching: come and play!"
        );
        assert_eq!(
            fields,
            [
                ("event", Value::from("first-search")),
                ("player", "Tiny Tim".into()),
                ("players", 1.into()),
                ("game_type", "QuickRace".into())
            ]
        );
    }

    #[test]
    fn a_party_is_counted() {
        assert!(notice("Tim", "QuickRace", 2).text.starts_with("Tim and a friend are looking"));
        assert!(notice("Tim", "QuickRace", 4).text.starts_with("Tim and 3 friends are looking"));
    }

    #[test]
    fn a_mode_with_an_odd_name_is_left_out() {
        assert!(notice("Tim", "@here <!x>", 1).text.contains("World Series. Nobody"));
    }
}
