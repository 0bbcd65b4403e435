use alloc::{format, string::String, vec::Vec};

use mmcos_core::wire::xml::Writer;

use super::{
    Catalogue, DivisionBand, Divisions, Event, Mutator, Playlist, Ranks, constants::scoring_constants,
};

/// Writes the element `GameConfigurationData` of the response to Login, in the order of capture 02. `search_seconds`
/// is the time for which the game searches for other players before it offers AI; the official server said 70.
///
/// Returns the element's `Hash`, by which the game distinguishes configurations. It is our choice: FNV-1a over
/// everything that is written here but the three dates. So it changes with the catalogue, the event and
/// `search_seconds`, and with nothing else.
///
/// ```
/// use mmcos_game::catalogue::{Catalogue, Schedule, render_game_configuration};
/// use mmcos_core::wire::xml::Writer;
/// let schedule = Schedule {
///     event: None,
///     next_event: "2026-11-23T00:00:00Z",
///     next_active_season: "2027-01-01T00:00:00Z",
///     next_inactive_season: "2026-12-15T00:00:00Z",
/// };
/// let mut xml = Writer::new(Vec::new());
/// render_game_configuration(&Catalogue::official()?, &schedule, 70, &mut xml);
/// assert!(xml.into_bytes().starts_with(b"<GameConfigurationData><CurrentEvent>"));
/// # Ok::<(), toml::de::Error>(())
/// ```
pub fn render_game_configuration(
    catalogue: &Catalogue,
    schedule: &Schedule<'_>,
    search_seconds: u32,
    xml: &mut Writer,
) -> i32 {
    let undated = Schedule { event: schedule.event, ..Schedule::default() };
    let mut hashed = Writer::new(Vec::new());
    configuration(catalogue, &undated, search_seconds, 0, &mut hashed);
    let hash = fnv_1a(&hashed.into_bytes());
    configuration(catalogue, schedule, search_seconds, hash, xml);
    hash
}

fn fnv_1a(bytes: &[u8]) -> i32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    bytes.iter().fold(0x811C_9DC5, step).cast_signed()
}

fn configuration(
    catalogue: &Catalogue,
    schedule: &Schedule<'_>,
    search_seconds: u32,
    hash: i32,
    xml: &mut Writer,
) {
    xml.open("GameConfigurationData");
    current_event(schedule, xml);
    division_tables(&catalogue.divisions, xml);
    xml.nil("Error");
    xml.number("Hash", hash);
    xml.text("NextActiveSeasonDate", schedule.next_active_season);
    xml.text("NextInactiveSeasonDate", schedule.next_inactive_season);
    playlists(catalogue, schedule.event, xml);
    rank_tables(&catalogue.ranks, xml);
    requested(xml);
    constants(catalogue, xml);
    server_values(&catalogue.dlc_skins, search_seconds, xml);
    xml.close("GameConfigurationData");
}

fn current_event(schedule: &Schedule<'_>, xml: &mut Writer) {
    xml.open("CurrentEvent");
    xml.open("CurrentEvent");
    match schedule.event {
        Some(event) => event_parts(event, xml),
        None => no_event(xml),
    }
    xml.close("CurrentEvent");
    xml.nil("Error");
    xml.text("NextEvent", schedule.next_event);
    xml.close("CurrentEvent");
}

fn event_parts(event: &Event, xml: &mut Writer) {
    text_or_nil("BackgroundImageURL", event.background_image_url.as_deref(), xml);
    text_or_nil("ButtonImageURL", event.button_image_url.as_deref(), xml);
    xml.text("DescriptionLocString", &format!("lng_event_{}_desc", event.name));
    xml.text("DevName", event.name.as_str());
    xml.number("EventID", event.name.id());
    xml.number("PlaylistID", event.playlist.id);
    xml.text("PrizeCode", &event.prize_code);
    xml.text("TitleLocString", &format!("lng_event_{}_title", event.name));
}

fn no_event(xml: &mut Writer) {
    xml.nil("BackgroundImageURL");
    xml.nil("ButtonImageURL");
    xml.nil("DescriptionLocString");
    xml.nil("DevName");
    xml.number("EventID", 0);
    xml.number("PlaylistID", 0);
    xml.nil("PrizeCode");
    xml.nil("TitleLocString");
}

fn text_or_nil(name: &str, value: Option<&str>, xml: &mut Writer) {
    match value {
        Some(value) => xml.text(name, value),
        None => xml.nil(name),
    }
}

fn division_tables(divisions: &Divisions, xml: &mut Writer) {
    table("DivisionBands", "DivisionBandEntry", (0_u8..).zip(&divisions.bands), xml, division_band);
    table(
        "DivisionPrizes",
        "DivisionPrizeEntry",
        (0_u8..).zip(&divisions.season_prizes),
        xml,
        division_prize,
    );
}

fn division_band((division, band): (u8, &DivisionBand), xml: &mut Writer) {
    xml.number("BonusPoints", band.bonus_points.0);
    xml.number("DivisionID", division);
    xml.number("MinPoints", band.min_points.0);
    xml.text("PromotionPrizeCode", &band.promotion_prize);
    xml.number("RelegationMinPoints", band.relegation_min_points.0);
}

fn division_prize((division, prize): (u8, &String), xml: &mut Writer) {
    xml.number("DivisionID", division);
    xml.text("PrizeCode", prize);
}

