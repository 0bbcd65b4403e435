//! Lists of players, matches, results and bans, by pages.

use alloc::{collections::BTreeSet, string::ToString, vec::Vec};
use core::cmp::Reverse;

use super::{
    Ban, MatchRow, MatchState, PlayerRow, ResultRow,
    matchmaking::{Busy, under_way},
    page::{Key, Page, QueryError, Selection, Sort, Word},
    state::{identity, race_mode},
};
use crate::{
    Mmcos,
    ids::{MatchId, UserId},
    moderation::Subject,
    players::Player,
    public::query::{Needle, folded},
    results::{Match, MatchResult},
};
use mmcos_core::{seam::Wall, service::Context};

/// Number of recent matches that are searched for matches and results.
const SEARCHED: usize = 5000;

/// Players to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PlayerFilter {
    All,
    Online,
    Searching,
    Racing,
    Banned,
}

#[derive(Clone, Copy, Debug)]
enum PlayerSort {
    Number,
    Name,
    Points,
    Games,
    Level,
    Seen,
}

/// Matches to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MatchFilter {
    All,
    Running,
    Ended,
}

#[derive(Clone, Copy, Debug)]
enum MatchSort {
    Made,
    Mode,
    Players,
}

/// Results to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ResultFilter {
    All,
    /// Results that did not count as the game reported them.
    Adjusted,
}

#[derive(Clone, Copy, Debug)]
enum ResultSort {
    At,
    Name,
    Change,
    Points,
}

/// Bans to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BanFilter {
    All,
    Active,
    Expired,
}

#[derive(Clone, Copy, Debug)]
enum BanSort {
    Since,
    Until,
    Subject,
}

impl Word for PlayerFilter {
    const PARAMETER: &'static str = "filter";
    const ALL: &'static [(&'static str, Self)] = &[
        ("all", Self::All),
        ("online", Self::Online),
        ("searching", Self::Searching),
        ("racing", Self::Racing),
        ("banned", Self::Banned),
    ];
}

impl Word for PlayerSort {
    const PARAMETER: &'static str = "sort";
    const ALL: &'static [(&'static str, Self)] = &[
        ("number", Self::Number),
        ("name", Self::Name),
        ("points", Self::Points),
        ("games", Self::Games),
        ("level", Self::Level),
        ("seen", Self::Seen),
    ];
}

impl Sort for PlayerSort {
    fn is_descending(self) -> bool {
        !matches!(self, Self::Number | Self::Name)
    }
}

impl Word for MatchFilter {
    const PARAMETER: &'static str = "filter";
    const ALL: &'static [(&'static str, Self)] =
        &[("all", Self::All), ("running", Self::Running), ("ended", Self::Ended)];
}

impl Word for MatchSort {
    const PARAMETER: &'static str = "sort";
    const ALL: &'static [(&'static str, Self)] =
        &[("made", Self::Made), ("mode", Self::Mode), ("players", Self::Players)];
}

impl Sort for MatchSort {
    fn is_descending(self) -> bool {
        !matches!(self, Self::Mode)
    }
}

impl Word for ResultFilter {
    const PARAMETER: &'static str = "filter";
    const ALL: &'static [(&'static str, Self)] = &[("all", Self::All), ("adjusted", Self::Adjusted)];
}

impl Word for ResultSort {
    const PARAMETER: &'static str = "sort";
    const ALL: &'static [(&'static str, Self)] =
        &[("at", Self::At), ("name", Self::Name), ("change", Self::Change), ("points", Self::Points)];
}

impl Sort for ResultSort {
    fn is_descending(self) -> bool {
        !matches!(self, Self::Name)
    }
}

impl Word for BanFilter {
    const PARAMETER: &'static str = "filter";
    const ALL: &'static [(&'static str, Self)] =
        &[("all", Self::All), ("active", Self::Active), ("expired", Self::Expired)];
}

impl Word for BanSort {
    const PARAMETER: &'static str = "sort";
    const ALL: &'static [(&'static str, Self)] =
        &[("since", Self::Since), ("until", Self::Until), ("subject", Self::Subject)];
}

impl Sort for BanSort {
    fn is_descending(self) -> bool {
        !matches!(self, Self::Subject)
    }
}

