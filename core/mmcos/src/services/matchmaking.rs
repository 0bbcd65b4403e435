//! `MatchmakingService`: searches as long polls, and registrations of races that begin (captures 03, 04, 06, 07).
//!
//! The [`matchmaker`](crate::matchmaker) decides which groups meet; here its polls are held requests, and its
//! decisions become XML.

use alloc::{borrow::Cow, boxed::Box, collections::BTreeMap, sync::Arc, vec::Vec};
use core::net::IpAddr;

use serde::Deserialize;

use crate::{
    Event, Fault, Mmcos, Timer,
    domain::race_keys::AloneKey,
    ids::{LobbyId, RaceKey, SessionId, UserId},
    matchmaker::{
        self, Answer, GameType, GroupSize, HostHistory, Label, Matchmaker, Mode, Outcome, Outcomes, Poll,
        PollId, Reason, RuleSet, Waits,
    },
    record::Record,
    results::{Issued, KEEP, News, Race, is_past},
    services::response::Reply,
};
use mmcos_core::{
    engine::{Exchange, ExchangeId, Peer, TimerId},
    seam::{Monotonic, Wall},
    service::Context,
    wire::{
        steam::SteamId,
        xml::{self, Writer},
    },
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EnterMatchmaking2<'a> {
    #[serde(borrow)]
    session_token: Cow<'a, str>,
    group_lobby_id: LobbyId,
    game_lobby_id: LobbyId,
    network_version: u32,
    #[serde(borrow)]
    game_type: Cow<'a, str>,
    group_size: u8,
    #[serde(borrow)]
    rule_set: Cow<'a, str>,
    ignore_minimum_match_requirements: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CancelMatchmaking<'a> {
    #[serde(borrow)]
    session_token: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RegisterActiveGameWithPlayers<'a> {
    #[serde(borrow)]
    session_token: Cow<'a, str>,
    #[serde(borrow)]
    race_key: Cow<'a, str>,
    /// One element was seen, with one id in it (capture 04); for several either may be the way.
    #[serde(rename = "PlatformIDs", borrow, default)]
    platform_ids: Vec<Cow<'a, str>>,
}

impl RegisterActiveGameWithPlayers<'_> {
    /// Returns the Steam accounts in the list. Ignores anything that is not an id.
    fn steam_ids(&self) -> impl Iterator<Item = SteamId> {
        let separator = |c: char| matches!(c, ',' | ';') || c.is_whitespace();
        let ids = self.platform_ids.iter().flat_map(move |list| list.split(separator));
        ids.filter_map(|id| id.parse().ok()).map(SteamId::new)
    }
}

/// The held polls, and the matchmaker that decides how long to hold them.
#[derive(Debug)]
pub(crate) struct Matchmaking {
    matchmaker: Matchmaker,
    held: BTreeMap<PollId, Held>,
    outcomes: Outcomes,
    timer: Option<(Monotonic, TimerId)>,
}

#[derive(Debug)]
struct Held {
    account: UserId,
    address: IpAddr,
    mode: Mode,
    exchange: Exchange,
}

impl Matchmaking {
    pub(crate) fn new(config: matchmaker::Config, seed: [u8; 32], first: SessionId) -> Self {
        Self {
            matchmaker: Matchmaker::new(config, seed, first),
            held: BTreeMap::new(),
            outcomes: Outcomes::new(),
            timer: None,
        }
    }

    pub(crate) const fn matchmaker(&self) -> &Matchmaker {
        &self.matchmaker
    }

    /// Returns the number of held polls.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// Changes the times by which the matchmaker decides.
    pub(crate) fn set_times(&mut self, times: &matchmaker::Config) {
        self.matchmaker.set_times(times);
    }

    /// Makes later matches have higher numbers than this one.
    pub(crate) fn number_after(&mut self, session: SessionId) {
        self.matchmaker.number_from(SessionId(session.0.saturating_add(1)));
    }
}

