//! Numbers of the game: vehicle classes, locations and their tracks, some vehicles. (All *works*, unless marked.)

use core::ops::RangeInclusive;

/// Vehicle class of a rally, with its number. A wrong one crashes the game, so only those that are known can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VehicleClass {
    /// H1, front-wheel drive.
    H1Fwd = 101,
    /// H2, front-wheel drive.
    H2Fwd = 100,
    /// H2, rear-wheel drive.
    H2Rwd = 97,
    /// H3, rear-wheel drive.
    H3Rwd = 98,
    /// F2 kit car.
    F2Kit = 86,
    /// Group B, rear-wheel drive.
    GroupBRwd = 74,
    /// Group B, four-wheel drive.
    #[serde(rename = "group-b-4wd")]
    GroupB4wd = 73,
    /// R2.
    R2 = 99,
    /// Group A.
    GroupA = 72,
    /// NR4/R4.
    Nr4R4 = 96,
    /// Up to 2000 cc, four-wheel drive.
    #[serde(rename = "2000cc-4wd")]
    Up2000cc = 94,
    /// R5.
    R5 = 93,
    /// Rally GT.
    RallyGt = 107,
}

/// Place of a rally, and its tracks.
#[derive(Debug)]
pub struct Location {
    /// `LocationId` on the wire.
    pub number: u32,
    /// Name, for messages.
    pub name: &'static str,
    /// The `TrackModelId`s of its stages.
    pub tracks: &'static [RangeInclusive<u32>],
    /// `StageConditions` of a dry, clear day. (*works* for New England, the others are inferred.)
    pub day: u32,
}

/// All locations of rallies.
pub const LOCATIONS: [Location; 13] = [
    location(2, "Greece", &[460..=471]),
    location(3, "Wales", &[437..=448]),
    location(4, "Monte Carlo", &[435..=435, 449..=459]),
    location(5, "Germany", &[472..=472, 480..=480, 489..=498]),
    location(13, "Finland", &[505..=516]),
    Location { day: 52, ..location(14, "Sweden", &[517..=528]) },
    location(16, "Australia", &[568..=569, 584..=593]),
    location(17, "Argentina", &[572..=573, 604..=613]),
    location(31, "Spain", &[566..=567, 574..=583]),
    location(34, "New Zealand", &[570..=571, 594..=603]),
    location(36, "Poland", &[614..=625]),
    location(37, "New England", &[626..=637]),
    location(46, "Scotland", &[657..=668]),
];

const fn location(number: u32, name: &'static str, tracks: &'static [RangeInclusive<u32>]) -> Location {
    Location { number, name, tracks, day: 1 }
}

impl Location {
    /// Returns the location of a track.
    pub fn of(track: u32) -> Option<&'static Self> {
        LOCATIONS.iter().find(|location| location.all_tracks().any(|own| own == track))
    }

    /// Returns the tracks.
    pub fn all_tracks(&self) -> impl Iterator<Item = u32> {
        self.tracks.iter().cloned().flatten()
    }
}

/// Rallycross circuits: location and track. Three are known of thirteen.
pub const CIRCUITS: [(u32, u32); 3] = [(10, 478), (19, 537), (20, 538)];
