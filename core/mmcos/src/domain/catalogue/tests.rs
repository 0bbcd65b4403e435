use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use toml::Value;

use super::constants::scoring_constants;
use super::*;
use mmcos_core::wire::xml::Writer;

const SCHEDULE: Schedule<'static> = Schedule {
    event: None,
    next_event: "2026-11-23T00:00:00Z",
    next_active_season: "2027-01-01T00:00:00Z",
    next_inactive_season: "2026-12-15T00:00:00Z",
};

fn official() -> Catalogue {
    Catalogue::official().unwrap()
}

fn rendered(catalogue: &Catalogue, schedule: &Schedule<'_>, search_seconds: u32) -> String {
    let mut xml = Writer::new(Vec::new());
    render_game_configuration(catalogue, schedule, search_seconds, &mut xml);
    String::from_utf8(xml.into_bytes()).unwrap()
}

/// Returns the texts of all elements of a name that hold text only.
fn texts<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).map(|rest| rest.split(&close).next().unwrap()).collect()
}

fn hash(catalogue: &Catalogue, schedule: &Schedule<'_>, search_seconds: u32) -> i32 {
    texts(&rendered(catalogue, schedule, search_seconds), "Hash")[0].parse().unwrap()
}

/// Returns the hash without an event, then the hash of each event.
fn hashes(catalogue: &Catalogue) -> Vec<i32> {
    let events = EventName::all().map(|name| catalogue.playlists.event(name));
    let schedules = core::iter::once(None).chain(events).map(|event| Schedule { event, ..SCHEDULE });
    schedules.map(|schedule| hash(catalogue, &schedule, 70)).collect()
}

fn constant(name: &str) -> Option<i32> {
    scoring_constants(&official()).into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
}

fn chaos() -> Event {
    official().playlists.event("chaos".parse().unwrap()).unwrap().clone()
}

#[test]
fn the_playlists_come_in_the_official_order() {
    let ids: Vec<_> = official().playlists.iter().map(|playlist| playlist.id).collect();
    assert_eq!(ids, [12, 13, 14, 7, 8, 9, 10, 11]);
}

#[test]
fn a_playlist_has_all_that_its_subtype_says() {
    let catalogue = official();
    let random = catalogue.playlists.iter().find(|playlist| playlist.id == 14).unwrap();
    assert_eq!((random.kind, random.subtype.as_str()), (PlaylistType::Quick, "random"));
    assert_eq!(random.modes, ["ctf", "bomb", "territory", "race", "elimination"]);
    assert_eq!((random.levels.len(), random.vehicles.len()), (15 + 9, 12));
    assert_eq!(random.levels.first().unwrap(), "arena_grdn_a");
    assert_eq!(random.mutators[0].parameters, ["1.5", "0"]);
}

#[test]
fn the_constants_are_392_of_different_names() {
    let mut names: Vec<_> = scoring_constants(&official()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), 392);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 392);
}

#[test]
fn the_constants_start_and_end_in_the_race_of_nine() {
    let constants = scoring_constants(&official());
    let names: Vec<_> = constants.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..3], ["SOLO_Pos8_OutOf9", "SOLO_Pos9_OutOf9", "SOLO_Pos1_OutOf10"]);
    assert_eq!(names[390..], ["SOLO_Pos6_OutOf9", "SOLO_Pos7_OutOf9"]);
    let after = |name| names[names.iter().position(|found| *found == name).unwrap() + 1];
    assert_eq!(after("SOLO_XP_PerSecond"), "GENERIC_MatchmakingTimeout_Hard");
    assert_eq!(after("GENERIC_SKILLPOINTS_Bucket_3_max"), "TEAM_CompletedMatch_Division_0");
    assert_eq!(after("TEAM_Overpowered"), "TEAM_UnderdogPercentage");
    assert_eq!(after("ELIM_XP_PerSecond"), "SOLO_CompletedMatch_Division_0");
}

