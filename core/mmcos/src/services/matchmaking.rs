//! `MatchmakingService`: searches as long polls, and registrations of races that begin (captures 03, 04, 06, 07).
//!
//! The [`matchmaker`](crate::matchmaker) decides which groups meet, the [`Matchmaking`](crate::state::matchmaking::Matchmaking) holds
//! the polls; here its decisions become XML.

use alloc::{borrow::Cow, sync::Arc, vec::Vec};

use serde::Deserialize;

use super::response::{Response, Served, writer};
use crate::{
    Mmcos, Rejection,
    ids::{LobbyId, RaceKey, UserId},
    matchmaker::{Config, GameType, GroupSize, Label, Mode, Poll, PollId, RuleSet, Waits},
    state::matchmaking::PollEnd,
};
use mmcos_core::{
    engine::{Exchange, ExchangeId, Peer},
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

impl EnterMatchmaking2<'_> {
    fn mode(&self) -> Result<Mode, Rejection> {
        let game_type = Label::new(&self.game_type).map(GameType);
        let rule_set = RuleSet::parse(&self.rule_set);
        let expected = "a name of at most 23 bytes";
        Ok(Mode {
            network_version: self.network_version,
            game_type: game_type.ok_or(Rejection::Value { field: "GameType", expected })?,
            rule_set: rule_set.ok_or(Rejection::Value { field: "RuleSet", expected })?,
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
    ) -> Result<(), (Exchange, Rejection)> {
        match self.poll(cx, body, exchange.id()) {
            Ok(poll) => {
                let is_first = self.matchmaking.enter(cx.now().monotonic, &poll, peer.address.ip(), exchange);
                // A player that accepts AI does not wait for friends.
                if is_first && !(poll.ignore_minimum && self.settings.ai) {
                    self.call_at_search(cx, &poll);
                }
                self.respond_to_polls(cx);
                Ok(())
            }
            Err(rejection) => Err((exchange, rejection)),
        }
    }

    fn poll(&mut self, cx: &Context<'_, Self>, body: &[u8], exchange: ExchangeId) -> Result<Poll, Rejection> {
        let request: EnterMatchmaking2<'_> =
            xml::from_bytes(body, "EnterMatchmaking2", &self.settings.xml())?;
        let account = self.authenticate(cx, &request.session_token)?.user;
        let player = self.players().get(account).ok_or(Rejection::UnknownAccount)?;
        let size = GroupSize::new(request.group_size);
        Ok(Poll {
            id: PollId(exchange.0),
            account,
            mode: request.mode()?,
            group_lobby: request.group_lobby_id,
            game_lobby: request.game_lobby_id,
            size: size.ok_or(Rejection::Value { field: "GroupSize", expected: "at least 1" })?,
            points: player.standing.points,
            ignore_minimum: request.ignore_minimum_match_requirements,
            host_history: self.matchmaking.host_history(account, player.profile.hosted.confirmed),
        })
    }

    /// Cancels a player's matchmaking ticket. Known by name only. A client that drops its connection instead ends it
    /// as well.
    pub(crate) fn cancel_matchmaking(&mut self, cx: &mut Context<'_, Self>, body: &[u8]) -> Served {
        let request: CancelMatchmaking<'_> =
            xml::from_bytes(body, "CancelMatchmaking", &self.settings.xml())?;
        let account = self.authenticate(cx, &request.session_token)?.user;
        self.matchmaking.cancel(cx.now().monotonic, account);
        self.respond_to_polls(cx);
        Ok(Response::empty())
    }

    /// Registers the match of a key as begun, which confirms its host.
    pub(crate) fn register_active_game(&mut self, cx: &mut Context<'_, Self>, body: &[u8]) -> Served {
        let request: RegisterActiveGameWithPlayers<'_> =
            xml::from_bytes(body, "RegisterActiveGameWithPlayers", &self.settings.xml())?;
        let account = self.authenticate(cx, &request.session_token)?.user;
        let race_key = RaceKey::parse(&request.race_key)
            .ok_or(Rejection::Value { field: "RaceKey", expected: "16 hexadecimal digits" })?;
        let listed = request.steam_ids().filter_map(|id| self.players().by_steam_id(id));
        let listed: Vec<UserId> = listed.map(|player| player.user_id).collect();
        self.matchmaking.register(cx, &mut self.standings, race_key, (account, listed));
        Ok(Response::empty())
    }

    /// Follows the operator's settings and the race nights, after a change of either.
    pub(crate) fn configure_matchmaker(&mut self, cx: &mut Context<'_, Self>) {
        let config = self.settings.matchmaker();
        // A race night may have a rule of its own for AI.
        let ai = config.ai && (self.settings.night_ai || !self.is_night());
        self.matchmaking.configure(cx.now().monotonic, &Config { ai, ..config });
        self.respond_to_polls(cx);
    }

    /// Responds to every poll that the matchmaker has decided.
    pub(crate) fn respond_to_polls(&mut self, cx: &mut Context<'_, Self>) {
        self.matchmaking.settle(cx, &self.settings, &mut self.calls, respond);
    }
}

/// Responds to the polls of one decision. It is rendered once.
fn respond(cx: &mut Context<'_, Mmcos>, polls: Vec<Exchange>, decision: PollEnd<'_>, waits: Waits) {
    let mut xml = writer();
    render(decision, waits, &mut xml);
    let polls = match <[Exchange; 1]>::try_from(polls) {
        // Head and body in one piece.
        Ok([poll]) => return Response::xml(xml).send(cx, poll),
        Err(polls) => polls,
    };
    let text: Arc<[u8]> = xml.into_bytes().into();
    for exchange in polls {
        let nothing = Writer::new(Vec::new());
        Response::shared_xml(Arc::clone(&text), nothing).send(cx, exchange);
    }
}

/// Renders `MatchmakingResult`, in the order of captures 03, 06 and 07.
fn render(decision: PollEnd<'_>, waits: Waits, xml: &mut Writer) {
    xml.root("MatchmakingResult");
    xml.value("AverageWaitTimeNonRanked", waits.not_ranked());
    xml.value("AverageWaitTimeRanked", waits.ranked());
    let Some((race_key, decision)) = decision else {
        // The player cancelled, and a client may still be there to read it. (Our choice.)
        xml.text("Error", "cancelled");
        xml.empty("Groups");
        xml.nil("InProgressGameToJoin");
        xml.nil("RaceKey");
        xml.number("SessionId", 0);
        return xml.close("MatchmakingResult");
    };
    xml.nil("Error");
    xml.open("Groups");
    for group in decision.groups {
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
    xml.value("RaceKey", race_key);
    xml.number("SessionId", decision.match_id.0);
    xml.close("MatchmakingResult");
}
