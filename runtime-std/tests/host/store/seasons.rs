//! A change of season, its history, and the copy from before it.

use std::fs;

use mmcos_game::Record;
use mmcos_game::catalogue::Catalogue;
use mmcos_game::divisions::{Band, Ladder};
use mmcos_game::ids::{Points, UserId};
use mmcos_game::players::Player;
use mmcos_game::ranking;
use mmcos_game::seasons::{Prizes, RankBonus, RollOver, SeasonId};
use mmcos_std::store::{AnyStore, Commit as _, Database as _, Place, StoreError};

use super::{NOW, Scratch, begins, places, player, records, rows, server};
#[cfg(unix)]
use crate::scratch::mode;

/// Returns the record of a player in a season.
pub(super) fn in_season(user: u32, season: i32, points: i32) -> Record {
    match player(user, points) {
        Record::Player(player) => Record::Player(Box::new(Player { season: SeasonId(season), ..*player })),
        other => other,
    }
}

/// Returns the official change of season after a season in which players had these points.
pub(super) fn roll_over(points: &[i32]) -> RollOver {
    let catalogue = Catalogue::official().unwrap();
    let places = (1..).zip(points).map(|(user, points)| ranking::Place::new(Points(*points), UserId(user)));
    let rank_bonus = [RankBonus { min_rank: 2, bonus_points: Points(50) }];
    let prizes = Prizes {
        by_division: vec!["".into(), "Boxes:2:".into()],
        by_rank: vec![(1, "Boxes:4:".into()), (2, "".into()), (3, "Boxes:1:".into())],
    };
    let band = Band { bonus_points: catalogue.divisions.bands[2].bonus_points, ..Band::default() };
    RollOver::new(Ladder::new(vec![band; 2]), &rank_bonus, &places.collect(), prizes)
}

/// Returns the final standings of a season: rank from 1, account, points, prizes.
fn final_standings(place: &Place, season: i32) -> Vec<String> {
    // The query is the README's.
    let sql = format!(
        "SELECT rank + 1, user_id, standings.points, division_prize, rank_prize FROM standings \
         JOIN players USING (user_id) WHERE standings.season = {season} ORDER BY rank"
    );
    rows(place, &sql)
}

#[test]
fn a_season_whose_rows_follow_in_pieces_can_be_gone_on_with_from_anywhere_and_leaves_a_history() {
    let Scratch(dir) = &Scratch::new("store-season");
    for place in &places(dir) {
        let mut store = AnyStore::open(place).unwrap();
        let points = [600, 500, 700, 500];
        store.commit(&[begins(56, None)]).unwrap();
        let rows: Vec<Record> = (1..).zip(points).map(|(user, points)| in_season(user, 56, points)).collect();
        store.commit(&rows).unwrap();
        let change = begins(57, Some(roll_over(&points)));
        let prizes = roll_over(&points).prizes;
        let prizes = prizes.each(SeasonId(56)).map(Record::Prize);
        store.commit(&[change.clone()].into_iter().chain(prizes).collect::<Vec<_>>()).unwrap();
        // The restored rows do not depend on the number of earlier changes.
        let began = |store: &mut AnyStore<Record>| -> Vec<(SeasonId, i32)> {
            let mut server = server();
            store.restore(&mut server, NOW).unwrap();
            server
                .service()
                .players()
                .iter()
                .map(|player| (player.season, player.standing.points.0))
                .collect()
        };
        let expected = [150, 100, 150, 100].map(|points| (SeasonId(57), points));
        for user in 0..5 {
            drop(store);
            store = AnyStore::open(place).unwrap();
            assert_eq!(records(&mut store, NOW)[0], change);
            assert_eq!(began(&mut store), expected, "{user}");
            if let Some((_, points)) = usize::try_from(user).ok().and_then(|user| expected.get(user)) {
                store.commit(&[in_season(user + 1, 57, *points)]).unwrap();
            }
        }
        let expected = [
            "1|3|700|Boxes:2:|Boxes:4:",
            "2|1|600|Boxes:2:|",
            "3|2|500|Boxes:2:|Boxes:1:",
            "4|4|500|Boxes:2:|",
        ];
        assert_eq!(final_standings(place, 56), expected);
        // A result of the current season changes nothing of that.
        store.commit(&[in_season(4, 57, 190)]).unwrap();
        assert_eq!(final_standings(place, 56), expected);
        assert_eq!(final_standings(place, 57), [""; 0]);
        let mut json = Vec::new();
        AnyStore::<Record>::export(place, &mut json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(
            (&json["standings"][0]["rank"], &json["standings"][0]["rank_prize"]),
            (&0.into(), &"Boxes:4:".into())
        );
        assert!(json.get("final_standings").is_none() && json.get("season_changes").is_none());
        // A season with another number has not ended.
        store.commit(&[begins(55, None), in_season(4, 55, 190)]).unwrap();
        assert_eq!(final_standings(place, 57), [""; 0]);
    }
}

#[test]
fn the_store_is_copied_before_a_season_begins_and_a_restore_brings_it_back() {
    let Scratch(dir) = &Scratch::new("store-before-season");
    for place in &places(dir) {
        let mut store = AnyStore::open(place).unwrap();
        store.commit(&[season_of(56)]).unwrap();
        assert!(!dir.file("seasons").exists(), "no player could lose anything");
        store.commit(&[player(1, 600)]).unwrap();
        // In one batch with earlier records.
        store.commit(&[player(2, 700), season_of(57), player(1, 50)]).unwrap();
        store.commit(&[player(1, 90)]).unwrap();
        let copy = dir.file("seasons").join("before-season-57.db");
        assert!(matches!(place.restore(&copy, &mut server(), NOW), Err(StoreError::InUse { .. })));
        drop(store);
        #[cfg(unix)]
        assert_eq!([&copy, &dir.file("seasons")].map(|path| mode(path)), [0o600, 0o700]);
        place.restore(&copy, &mut server(), NOW).unwrap();
        let mut store = AnyStore::open(place).unwrap();
        assert_eq!(records(&mut store, NOW), [season_of(56), player(1, 600), player(2, 700)]);

        for number in 57..70 {
            store.commit(&[season_of(number)]).unwrap();
        }
        // Waits for the copy.
        drop(store);
        let mut store = AnyStore::open(place).unwrap();
        let left = fs::read_dir(dir.file("seasons")).unwrap().count();
        assert_eq!(left, 6, "the others make room");
        // A failed copy does not delay a season.
        fs::remove_dir_all(dir.file("seasons")).unwrap();
        fs::write(dir.file("seasons"), b"no directory").unwrap();
        store.commit(&[season_of(80)]).unwrap();
        // A season that began while the clock was ahead is taken back.
        store.commit(&[season_of(58)]).unwrap();
        assert_eq!(records(&mut store, NOW)[0], season_of(58));
        fs::remove_file(dir.file("seasons")).unwrap();
    }
}

fn season_of(number: i32) -> Record {
    begins(number, Some(roll_over(&[])))
}