#[test]
fn the_official_oddities_are_kept() {
    let oddities = [
        ("SOLO_Pos4_OutOf4", 60),
        ("SOLO_SKILLPOINTS_Pos4_OutOf4", 60),
        ("SOLO_XP_Pos6_OutOf11", 753),
        ("ELIM_Pos1_OutOf3", 42),
        ("ELIM_XP_Pos2_OutOf2", 488),
        ("ELIM_CompletedMatch_Division_10", 15),
        ("TEAM_CompletedMatch_Division_9", 3),
    ];
    for (name, value) in oddities {
        assert_eq!(constant(name), Some(value), "{name}");
    }
}

#[test]
fn ordinary_constants_have_their_values() {
    let ordinary = [
        ("SOLO_Pos11_OutOf12", -50),
        ("SOLO_XP_Pos12_OutOf12", 500),
        ("ELIM_StreakPosition", 2),
        ("TEAM_XP_Loss", 500),
        ("GENERIC_MatchmakingTimeout_Hard", 180),
        ("GENERIC_AllowLosingPoints_Division_1", 0),
        ("GENERIC_AllowLosingPoints_Division_2", 1),
        ("GENERIC_AllowStreaks_Division_4", 1),
        ("GENERIC_AllowStreaks_Division_5", 0),
        ("GENERIC_Bucket_2_max", 800),
    ];
    for (name, value) in ordinary {
        assert_eq!(constant(name), Some(value), "{name}");
    }
    assert_eq!(constant("TEAM_OverpoweredPercentage"), None);
}

#[test]
fn a_position_among_players_has_a_value() {
    let table = official().scoring.solo.points.results;
    assert_eq!(table.value(1, 12), Some(60));
    assert_eq!(table.value(12, 12), Some(-60));
    for (position, players) in [(0, 4), (5, 4), (1, 1), (1, 13), (1, 0)] {
        assert_eq!(table.value(position, players), None, "{position} of {players}");
    }
}

#[test]
fn honest_changes_depend_on_the_division() {
    let catalogue = official();
    let bounds = |division| {
        let changes = catalogue.honest_changes(division);
        (changes.start().0, changes.end().0)
    };
    assert_eq!(bounds(0), (0, 60 + 20 + 20 + 40));
    assert_eq!(bounds(1), (0, 60 + 20 + 20 + 30));
    assert_eq!(bounds(2), (-60 - 20, 60 + 20 + 20 + 20));
    assert_eq!(bounds(6), (-60 - 20, 60 + 20 + 20));
    assert_eq!(bounds(10), (-60 - 20, 60 + 20 + 20 + 15));
    assert_eq!(bounds(255), (0, 60 + 20 + 20));
}

#[test]
fn places_earn_by_the_row_that_they_are_in() {
    let ranks = official().ranks;
    let bonus = |rank| ranks.reward(rank).map(|reward| reward.bonus_points.0);
    assert_eq!([0, 9, 10, 99, 100, 9_999].map(bonus), [50, 50, 100, 100, 150, 0].map(Some));
    assert_eq!(bonus(10_000), None);
}

#[test]
fn without_an_event_its_parts_are_absent() {
    let xml = rendered(&official(), &SCHEDULE, 70);
    assert!(xml.contains("<DevName i:nil=\"true\"/><EventID>0</EventID><PlaylistID>0</PlaylistID>"));
    assert_eq!(texts(&xml, "NextEvent"), [SCHEDULE.next_event]);
    assert_eq!(texts(&xml, "NextActiveSeasonDate"), [SCHEDULE.next_active_season]);
    assert_eq!(texts(&xml, "NextInactiveSeasonDate"), [SCHEDULE.next_inactive_season]);
}

