//! The model of all players' points, by what players were sent and not by how the server counts: the rules are
//! written down here a second time, in the simplest way.

mod commands;
mod matches;
mod standings;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::RangeInclusive,
    time::Duration,
};

use mmcos_core::{seam::Wall, wire::steam::SteamId};
use mmcos_game::{
    Mmcos, Record,
    catalogue::Catalogue,
    ids::{Points, RaceKey, UserId},
    players::Player,
    seasons::{Season, SeasonId},
};

use super::store::CommitSeq;
use crate::client::{Entry, Leaderboard, LoginDetails, title_box};
use commands::CommandState;
use matches::Race;
pub(crate) use matches::Report;
use standings::Standings;

/// The state of an account, as its player knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) steam_id: SteamId,
    pub(crate) points: i32,
    pub(crate) division: u8,
    pub(crate) season: i32,
    /// The part of the points that is the season's bonus.
    pub(crate) bonus: i32,
    /// Points, division and bonus at the end of a season that was ended early.
    pub(crate) ended: Option<(i32, u8, i32)>,
    /// The box of the title, if one was chosen.
    pub(crate) title: Option<u8>,
}

impl Account {
    fn of(player: &Player) -> Self {
        Self {
            steam_id: player.steam_id,
            points: player.standing.points.0,
            division: player.standing.division.0,
            season: player.season.0,
            bonus: player.bonus.0,
            ended: player
                .ended
                .map(|ended| (ended.standing.points.0, ended.standing.division.0, ended.bonus.0)),
            title: title_box(player.profile.title.as_str()),
        }
    }

    fn entry(&self, slot: usize) -> Entry {
        let Self { points, division, title, .. } = *self;
        Entry { division, points, title, user: slot as u32 + 1 }
    }
}

/// A way to undo a change that a crash has lost.
enum Undo {
    Enrolled,
    Account(UserId, Account),
    Race(RaceKey, Option<Race>),
    Season(SeasonState),
    Commands(Box<CommandState>),
}

/// Everything that a change of season changes: the season, the one that goes on if it is undone, the number of seasons
/// begun early, the accounts.
type SeasonState = (Option<Season>, Option<Season>, i32, Vec<Account>);

/// The model; see the [module](self).
pub(crate) struct Model {
    catalogue: Catalogue,
    /// By division, the changes that one match can bring.
    honest: [RangeInclusive<Points>; 7],
    accounts: Vec<Account>,
    standings: Standings,
    by_steam_id: BTreeMap<SteamId, UserId>,
    season: Option<Season>,
    /// The season before, if the current one was begun early.
    before: Option<Season>,
    /// Number of seasons that an operator has started before their time.
    early: i32,
    races: BTreeMap<RaceKey, Race>,
    /// The last key that a player was given alone.
    searching: BTreeMap<UserId, RaceKey>,
    commands: CommandState,
    /// The last time that the server went by.
    pub(super) now: Wall,
    /// The latest time that the server ever went by.
    latest: Wall,
    /// The true time of the last request.
    true_now: Duration,
    durable: CommitSeq,
    /// Changes that are not durable yet.
    journal: VecDeque<(CommitSeq, Undo)>,
}

impl Model {
    pub(crate) fn new(catalogue: Catalogue) -> Self {
        Self {
            honest: [0, 1, 2, 3, 4, 5, 6].map(|division| catalogue.honest_changes(division)),
            catalogue,
            accounts: Vec::new(),
            standings: Standings::default(),
            by_steam_id: BTreeMap::new(),
            season: None,
            before: None,
            early: 0,
            races: BTreeMap::new(),
            searching: BTreeMap::new(),
            commands: CommandState::default(),
            now: Wall::default(),
            latest: Wall::default(),
            true_now: Duration::ZERO,
            durable: CommitSeq::default(),
            journal: VecDeque::new(),
        }
    }

    pub(crate) fn latest(&self) -> Wall {
        self.latest
    }

    pub(crate) fn user(&self, steam_id: SteamId) -> Option<UserId> {
        self.by_steam_id.get(&steam_id).copied()
    }

    fn account(&self, user: UserId) -> Option<&Account> {
        self.accounts.get(slot(user))
    }

    /// Notes that a request was served at this time, by the clock that the server goes by and by the true one. A
    /// season may have begun by it, if the clock is sure.
    pub(crate) fn follow(&mut self, now: Wall, is_sure: bool, true_now: Duration, seq: CommitSeq) {
        (self.now, self.latest, self.true_now) = (now, self.latest.max(now), true_now);
        if self.season.is_none_or(|season| now >= season.next_starts && is_sure) {
            let season = Season::at(now);
            self.begin_season(Season { id: SeasonId(season.id.0 + self.early), ..season }, self.early, seq);
        }
    }