impl EnterMatchmaking2<'_> {
    fn mode(&self) -> Result<Mode, Fault> {
        let game_type = Label::new(&self.game_type).map(GameType);
        let rule_set = RuleSet::parse(&self.rule_set);
        let expected = "a name of at most 23 bytes";
        Ok(Mode {
            network_version: self.network_version,
            game_type: game_type.ok_or(Fault::Value { field: "GameType", expected })?,
            rule_set: rule_set.ok_or(Fault::Value { field: "RuleSet", expected })?,
        })
    }
}

impl Mmcos {
    /// Takes a poll, which is held until the matchmaker's decision.
    pub(crate) fn enter_matchmaking(
        &mut self,
        cx: &mut Context<'_, Self>,
        body: &[u8],
        peer: Peer,
        exchange: Exchange,
    ) -> Result<(), (Exchange, Fault)> {
        match self.poll(cx, body, exchange.id()) {
            Ok(poll) => {
                let (account, address) = (poll.account, peer.address.ip());
                let held = Held { account, address, mode: poll.mode, exchange };
                self.matchmaking.held.insert(poll.id, held);
                let Matchmaking { matchmaker, outcomes, .. } = &mut self.matchmaking;
                let first = matchmaker.is_empty();
                matchmaker.enter(cx.now().monotonic, &poll, outcomes);
                // A player that accepts AI does not wait for friends.
                if first && !(poll.ignore_minimum && self.settings.ai) {
                    self.tell_of_first_search(cx, &poll);
                }
                self.answer_searches(cx);
                Ok(())
            }
            Err(fault) => Err((exchange, fault)),
        }
    }

    fn tell_of_first_search(&self, cx: &mut Context<'_, Self>, poll: &Poll) {
        if let Some(player) = self.players.get(poll.account) {
            let name = player.profile.name.clone();
            cx.log(Event::FirstSearch { name, mode: poll.mode, size: poll.size });
        }
    }

    fn poll(&mut self, cx: &Context<'_, Self>, body: &[u8], exchange: ExchangeId) -> Result<Poll, Fault> {
        let request: EnterMatchmaking2<'_> =
            xml::from_bytes(body, "EnterMatchmaking2", &self.settings.xml())?;
        let account = self.authenticate(&request.session_token, cx.now())?;
        let player = self.players.get(account).ok_or(Fault::UnknownAccount)?;
        let size = GroupSize::new(request.group_size);
        Ok(Poll {
            id: PollId(exchange.0),
            account,
            mode: request.mode()?,
            group_lobby: request.group_lobby_id,
            game_lobby: request.game_lobby_id,
            size: size.ok_or(Fault::Value { field: "GroupSize", expected: "at least 1" })?,
            points: player.standing.points,
            ignore_minimum: request.ignore_minimum_match_requirements,
            host_history: self.host_history(account),
        })
    }

    /// Returns a player's history as a host: the matches of the last day, or else whether any match was ever
    /// confirmed.
    fn host_history(&self, account: UserId) -> HostHistory {
        let recent = self.races.hosting(account);
        let ever = self.players.get(account).map_or(0, |player| player.profile.hosted.confirmed);
        if recent == HostHistory::default() {
            HostHistory { confirmed: ever.min(1), unconfirmed: 0 }
        } else {
            recent
        }
    }

