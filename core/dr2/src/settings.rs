//! Settings for operators.

use alloc::string::{String, ToString};
use alloc::{format, vec, vec::Vec};
use core::{fmt::Display, ops::RangeInclusive};

use mmcos_core::settings::{Item, List};
use serde::{Deserialize, Serialize};

use crate::catalogue::{Location, VehicleClass, location_of};

mmcos_core::settings! {
    /// Settings of the server. Each has a default, so an empty file is a server with one club.
    ///
    /// ```
    /// use dr2::Settings;
    /// use mmcos_core::settings::Settings as _;
    ///
    /// let clubs = r#"[{ "name": "Thursday Night", "rallies": [
    ///     { "name": "Rally New England", "class": "group-a", "stages": [626, 631, 634] },
    ///     { "name": "Rally Finland", "class": "r5", "stages": [505, 511], "days": 14 }
    /// ]}]"#;
    /// let settings = Settings::parse(|key| (key.name() == "clubs").then_some(clubs))?;
    /// assert_eq!(settings.clubs.all()[0].rallies[1].days, 14);
    ///
    /// let clubs = clubs.replace("511", "626");
    /// let error = Settings::parse(|key| (key.name() == "clubs").then_some(&*clubs)).unwrap_err().to_string();
    /// let expected = "0.rallies.1.stages.1 is a track in the location of the first";
    /// assert!(error.starts_with("`clubs` must be a list of clubs in which ") && error.contains(expected), "{error}");
    /// # Ok::<(), mmcos_core::settings::SettingsError>(())
    /// ```
    pub struct Settings {
        /// Clubs, at most 40; every player is a member of each. A club has an id (1 to 63), a name, and 1 to 15
        /// rallies; a rally has a name, a class such as r5, 1 to 15 stages (tracks of one location), and a number of
        /// days (1 to 366). What you leave out has its default, so the default `[{}]` is one club with one rally in New
        /// England, every week.
        clubs: List<Club> = "[{}]",

        /// Vehicles in every player's garage, by number, each once.
        garage: List<Vehicle> = "[382,385,389,393,401,468,477,478,479,527,529,530,534,536,537,558,560,561,562,572,597,600]",

        /// Credits that the game shows. They are never spent.
        credits: u32 [0..=2_147_483_647] = "1000000",

        /// Maximum number of accounts. When it is reached, logins under new names are rejected.
        max_accounts: u32 [1..=1_000_000] = "10000",
    }
}

/// Settings of a club: its championship is a season of rallies one after the other, which begins anew when the last one
/// has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Club {
    /// Number, 1 to 63, different from those of other clubs. Choose another when you change the stages of a rally while
    /// it runs: times of the old and the new ones would stand on one board. Default: 1.
    pub id: u8,
    /// Name in the game, 1 to 64 characters. Default: Community.
    pub name: String,
    /// The rallies of a season, in order, 1 to 15. Default: one in New England.
    pub rallies: Vec<Rally>,
}

impl Default for Club {
    fn default() -> Self {
        Self { id: 1, name: "Community".into(), rallies: vec![Rally::default()] }
    }
}

/// Settings of a rally.
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of its own in the game")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rally {
    /// Name in the game, 1 to 64 characters. Default: Rally New England.
    pub name: String,
    /// Class of vehicles, such as `r5`. Default: `group-a`.
    pub class: VehicleClass,
    /// Tracks, in order, 1 to 15, all of one location. Default: 626, 627 and 628.
    pub stages: Vec<u32>,
    /// Number of days for which the rally is open, 1 to 366. Default: 7.
    pub days: u32,
    /// Weather, light and surface of all stages, 1 to 65535: numbers of the game, of which only that of a dry day is
    /// known for each location. Default: that one.
    pub conditions: Option<u32>,
    /// If true, damage is hardcore. Default: true.
    pub hardcore_damage: bool,
    /// If true, cameras outside the vehicle are allowed. Default: true.
    pub exterior_cameras: bool,
    /// If true, driving aids are allowed. Default: true.
    pub assists: bool,
    /// If true, unexpected moments happen. Default: true.
    pub unexpected_moments: bool,
}

impl Default for Rally {
    fn default() -> Self {
        Self {
            name: "Rally New England".into(),
            class: VehicleClass::GroupA,
            stages: vec![626, 627, 628],
            days: 7,
            conditions: None,
            hardcore_damage: true,
            exterior_cameras: true,
            assists: true,
            unexpected_moments: true,
        }
    }
}

/// Number of a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Vehicle(pub u32);

impl Item for Vehicle {
    const EXPECTED: &'static str = "a list of numbers of vehicles";

    fn check(vehicles: &[Self]) -> Result<(), String> {
        vehicles.iter().enumerate().try_for_each(|(at, vehicle)| {
            let is_new = vehicle.0 != 0 && !vehicles.iter().take(at).any(|other| other == vehicle);
            expect(&at.to_string(), is_new, "a vehicle that is not listed before")
        })
    }
}

impl Item for Club {
    const EXPECTED: &'static str = "a list of clubs";

    fn check(clubs: &[Self]) -> Result<(), String> {
        // The game asks for 40 clubs at most. (*seen*)
        in_range("the number of clubs", &clubs.len(), 0..=40)?;
        clubs.iter().enumerate().try_for_each(|(at, club)| {
            let is_new = !clubs.iter().take(at).any(|other| other.id == club.id);
            expect(&format!("{at}.id"), is_new, "different from those of other clubs")?;
            in_range(&format!("{at}.id"), &club.id, 1..=63)?;
            check_name(&club.name, &at.to_string())?;
            // Bounded by the width of leaderboard ids.
            in_range(&format!("the number of {at}.rallies"), &club.rallies.len(), 1..=15)?;
            let mut rallies = club.rallies.iter().enumerate();
            rallies.try_for_each(|(index, rally)| rally.check(&format!("{at}.rallies.{index}")))
        })
    }
}

impl Rally {
    /// Returns the location of the stages.
    pub(crate) fn location(&self) -> Option<&'static Location> {
        self.stages.first().and_then(|track| location_of(*track))
    }

    fn check(&self, path: &str) -> Result<(), String> {
        check_name(&self.name, path)?;
        in_range(&format!("the number of {path}.stages"), &self.stages.len(), 1..=15)?;
        let place = self.location();
        for (at, track) in self.stages.iter().enumerate() {
            let here = place.is_some() && location_of(*track) == place;
            let expected =
                if at == 0 { "the number of a track" } else { "a track in the location of the first" };
            expect(&format!("{path}.stages.{at}"), here, expected)?;
        }
        in_range(&format!("{path}.days"), &self.days, 1..=366)?;
        in_range(&format!("{path}.conditions"), &self.conditions.unwrap_or(1), 1..=0xffff)
    }
}

fn check_name(name: &str, path: &str) -> Result<(), String> {
    let fits = (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    expect(&format!("{path}.name"), fits, "1 to 64 characters")
}

fn in_range<T: Display + PartialOrd>(what: &str, value: &T, range: RangeInclusive<T>) -> Result<(), String> {
    expect(what, range.contains(value), &format!("from {} to {}", range.start(), range.end()))
}

fn expect(what: &str, holds: bool, expected: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("{what} is {expected}")) }
}