/// A match of either list: the matchmaker's, or those that take results.
enum Found<'a> {
    Live(MatchRow<'a>),
    Recorded(&'a Match),
}

impl Mmcos {
    /// Returns a page of players, online or not.
    pub(in crate::operator) fn players_page(
        &self,
        cx: &Context<'_, Self>,
        query: Option<&str>,
    ) -> Result<Page<PlayerRow<'_>>, QueryError> {
        let selection: Selection<PlayerFilter, PlayerSort> = Selection::parse(query)?;
        let (now, earliest) = (cx.now().wall, cx.clock().earliest());
        let presence = &self.sessions.presence;
        let by_user = |users: BTreeSet<UserId>| {
            users.into_iter().filter_map(|user| self.players().get(user)).collect::<Vec<_>>()
        };
        let players: Vec<&Player> = match selection.filter {
            PlayerFilter::All => self.players().iter().collect(),
            PlayerFilter::Online => {
                presence.online(now).filter_map(|(user, _)| self.players().get(user)).collect()
            }
            PlayerFilter::Searching => by_user(Busy::of(self.matchmaker(), |_| true).searching),
            PlayerFilter::Racing => by_user(Busy::of(self.matchmaker(), |_| true).racing),
            PlayerFilter::Banned => {
                let active = self.bans.iter().filter(|ban| ban.holds(earliest));
                let banned = active.filter_map(|ban| match ban.subject {
                    Subject::Account(steam_id) => self.players().by_steam_id(steam_id),
                    Subject::Addresses(_) => None,
                });
                banned.collect()
            }
        };
        let seen = |player: &Player| presence.seen(player.user_id, now).unwrap_or(player.profile.last_seen);
        let found = players.into_iter().filter(|player| is_named(player, &selection.needle)).map(|player| {
            let key = match selection.sort {
                PlayerSort::Number => Key::Number(player.user_id.0.into()),
                PlayerSort::Name => Key::Text(folded(player.profile.name.as_str())),
                PlayerSort::Points => Key::Number(player.standing.points.0.into()),
                PlayerSort::Games => Key::Number(player.profile.games.into()),
                PlayerSort::Level => Key::Number(player.profile.level.get().into()),
                PlayerSort::Seen => Key::Number(seen(player).as_millis()),
            };
            (key, player.user_id.0.into(), player)
        });
        Ok(selection.page(found, |players| self.player_rows(cx, &players)))
    }

    /// Returns a page of matches: those that run, and recent ones.
    pub(in crate::operator) fn matches_page(
        &self,
        cx: &Context<'_, Self>,
        query: Option<&str>,
    ) -> Result<Page<MatchRow<'_>>, QueryError> {
        let selection: Selection<MatchFilter, MatchSort> = Selection::parse(query)?;
        let live: BTreeSet<MatchId> = under_way(self.matchmaker()).map(|found| found.id).collect();
        let running = under_way(self.matchmaker())
            .filter(|_| selection.filter != MatchFilter::Ended)
            .map(|found| Found::Live(self.match_row(cx.now(), found)));
        let ended = self
            .matchmaking
            .matches()
            .latest()
            .take(SEARCHED)
            .filter(|(race, _)| {
                let took_place = race.begun.is_some() || race.players.len() > 1;
                took_place && selection.filter != MatchFilter::Running && !live.contains(&race.id)
            })
            .map(|(race, _)| Found::Recorded(race));
        let found = running.chain(ended).filter_map(|found| {
            let row = match found {
                Found::Live(row) => row,
                Found::Recorded(race) => self.ended_row(race),
            };
            let is_found = row.players.iter().any(|player| selection.needle.is_in(player.name))
                || row.session == selection.needle.as_str()
                || selection.needle.is_in(&row.mode);
            let number = row.session.parse().unwrap_or(u64::MAX);
            let key = match selection.sort {
                MatchSort::Made => Key::Number(row.since),
                MatchSort::Mode => Key::Text(folded(&row.mode)),
                MatchSort::Players => Key::Number(row.seats.into()),
            };
            is_found.then_some((key, u64::MAX.saturating_sub(number), row))
        });
        Ok(selection.page(found, |rows| rows))
    }

    /// Returns a page of recent results.
    pub(in crate::operator) fn results_page(
        &self,
        query: Option<&str>,
    ) -> Result<Page<ResultRow<'_>>, QueryError> {
        let selection: Selection<ResultFilter, ResultSort> = Selection::parse(query)?;
        let latest = self.matchmaking.matches().latest().take(SEARCHED);
        let results =
            latest.flat_map(|(race, results)| results.iter().rev().map(move |result| (race, result)));
        let found = results.zip(0..).filter_map(|((race, result), number)| {
            let player = self.players().get(result.user)?;
            let is_shown = selection.filter == ResultFilter::All || result.claimed != result.counted;
            let is_found = is_named(player, &selection.needle)
                || selection.needle.is_in(&race_mode(&race.mode))
                || race.id.0.to_string() == selection.needle.as_str();
            let key = match selection.sort {
                ResultSort::At => Key::Number(result.at.as_millis()),
                ResultSort::Name => Key::Text(folded(player.profile.name.as_str())),
                ResultSort::Change => Key::Number(result.counted.0.into()),
                ResultSort::Points => Key::Number(result.progress.after.points.0.into()),
            };
            (is_shown && is_found).then_some((key, number, (player, race, result)))
        });
        let rows = |found: Vec<_>| {
            found.into_iter().map(|(player, race, result)| result_row(player, race, result)).collect()
        };
        Ok(selection.page(found, rows))
    }

    /// Returns a page of bans.
    pub(in crate::operator) fn bans_page(
        &self,
        cx: &Context<'_, Self>,
        query: Option<&str>,
    ) -> Result<Page<Ban<'_>>, QueryError> {
        let selection: Selection<BanFilter, BanSort> = Selection::parse(query)?;
        let found = self.ban_rows(cx).zip(0..).filter_map(|(ban, number)| {
            let is_shown = match selection.filter {
                BanFilter::All => true,
                BanFilter::Active => ban.holds,
                BanFilter::Expired => !ban.holds,
            };
            let texts = [&*ban.subject, ban.name.unwrap_or_default(), ban.reason, ban.note];
            let is_found = texts.into_iter().any(|text| selection.needle.is_in(text));
            let key = match selection.sort {
                BanSort::Since => Key::Number(ban.since),
                BanSort::Until => Key::Number(ban.until.unwrap_or(i64::MAX)),
                BanSort::Subject => Key::Text(folded(ban.name.unwrap_or(&ban.subject))),
            };
            (is_shown && is_found).then_some((key, number, ban))
        });
        Ok(selection.page(found, |bans| bans))
    }

    /// Returns the row of a match that has ended.
    fn ended_row<'a>(&'a self, race: &'a Match) -> MatchRow<'a> {
        MatchRow {
            session: race.id.0.to_string(),
            mode: race_mode(&race.mode),
            state: MatchState::Ended,
            since: race.made.as_secs(),
            seats: race.seats,
            players: race.players.iter().filter_map(|user| self.players().get(*user)).map(identity).collect(),
        }
    }

    /// Returns all bans, also those that have ended.
    pub(super) fn ban_rows(&self, cx: &Context<'_, Self>) -> impl Iterator<Item = Ban<'_>> {
        let earliest = cx.clock().earliest();
        self.bans.iter().map(move |ban| Ban {
            subject: ban.subject.to_string(),
            name: match ban.subject {
                Subject::Account(steam_id) => {
                    self.players().by_steam_id(steam_id).map(|player| player.profile.name.as_str())
                }
                Subject::Addresses(_) => None,
            },
            since: ban.since.as_secs(),
            until: ban.until.map(Wall::as_secs),
            holds: ban.holds(earliest),
            reason: &ban.reason,
            note: &ban.note,
        })
    }

    /// Returns the latest results of a player among the recent matches.
    pub(super) fn results_of(&self, player: &Player, most: usize) -> Vec<ResultRow<'_>> {
        let latest = self.matchmaking.matches().latest().take(SEARCHED);
        let own = latest.flat_map(|(race, results)| {
            results.iter().filter(|result| result.user == player.user_id).map(move |result| (race, result))
        });
        let mut own: Vec<_> = own.take(most).collect();
        own.sort_by_key(|(_, result)| Reverse(result.at));
        let player = self.players().get(player.user_id);
        own.into_iter().filter_map(|(race, result)| Some(result_row(player?, race, result))).collect()
    }
}

pub(super) fn result_row<'a>(player: &'a Player, race: &Match, result: &MatchResult) -> ResultRow<'a> {
    ResultRow {
        identity: identity(player),
        at: result.at.as_secs(),
        session: race.id.0.to_string(),
        mode: race_mode(&race.mode),
        change: result.counted.0,
        claimed: result.claimed.0,
        points: result.progress.after.points.0,
    }
}

/// Returns true if a player has this text in the name, or this number.
fn is_named(player: &Player, needle: &Needle) -> bool {
    needle.is_in(player.profile.name.as_str())
        || needle.as_str().parse() == Ok(player.steam_id.get())
        || player.user_facing_id().as_str().eq_ignore_ascii_case(needle.as_str())
}