    /// Returns the number of the season.
    pub(crate) fn season(&self) -> i32 {
        self.season.map_or(0, |season| season.id.0)
    }

    fn begin_season(&mut self, season: Season, early: i32, seq: CommitSeq) {
        self.note_season(seq);
        let is_early = early > self.early;
        self.before = self.season.filter(|_| is_early);
        (self.season, self.early) = (Some(season), early);
        for (rank, (_, slot)) in (0..).zip(self.standings.from(0)) {
            let account = &mut self.accounts[slot];
            if account.season < season.id.0 {
                let band = &self.catalogue.divisions.bands[usize::from(account.division)];
                let rewards = self.catalogue.ranks.rewards.iter().filter(|row| rank < row.min_rank);
                let bonus = band.bonus_points.0 + rewards.map(|row| row.bonus_points.0).sum::<i32>();
                account.ended = is_early.then_some((account.points, account.division, account.bonus));
                account.points = if account.points == account.bonus { 0 } else { bonus };
                account.bonus = account.points;
                account.division = division(&self.catalogue, account.points, 0);
                account.season = season.id.0;
            }
        }
        self.rank_anew();
    }

    /// Notes the state before a change of season.
    fn note_season(&mut self, seq: CommitSeq) {
        self.note(seq, |model| {
            Undo::Season((model.season, model.before, model.early, model.accounts.clone()))
        });
    }

    fn rank_anew(&mut self) {
        self.standings = Standings::of(self.accounts.iter().map(|account| account.points));
    }

    /// Notes that a Steam account logged in and got its account number.
    pub(crate) fn log_in(&mut self, steam_id: SteamId, user: UserId, seq: CommitSeq) -> Result<(), String> {
        if let Some(known) = self.user(steam_id) {
            return expect("the account of a player", &user, &known);
        }
        expect("a new account", &user, &UserId(self.accounts.len() as u32 + 1))?;
        self.note(seq, |_| Undo::Enrolled);
        let season = self.season();
        self.standings.add(self.accounts.len(), 0);
        self.accounts.push(Account {
            steam_id,
            points: 0,
            division: 0,
            season,
            bonus: 0,
            ended: None,
            title: None,
        });
        self.by_steam_id.insert(steam_id, user);
        Ok(())
    }

    /// Checks the standing in a response.
    pub(crate) fn check(
        &self,
        user: UserId,
        points: i32,
        division: Option<u8>,
        rank: u32,
    ) -> Result<(), String> {
        let Some(account) = self.account(user) else { return Err(format!("no account {}", user.0)) };
        expect("points", &points, &account.points)?;
        expect("division", &division.unwrap_or(account.division), &account.division)?;
        expect("rank", &rank, &self.rank(user, account, account.points))
    }

    /// Checks the season's bonus in a response.
    pub(crate) fn check_bonus(&self, user: UserId, details: &LoginDetails) -> Result<(), String> {
        let bonus = self.account(user).map_or(0, |account| account.bonus);
        let is_news = details.old_season != details.season;
        expect("the bonus", &details.bonus, &if is_news { bonus } else { 0 })
    }

    /// Returns the number of players ahead of one with `points`.
    fn rank(&self, user: UserId, account: &Account, points: i32) -> u32 {
        self.standings.rank(slot(user), account.points, points)
    }

    /// Takes the accounts of a server that was running before: they are durable.
    pub(crate) fn take_over(&mut self, season: Season, records: &[Record]) {
        self.season = Some(season);
        let players = records.iter().filter_map(|record| match record {
            Record::Player(player) => Some(&**player),
            _ => None,
        });
        self.accounts = players.map(Account::of).collect();
        let ids = self.accounts.iter().map(|account| account.steam_id);
        self.by_steam_id = ids.zip((1..).map(UserId)).collect();
        self.rank_anew();
    }

    /// Returns the change that would bring a player exactly to a bound of a division, if one result can.
    pub(crate) fn change_to_a_bound(&self, steam_id: SteamId) -> Option<i32> {
        let account = self.account(self.user(steam_id)?)?;
        let honest = &self.honest[usize::from(account.division)];
        let bands = self.catalogue.divisions.bands.iter();
        let bounds = bands.flat_map(|band| [band.min_points.0, band.relegation_min_points.0]);
        let mut changes = bounds.map(|bound| bound - account.points);
        changes.find(|change| *change != 0 && honest.contains(&Points(*change)))
    }

