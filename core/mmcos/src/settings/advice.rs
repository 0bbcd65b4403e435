//! Recommendation of a preset, by the number of players that were online.

use alloc::{format, string::String};

use mmcos_core::settings::Choice as _;

use super::{Settings, preset::Preset};
use crate::Hour;

/// Number of hours of the week with players below which no preset is recommended. (Our choice.)
const FEW_HOURS: u32 = 5;

/// Players online, in tenths, above which `community` suits better than `friends`, and `official` better than both: with
/// so many, most searches meet soon, and those that do not are over sooner. (Our choice.)
const MANY: [u32; 2] = [200, 1000];

/// Share of simulated searches that met an opponent, in percent, with so many players online. `MATCHMAKING.md` has more.
struct Figures {
    online: u32,
    official: u32,
    friends: u32,
    community: u32,
}

static FIGURES: [Figures; 5] = [
    Figures { online: 2, official: 15, friends: 24, community: 20 },
    Figures { online: 5, official: 32, friends: 47, community: 41 },
    Figures { online: 10, official: 48, friends: 67, community: 61 },
    Figures { online: 30, official: 78, friends: 92, community: 89 },
    Figures { online: 100, official: 96, friends: 100, community: 99 },
];

impl Figures {
    const fn of(&self, preset: Preset) -> u32 {
        match preset {
            Preset::Official => self.official,
            Preset::Friends => self.friends,
            Preset::Community => self.community,
        }
    }
}

/// A recommendation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advice {
    /// True if the preset in force is the recommended one.
    pub(crate) is_followed: bool,
    /// The recommendation with its figures, for the operator.
    pub(crate) text: String,
}

/// Returns a recommendation for these settings; `None` while too few hours with players were counted.
pub(crate) fn of(settings: &Settings, hours: impl Iterator<Item = Hour>) -> Option<Advice> {
    let (mut count, mut sum) = (0_u32, 0_u32);
    for tenths in hours.map(Hour::tenths).filter(|tenths| *tenths > 0) {
        (count, sum) = (count.saturating_add(1), sum.saturating_add(tenths));
    }
    let online = sum.checked_div(count).filter(|_| count >= FEW_HOURS)?;
    let best = match online {
        _ if online > MANY[1] => Preset::Official,
        _ if online > MANY[0] => Preset::Community,
        _ => Preset::Friends,
    };
    let seen = format!(
        "{}.{} players are online on average, at the {count} hours of the week at which people play",
        online / 10,
        online % 10
    );
    let is_followed = settings.preset == best;
    let text = if is_followed {
        format!("{seen}: preset = \"{}\" suits that", name(best))
    } else {
        let fewest = FIGURES.first()?;
        let figures = FIGURES.iter().rev().find(|figures| figures.online.saturating_mul(10) <= online);
        let figures = figures.unwrap_or(fewest);
        format!(
            "{seen}. preset = \"{}\" suits that better than \"{}\": with {} players online, {} % of simulated searches met \
             an opponent, in place of {} %. No real game has been seen to search for longer than 70 seconds yet: watch \
             one, and go back if it does not",
            name(best),
            name(settings.preset),
            figures.online,
            figures.of(best),
            figures.of(settings.preset),
        )
    };
    Some(Advice { is_followed, text })
}

fn name(preset: Preset) -> &'static str {
    Preset::CHOICES.iter().find(|(_, choice)| *choice == preset).map_or("official", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(preset: Preset, hours: u8, players: u32) -> Option<Advice> {
        let settings = Settings { preset, ..Settings::defaults().unwrap() };
        of(&settings, (0..hours).map(|hour| Hour { hour, weeks: 2, players: players.saturating_mul(2) }))
    }

    #[test]
    fn a_few_players_are_friends() {
        assert_eq!(advice(Preset::Official, 4, 3), None, "too few hours");
        let few = advice(Preset::Official, 30, 6).unwrap();
        assert!(!few.is_followed);
        for part in ["6.0 players are online", "the 30 hours", "\"friends\"", "47 %", "in place of 32 %"] {
            assert!(few.text.contains(part), "{part}: {}", few.text);
        }
        assert!(advice(Preset::Friends, 30, 1).unwrap().is_followed);
        assert!(advice(Preset::Community, 30, 50).unwrap().is_followed);
        assert!(advice(Preset::Friends, 30, 500).unwrap().text.contains("\"official\" suits that better"));
    }

    #[test]
    fn what_is_recommended_meets_more_or_is_over_sooner() {
        for figures in &FIGURES {
            assert!(figures.official <= figures.community && figures.community <= figures.friends);
        }
    }
}
