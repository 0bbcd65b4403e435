use alloc::vec;

use super::super::matchmaker::{GameType, Label, RuleSet};
use super::*;

const NOW: Wall = Wall::from_secs(1_795_000_000);

fn race(id: u64, seats: u16, players: &[u32]) -> Match {
    let game_type = GameType(Label::new("QuickRace").unwrap());
    Match {
        id: MatchId(id),
        race_key: RaceKey(id),
        mode: Mode { network_version: 1, game_type, rule_set: RuleSet::Race },
        seats,
        made: NOW,
        begun: None,
        players: players.iter().copied().map(UserId).collect(),
    }
}

fn result(id: u64, user: u32) -> MatchResult {
    let standing = Standing::default();
    let progress = Progress { season: SeasonId(57), before: standing, after: standing, rank: user };
    let (claimed, counted) = (Points(40), Points(40));
    MatchResult { match_id: MatchId(id), user: UserId(user), at: NOW, claimed, counted, progress }
}

fn later(time: Duration) -> Wall {
    Wall::from_millis(NOW.as_millis().saturating_add(i64::try_from(time.as_millis()).unwrap()))
}

fn moment(time: Duration) -> Monotonic {
    Monotonic::default().after(time)
}

/// Returns the numbers of all races that can count.
fn sessions(races: &Matches) -> Vec<u64> {
    races.by_id.keys().map(|id| id.0).collect()
}

fn issue(races: &mut Matches, race: Match) -> Vec<MatchId> {
    let how = if race.players.len() > 1 { Issued::Match } else { Issued::Alone };
    races.issue(race, how)
}

fn begin(races: &mut Matches, id: u64, by: u32, listed: &[u32]) -> Option<(Vec<u32>, News)> {
    let listed: Vec<UserId> = listed.iter().copied().map(UserId).collect();
    let (race, news) = races.begin(MatchId(id), UserId(by), NOW, listed)?;
    Some((race.players.iter().map(|user| user.0).collect(), news))
}

#[test]
fn a_key_is_open_to_its_players_until_each_has_counted() {
    let mut races = Matches::default();
    issue(&mut races, race(1, 2, &[10, 20]));
    assert_eq!(races.state(RaceKey(1), UserId(10)), ResultState::Open(MatchId(1)));
    races.count(result(1, 10));
    assert_eq!(races.state(RaceKey(1), UserId(10)), ResultState::Counted(result(1, 10)));
    assert_eq!(races.state(RaceKey(1), UserId(20)), ResultState::Open(MatchId(1)));
    assert_eq!(races.state(RaceKey(1), UserId(30)), ResultState::None);
    assert_eq!(races.state(RaceKey(2), UserId(10)), ResultState::None);
}

#[test]
fn a_registration_seats_the_party_as_far_as_there_are_seats() {
    let mut races = Matches::default();
    issue(&mut races, race(1, 4, &[10, 20]));
    assert_eq!(begin(&mut races, 1, 10, &[20, 11, 11, 12, 13]), Some((vec![10, 20, 11, 12], News::Begun)));
    assert_eq!(races.state(RaceKey(1), UserId(12)), ResultState::Open(MatchId(1)));
    assert_eq!(races.state(RaceKey(1), UserId(13)), ResultState::None);
    assert_eq!(begin(&mut races, 1, 11, &[13]), Some((vec![10, 20, 11, 12], News::None)));
    assert_eq!(begin(&mut races, 1, 99, &[]), None, "no seat is free");
}

#[test]
fn the_key_seats_whoever_shows_it_while_a_seat_is_free() {
    let mut races = Matches::default();
    issue(&mut races, race(1, 3, &[10, 20]));
    for user in [10, 20, 11] {
        assert_eq!(races.state(RaceKey(1), UserId(user)), ResultState::Open(MatchId(1)));
    }
    assert_eq!(begin(&mut races, 1, 11, &[11]), Some((vec![10, 20, 11], News::Begun)));
    assert_eq!(begin(&mut races, 1, 10, &[10]), Some((vec![10, 20, 11], News::None)));
    assert_eq!(races.state(RaceKey(1), UserId(12)), ResultState::None);
}

#[test]
fn who_searches_on_has_one_key_at_a_time_until_a_race_begins() {
    let mut races = Matches::default();
    assert_eq!(issue(&mut races, race(1, 1, &[10])), vec![]);
    assert_eq!(issue(&mut races, race(2, 1, &[10])), vec![], "the first had no row");
    assert!(begin(&mut races, 2, 10, &[]).is_some());
    assert_eq!(issue(&mut races, race(3, 1, &[10])), vec![]);
    issue(&mut races, race(4, 2, &[10, 20]));
    issue(&mut races, race(5, 1, &[10]));
    assert_eq!(sessions(&races), [2, 4, 5]);
    assert_eq!(races.iter().map(|(race, _)| race.id.0).collect::<Vec<_>>(), [2, 4], "kept");
    // A row of a store that stored every key.
    races.put(race(6, 1, &[30]), true);
    assert_eq!(issue(&mut races, race(7, 1, &[30])), vec![MatchId(6)]);
}