fn playlists(catalogue: &Catalogue, event: Option<&Event>, xml: &mut Writer) {
    xml.open("Playlists");
    xml.nil("Error");
    let special = event.map(|event| &event.playlist);
    list("Playlists", "Playlist", catalogue.playlists.iter().chain(special), xml, playlist);
    xml.close("Playlists");
}

fn playlist(playlist: &Playlist, xml: &mut Writer) {
    strings("GameModes", &playlist.modes, xml);
    strings("Levels", &playlist.levels, xml);
    list("Mutators", "PlaylistMutator", &playlist.mutators, xml, mutator);
    xml.text("Name", &playlist.name);
    xml.number("PlaylistID", playlist.id);
    xml.text("SubType", &playlist.subtype);
    xml.text("Type", playlist.kind.as_str());
    strings("Vehicles", &playlist.vehicles, xml);
}

fn mutator(mutator: &Mutator, xml: &mut Writer) {
    let [first, second] = &mutator.parameters;
    xml.text("Name", &mutator.name);
    xml.text("Parameter1", first);
    xml.text("Parameter2", second);
}

fn strings(name: &str, values: &[String], xml: &mut Writer) {
    xml.open_with_namespace(name, "a", "http://schemas.microsoft.com/2003/10/Serialization/Arrays");
    for value in values {
        xml.text("a:string", value);
    }
    xml.close(name);
}

fn rank_tables(ranks: &Ranks, xml: &mut Writer) {
    table("RankBonus", "RankBonusEntry", &ranks.rewards, xml, |reward, xml| {
        xml.number("BonusPoints", reward.bonus_points.0);
        xml.number("MinRank", reward.min_rank);
    });
    table("RankPrizes", "RankPrizeEntry", &ranks.rewards, xml, |reward, xml| {
        xml.number("MinRank", reward.min_rank);
        xml.text("PrizeCode", &reward.prize);
    });
}

/// Writes the `Requested…` elements, all 0 or nil (capture 02).
fn requested(xml: &mut Writer) {
    xml.number("RequestedDivision", 0);
    xml.nil("RequestedDivisionBands");
    xml.nil("RequestedDivisionPrizes");
    xml.number("RequestedRank", 0);
    xml.nil("RequestedRankBonus");
    xml.nil("RequestedRankPrizes");
}

fn constants(catalogue: &Catalogue, xml: &mut Writer) {
    let constants = scoring_constants(catalogue);
    table("ScoringConstants", "ScoringConstantEntry", constants, xml, |(name, value), xml| {
        xml.text("Name", &name);
        xml.number("Value", value);
    });
}

fn server_values(skins: &DlcSkins, search_seconds: u32, xml: &mut Writer) {
    let skin_values = skins.platforms().into_iter().flat_map(|(platform, for_sale)| {
        let name = move |skin| format!("Config_DLCSkin{skin}Available_{platform}");
        (1..).zip(for_sale).map(move |(skin, for_sale)| (false, name(skin), u32::from(*for_sale)))
    });
    let timeouts =
        ["Soft", "Hard"].map(|limit| (true, format!("Config_MatchmakingTimeout_{limit}"), search_seconds));
    let values = skin_values.chain(timeouts);
    table("ServerValues", "GameConfigEntry", values, xml, |(constant, name, value), xml| {
        xml.boolean("Const", constant);
        xml.text("Name", &name);
        xml.number("Value", value);
    });
}

/// Writes `<name><Entries>…</Entries></name>`.
fn table<T>(
    name: &str,
    entry: &str,
    entries: impl IntoIterator<Item = T>,
    xml: &mut Writer,
    parts: impl Fn(T, &mut Writer),
) {
    xml.open(name);
    list("Entries", entry, entries, xml, parts);
    xml.close(name);
}

fn list<T>(
    name: &str,
    item: &str,
    items: impl IntoIterator<Item = T>,
    xml: &mut Writer,
    parts: impl Fn(T, &mut Writer),
) {
    let mut items = items.into_iter().peekable();
    if items.peek().is_none() {
        return xml.empty(name);
    }
    xml.open(name);
    for content in items {
        xml.open(item);
        parts(content, xml);
        xml.close(item);
    }
    xml.close(name);
}

/// The part of the configuration that changes with time. Dates are text as the game reads it: `2023-11-01T00:00:00Z`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Schedule<'a> {
    /// The event that runs now.
    pub event: Option<&'a Event>,
    /// Start of the next event; the start of today if none is planned. (Capture 02.)
    pub next_event: &'a str,
    /// Start of the next season.
    pub next_active_season: &'a str,
    /// Time at which the running season, or else the next one, goes inactive.
    pub next_inactive_season: &'a str,
}

/// Skin packs 1 to 6 by platform; true for those that are for sale. (`Config_DLCSkin…Available_…` of capture 02.)
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DlcSkins {
    /// Steam.
    pub steam: [bool; 6],
    /// `PlayStation` 4, Europe.
    pub ps4_scee: [bool; 6],
    /// `PlayStation` 4, America.
    pub ps4_scea: [bool; 6],
    /// Xbox One.
    pub xbox_one: [bool; 6],
}

impl DlcSkins {
    /// Returns every platform by the game's name of it, in the order of capture 02.
    pub(super) const fn platforms(&self) -> [(&'static str, &[bool; 6]); 4] {
        [
            ("Steam", &self.steam),
            ("PS4_SCEE", &self.ps4_scee),
            ("PS4_SCEA", &self.ps4_scea),
            ("XboxOne", &self.xbox_one),
        ]
    }
}