    /// Cancels a player's matchmaking ticket. Known by name only. [`Mmcos::search_abandoned`] handles a client that
    /// drops its connection instead.
    pub(crate) fn cancel_matchmaking(
        &mut self,
        cx: &mut Context<'_, Self>,
        body: &[u8],
    ) -> Result<Reply<'static>, Fault> {
        let request: CancelMatchmaking<'_> =
            xml::from_bytes(body, "CancelMatchmaking", &self.settings.xml())?;
        let account = self.authenticate(&request.session_token, cx.now())?;
        let Matchmaking { matchmaker, outcomes, .. } = &mut self.matchmaking;
        matchmaker.cancel(cx.now().monotonic, account, outcomes);
        self.answer_searches(cx);
        Ok(Reply::empty())
    }

    /// Registers the race of a key as begun, which confirms its host.
    pub(crate) fn register_active_game(
        &mut self,
        cx: &mut Context<'_, Self>,
        body: &[u8],
    ) -> Result<Reply<'static>, Fault> {
        let request: RegisterActiveGameWithPlayers<'_> =
            xml::from_bytes(body, "RegisterActiveGameWithPlayers", &self.settings.xml())?;
        let account = self.authenticate(&request.session_token, cx.now())?;
        let race_key = RaceKey::parse(&request.race_key)
            .ok_or(Fault::Value { field: "RaceKey", expected: "16 hexadecimal digits" })?;
        // The dashboard's list of matches drops a match long before its key expires.
        let _ = self.matchmaking.matchmaker.register(cx.now().monotonic, race_key, account);
        let players = &self.players;
        let listed: Vec<UserId> = request
            .steam_ids()
            .filter_map(|id| players.by_steam_id(id))
            .map(|player| player.user_id)
            .collect();
        if let Some(session) = self.find_race(race_key, account, cx.now().wall) {
            self.begin_race(cx, session, account, listed);
        }
        self.rearm(cx);
        Ok(Reply::empty())
    }

    /// Returns the number of the race with this key. A key of a race against AI is recognised though it was never
    /// stored.
    pub(crate) fn find_race(&mut self, race_key: RaceKey, by: UserId, now: Wall) -> Option<SessionId> {
        if let Some(session) = self.races.find(race_key) {
            return Some(session);
        }
        // After a restart at a wrong time, the time of the last record may be the right one.
        let mut moments = [now, self.earliest].into_iter();
        let (now, AloneKey { issued, size }) =
            moments.find_map(|now| Some((now, self.race_keys.recognise(race_key, by, now)?)))?;
        // A key that a later key superseded is worthless, and so is one that is too old.
        if self.races.has_given(by) || is_past(now, issued, KEEP) {
            return None;
        }
        let session = self.matchmaking.matchmaker.take_number();
        let mode = Mode {
            network_version: 1,
            game_type: GameType::UNKNOWN,
            rule_set: RuleSet::Other(Label::UNKNOWN),
        };
        let players = alloc::vec![by];
        let race = Race { session, race_key, mode, seats: size.into(), made: issued, begun: None, players };
        self.races.recognise(race);
        Some(session)
    }

    /// Notes that a player showed the key of a race: the race takes place. The state that a repeated request relies
    /// on is recorded again, since its first record may still be on the way to the disk, and no response may be
    /// quicker than that.
    pub(crate) fn begin_race(
        &mut self,
        cx: &mut Context<'_, Self>,
        session: SessionId,
        by: UserId,
        listed: Vec<UserId>,
    ) {
        let Some((race, news)) = self.races.begin(session, by, cx.now().wall, listed) else { return };
        cx.record(Record::Race(Box::new(race.clone())));
        let is_alone = self.race_keys.is_alone(race);
        if news == News::Begun && !is_alone {
            self.matchmaking.matchmaker.confirm(&race.players);
        }
        let host = race.players.first().copied().filter(|_| news == News::Begun && !is_alone);
        if let Some(host) = host
            && let Some(profile) = self.players.profile_mut(host)
        {
            profile.hosted.confirmed = profile.hosted.confirmed.saturating_add(1);
            self.keep_player(cx, host);
        }
    }

    /// Notes that a player's result of a race counted.
    pub(crate) fn race_scored(&mut self, cx: &mut Context<'_, Self>, race_key: RaceKey, by: UserId) {
        // The matchmaker drops a race long before its results expire: it may not know this one.
        let _ = self.matchmaking.matchmaker.score(cx.now().monotonic, race_key, by);
        self.rearm(cx);
    }

    /// Cancels a poll whose connection has ended.
    pub(crate) fn search_abandoned(&mut self, cx: &mut Context<'_, Self>, exchange: ExchangeId) {
        let poll = PollId(exchange.0);
        if let Some(Held { account, .. }) = self.matchmaking.held.remove(&poll) {
            let Matchmaking { matchmaker, outcomes, .. } = &mut self.matchmaking;
            matchmaker.disconnect(cx.now().monotonic, account, poll, outcomes);
            self.answer_searches(cx);
        }
    }

    pub(crate) fn matchmaking_due(&mut self, cx: &mut Context<'_, Self>) {
        self.matchmaking.timer = None;
        let Matchmaking { matchmaker, outcomes, .. } = &mut self.matchmaking;
        matchmaker.tick(cx.now().monotonic, outcomes);
        self.answer_searches(cx);
    }

    pub(crate) fn end_searches(&mut self, cx: &mut Context<'_, Self>) {
        let Matchmaking { matchmaker, outcomes, .. } = &mut self.matchmaking;
        matchmaker.shutdown(cx.now().monotonic, outcomes);
        self.answer_searches(cx);
    }

    /// Ends the matchmaking tickets of all banned players.
    pub(crate) fn end_searches_of_banned(&mut self, cx: &mut Context<'_, Self>) {
        let now = cx.now();
        let banned = |held: &&Held| {
            let player = self.players.get(held.account);
            player.is_some_and(|player| self.bans.of_account(player.steam_id, self.earliest).is_some())
                || self.bans.of_address(held.address, self.earliest).is_some()
        };
        let banned: Vec<UserId> =
            self.matchmaking.held.values().filter(banned).map(|held| held.account).collect();
        let Matchmaking { matchmaker, outcomes, .. } = &mut self.matchmaking;
        for account in banned {
            matchmaker.cancel(now.monotonic, account, outcomes);
        }
        self.answer_searches(cx);
    }

    /// Ends a player's matchmaking ticket.
    pub(crate) fn end_search(&mut self, cx: &mut Context<'_, Self>, account: UserId) {
        let Matchmaking { matchmaker, outcomes, .. } = &mut self.matchmaking;
        matchmaker.cancel(cx.now().monotonic, account, outcomes);
        self.answer_searches(cx);
    }

    /// Closes a match: results that have not come will not count.
    pub(crate) fn close_race(&mut self, cx: &mut Context<'_, Self>, race_key: RaceKey, session: SessionId) {
        if let Some(race) = self.races.close(session) {
            cx.record(Record::Race(Box::new(race.clone())));
        }
        self.matchmaking.matchmaker.end(race_key);
        self.rearm(cx);
    }

    /// Responds to every poll that the matchmaker has decided, and sets the timer for its next deadline.
    fn answer_searches(&mut self, cx: &mut Context<'_, Self>) {
        let outcomes = core::mem::take(&mut self.matchmaking.outcomes);
        for outcome in outcomes.iter() {
            match outcome {
                Outcome::Answered(answer) => self.answer_search(cx, &answer),
                Outcome::Cancelled { poll, .. } => {
                    let mut xml = self.writer();
                    render_cancelled(*self.matchmaking.matchmaker.waits(), &mut xml);
                    self.answer_poll(cx, poll, Reply::xml(xml));
                }
            }
        }
        self.matchmaking.outcomes = outcomes;
        self.matchmaking.outcomes.clear();
        self.rearm(cx);
    }

    /// Responds to all groups of a decision. The response is rendered once.
    fn answer_search(&mut self, cx: &mut Context<'_, Self>, answer: &Answer<'_>) {
        let mut answer = *answer;
        if let [alone] = answer.groups {
            answer.race_key = self.race_keys.issue(alone.account, alone.size.get(), cx.now().wall);
            self.matchmaking.matchmaker.rename(alone.account, answer.race_key);
        }
        self.issue_race(cx, &answer);
        let mut xml = self.writer();
        render(&answer, *self.matchmaking.matchmaker.waits(), &mut xml);
        if let [alone] = answer.groups {
            return self.answer_poll(cx, alone.poll, Reply::xml(xml));
        }
        let text: Arc<[u8]> = xml.into_bytes().into();
        for group in answer.groups {
            let nothing = Writer::new(Vec::new());
            self.answer_poll(cx, group.poll, Reply::shared_xml(Arc::clone(&text), nothing));
        }
    }

    /// Issues the race's key: from here on its players may bring results.
    fn issue_race(&mut self, cx: &mut Context<'_, Self>, answer: &Answer<'_>) {
        let Some(host) = answer.groups.iter().find(|group| group.is_host) else { return };
        let Some(mode) = self.matchmaking.held.get(&host.poll).map(|held| held.mode) else { return };
        let others = answer.groups.iter().filter(|group| !group.is_host);
        let race = Race {
            session: answer.session,
            race_key: answer.race_key,
            mode,
            seats: answer.groups.iter().map(|group| u16::from(group.size.get())).fold(0, u16::saturating_add),
            made: cx.now().wall,
            begun: None,
            players: core::iter::once(host).chain(others).map(|group| group.account).collect(),
        };
        let how = match answer.reason {
            _ if answer.groups.len() > 1 => Issued::Match,
            Reason::Ai => Issued::Ai(self.settings.min_race_seconds),
            Reason::Matched | Reason::NobodyFound | Reason::Superseded | Reason::Shutdown => Issued::Alone,
        };
        if how == Issued::Match {
            cx.record(Record::Race(Box::new(race.clone())));
        }
        for forgotten in self.races.issue(race, how) {
            cx.record(Record::RaceForgotten(forgotten));
        }
    }

    fn answer_poll(&mut self, cx: &mut Context<'_, Self>, poll: PollId, reply: Reply<'_>) {
        if let Some(Held { exchange, .. }) = self.matchmaking.held.remove(&poll) {
            self.reply(cx, exchange, reply);
        }
    }

    /// Sets a timer no later than the matchmaker's next deadline. A timer that fires too early does no harm, so it is
    /// kept when the deadline moves away.
    fn rearm(&mut self, cx: &mut Context<'_, Self>) {
        let Some(due) = self.matchmaking.matchmaker.next_deadline() else { return };
        match self.matchmaking.timer {
            Some((at, _)) if at <= due => return,
            Some((_, later)) => cx.cancel_timer(later),
            None => {}
        }
        self.matchmaking.timer = Some((due, cx.set_timer_at(due, Timer::Matchmaking)));
    }
}

