//! The matchmaker and its naive model end the same polls together, at the same time, for the same reason.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests may panic"
)]

use std::time::Duration;

use mmcos_core::mmcos::ids::{LobbyId, Points, SessionId, UserId};
use mmcos_core::mmcos::matchmaker::{
    Answer, Config, GameType, GroupSize, HostHistory, Label, Matchmaker, Mode, Outcome, Outcomes, Poll,
    PollId, RuleSet,
};
use mmcos_core::seam::Monotonic;
use mmcos_fuzz::naive_matchmaker::{Ending, Naive, STEP};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Event {
    Enter { account: u32, rule_set: RuleSet, size: u8, points: i32, ignore_minimum: bool, confirmed: u32 },
    Cancel { account: u32 },
    Disconnect { account: u32 },
    Wait { steps: u32 },
}

struct Both {
    real: Matchmaker,
    naive: Naive,
    now: Monotonic,
    last_poll: u64,
    polls: Vec<PollId>,
}

impl Both {
    fn new(config: Config) -> Self {
        let real = Matchmaker::new(config, [5; 32], SessionId(1));
        Self {
            real,
            naive: Naive::new(config),
            now: Monotonic::default(),
            last_poll: 0,
            polls: vec![PollId(0); 32],
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Enter { account, rule_set, size, points, ignore_minimum, confirmed } => {
                self.last_poll += 1;
                let poll = Poll {
                    id: PollId(self.last_poll),
                    account: UserId(account),
                    mode: Mode {
                        network_version: 1,
                        game_type: GameType(Label::new("Quick").unwrap()),
                        rule_set,
                    },
                    // Accounts 0 and 9 claim to be of the same party.
                    group_lobby: LobbyId::numbered(1 + account % 9),
                    // Account 4 has no lobby, so it never hosts.
                    game_lobby: LobbyId(if account == 4 {
                        0
                    } else {
                        LobbyId::numbered(0).0 + self.last_poll
                    }),
                    size: GroupSize::new(size).unwrap(),
                    points: Points(points),
                    ignore_minimum,
                    host_history: HostHistory { confirmed: confirmed % 3, unconfirmed: confirmed / 3 },
                };
                self.polls[account as usize] = poll.id;
                self.compare(|real, now, out| real.enter(now, &poll, out), |naive| naive.enter(&poll));
            }
            Event::Cancel { account } => {
                let account = UserId(account);
                self.compare(|real, now, out| real.cancel(now, account, out), |naive| naive.cancel(account));
            }
            Event::Disconnect { account } => {
                let poll = self.polls[account as usize];
                let account = UserId(account);
                self.compare(
                    |real, now, out| real.disconnect(now, account, poll, out),
                    |naive| naive.disconnect(account),
                );
            }
            Event::Wait { steps } => {
                for _ in 0..steps {
                    self.now = self.now.after(STEP);
                    self.compare(Matchmaker::tick, Naive::tick);
                }
            }
        }
    }

    fn compare(
        &mut self,
        real: impl FnOnce(&mut Matchmaker, Monotonic, &mut Outcomes),
        naive: impl FnOnce(&mut Naive) -> Vec<Ending>,
    ) {
        let mut out = Outcomes::new();
        real(&mut self.real, self.now, &mut out);
        for outcome in out.iter() {
            if let Outcome::Answered(answer) = outcome {
                // Every match takes place: the model keeps nobody apart.
                let accounts: Vec<UserId> = answer.groups.iter().map(|group| group.account).collect();
                self.real.confirm(&accounts);
            }
        }
        let mut ours: Vec<Ending> = out.iter().map(ending).collect();
        let mut theirs = naive(&mut self.naive);
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "at {:?}", self.now);
    }
}

fn ending(outcome: Outcome<'_>) -> Ending {
    match outcome {
        Outcome::Cancelled { poll, .. } => {
            Ending { polls: vec![poll], host: poll, teams: (0, 0), reason: None }
        }
        Outcome::Answered(answer) => Ending {
            polls: answer.groups.iter().map(|group| group.poll).collect(),
            host: answer.groups.iter().find(|group| group.is_host).unwrap().poll,
            teams: teams(&answer),
            reason: Some(answer.reason),
        },
    }
}

fn teams(answer: &Answer<'_>) -> (u8, u8) {
    let players =
        |team| answer.groups.iter().filter(|group| group.team == team).map(|group| group.size.get()).sum();
    let (one, two): (u8, u8) = (players(1), players(2));
    if answer.groups.len() > 1 { (one.min(two), one.max(two)) } else { (0, 0) }
}

fn rule_set() -> impl Strategy<Value = RuleSet> {
    prop::sample::select(vec![RuleSet::Race, RuleSet::Elimination, RuleSet::Battle])
}

fn event(usual: RuleSet, sizes: std::ops::RangeInclusive<u8>) -> impl Strategy<Value = Event> {
    let rule_set = prop_oneof![5 => Just(usual), 1 => rule_set()];
    let size = prop_oneof![1 => Just(1), 1 => sizes];
    let enter = (0..12_u32, rule_set, size, -300..300_i32, prop::bool::weighted(0.15), 0..6_u32);
    prop_oneof![
        8 => enter.prop_map(|(account, rule_set, size, points, ignore_minimum, confirmed)| {
            Event::Enter { account, rule_set, size, points, ignore_minimum, confirmed }
        }),
        1 => (0..12_u32).prop_map(|account| Event::Cancel { account }),
        1 => (0..12_u32).prop_map(|account| Event::Disconnect { account }),
        6 => prop_oneof![2 => 0..3_u32, 2 => 5..60_u32, 1 => 200..260_u32].prop_map(|steps| Event::Wait { steps }),
    ]
}

fn trace(sizes: std::ops::RangeInclusive<u8>) -> impl Strategy<Value = Vec<Event>> {
    rule_set().prop_flat_map(move |usual| prop::collection::vec(event(usual, sizes.clone()), 0..60))
}

fn config() -> impl Strategy<Value = Config> {
    (0..2_u64, 0..2_u64, any::<bool>()).prop_map(|(gather, ai_hold, ai)| Config {
        gather: Duration::from_secs(gather * 5),
        ai_hold: Duration::from_secs(ai_hold * 20),
        ai,
        ..Config::default()
    })
}

/// So many searches in every mode, by accounts that give up at once.
fn crowd(both: &mut Both, searches: u32) {
    for turn in 0..searches {
        for rule_set in [RuleSet::Race, RuleSet::Elimination, RuleSet::Battle] {
            let (points, ignore_minimum, confirmed) = (0, false, 0);
            both.happen(Event::Enter { account: 20, rule_set, size: 1, points, ignore_minimum, confirmed });
            both.happen(Event::Cancel { account: 20 });
        }
        both.happen(Event::Wait { steps: u32::from(turn % 8 == 0) });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_matchmaker_does_what_its_model_does(config in config(), trace in trace(1..=13)) {
        let mut both = Both::new(config);
        for event in trace {
            both.happen(event);
        }
        both.happen(Event::Wait { steps: 300 });
    }

    #[test]
    fn also_where_waiting_pays(config in config(), trace in trace(1..=4), searches in 0..60_u32) {
        let mut both = Both::new(config);
        crowd(&mut both, searches);
        for event in trace {
            both.happen(event);
        }
        both.happen(Event::Wait { steps: 300 });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn also_in_a_crowd_that_chooses_by_points(config in config(), trace in trace(1..=2)) {
        let mut both = Both::new(config);
        crowd(&mut both, 800);
        for event in trace {
            both.happen(event);
        }
        both.happen(Event::Wait { steps: 300 });
    }
}
