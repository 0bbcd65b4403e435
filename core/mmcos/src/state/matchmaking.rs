//! Polls that are held, the matchmaker that decides how long, and the matches that take results.

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::{net::IpAddr, time::Duration};

use crate::{
    Mmcos, NotCounted, Record, Settings, Timer,
    calls::Calls,
    domain::race_keys::{AloneKey, RaceKeys, race_secret},
    ids::{MatchId, RaceKey, UserId},
    matchmaker::{
        self, Decision, GameType, HostHistory, Label, Matchmaker, Mode, Outcome, Outcomes, Poll, PollId,
        Reason, RuleSet, Waits,
    },
    players::Players,
    results::{Issued, KEEP, Match, MatchResult, Matches, News, is_past, is_sooner},
    state::standings::Standings,
};
use mmcos_core::{
    engine::{Exchange, ExchangeId, RateLimiter, TimerId},
    game::Life,
    seam::Monotonic,
    service::Context,
};

/// Number of one player's results that count at once, after a rest. (Our choice: some may have waited for a server to
/// come back.)
const RESULT_BURST: u32 = 5;

/// Interval at which one more result of a player counts in the long run: 30 an hour. (Our choice: a race lasts 4 to 7
/// minutes, an elimination against AI that is lost at once may last two with its search.)
const RESULT_INTERVAL: Duration = Duration::from_mins(2);

/// The held polls, the matchmaker, and the matches.
#[derive(Debug)]
pub(crate) struct Matchmaking {
    matchmaker: Matchmaker,
    held: BTreeMap<PollId, HeldPoll>,
    outcomes: Outcomes,
    timer: Option<(Monotonic, TimerId)>,
    matches: Matches,
    keys: RaceKeys,
    results: RateLimiter<UserId>,
}

/// A poll without response.
#[derive(Debug)]
pub(crate) struct HeldPoll {
    pub(crate) account: UserId,
    pub(crate) address: IpAddr,
    mode: Mode,
    exchange: Exchange,
}

/// The response to one or several polls, before it is rendered: the groups of a match or one group alone, and their key;
/// `None` if the player cancelled.
pub(crate) type PollEnd<'a> = Option<(RaceKey, Decision<'a>)>;

impl Matchmaking {
    pub(crate) fn new(settings: &Settings, life: &Life, first_match: MatchId) -> Self {
        let Life { key, seed, is_recorded, .. } = life;
        let secret = race_secret(if *is_recorded { seed } else { key });
        let counter = seed.first_chunk().map_or(0, |start| u16::from_le_bytes(*start));
        Self {
            matchmaker: Matchmaker::new(settings.matchmaker(), first_match),
            held: BTreeMap::new(),
            outcomes: Outcomes::new(),
            timer: None,
            matches: Matches::default(),
            keys: RaceKeys::new(&secret, counter),
            results: RateLimiter::every(RESULT_INTERVAL, RESULT_BURST),
        }
    }

    pub(crate) const fn matchmaker(&self) -> &Matchmaker {
        &self.matchmaker
    }

    /// Returns the matches that take results.
    pub(crate) const fn matches(&self) -> &Matches {
        &self.matches
    }

    /// Returns the number of held polls.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// Changes the configuration by which the matchmaker decides.
    pub(crate) fn configure(&mut self, now: Monotonic, config: &matchmaker::Config) {
        self.matchmaker.configure(now, config, &mut self.outcomes);
    }

    /// Drops matches that are too old to take results.
    pub(crate) fn expire(&mut self, now: Monotonic) {
        self.matches.expire(now);
    }

    /// Restores a match.
    pub(crate) fn restore_match(&mut self, race: Match) {
        self.matchmaker.count_from(MatchId(race.id.0.saturating_add(1)));
        let is_alone = self.keys.is_alone(&race);
        self.matches.put(race, is_alone);
    }

