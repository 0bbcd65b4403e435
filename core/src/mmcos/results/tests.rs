use alloc::vec;

use super::super::matchmaker::{GameType, Label, RuleSet};
use super::*;

const NOW: Wall = Wall::from_secs(1_795_000_000);

fn race(session: u64, seats: u16, players: &[u32]) -> Race {
    let game_type = GameType(Label::new("QuickRace").unwrap());
    Race {
        session: SessionId(session),
        race_key: RaceKey(session),
        mode: Mode { network_version: 1, game_type, rule_set: RuleSet::Race },
        seats,
        made: NOW,
        begun: None,
        players: players.iter().copied().map(UserId).collect(),
    }
}

fn result(session: u64, user: u32) -> RaceResult {
    let standing = Standing::default();
    let progress = Progress { season: SeasonId(57), before: standing, after: standing, rank: user };
    let (claimed, counted) = (Points(40), Points(40));
    RaceResult { session: SessionId(session), user: UserId(user), at: NOW, claimed, counted, progress }
}

fn later(time: Duration) -> Wall {
    Wall::from_millis(NOW.as_millis().saturating_add(i64::try_from(time.as_millis()).unwrap()))
}

fn sessions(races: &Races) -> Vec<u64> {
    races.iter().map(|(race, _)| race.session.0).collect()
}

#[test]
fn a_key_is_open_to_its_players_until_each_has_counted() {
    let mut races = Races::default();
    races.issue(race(1, 2, &[10, 20]));
    assert_eq!(races.claim(RaceKey(1), UserId(10)), Claim::Open(SessionId(1)));
    races.count(result(1, 10));
    assert_eq!(races.claim(RaceKey(1), UserId(10)), Claim::Counted(result(1, 10)));
    assert_eq!(races.claim(RaceKey(1), UserId(20)), Claim::Open(SessionId(1)));
    assert_eq!(races.claim(RaceKey(1), UserId(30)), Claim::None);
    assert_eq!(races.claim(RaceKey(2), UserId(10)), Claim::None);
}

#[test]
fn a_registration_seats_the_party_as_far_as_there_are_seats() {
    let mut races = Races::default();
    races.issue(race(1, 4, &[10, 20]));
    let listed = [20, 11, 11, 12, 13].map(UserId);
    assert!(races.begin(SessionId(1), UserId(99), NOW, listed).is_none(), "none of its players");
    let begun = races.begin(SessionId(1), UserId(10), NOW, listed).unwrap().clone();
    assert_eq!((begun.begun, begun.players), (Some(NOW), [10, 20, 11, 12].map(UserId).to_vec()));
    assert_eq!(races.claim(RaceKey(1), UserId(12)), Claim::Open(SessionId(1)));
    assert_eq!(races.claim(RaceKey(1), UserId(13)), Claim::None);
    let again = races.begin(SessionId(1), UserId(11), later(Duration::from_secs(1)), listed);
    assert!(again.is_none(), "no news");
}

#[test]
fn who_searches_on_has_one_key_at_a_time_until_a_race_begins() {
    let mut races = Races::default();
    assert_eq!(races.issue(race(1, 1, &[10])), vec![]);
    assert_eq!(races.issue(race(2, 1, &[10])), vec![SessionId(1)]);
    assert!(races.begin(SessionId(2), UserId(10), NOW, []).is_some());
    assert_eq!(races.issue(race(3, 1, &[10])), vec![]);
    assert_eq!(races.issue(race(4, 2, &[10, 20])), vec![SessionId(3)]);
    assert_eq!(races.issue(race(5, 1, &[10])), vec![]);
    assert_eq!(sessions(&races), [2, 4, 5]);
    let mut restored = Races::default();
    races.iter().for_each(|(race, _)| restored.put(race.clone()));
    assert_eq!(restored.issue(race(6, 1, &[10])), vec![SessionId(5)]);
}

#[test]
fn a_race_that_began_since_it_was_put_in_is_not_let_go() {
    let mut races = Races::default();
    races.put(race(1, 1, &[10]));
    races.put(Race { begun: Some(NOW), ..race(1, 1, &[10]) });
    assert_eq!(races.issue(race(2, 1, &[10])), vec![]);
    assert_eq!(sessions(&races), [1, 2]);
}

#[test]
fn the_old_and_the_too_many_are_let_go_with_their_results() {
    let mut races = Races::default();
    races.issue(race(1, 1, &[10]));
    races.issue(Race { made: later(Duration::from_hours(1)), ..race(2, 1, &[20]) });
    races.count(result(1, 10));
    races.expire(Wall::from_millis(later(KEEP).as_millis().saturating_sub(1)));
    assert_eq!(sessions(&races), [1, 2]);
    races.expire(later(KEEP));
    assert_eq!(sessions(&races), [2]);
    assert_eq!(races.claim(RaceKey(1), UserId(10)), Claim::None);
    races.count(result(1, 10));
    assert_eq!(races.issue(race(3, 1, &[10])), vec![], "the race let go is forgotten in every index");

    for session in 10..10 + MOST as u64 {
        races.put(race(session, 2, &[1, 2]));
    }
    races.expire(NOW);
    assert_eq!((races.len(), races.by_key.len()), (MOST, MOST));
}

#[test]
fn a_race_that_is_closed_keeps_what_has_come_and_takes_no_more() {
    let mut races = Races::default();
    races.issue(race(1, 3, &[1, 2]));
    races.count(result(1, 1));
    assert_eq!(
        races.close(SessionId(1)).map(|race| (race.players.clone(), race.seats)),
        Some((vec![UserId(1)], 1))
    );
    assert_eq!(
        races.begin(SessionId(1), UserId(1), later(Duration::ZERO), [UserId(3)]).map(|race| race.seats),
        Some(1)
    );
    let claims = [1, 2, 3].map(|user| races.claim(RaceKey(1), UserId(user)));
    assert!(matches!(claims, [Claim::Counted(_), Claim::None, Claim::None]), "{claims:?}");
    races.issue(race(2, 1, &[4]));
    assert_eq!(races.close(SessionId(2)).map(|race| race.players.len()), Some(0));
    races.issue(race(3, 1, &[4]));
    assert_eq!(sessions(&races), [1, 2, 3], "a closed race is not let go for the next search");
    assert_eq!(races.close(SessionId(9)), None);
}

#[test]
fn a_closed_race_that_is_put_in_again_is_not_let_go_for_the_next_search() {
    let mut races = Races::default();
    races.put(race(1, 1, &[4]));
    races.put(race(1, 0, &[]));
    assert_eq!(races.issue(race(2, 1, &[4])), []);
}