#[test]
fn an_event_brings_its_playlist() {
    let event = Event { background_image_url: Some("https://localhost/chaos.png".into()), ..chaos() };
    let xml = rendered(&official(), &Schedule { event: Some(&event), ..SCHEDULE }, 70);
    assert_eq!(texts(&xml, "BackgroundImageURL"), ["https://localhost/chaos.png"]);
    assert!(xml.contains(
        "<ButtonImageURL i:nil=\"true\"/><DescriptionLocString>lng_event_chaos_desc</DescriptionLocString>\
         <DevName>chaos</DevName><EventID>1</EventID><PlaylistID>15</PlaylistID>\
         <PrizeCode>Boxes:1:chaos</PrizeCode><TitleLocString>lng_event_chaos_title</TitleLocString>"
    ));
    assert_eq!(texts(&xml, "PlaylistID"), ["15", "12", "13", "14", "7", "8", "9", "10", "11", "15"]);
    assert_eq!(texts(&xml, "Name").iter().filter(|name| **name == "Special Event").count(), 1);
    assert_eq!(texts(&xml, "Type").last(), Some(&"special"));
}

#[test]
fn every_event_has_something_to_play() {
    let catalogue = official();
    for name in EventName::all() {
        let event = catalogue.playlists.event(name).unwrap();
        assert_eq!((event.name, event.playlist.id), (name, 15));
        let Playlist { modes, levels, vehicles, .. } = &event.playlist;
        assert!(!modes.is_empty() && !levels.is_empty() && !vehicles.is_empty(), "{name}");
        let ordinary = |list: fn(&Playlist) -> &Vec<String>, item: &String| {
            catalogue.playlists.iter().any(|playlist| list(playlist).contains(item))
        };
        assert!(modes.iter().all(|mode| ordinary(|playlist| &playlist.modes, mode)), "{name}");
        assert!(vehicles.iter().all(|vehicle| ordinary(|playlist| &playlist.vehicles, vehicle)), "{name}");
        assert_eq!(event.prize_code, format!("Boxes:1:{name}"));
    }
}

#[test]
fn the_search_time_is_both_limits() {
    let xml = rendered(&official(), &SCHEDULE, 25);
    for limit in ["Soft", "Hard"] {
        let entry =
            format!("<Const>true</Const><Name>Config_MatchmakingTimeout_{limit}</Name><Value>25</Value>");
        assert!(xml.contains(&entry), "{limit}");
    }
    assert_eq!(xml.matches("<GameConfigEntry>").count(), 26);
}

/// A lock: a change to the official configuration or its order must be made here as well.
#[test]
fn the_official_configuration_stays_as_it_is() {
    let xml = rendered(&official(), &SCHEDULE, 70);
    let digest = u64::from_be_bytes(*Sha256::digest(xml).first_chunk().unwrap());
    assert_eq!(digest, 0xCCC2_125F_2368_1938);
}

#[test]
fn the_hash_ignores_dates_and_follows_the_rest() {
    let (catalogue, event) = (official(), chaos());
    let plain = hash(&catalogue, &SCHEDULE, 70);
    assert_eq!(plain, hash(&catalogue, &Schedule::default(), 70));
    assert_ne!(plain, hash(&catalogue, &SCHEDULE, 71));
    assert_ne!(plain, hash(&catalogue, &Schedule { event: Some(&event), ..SCHEDULE }, 70));
}

fn leaves(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::Array(values) => values.iter_mut().flat_map(leaves).collect(),
        Value::Table(values) => values.iter_mut().flat_map(|(_, value)| leaves(value)).collect(),
        leaf => vec![leaf],
    }
}

