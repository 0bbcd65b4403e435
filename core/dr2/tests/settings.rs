//! Settings: defaults, and errors that say which one is wrong and what it must be.
#![cfg(test)]

use dr2::{Settings, settings::Vehicle};
use mmcos_core::settings::Settings as _;

fn error(name: &str, value: &str) -> String {
    let error = Settings::parse(|key| (key.name() == name).then_some(value)).unwrap_err().to_string();
    let end = format!(", not \"{value}\"");
    error.strip_suffix(&end).unwrap_or_else(|| panic!("{error} does not end with {end}")).to_owned()
}

#[test]
fn the_defaults_are_a_club_with_a_rally() {
    let settings = Settings::defaults().unwrap();
    let [club] = settings.clubs.all() else { panic!("{settings:?}") };
    assert_eq!((club.id, club.name.as_str()), (1, "Community"));
    assert_eq!(club.rallies[0].stages, [626, 627, 628]);
    assert_eq!(settings.garage.all().len(), 22);
    let json = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&json).unwrap(), settings);
}

#[test]
fn what_is_out_of_range_is_named() {
    let list = "a list of clubs in which";
    let rally = |rally: &str| format!(r#"[{{"rallies":[{{}},{rally}]}}]"#);
    for (clubs, problem) in [
        (r#"[{"id":0}]"#.into(), "0.id is from 1 to 63"),
        (r#"[{"id":64}]"#.into(), "0.id is from 1 to 63"),
        (r#"[{"id":2},{"id":2}]"#.into(), "1.id is different from those of other clubs"),
        (r#"[{"name":""}]"#.into(), "0.name is 1 to 64 characters"),
        (r#"[{"name":"a\u0007"}]"#.into(), "0.name is 1 to 64 characters"),
        (r#"[{"rallies":[]}]"#.into(), "the number of 0.rallies is from 1 to 15"),
        (rally(r#"{"stages":[]}"#), "the number of 0.rallies.1.stages is from 1 to 15"),
        (rally(r#"{"stages":[1]}"#), "0.rallies.1.stages.0 is the number of a track"),
        (rally(r#"{"stages":[626,505]}"#), "0.rallies.1.stages.1 is a track in the location of the first"),
        (rally(r#"{"days":0}"#), "0.rallies.1.days is from 1 to 366"),
        (rally(r#"{"conditions":65536}"#), "0.rallies.1.conditions is from 1 to 65535"),
        (rally(r#"{"name":" "}"#).replace(' ', ""), "0.rallies.1.name is 1 to 64 characters"),
    ] {
        assert_eq!(error("clubs", &clubs), format!("`clubs` must be {list} {problem}"));
    }
    let unknown = error("clubs", &rally(r#"{"class":"wrc"}"#));
    assert!(unknown.contains("unknown variant `wrc`") && unknown.contains("`group-b-4wd`"), "{unknown}");
    let unknown = error("clubs", &rally(r#"{"track":626}"#));
    assert!(unknown.contains("unknown field `track`") && unknown.contains("`stages`"), "{unknown}");
    let list = "`garage` must be a list of numbers of vehicles in which";
    for garage in ["[382,382]", "[385,0]"] {
        assert_eq!(error("garage", garage), format!("{list} 1 is a vehicle that is not listed before"));
    }
    assert!(error("garage", "382").starts_with(&format!("{list} invalid type: integer")));
    assert_eq!(error("credits", "2147483648"), "`credits` must be a whole number from 0 to 2147483647");
    assert_eq!(error("max-accounts", "0"), "`max-accounts` must be a whole number from 1 to 1000000");
}

#[test]
fn every_track_has_one_location_and_every_class_a_number() {
    use dr2::catalogue::LOCATIONS;
    let tracks: Vec<u32> =
        LOCATIONS.iter().flat_map(|(_, _, tracks)| tracks.iter().cloned().flatten()).collect();
    let mut distinct = tracks.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((tracks.len(), distinct.len()), (13 * 12, 13 * 12));
}

/// The file of the protocol's page. A host makes JSON of a list in its file, as this test does.
#[test]
fn the_file_of_the_page_is_right() {
    let page = include_str!("../../../docs/DIRT-RALLY-2.md");
    let file = page.split_once("```toml\n").and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
    let file: toml::Table = file.parse().unwrap();
    let given: Vec<_> =
        file.iter().map(|(name, value)| (name.as_str(), serde_json::to_string(value).unwrap())).collect();
    let settings = Settings::parse(|key| {
        given.iter().find(|(name, _)| *name == key.name()).map(|(_, text)| text.as_str())
    });
    let settings = settings.unwrap();
    assert_eq!(given.len(), 4);
    assert_eq!(
        (settings.credits, settings.max_accounts, settings.garage.all().to_vec()),
        (500_000, 200, [382, 536, 527].map(Vehicle).to_vec())
    );
    let [club] = settings.clubs.all() else { panic!("{settings:?}") };
    assert_eq!(
        (club.name.as_str(), club.rallies[1].days, club.rallies[1].assists),
        ("Thursday Night", 14, false)
    );
}
