//! The state of the server as views.

use alloc::{
    borrow::Cow,
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};

use super::matchmaking::{Busy, at, fullest_modes, longest_searches, mode};
use super::{Activity, Event, Health, Identity, Online, PlayerRow, Season, State};
use crate::{
    IdentityPolicy, Mmcos,
    ids::UserId,
    matchmaker::{Matchmaker, Mode},
    players::Player,
    public::view::Searching,
    settings::advice,
    special_events::Run,
};
use mmcos_core::{
    seam::{Now, Wall},
    service::Context,
};

/// The most rows of a list: a view is sent to every watcher.
pub(super) const ROWS: usize = 50;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Returns as many items as are shown, the first in this order.
pub(super) fn first_rows<T, K: Ord>(items: impl Iterator<Item = T>, order: impl Fn(&T) -> K) -> Vec<T> {
    let mut rows: Vec<T> = items.collect();
    if rows.len() > ROWS {
        // There may be thousands: only those that are shown are put in order.
        rows.select_nth_unstable_by_key(ROWS, &order);
        rows.truncate(ROWS);
    }
    rows.sort_unstable_by_key(order);
    rows
}

fn clock_trouble(cx: &Context<'_, Mmcos>) -> Option<String> {
    cx.clock().trouble().map(|doubted| doubted.to_string())
}

impl Mmcos {
    /// Returns the state of this moment.
    pub(in crate::operator) fn state(&self, cx: &Context<'_, Self>) -> State<'_> {
        let now = cx.now();
        State {
            server: self.health(cx),
            players: Online { online: self.sessions.presence.count(now.wall), known: self.players().len() },
            searches: self.searches(now),
            matches: self.matches(now),
            season: Season {
                id: self.standings.season().id.0,
                active: self.standings.season().is_active(now.wall),
                starts: self.standings.season().starts.as_secs(),
                ends: self.standings.season().inactive_from.as_secs(),
                next: self.standings.season().next_starts.as_secs(),
                renumber_to: match cx.clock().trouble() {
                    None => self.standings.season().renumbered(now.wall).map(|right| right.id.0),
                    Some(_) => None,
                },
                undo_to: match cx.clock().trouble() {
                    None => self.standings.undone(now.wall).map(|before| before.id.0),
                    Some(_) => None,
                },
            },
            event: self
                .events()
                .at(now.wall)
                .or_else(|| self.events().next(now.wall))
                .map(|run| event(&run, now.wall)),
            mode_of_the_day: self.mode_of_the_day(now.wall).map(|mode| mode.title),
            night: self.race_night(now.wall),
            advice: advice::of(&self.settings, self.public.week.counted()).map(|advice| advice.text),
        }
    }

    fn health(&self, cx: &Context<'_, Self>) -> Health<'_> {
        let (now, earliest) = (cx.now().wall, cx.clock().earliest());
        Health {
            version: VERSION,
            started: self.operator.desk.started(now).as_secs(),
            maintenance: self.is_closed(now),
            message: self.message(cx.now()),
            verifies_tickets: matches!(self.settings.identity, IdentityPolicy::Verify(_)),
            connections: cx.connections(),
            storage_trouble: cx.storage().trouble().map(|trouble| trouble.to_string()),
            clock_trouble: clock_trouble(cx),
            last_commit_millis: self.operator.desk.last_commit().map(|took| took.as_secs_f64() * 1000.0),
            bans: self.bans.iter().filter(|ban| ban.holds(earliest)).count(),
        }
    }

    pub(super) fn player_rows<'a>(
        &self,
        cx: &Context<'_, Self>,
        players: &[&'a Player],
    ) -> Vec<PlayerRow<'a>> {
        let shown: BTreeSet<UserId> = players.iter().map(|player| player.user_id).collect();
        let busy = Busy::of(self.matchmaker(), |user| shown.contains(&user));
        players.iter().map(|player| self.player_row(cx, player, &busy)).collect()
    }

    fn player_row<'a>(&self, cx: &Context<'_, Self>, player: &'a Player, busy: &Busy) -> PlayerRow<'a> {
        let seen = self.sessions.presence.seen(player.user_id, cx.now().wall);
        PlayerRow {
            identity: identity(player),
            rank: self.players().rank_of(player.user_id).unwrap_or_default().saturating_add(1),
            points: player.standing.points.0,
            division: player.standing.division.0,
            level: player.profile.level.get(),
            games: player.profile.games,
            seen: seen.unwrap_or(player.profile.last_seen).as_secs(),
            does: match () {
                () if busy.racing.contains(&player.user_id) => Activity::Racing,
                () if busy.searching.contains(&player.user_id) => Activity::Searching,
                () if seen.is_some() => Activity::Menu,
                () => Activity::Away,
            },
            banned: self.bans.of_account(player.steam_id, cx.clock().earliest()).is_some(),
        }
    }
}

pub(super) fn identity(player: &Player) -> Identity<'_> {
    Identity {
        user_id: player.user_id.0,
        steam_id: player.steam_id.to_string(),
        name: player.profile.name.as_str(),
    }
}

fn event(run: &Run, now: Wall) -> Event<'static> {
    Event {
        name: Cow::Borrowed(run.event.as_str()),
        on: run.starts <= now,
        starts: run.starts.as_secs(),
        ends: run.ends.as_secs(),
    }
}

pub(super) fn race_mode(mode: &Mode) -> String {
    mode.game_type.0.to_string()
}

/// Returns the modes with the most searching players, for the public. Versions of the game count together: players
/// cannot tell them apart.
pub(crate) fn searching(matchmaker: &Matchmaker, now: Now) -> Vec<Searching> {
    let fullest = fullest_modes(matchmaker);
    let longest = longest_searches(matchmaker, &fullest);
    let mut modes: Vec<Searching> = Vec::new();
    for bucket in fullest {
        let mode = mode(&bucket.key);
        let since = longest.get(&bucket.key).map_or(now.wall.as_secs(), |began| at(*began, now));
        match modes.iter_mut().find(|known| known.mode == mode) {
            Some(known) => {
                known.players = known.players.saturating_add(bucket.players);
                known.since = known.since.min(since);
            }
            None => modes.push(Searching { mode, players: bucket.players, since }),
        }
    }
    modes
}