#[test]
fn a_race_against_ai_that_is_given_up_for_the_next_at_once_was_none() {
    let (mut races, shortest) = (Matches::default(), Issued::Ai(Duration::from_secs(30)));
    let made = |id, seconds| Match { made: later(Duration::from_secs(seconds)), ..race(id, 1, &[10]) };
    races.issue(made(1, 0), shortest);
    begin(&mut races, 1, 10, &[10]);
    assert_eq!(races.issue(made(2, 10), Issued::Alone), vec![], "a second PC searches for players");
    races.put(made(1, 0), true);
    begin(&mut races, 1, 10, &[10]);
    assert_eq!(races.issue(made(3, 29), shortest), vec![MatchId(1)]);
    begin(&mut races, 3, 10, &[10]);
    assert_eq!(races.issue(made(4, 60), shortest), vec![], "it may have been raced");
}

#[test]
fn a_race_that_began_since_it_was_put_in_is_not_let_go() {
    let mut races = Matches::default();
    races.put(race(1, 1, &[10]), true);
    races.put(Match { begun: Some(NOW), ..race(1, 1, &[10]) }, true);
    assert_eq!(issue(&mut races, race(2, 1, &[10])), vec![]);
    assert_eq!(sessions(&races), [1, 2]);
}

#[test]
fn a_host_is_known_by_the_matches_of_the_last_day() {
    let mut races = Matches::default();
    let hosting = |races: &Matches| {
        let HostHistory { confirmed, unconfirmed } = races.hosting(UserId(10));
        (confirmed, unconfirmed)
    };
    for id in 1..=4 {
        issue(&mut races, race(id, 2, &[10, 20]));
    }
    assert_eq!(hosting(&races), (0, 4));
    begin(&mut races, 2, 20, &[]);
    assert_eq!(hosting(&races), (1, 2), "two more in a row were never confirmed");
    begin(&mut races, 4, 10, &[]);
    assert_eq!(hosting(&races), (2, 0));
    issue(&mut races, race(5, 1, &[10]));
    begin(&mut races, 5, 10, &[]);
    assert_eq!(hosting(&races), (2, 0), "a race against AI says nothing of a host");
    for id in 6..=20 {
        issue(&mut races, race(id, 2, &[10, 20]));
        begin(&mut races, id, 20, &[]);
    }
    assert_eq!(hosting(&races), (8, 0), "the latest eight");
    races.expire(moment(Duration::from_hours(1)));
    issue(&mut races, race(21, 2, &[10, 20]));
    begin(&mut races, 21, 20, &[]);
    races.expire(moment(KEEP));
    assert_eq!(hosting(&races), (1, 0), "only the old ones are forgotten");
    races.expire(moment(KEEP * 2));
    assert_eq!((hosting(&races), races.hosted.len()), ((0, 0), 0));
}

#[test]
fn the_old_and_the_too_many_are_let_go_with_their_results() {
    let mut races = Matches::default();
    // Made by a clock that was set back since: it keeps no later race.
    issue(&mut races, Match { made: later(KEEP * 1000), ..race(1, 1, &[10]) });
    races.expire(moment(Duration::from_hours(1)));
    issue(&mut races, race(2, 1, &[20]));
    races.count(result(1, 10));
    races.expire(moment(KEEP.saturating_sub(Duration::from_millis(1))));
    assert_eq!(sessions(&races), [1, 2]);
    races.expire(moment(KEEP));
    assert_eq!(sessions(&races), [2]);
    assert_eq!(races.state(RaceKey(1), UserId(10)), ResultState::None);
    races.count(result(1, 10));
    assert_eq!(issue(&mut races, race(3, 1, &[10])), vec![], "the race let go is forgotten in every index");

    for id in 10..10 + MAX_MATCHES as u64 {
        races.put(race(id, 2, &[1, 2]), false);
    }
    races.expire(moment(Duration::ZERO));
    assert_eq!((races.len(), races.by_key.len()), (MAX_MATCHES, MAX_MATCHES));
}

#[test]
fn a_race_that_is_closed_keeps_what_has_come_and_takes_no_more() {
    let mut races = Matches::default();
    issue(&mut races, race(1, 3, &[1, 2]));
    races.count(result(1, 1));
    assert_eq!(
        races.close(MatchId(1)).map(|race| (race.players.clone(), race.seats)),
        Some((vec![UserId(1)], 1))
    );
    assert_eq!(begin(&mut races, 1, 1, &[3]).map(|(players, _)| players), Some(vec![1]));
    let claims = [1, 2, 3].map(|user| races.state(RaceKey(1), UserId(user)));
    assert!(matches!(claims, [ResultState::Counted(_), ResultState::None, ResultState::None]), "{claims:?}");
    issue(&mut races, race(2, 1, &[4]));
    assert_eq!(races.close(MatchId(2)).map(|race| race.players.len()), Some(0));
    issue(&mut races, race(3, 1, &[4]));
    assert_eq!(sessions(&races), [1, 2, 3], "a closed race is not let go for the next search");
    assert_eq!(races.close(MatchId(9)), None);
}

#[test]
fn a_closed_race_that_is_put_in_again_is_not_let_go_for_the_next_search() {
    let mut races = Matches::default();
    races.put(race(1, 1, &[4]), true);
    races.put(race(1, 0, &[]), true);
    assert_eq!(issue(&mut races, race(2, 1, &[4])), []);
}
