//! Events of the matchmaker with 10, 1,000 and 100,000 waiting. `matchmaker_latency` among the examples of `fuzz` has the tails.
#![allow(missing_docs, reason = "criterion's macros make an undocumented function")]
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a benchmark may panic")]

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use mmcos_core::seam::Monotonic;
use mmcos_game::ids::{LobbyId, MatchId, Points, UserId};
use mmcos_game::matchmaker::{
    Config, GameType, GroupSize, HostHistory, Label, Matchmaker, Mode, Outcomes, Poll, PollId, RuleSet,
};

const GUEST: u32 = 1_000_000;

fn poll(account: u32, network_version: u32, size: u8, id: u64) -> Poll {
    let game_type = GameType(Label::new("QuickRace").unwrap());
    Poll {
        id: PollId(id),
        account: UserId(account),
        mode: Mode { network_version, game_type, rule_set: RuleSet::Race },
        group_lobby: LobbyId::numbered(account),
        game_lobby: LobbyId(LobbyId::numbered(1).0 + id),
        size: GroupSize::new(size).unwrap(),
        points: Points(0),
        ignore_minimum: false,
        host_history: HostHistory::default(),
    }
}

/// A matchmaker in which parties of seven wait, spread over 24 s.
fn crowd(waiting: u32) -> (Matchmaker, Monotonic) {
    let mut matchmaker = Matchmaker::new(Config::default(), MatchId(1));
    let (mut now, mut out) = (Monotonic::default(), Outcomes::new());
    for account in 1..=waiting {
        now = Monotonic::default().after(Duration::from_secs(24) * account / waiting);
        matchmaker.enter(now, &poll(account, 0, 7, account.into()), &mut out);
    }
    (matchmaker, now)
}

fn events(criterion: &mut Criterion) {
    for waiting in [10, 1_000, 100_000] {
        let mut group = criterion.benchmark_group(format!("matchmaker/{waiting} waiting"));
        let (mut matchmaker, now) = crowd(waiting);
        let (mut out, mut id) = (Outcomes::new(), 1_000_000);

        group.bench_function("arrive and cancel", |bencher| {
            bencher.iter(|| {
                id += 1;
                matchmaker.enter(now, &poll(GUEST, 0, 7, id), &mut out);
                matchmaker.cancel(now, UserId(GUEST), &mut out);
                out.clear();
            });
        });

        let mut version = 0;
        group.bench_function("twelve arrive and are matched", |bencher| {
            bencher.iter(|| {
                // A thousand buckets in turn, so that none becomes so busy that it chooses by points.
                version = version % 1000 + 1;
                for player in 0..12 {
                    id += 1;
                    matchmaker.enter(now, &poll(GUEST + player, version, 1, id), &mut out);
                }
                out.clear();
            });
        });

        group.bench_function("expire and re-poll", |bencher| {
            let (mut matchmaker, _) = crowd(waiting);
            let mut account = 0;
            bencher.iter(|| {
                let due = matchmaker.next_deadline().unwrap_or_default();
                matchmaker.tick(due, &mut out);
                account = account % waiting + 1;
                id += 1;
                matchmaker.enter(due, &poll(account, 0, 7, id), &mut out);
                out.clear();
            });
        });
        group.finish();
    }
}

criterion_group!(benches, events);
criterion_main!(benches);