    /// Checks a page of the leaderboard that begins at this rank.
    pub(crate) fn check_page(&self, start: u32, entries: &[Entry]) -> Result<(), String> {
        let page = self.standings.from(start).take(100).map(|(_, slot)| slot);
        self.check_entries(entries, page)
    }

    /// Checks a leaderboard of a player's friends.
    pub(crate) fn check_friends(
        &self,
        user: UserId,
        friends: &[SteamId],
        board: &Leaderboard,
    ) -> Result<(), String> {
        let friends: BTreeSet<UserId> = friends.iter().filter_map(|friend| self.user(*friend)).collect();
        let listed = |slot: &usize| friends.contains(&UserId(*slot as u32 + 1));
        let page: Vec<usize> = self.standings.from(0).map(|(_, slot)| slot).filter(listed).collect();
        self.check_entries(&board.entries, page.iter().copied().take(100))?;
        let Some(account) = self.account(user) else { return Err(format!("no account {}", user.0)) };
        let own = (Reverse(account.points), slot(user));
        let ahead =
            page.iter().filter(|other| (Reverse(self.accounts[**other].points), **other) < own).count();
        expect("rank among friends", &board.rank, &(ahead as u32))?;
        expect("points", &board.score, &account.points)
    }

    fn check_entries(&self, entries: &[Entry], slots: impl Iterator<Item = usize>) -> Result<(), String> {
        let expected: Vec<Entry> = slots.map(|slot| self.accounts[slot].entry(slot)).collect();
        expect("entries of the page", &entries.len(), &expected.len())?;
        entries.iter().zip(&expected).try_for_each(|(entry, expected)| expect("an entry", entry, expected))
    }

    pub(crate) fn choose_title(&mut self, user: UserId, title: u8, seq: CommitSeq) {
        self.change(user, seq, |account| account.title = Some(title));
    }

    fn change(&mut self, user: UserId, seq: CommitSeq, change: impl FnOnce(&mut Account)) {
        let Some(account) = self.accounts.get_mut(slot(user)) else { return };
        let before = *account;
        change(account);
        self.standings.change(slot(user), before.points, account.points);
        self.note(seq, |_| Undo::Account(user, before));
    }

    /// Notes how to undo the next change, unless it is durable already.
    fn note(&mut self, seq: CommitSeq, undo: impl FnOnce(&Self) -> Undo) {
        if seq > self.durable {
            let undo = undo(self);
            self.journal.push_back((seq, undo));
        }
    }

    /// Notes that this much is durable, and will never be undone.
    pub(crate) fn durable(&mut self, seq: CommitSeq) {
        self.durable = seq;
        while self.journal.pop_front_if(|(of, _)| *of <= seq).is_some() {}
    }

    /// Undoes all that was not durable when the server crashed.
    pub(crate) fn crash(&mut self, durable: CommitSeq) {
        self.durable(durable);
        while let Some((_, undo)) = self.journal.pop_back() {
            match undo {
                Undo::Enrolled => {
                    let lost = self.accounts.pop();
                    lost.map(|lost| self.by_steam_id.remove(&lost.steam_id));
                }
                Undo::Account(user, before) => self.accounts[slot(user)] = before,
                Undo::Race(race_key, Some(before)) => drop(self.races.insert(race_key, before)),
                Undo::Race(race_key, None) => drop(self.races.remove(&race_key)),
                Undo::Season(before) => {
                    (self.season, self.before, self.early, self.accounts) = before;
                }
                Undo::Commands(before) => self.commands = *before,
            }
        }
        self.lose_keys();
        self.rank_anew();
        // A restarted server knows of no kick.
        self.commands.kicked.clear();
    }

    /// Compares a server with the model.
    pub(crate) fn compare(&self, service: &Mmcos) -> Result<(), String> {
        let players = service.players();
        expect("accounts", &players.len(), &self.accounts.len())?;
        for (player, account) in players.iter().zip(&self.accounts) {
            expect("a player", &Account::of(player), account)?;
        }
        Ok(())
    }
}

fn slot(user: UserId) -> usize {
    user.0 as usize - 1
}

/// Returns the division for these points of a player that holds `held`.
fn division(catalogue: &Catalogue, points: i32, held: u8) -> u8 {
    let is_held = |division: &u8| {
        let band = &catalogue.divisions.bands[usize::from(*division)];
        points >= band.min_points.0 || *division <= held && points >= band.relegation_min_points.0
    };
    (0..7).rev().find(is_held).unwrap_or(0)
}

pub(crate) fn expect<T: PartialEq + std::fmt::Debug>(
    what: &str,
    found: &T,
    expected: &T,
) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, found {found:?}")) }
}
