//! Comparison of the matchmaker with its naive model: they end the same polls together, at the same time, for the
//! same reason.

use std::{collections::BTreeMap, time::Duration};

use mmcos_core::seam::Monotonic;
use mmcos_game::{
    ids::{LobbyId, MatchId, Points, UserId},
    matchmaker::{
        Config, Decision, GameType, GroupSize, HostHistory, Label, Matchmaker, Mode, Outcome, Outcomes, Poll,
        PollId, RuleSet,
    },
};

use crate::{
    naive_matchmaker::{Ending, Naive, STEP},
    random::Random,
};

/// Accounts that search; further ones make crowds.
pub const ACCOUNTS: u32 = 12;

const CROWD: u32 = 20;

/// Steps after which no players are kept apart that were not since.
const APART: u32 = 7_300;

/// An event for both.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// A poll comes.
    Enter {
        /// The account.
        account: u32,
        /// The rule set.
        rule_set: RuleSet,
        /// Players of the party.
        size: u8,
        /// Points of the account.
        points: i32,
        /// True if the player accepts AI.
        ignore_minimum: bool,
        /// The account's history as a host, as one number.
        hosting: u32,
    },
    /// A player cancels its search.
    Cancel {
        /// The account.
        account: u32,
    },
    /// A connection closes.
    Disconnect {
        /// The account.
        account: u32,
    },
    /// Time passes.
    Wait {
        /// The number of [`STEP`]s.
        steps: u32,
    },
}

/// The matchmaker and its model.
#[derive(Debug)]
pub struct Both {
    real: Matchmaker,
    naive: Naive,
    now: Monotonic,
    last_poll: u64,
    polls: Vec<PollId>,
    /// The match that each player races in.
    racing: BTreeMap<UserId, MatchId>,
    /// Players that have registered a match since the last comparison.
    registered: Vec<UserId>,
}

impl Both {
    /// Creates both without polls.
    pub fn new(config: Config) -> Self {
        Self {
            real: Matchmaker::new(config, MatchId(1)),
            naive: Naive::new(config),
            now: Monotonic::default(),
            last_poll: 0,
            polls: vec![PollId(0); 32],
            racing: BTreeMap::new(),
            registered: Vec::new(),
        }
    }

    /// Adds `searches` searches in every mode, by accounts that cancel at once.
    ///
    /// # Errors
    /// See [`happen`](Self::happen).
    pub fn crowd(&mut self, searches: u32) -> Result<(), String> {
        for turn in 0..searches {
            for rule_set in [RuleSet::Race, RuleSet::Elimination, RuleSet::Battle] {
                let (points, ignore_minimum, hosting) = (0, false, 0);
                self.happen(Event::Enter {
                    account: CROWD,
                    rule_set,
                    size: 1,
                    points,
                    ignore_minimum,
                    hosting,
                })?;
                self.happen(Event::Cancel { account: CROWD })?;
            }
            self.happen(Event::Wait { steps: u32::from(turn % 8 == 0) })?;
        }
        Ok(())
    }

    /// # Errors
    /// The difference, if the two end polls differently.
    ///
    /// # Panics
    /// Never: the names are short.
    pub fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Enter { account, rule_set, size, points, ignore_minimum, hosting } => {
                self.end_race(UserId(account));
                self.last_poll += 1;
                let game_type = GameType(Label::new("Quick").expect("a short name"));
                let mut poll = Poll {
                    id: PollId(self.last_poll),
                    account: UserId(account),
                    mode: Mode { network_version: 1, game_type, rule_set },
                    // Accounts 0 and 9 claim to be of the same party.
                    group_lobby: LobbyId::numbered(1 + account % 9),
                    game_lobby: LobbyId(LobbyId::numbered(1_000_000).0 + self.last_poll),
                    size: GroupSize::new(size).unwrap_or(GroupSize::ONE),
                    points: Points(points),
                    ignore_minimum,
                    host_history: HostHistory { confirmed: hosting % 3, unconfirmed: hosting / 3 },
                };
                // Some games have no lobby.
                if account % 5 == 3 {
                    poll.game_lobby = LobbyId(0);
                }
                self.polls[account as usize] = poll.id;
                self.compare(|real, now, out| real.enter(now, &poll, out), |naive| naive.enter(&poll))
            }
            Event::Cancel { account } => {
                let account = UserId(account);
                self.compare(|real, now, out| real.cancel(now, account, out), |naive| naive.cancel(account))
            }
            Event::Disconnect { account } => {
                let poll = self.polls[account as usize];
                let account = UserId(account);
                self.compare(
                    |real, now, out| real.disconnect(now, account, poll, out),
                    |naive| naive.disconnect(account),
                )
            }
            Event::Wait { steps } => (0..steps).try_for_each(|_| {
                while let Some(UserId(account)) = self.naive.soon_reconciled() {
                    self.happen(Event::Cancel { account })?;
                }
                self.now = self.now.after(STEP);
                self.compare(Matchmaker::tick, Naive::tick)
            }),
        }
    }

    /// Registers a match, unless two of its members cannot reach each other: of these pairs, some find out before the
    /// race begins, and some after.
    fn begin_race(&mut self, decision: &Decision<'_>) {
        let accounts: Vec<UserId> = decision.groups.iter().map(|group| group.account).collect();
        let strangers = |one: &UserId| one.0.is_multiple_of(2) && accounts.contains(&UserId(one.0 + 1));
        let stranger = accounts.iter().find(|one| one.0 < ACCOUNTS && strangers(one));
        for account in &accounts {
            self.racing.remove(account);
        }
        // The model has no match of one, such as the end of a poll that another one supersedes.
        if accounts.len() == 1 {
            return;
        }
        for account in &accounts {
            if stranger.is_none_or(|one| one.0.is_multiple_of(4)) {
                self.real.register(self.now, decision.match_id, *account);
                self.registered.push(*account);
            }
            if stranger.is_none() {
                self.racing.insert(*account, decision.match_id);
            }
        }
    }

    /// Reports the points of a race, as a player does before it searches again.
    fn end_race(&mut self, account: UserId) {
        if let Some(race) = self.racing.remove(&account) {
            self.real.score(self.now, race, account);
            self.naive.score(account);
        }
    }

    fn compare(
        &mut self,
        real: impl FnOnce(&mut Matchmaker, Monotonic, &mut Outcomes),
        naive: impl FnOnce(&mut Naive) -> Vec<Ending>,
    ) -> Result<(), String> {
        let mut out = Outcomes::new();
        real(&mut self.real, self.now, &mut out);
        for outcome in out.iter() {
            if let Outcome::Decided(decision) = outcome {
                self.begin_race(&decision);
            }
        }
        let mut ours: Vec<Ending> = out.iter().map(ending).collect();
        let mut theirs = naive(&mut self.naive);
        for account in std::mem::take(&mut self.registered) {
            self.naive.register(account);
        }
        ours.sort();
        theirs.sort();
        if ours == theirs {
            return Ok(());
        }
        Err(format!(
            "after {:?} by the rules {theirs:?}, found {ours:?}",
            self.now.since(Monotonic::default())
        ))
    }
}

