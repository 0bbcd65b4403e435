//! Mode of the day: the one mode that all players are pointed to, so that they meet.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};

use super::nights::weekday_of;
use mmcos_core::{
    calendar::weekday,
    seam::Wall,
    settings::{Datum, Value},
};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// A mode of the game's menu: its name in requests, and for players.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MenuMode {
    /// Name in requests (`GameType`).
    pub game_type: &'static str,
    /// Name for players.
    pub title: &'static str,
}

/// The modes of the menu. Those of `daily` are the first three.
const MODES: [MenuMode; 8] = [
    MenuMode { game_type: "QuickRace", title: "Quick Race" },
    MenuMode { game_type: "QuickElimination", title: "Quick Elimination" },
    MenuMode { game_type: "QuickBattle", title: "Quick Battle" },
    MenuMode { game_type: "QuickRandom", title: "Quick Random" },
    MenuMode { game_type: "RankedRace", title: "Ranked Race" },
    MenuMode { game_type: "RankedElimination", title: "Ranked Elimination" },
    MenuMode { game_type: "RankedBattle", title: "Ranked Battle" },
    MenuMode { game_type: "RankedRandom", title: "Ranked Random" },
];

/// Plan of the modes of the day. Days are those of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModePlan {
    /// No mode of the day.
    Off,
    /// Another one of the three quick modes each day.
    Daily,
    /// This mode, every day.
    Always(MenuMode),
    /// A mode for each day of the week, from Monday; none on days without.
    Week([Option<MenuMode>; 7]),
}

impl ModePlan {
    /// Returns the mode of the day.
    pub fn at(&self, now: Wall) -> Option<MenuMode> {
        match self {
            Self::Off => None,
            Self::Daily => {
                let day = now.as_millis().div_euclid(DAY_MILLIS).saturating_add(2).rem_euclid(3);
                MODES.get(usize::try_from(day).unwrap_or_default()).copied()
            }
            Self::Always(mode) => Some(*mode),
            Self::Week(days) => days.get(weekday(now)).copied().flatten(),
        }
    }
}

fn named(name: &str) -> Option<MenuMode> {
    MODES.into_iter().find(|mode| mode.game_type == name)
}

impl Value for ModePlan {
    const HINT: &'static str = "off|daily|MODE|DAYS";
    const EXPECTED: &'static str = "off, daily, a mode such as QuickRace, or days with modes, as in \"mon QuickRace, \
                                    fri RankedBattle\"";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => return Some(Self::Off),
            "daily" => return Some(Self::Daily),
            _ => {}
        }
        if let Some(mode) = named(text) {
            return Some(Self::Always(mode));
        }
        let mut days = [None; 7];
        for part in text.split(',') {
            let (day, mode) = part.trim().split_once(' ')?;
            let day = days.get_mut(weekday_of(day)?).filter(|day| day.is_none())?;
            *day = Some(named(mode.trim())?);
        }
        Some(Self::Week(days))
    }

    fn to_datum(&self) -> Datum {
        Datum::Text(match self {
            Self::Off => "off".to_owned(),
            Self::Daily => "daily".to_owned(),
            Self::Always(mode) => mode.game_type.to_owned(),
            Self::Week(days) => {
                let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
                let days = names.iter().zip(days);
                let days: Vec<String> = days
                    .filter_map(|(name, mode)| Some(format!("{name} {}", mode.as_ref()?.game_type)))
                    .collect();
                days.join(", ")
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;
    use mmcos_core::calendar::Date;

    #[test]
    fn a_plan_is_written_as_it_is_read() {
        for text in ["off", "daily", "QuickRace", "mon QuickRace, fri RankedBattle, sun QuickRandom"] {
            assert_eq!(ModePlan::parse(text).unwrap().to_datum().to_string(), text);
        }
        for text in [
            "",
            "on",
            "quickrace",
            "mon",
            "mon QuickRace, mon QuickBattle",
            "fri Quick Race",
            "mon QuickRace,",
        ] {
            assert_eq!(ModePlan::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_mode_changes_with_the_day() {
        // A Thursday.
        let at = |hours: i64| {
            let start = Date::parse("2026-01-01").unwrap().start();
            Wall::from_millis(start.as_millis() + hours * 3_600_000)
        };
        let name =
            |plan: &str, hours| ModePlan::parse(plan).unwrap().at(at(hours)).map(|mode| mode.game_type);
        let daily: Vec<_> = [0, 24, 48, 72].map(|hours| name("daily", hours).unwrap()).into();
        assert_eq!(daily[0], daily[3]);
        assert!(daily[0] != daily[1] && daily[1] != daily[2] && daily[2] != daily[0]);
        assert_eq!(
            [23, 24, 47, 48].map(|hours| name("fri RankedBattle", hours)),
            [None, Some("RankedBattle"), Some("RankedBattle"), None]
        );
        assert_eq!(name("off", 0), None);
    }
}