fn change(leaf: &mut Value, by: i64) {
    match leaf {
        Value::Integer(number) => *number = number.wrapping_add(by),
        Value::Boolean(flag) => *flag = !*flag,
        Value::String(text) => text.push('x'),
        other => panic!("no such value in a catalogue: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_changed_value_is_refused_or_changes_the_hash(leaf: prop::sample::Index, by in 1_i64..1000) {
        let mut text = Value::Table(toml::from_str(OFFICIAL).unwrap());
        let mut leaves = leaves(&mut text);
        let chosen = leaf.index(leaves.len());
        change(leaves[chosen], by);
        if let Ok(changed) = text.try_into::<Catalogue>() {
            prop_assert_ne!(hashes(&changed), hashes(&official()));
        }
    }

    #[test]
    fn a_changed_value_of_an_event_matters_while_that_event_runs(
        chosen in 0_usize..13, leaf: prop::sample::Index, by in 1_i64..1000
    ) {
        let mut text = Value::Table(toml::from_str(OFFICIAL).unwrap());
        let name = EventName::all().nth(chosen).unwrap();
        let mut leaves = leaves(&mut text["playlists"]["events"][name.as_str()]);
        let leaf = leaf.index(leaves.len());
        change(leaves[leaf], by);
        if let Ok(changed) = text.try_into::<Catalogue>() {
            let pairs = hashes(&changed).into_iter().zip(hashes(&official()));
            let differ: Vec<usize> = (0..).zip(pairs).filter(|(_, (a, b))| a != b).map(|(at, _)| at).collect();
            prop_assert_eq!(differ, [chosen.saturating_add(1)]);
        }
    }

    #[test]
    fn any_other_bonus_changes_the_hash(division in 0_usize..7, by in 1_i32..) {
        let mut changed = official();
        let bonus = &mut changed.divisions.bands[division].bonus_points.0;
        *bonus = bonus.wrapping_add(by);
        prop_assert_ne!(hash(&changed, &SCHEDULE, 70), hash(&official(), &SCHEDULE, 70));
    }
}

#[test]
fn a_broken_catalogue_is_refused_with_its_reason() {
    let cases = [
        // (what to replace, with what, the reason)
        ("[60,   0, -60],", "[60, -60],", "expected 3 values in the row for 3 players, found 2"),
        ("  [1000, 500],\n", "", "expected 11 rows (one for each number of players from 2), found 10"),
        ("id = 13", "id = 12", "expected every playlist to have an id of its own, found 12 twice"),
        ("subtype = \"race\"", "subtype = \"rally\"", "expected the name of a subtype, found \"rally\""),
        ("[\"tracks\"]", "[\"streets\"]", "expected the name of a set of levels, found \"streets\""),
        ("[\"all\"]", "[\"some\"]", "expected the name of a set of vehicles, found \"some\""),
        ("min_points = 1500", "min_points = 900", "expected ascending values of min_points"),
        ("_min_points = 750", "_min_points = 1001", "at most min_points 1000, found 1001"),
        ("min_rank = 100,", "min_rank = 10,", "expected ascending values of min_rank"),
        ("[40, 30, 20, 10, 10, ", "[40, 30, 20, 10, ", "invalid length 10"),
        ("first_play_xp = 1000", "", "missing field `first_play_xp`"),
        ("win_streak_count", "win_streak", "unknown field `win_streak`"),
        ("steam    = [false, ", "steam    = [0, ", "expected a boolean"),
        ("type = \"quick\"", "type = \"fast\"", "unknown variant `fast`"),
        ("[playlists.events.payload]", "[playlists.events.rally]", "ultimate_koth), found \"rally\""),
        ("id = 13", "id = 15", "found 15 twice"),
    ];
    for (official, broken, reason) in cases {
        let text = OFFICIAL.replacen(official, broken, 1);
        assert_ne!(text, OFFICIAL, "{official}");
        let error = Catalogue::parse(&text).unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains("line "), "{official}: {error}");
    }
}

#[test]
fn an_error_names_the_line() {
    let line = OFFICIAL.lines().position(|line| line.contains("[42, ")).unwrap();
    let error = Catalogue::parse(&OFFICIAL.replace("[42, ", "[\"42\", ")).unwrap_err().to_string();
    assert!(error.contains(&format!("line {}", line + 1)), "{error}");
}