    /// Restores the end of a match that was never played.
    pub(crate) fn restore_forgotten(&mut self, id: MatchId) {
        self.matches.forget(id);
    }

    /// Restores a result. Of an account that the store has lost, nothing is left to restore.
    pub(crate) fn restore_result(&mut self, result: MatchResult, players: &Players) {
        if players.get(result.user).is_some() {
            self.matches.count(result);
        }
    }

    /// Returns the rows to restore for the current state.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Record> {
        let matches = self.matches.iter().map(|(race, _)| Record::Match(Box::new(race.clone())));
        let results = self.matches.iter().flat_map(|(_, results)| results);
        matches.chain(results.map(|result| Record::Result(*result)))
    }

    /// Returns a player's history as a host: the matches of the last day, or else whether any match was ever
    /// confirmed.
    pub(crate) fn host_history(&self, account: UserId, ever_confirmed: u32) -> HostHistory {
        let recent = self.matches.hosting(account);
        if recent == HostHistory::default() {
            HostHistory { confirmed: ever_confirmed.min(1), unconfirmed: 0 }
        } else {
            recent
        }
    }

    /// Holds a poll until the matchmaker's decision. Returns true if no other player was searching.
    pub(crate) fn enter(&mut self, now: Monotonic, poll: &Poll, address: IpAddr, exchange: Exchange) -> bool {
        let held = HeldPoll { account: poll.account, address, mode: poll.mode, exchange };
        self.held.insert(poll.id, held);
        let is_first = self.matchmaker.is_empty();
        self.matchmaker.enter(now, poll, &mut self.outcomes);
        is_first
    }

    /// Cancels a player's matchmaking ticket.
    pub(crate) fn cancel(&mut self, now: Monotonic, account: UserId) {
        self.matchmaker.cancel(now, account, &mut self.outcomes);
    }

    /// Cancels the matchmaking tickets of these held polls.
    pub(crate) fn cancel_each(&mut self, now: Monotonic, is_cancelled: impl Fn(&HeldPoll) -> bool) {
        let cancelled = self.held.values().filter(|held| is_cancelled(held)).map(|held| held.account);
        for account in cancelled.collect::<Vec<_>>() {
            self.cancel(now, account);
        }
    }

    /// Cancels a poll whose connection has ended. Returns its player if the exchange was a poll.
    pub(crate) fn abandon(&mut self, now: Monotonic, exchange: ExchangeId) -> Option<UserId> {
        let poll = PollId(exchange.0);
        let HeldPoll { account, .. } = self.held.remove(&poll)?;
        self.matchmaker.disconnect(now, account, poll, &mut self.outcomes);
        Some(account)
    }

    /// Handles the timer that [`settle`](Self::settle) has set.
    pub(crate) fn tick(&mut self, now: Monotonic) {
        self.timer = None;
        self.matchmaker.tick(now, &mut self.outcomes);
    }

    /// Decides all polls, because the server stops.
    pub(crate) fn shutdown(&mut self, now: Monotonic) {
        self.matchmaker.shutdown(now, &mut self.outcomes);
    }

    /// Responds to every poll that the matchmaker has decided, and sets the timer for its next deadline. A decision
    /// is rendered once, for all of its groups.
    pub(crate) fn settle(
        &mut self,
        cx: &mut Context<'_, Mmcos>,
        settings: &Settings,
        calls: &mut Calls,
        respond: impl Fn(&mut Context<'_, Mmcos>, Vec<Exchange>, PollEnd<'_>, Waits),
    ) {
        let mut outcomes = core::mem::take(&mut self.outcomes);
        for outcome in outcomes.iter() {
            match outcome {
                Outcome::Decided(decision) => {
                    calls.decided(cx, &decision, self.matchmaker.load().tickets <= 1);
                    let race_key = self.new_key(cx, &decision);
                    self.issue(cx, race_key, &decision, settings);
                    let exchanges = decision.groups.iter().filter_map(|group| self.held.remove(&group.poll));
                    let exchanges = exchanges.map(|held| held.exchange).collect();
                    respond(cx, exchanges, Some((race_key, decision)), *self.matchmaker.waits());
                }
                Outcome::Cancelled { poll, account } => {
                    calls.ended(cx, account);
                    let exchanges = self.held.remove(&poll).map(|held| held.exchange).into_iter().collect();
                    respond(cx, exchanges, None, *self.matchmaker.waits());
                }
            }
        }
        outcomes.clear();
        self.outcomes = outcomes;
        self.rearm(cx);
    }

    /// Returns the key of a match that is made: a random one, or for a group alone one that proves itself.
    fn new_key(&mut self, cx: &mut Context<'_, Mmcos>, decision: &Decision<'_>) -> RaceKey {
        if let [alone] = decision.groups {
            return self.keys.issue(alone.account, alone.size.get(), cx.now().wall);
        }
        loop {
            let key = RaceKey(cx.random());
            // A report names its match by the key alone.
            if self.matches.find(key).is_none() {
                return key;
            }
        }
    }

    /// Issues the key of a match: from here on its players may bring results.
    fn issue(
        &mut self,
        cx: &mut Context<'_, Mmcos>,
        race_key: RaceKey,
        decision: &Decision<'_>,
        settings: &Settings,
    ) {
        let Some(host) = decision.groups.iter().find(|group| group.is_host) else { return };
        let Some(mode) = self.held.get(&host.poll).map(|held| held.mode) else { return };
        let others = decision.groups.iter().filter(|group| !group.is_host);
        let race = Match {
            id: decision.match_id,
            race_key,
            mode,
            seats: decision
                .groups
                .iter()
                .map(|group| u16::from(group.size.get()))
                .fold(0, u16::saturating_add),
            made: cx.now().wall,
            begun: None,
            players: core::iter::once(host).chain(others).map(|group| group.account).collect(),
        };
        let how = match decision.reason {
            _ if decision.groups.len() > 1 => Issued::Match,
            Reason::Ai => Issued::Ai(settings.min_race_seconds),
            Reason::Matched | Reason::NoMatch | Reason::Superseded | Reason::Shutdown => Issued::Alone,
        };
        if how == Issued::Match {
            cx.record(Record::Match(Box::new(race.clone())));
        }
        for forgotten in self.matches.issue(race, how) {
            cx.record(Record::MatchForgotten(forgotten));
        }
    }

    /// Sets a timer no later than the matchmaker's next deadline. A timer that fires too early does no harm, so it is
    /// kept when the deadline moves away.
    fn rearm(&mut self, cx: &mut Context<'_, Mmcos>) {
        let Some(due) = self.matchmaker.next_deadline() else { return };
        match self.timer {
            Some((at, _)) if at <= due => return,
            Some((_, later)) => cx.cancel_timer(later),
            None => {}
        }
        self.timer = Some((due, cx.set_timer_at(due, Timer::Matchmaking)));
    }

    /// Returns the number of the match with this key. A key of a race against AI is recognised though it was never
    /// stored.
    pub(crate) fn find(&mut self, cx: &Context<'_, Mmcos>, race_key: RaceKey, by: UserId) -> Option<MatchId> {
        if let Some(id) = self.matches.find(race_key) {
            return Some(id);
        }
        // After a restart at a wrong time, the time of the last record may be the right one.
        let mut moments = [cx.now().wall, cx.clock().earliest()].into_iter();
        let (now, AloneKey { issued, size }) =
            moments.find_map(|now| Some((now, self.keys.recognise(race_key, by, now)?)))?;
        // A key that a later key superseded is worthless, and so is one that is too old.
        if self.matches.has_given(by) || is_past(now, issued, KEEP) {
            return None;
        }
        let id = self.matchmaker.take_id();
        let mode = Mode {
            network_version: 1,
            game_type: GameType::UNKNOWN,
            rule_set: RuleSet::Other(Label::UNKNOWN),
        };
        let players = alloc::vec![by];
        let race = Match { id, race_key, mode, seats: size.into(), made: issued, begun: None, players };
        self.matches.recognise(race);
        Some(id)
    }

    /// Handles a player's registration of a match, which lists its players.
    pub(crate) fn register(
        &mut self,
        cx: &mut Context<'_, Mmcos>,
        standings: &mut Standings,
        race_key: RaceKey,
        (by, listed): (UserId, Vec<UserId>),
    ) {
        if let Some(id) = self.find(cx, race_key, by) {
            self.matchmaker.register(cx.now().monotonic, id, by);
            self.begin(cx, standings, id, (by, listed));
        }
        self.rearm(cx);
    }

    /// Notes that a player showed the key of a match: it takes place, which confirms its host. The state that a
    /// repeated request relies on is recorded again, since its first record may still be on the way to the disk, and
    /// no response may be quicker than that.
    fn begin(
        &mut self,
        cx: &mut Context<'_, Mmcos>,
        standings: &mut Standings,
        id: MatchId,
        (by, listed): (UserId, Vec<UserId>),
    ) {
        let Some((race, news)) = self.matches.begin(id, by, cx.now().wall, listed) else { return };
        cx.record(Record::Match(Box::new(race.clone())));
        if news != News::Begun || self.keys.is_alone(race) {
            return;
        }
        self.matchmaker.confirm(id, &race.players);
        if let Some(host) = race.players.first()
            && let Ok(profile) = standings.profile_mut(*host)
        {
            profile.hosted.confirmed = profile.hosted.confirmed.saturating_add(1);
            standings.persist(cx, *host);
        }
    }

    /// Returns the reason why a result cannot be of a match that took place. The server knows of a race against AI
    /// only what the client says, so time is the one bound on it. (Our choice: a race lasts minutes, and its lobby
    /// and its start take a good part of the first half.)
    pub(crate) fn too_soon(
        &mut self,
        cx: &Context<'_, Mmcos>,
        settings: &Settings,
        id: MatchId,
        user: UserId,
    ) -> Option<NotCounted> {
        let (now, race) = (cx.now(), self.matches.get(id)?);
        if self.keys.is_alone(race) && is_sooner(now.wall, race.made, settings.min_race_seconds) {
            return Some(NotCounted::TooSoon);
        }
        self.results.take(user, now.monotonic).err().map(|_| NotCounted::TooMany)
    }

    /// Counts a result: persists it and its player.
    pub(crate) fn count(
        &mut self,
        cx: &mut Context<'_, Mmcos>,
        standings: &mut Standings,
        result: MatchResult,
    ) {
        self.begin(cx, standings, result.match_id, (result.user, Vec::new()));
        self.matches.count(result);
        standings.persist(cx, result.user);
        cx.record(Record::Result(result));
        self.matchmaker.score(cx.now().monotonic, result.match_id, result.user);
        self.rearm(cx);
    }

    /// Ends the time for which two players are kept apart. Returns false if they are not.
    pub(crate) fn reunite(&mut self, now: Monotonic, one: UserId, other: UserId) -> bool {
        self.matchmaker.reunite(now, one, other)
    }

    /// Drops the results of a player that is deleted.
    pub(crate) fn forget_results(&mut self, user: UserId) {
        self.matches.forget_results(user);
    }

    /// Closes a match under way: results that have not come will not count. Returns false if there is none.
    pub(crate) fn close(&mut self, cx: &mut Context<'_, Mmcos>, id: MatchId) -> bool {
        if !self.matchmaker.end(id) {
            return false;
        }
        if let Some(race) = self.matches.close(id) {
            cx.record(Record::Match(Box::new(race.clone())));
        }
        self.rearm(cx);
        true
    }
}