/// Plays a history that follows from the seed.
///
/// # Errors
/// The difference, if the two end polls differently.
pub fn check(seed: u64) -> Result<(), String> {
    let mut random = Random::new(seed, 1 << 43);
    let config = Config {
        gather: Duration::from_secs(random.choose(&[(5, 0.7), (0, 0.3)])),
        ai_hold: Duration::from_secs(random.choose(&[(0, 0.5), (20, 0.5)])),
        ai: random.uniform() < 0.8,
        ..Config::default()
    };
    let mut both = Both::new(config);
    // Rarely any player, then so many that waiting pays, then so many that there is a choice.
    let (searches, largest) = random.choose(&[((0, 12.99), 0.5), ((30, 4.99), 0.3), ((800, 2.99), 0.2)]);
    both.crowd(searches)?;
    let rules = [RuleSet::Race, RuleSet::Elimination, RuleSet::Battle];
    let usual = random.choose(&rules.map(|rules| (rules, 1.0 / 3.0)));
    // Parties that come within seconds: a match of some is full while an older one of others gathers.
    let is_crowded = random.uniform() < 0.3;
    let waits = if is_crowded {
        [(1, 0.5), (4, 0.4), (60, 0.05), (230, 0.04), (APART, 0.01)]
    } else {
        [(1, 0.2), (4, 0.2), (30, 0.4), (230, 0.19), (APART, 0.01)]
    };
    let mut history = Vec::new();
    for _ in 0..80 {
        let account = random.between(0.0, f64::from(ACCOUNTS)) as u32;
        let event = match (random.uniform() * 16.0) as u8 {
            0..8 => Event::Enter {
                account,
                rule_set: if random.uniform() < 0.85 {
                    usual
                } else {
                    random.choose(&rules.map(|rules| (rules, 1.0 / 3.0)))
                },
                size: match random.uniform() {
                    _ if is_crowded => random.between(2.0, 6.99) as u8,
                    ..0.5 => 1,
                    _ => random.between(1.0, largest) as u8,
                },
                points: random.between(-300.0, 300.0) as i32,
                ignore_minimum: random.uniform() < 0.15,
                hosting: random.between(0.0, 6.0) as u32,
            },
            8 => Event::Cancel { account },
            9 => Event::Disconnect { account },
            _ => Event::Wait { steps: random.choose(&waits) },
        };
        history.push(event);
        both.happen(event).map_err(|difference| format!("{difference}, after {history:?}"))?;
    }
    both.happen(Event::Wait { steps: 300 })
}

fn ending(outcome: Outcome<'_>) -> Ending {
    match outcome {
        Outcome::Cancelled { poll, .. } => {
            Ending { polls: vec![poll], host: poll, teams: (0, 0), reason: None }
        }
        Outcome::Decided(decision) => Ending {
            polls: decision.groups.iter().map(|group| group.poll).collect(),
            host: decision.groups.iter().find(|group| group.is_host).map_or(PollId(0), |host| host.poll),
            teams: teams(&decision),
            reason: Some(decision.reason),
        },
    }
}

fn teams(decision: &Decision<'_>) -> (u8, u8) {
    let players =
        |team| decision.groups.iter().filter(|group| group.team == team).map(|group| group.size.get()).sum();
    let (one, two): (u8, u8) = (players(1), players(2));
    if decision.groups.len() > 1 { (one.min(two), one.max(two)) } else { (0, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_goes_first_from_the_moment_at_which_it_has_little_time() {
        let config = Config { ai_hold: Duration::from_secs(20), ..Config::default() };
        let mut both = Both::new(config);
        both.crowd(800).unwrap();
        let enter = |account, size, points, ignore_minimum| {
            let (rule_set, hosting) = (RuleSet::Elimination, 2);
            Event::Enter { account, rule_set, size, points, ignore_minimum, hosting }
        };
        for event in [
            enter(2, 1, -78, false),
            Event::Wait { steps: 30 },
            enter(9, 1, 195, false),
            enter(1, 2, 207, true),
            Event::Wait { steps: 1 },
            enter(10, 2, 92, false),
            Event::Wait { steps: 230 },
        ] {
            both.happen(event).unwrap();
        }
    }
}
