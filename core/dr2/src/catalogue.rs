//! Numbers of the game: vehicle classes, locations and their tracks, some vehicles. (All *works*, unless marked.)

use core::ops::RangeInclusive;

/// Vehicle class of a rally, with its number. A wrong number crashes the game, so only known classes can be set.
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

/// Place of a rally: its `LocationId`, the `StageConditions` of a dry, clear day (*works* for New England, the others
/// are inferred), and the `TrackModelId`s of its stages.
pub type Location = (u32, u32, &'static [RangeInclusive<u32>]);

/// All locations of rallies: Greece, Wales, Monte Carlo, Germany, Finland, Sweden, Australia, Argentina, Spain, New
/// Zealand, Poland, New England, Scotland.
pub const LOCATIONS: [Location; 13] = [
    (2, 1, &[460..=471]),
    (3, 1, &[437..=448]),
    (4, 1, &[435..=435, 449..=459]),
    (5, 1, &[472..=472, 480..=480, 489..=498]),
    (13, 1, &[505..=516]),
    (14, 52, &[517..=528]),
    (16, 1, &[568..=569, 584..=593]),
    (17, 1, &[572..=573, 604..=613]),
    (31, 1, &[566..=567, 574..=583]),
    (34, 1, &[570..=571, 594..=603]),
    (36, 1, &[614..=625]),
    (37, 1, &[626..=637]),
    (46, 1, &[657..=668]),
];

/// Returns the location of a track.
pub fn location_of(track: u32) -> Option<&'static Location> {
    LOCATIONS.iter().find(|(_, _, tracks)| tracks.iter().any(|tracks| tracks.contains(&track)))
}

/// Rallycross circuits: location and track. Another server's list has three of thirteen.
pub const CIRCUITS: [(u32, u32); 3] = [(10, 478), (19, 537), (20, 538)];