/// Renders `MatchmakingResult`, in the order of captures 03, 06 and 07.
fn render(answer: &Answer<'_>, waits: Waits, xml: &mut Writer) {
    open(waits, xml);
    xml.nil("Error");
    xml.open("Groups");
    for group in answer.groups {
        xml.open("MatchmakingGroup");
        xml.number("GameLobbyId", group.game_lobby.0);
        xml.number("GroupLobbyId", group.group_lobby.0);
        xml.number("GroupSize", group.size.get());
        xml.boolean("IsHost", group.is_host);
        xml.number("Team", group.team);
        xml.close("MatchmakingGroup");
    }
    xml.close("Groups");
    xml.nil("InProgressGameToJoin");
    xml.value("RaceKey", answer.race_key);
    xml.number("SessionId", answer.session.0);
    xml.close("MatchmakingResult");
}

/// Renders the response to a poll that the player cancelled, if a client is still there to read it. (Our choice.)
fn render_cancelled(waits: Waits, xml: &mut Writer) {
    open(waits, xml);
    xml.text("Error", "cancelled");
    xml.empty("Groups");
    xml.nil("InProgressGameToJoin");
    xml.nil("RaceKey");
    xml.number("SessionId", 0);
    xml.close("MatchmakingResult");
}

fn open(waits: Waits, xml: &mut Writer) {
    xml.root("MatchmakingResult");
    xml.value("AverageWaitTimeNonRanked", waits.not_ranked());
    xml.value("AverageWaitTimeRanked", waits.ranked());
}
