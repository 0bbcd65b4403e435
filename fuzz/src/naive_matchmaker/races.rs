//! Matches that are not over, and the players that could not race together.

use std::time::Duration;

use mmcos_core::seam::Monotonic;
use mmcos_game::ids::UserId;

/// A match that is not over.
#[derive(Clone, Debug)]
struct Race {
    members: Vec<Racer>,
    made: Monotonic,
    ends: Monotonic,
}

#[derive(Clone, Copy, Debug)]
struct Racer {
    account: UserId,
    progress: Progress,
    left: Option<Monotonic>,
}

/// The reports of a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    None,
    Registered,
    Scored,
}

impl Race {
    fn is_done(&self) -> bool {
        self.members.iter().all(|member| member.progress == Progress::Scored || member.left.is_some())
    }
}

/// Two players that came out of matches without a race.
#[derive(Clone, Debug)]
struct Pair {
    accounts: [UserId; 2],
    failures: u32,
    last: Monotonic,
}

impl Pair {
    /// Returns the end of the time apart.
    fn until(&self) -> Option<Monotonic> {
        (self.failures >= 2).then(|| self.last.after(Duration::from_mins(10)))
    }
}

/// The matches; see the [module](self).
#[derive(Clone, Debug, Default)]
pub(super) struct Races {
    races: Vec<Race>,
    pairs: Vec<Pair>,
}

impl Races {
    pub(super) fn begin(&mut self, accounts: impl Iterator<Item = UserId>, now: Monotonic) {
        let members =
            accounts.map(|account| Racer { account, progress: Progress::None, left: None }).collect();
        self.races.push(Race { members, made: now, ends: now.after(Duration::from_mins(2)) });
    }

    pub(super) fn register(&mut self, account: UserId, now: Monotonic) {
        self.report(account, Progress::Registered, now.after(Duration::from_mins(30)), now);
    }

    pub(super) fn score(&mut self, account: UserId, now: Monotonic) {
        self.report(account, Progress::Scored, now.after(Duration::from_mins(2)), now);
    }

    /// Notes a report. The first of its kind prolongs the match.
    fn report(&mut self, account: UserId, progress: Progress, ends: Monotonic, now: Monotonic) {
        for race in &mut self.races {
            let before = race.members.iter().map(|member| member.progress).max();
            let its_own = |member: &&mut Racer| member.account == account && member.left.is_none();
            let Some(member) = race.members.iter_mut().find(its_own) else { continue };
            member.progress = member.progress.max(progress);
            if before < Some(progress) {
                race.ends = ends;
            }
        }
        self.end(now, Race::is_done);
    }

    /// Takes a player out of its match.
    pub(super) fn leave(&mut self, account: UserId, now: Monotonic) {
        let members = self.races.iter_mut().flat_map(|race| &mut race.members);
        for member in members.filter(|member| member.account == account && member.left.is_none()) {
            member.left = Some(now);
        }
        self.end(now, Race::is_done);
    }

    pub(super) fn expire(&mut self, now: Monotonic) {
        self.end(now, |race| race.ends <= now);
    }

    /// Ends matches, and notes which players raced.
    fn end(&mut self, now: Monotonic, is_over: impl Fn(&Race) -> bool) {
        let over: Vec<Race> = self.races.extract_if(.., |race| is_over(race)).collect();
        for race in over.iter().filter(|race| race.members.len() <= 4) {
            for (place, one) in race.members.iter().enumerate() {
                for other in &race.members[place + 1..] {
                    self.judge([*one, *other], race.made, now);
                }
            }
        }
    }

    fn judge(&mut self, racers: [Racer; 2], made: Monotonic, now: Monotonic) {
        self.pairs.retain(|pair| pair.last.after(Duration::from_hours(1)) > now);
        let early = made.after(Duration::from_secs(30));
        let left_early = |racer: &Racer| racer.left.is_some_and(|left| left < early);
        let proof = if racers.iter().all(left_early) { Progress::Scored } else { Progress::Registered };
        let mut accounts = racers.map(|racer| racer.account);
        accounts.sort_unstable();
        let place = self.pairs.iter().position(|pair| pair.accounts == accounts);
        if racers.iter().any(|racer| racer.progress >= proof) {
            place.map(|place| self.pairs.remove(place));
        } else if let Some(place) = place {
            self.pairs[place].failures += 1;
            self.pairs[place].last = now;
        } else {
            self.pairs.push(Pair { accounts, failures: 1, last: now });
        }
    }

    /// Returns the accounts that this one is kept apart from.
    pub(super) fn apart_from(&self, account: UserId, now: Monotonic) -> Vec<UserId> {
        let apart = self.pairs.iter().filter(|pair| pair.until().is_some_and(|until| now < until));
        let ours = apart.filter(|pair| pair.accounts.contains(&account));
        ours.flat_map(|pair| pair.accounts).filter(|other| *other != account).collect()
    }

    /// Returns the pairs whose time apart ends after `now`, and at `next` at the latest.
    pub(super) fn reconciled(&self, now: Monotonic, next: Monotonic) -> impl Iterator<Item = [UserId; 2]> {
        let ends = move |pair: &&Pair| pair.until().is_some_and(|until| now < until && until <= next);
        self.pairs.iter().filter(ends).map(|pair| pair.accounts)
    }
}
