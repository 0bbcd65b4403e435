//! Public pages and their API, for players and for other sites: how many play, the leaderboard, players, seasons that
//! have ended, the hours at which people play. Reading needs neither a password nor JavaScript. (All of it is our
//! choice; the official service had no such pages.)
//!
//! A client can request these as often as it likes, so each response costs little: the live part is rendered once a
//! second, a list has at most [`ROWS`] rows, and searches through all players share one limit.

mod badge;
mod page;
mod privacy;
pub(crate) mod query;
pub(crate) mod view;
mod week;

use alloc::{
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::time::Duration;

use mmcos_core::{
    admin::{AdminResponse, Operation, RequiredAccess},
    engine::{Exchange, RateLimiter},
    seam::{Monotonic, Storage, Wall},
    service::Context,
    wire::http::{Method, Request, Status},
};

use crate::{
    Mmcos, Podium, Record, host::info::INFO, ids::UserId, operator, players::Player, seasons::SeasonId,
};

use query::{Needle, Query};
pub use week::Hour;
use week::Week;

/// The most rows of a page.
const ROWS: u32 = 50;
/// The most recent matches on a player's page.
const RESULTS: usize = 20;
/// Number of recent matches that are searched for those.
const SEARCHED: usize = 500;
/// Time for which the live part stays as it is.
const PERIOD: Duration = Duration::from_secs(1);
/// Time between two searches through all players, and the most at once. A search through 100,000 players takes some
/// milliseconds, in which no other request is served.
const SEARCH_INTERVAL: Duration = Duration::from_millis(200);
const SEARCH_BURST: u32 = 10;
/// End of a name whose player does not want to appear on public pages.
const PRIVATE: &str = "[private]";

/// Descriptions of the public API.
pub(super) const OPERATIONS: [Operation; 6] = [
    public("/api/v1/status", "Returns the public status. Rendered at most once a second.")
        .returns::<view::Status<'_>>(),
    public(
        "/api/v1/leaderboard",
        "Returns at most 50 places from `start` (from 1) on; with `around`, those around a player's number; with \
         `search`, those whose name contains a text or whose number in the game it is.",
    )
    .with_query(&["start", "around", "search"])
    .returns::<view::Leaderboard<'_>>()
    .fails_with(&[Status::NOT_FOUND, Status::TOO_MANY_REQUESTS]),
    public("/api/v1/players/{user_id}", "Returns a player.")
        .returns::<view::PlayerPage<'_>>()
        .fails_with(&[Status::NOT_FOUND]),
    public("/api/v1/seasons", "Returns the seasons that have ended, the latest first.")
        .returns::<Vec<view::PastSeason>>(),
    public("/api/v1/seasons/{season}", "Returns the first 100 places at the end of a season.")
        .returns::<view::FinalStandings<'_>>()
        .fails_with(&[Status::NOT_FOUND]),
    public("/api/v1/week", "Returns the mean number of players, in tenths, at each hour from Monday, 00:00 UTC.")
        .returns::<Vec<u32>>(),
];

const fn public(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::Get, path, summary).with_access(RequiredAccess::Public)
}

/// State of the public pages.
#[derive(Debug)]
pub(super) struct Public {
    live: Option<Live>,
    searches: RateLimiter<()>,
    pub(super) week: Week,
}

/// The part of the pages that changes by itself.
#[derive(Clone, Debug)]
struct Live {
    /// Time at which it was rendered.
    at: Monotonic,
    /// The status as JSON.
    status: Arc<[u8]>,
    /// The same for the page at `/`, as HTML.
    front: Arc<[u8]>,
}

impl Default for Public {
    fn default() -> Self {
        Self {
            live: None,
            searches: RateLimiter::every(SEARCH_INTERVAL, SEARCH_BURST),
            week: Week::default(),
        }
    }
}

/// Reason why a public page cannot be shown.
#[derive(Clone, Copy, Debug)]
struct Missing {
    status: Status,
    text: &'static str,
}

const NOT_FOUND: Missing = Missing {
    status: Status::NOT_FOUND,
    text: "This server has nothing here: no such player, season or race night.",
};
const TOO_MANY_SEARCHES: Missing = Missing {
    status: Status::TOO_MANY_REQUESTS,
    text: "Many people are searching at the moment. Try again in a few seconds.",
};

impl Mmcos {
    /// Serves a public request. Returns the exchange if the request is for something else.
    pub(super) fn visit(
        &mut self,
        cx: &mut Context<'_, Self>,
        request: &Request<'_>,
        exchange: Exchange,
    ) -> Option<Exchange> {
        let is_public = self.settings.public_pages;
        if request.path() == "/" {
            // The host's page at `/` shows this part above the instructions.
            let front = if is_public { self.live(cx).front } else { Arc::default() };
            self.operator.desk.set_front(front);
        }
        if !is_public && request.path() != "/privacy" {
            return Some(exchange);
        }
        let Some(mut answer) = self.page(cx, request.path(), request.query()) else { return Some(exchange) };
        if !matches!(request.method(), Method::Get | Method::Head) {
            answer = AdminResponse::error(Status::METHOD_NOT_ALLOWED, "this path can only be read")
                .with("Allow", "GET, HEAD");
        }
        answer.send(|response| cx.respond(exchange, response));
        None
    }

    fn page(&mut self, cx: &Context<'_, Self>, path: &str, query: Option<&str>) -> Option<AdminResponse> {
        let (folder, name) = path.rsplit_once('/').filter(|(_, name)| !name.is_empty())?;
        let query = Query::parse(query);
        let elsewhere = |answer: AdminResponse| {
            answer.with("Cache-Control", "public, max-age=5").with("Access-Control-Allow-Origin", "*")
        };
        let json = |value: Result<AdminResponse, Missing>| {
            elsewhere(value.unwrap_or_else(|missing| AdminResponse::error(missing.status, missing.text)))
        };
        let html = |title: &str, content: Result<maud::Markup, Missing>| match content {
            Ok(content) => html(&page::whole(title, &content)),
            Err(missing) => {
                html(&page::whole(missing.text, &page::missing(missing.text))).of_status(missing.status)
            }
        };
        Some(match (folder, name) {
            ("", "play.css") => file("text/css; charset=utf-8", include_str!("style.css")),
            ("", "play.js") => file("text/javascript; charset=utf-8", include_str!("script.js")),
            ("", "now") => AdminResponse::new("text/html; charset=utf-8", self.live(cx).front),
            ("/api/v1", "status") => elsewhere(AdminResponse::new("application/json", self.live(cx).status)),
            ("", "badge.svg") => {
                let searching = self.public_status(cx).searching;
                let svg = badge::svg(&searching, query.get("mode"));
                elsewhere(AdminResponse::new("image/svg+xml", svg.into_bytes().into()))
            }
            ("", "nights.ics") => json(
                self.nights_calendar(cx.now().wall)
                    .ok_or(NOT_FOUND)
                    .map(|text| AdminResponse::new("text/calendar; charset=utf-8", text.into_bytes().into())),
            ),
            ("", "leaderboard") => {
                let found = self.find_places(cx, &query);
                html("Leaderboard", found.map(|view| page::leaderboard(&view, &query)))
            }
            ("/players", user) => {
                let found = self.public_player(user);
                let title = found.as_ref().map_or("Player", |view| view.name);
                html(title, found.as_ref().map(page::player).map_err(|missing| *missing))
            }
            ("", "privacy") => html("Privacy", Ok(privacy::page(&self.settings))),
            ("", "seasons") => html("Past seasons", Ok(page::seasons(&self.past_seasons()))),
            ("/seasons", season) => {
                html("Season", self.final_standings(season).map(|view| page::final_standings(&view)))
            }
            ("/api/v1", "leaderboard") => {
                json(self.find_places(cx, &query).map(|view| AdminResponse::json(&view)))
            }
            ("/api/v1/players", user) => {
                json(self.public_player(user).map(|view| AdminResponse::json(&view)))
            }
            ("/api/v1", "seasons") => json(Ok(AdminResponse::json(&self.past_seasons()))),
            ("/api/v1/seasons", season) => {
                json(self.final_standings(season).map(|view| AdminResponse::json(&view)))
            }
            ("/api/v1", "week") => json(Ok(AdminResponse::json(&self.public.week.means()))),
            _ => return None,
        })
    }

    /// Returns the live part, rendered once per [`PERIOD`] at most.
    fn live(&mut self, cx: &Context<'_, Self>) -> Live {
        let now = cx.now().monotonic;
        if let Some(live) = self.public.live.as_ref().filter(|live| now.since(live.at) < PERIOD) {
            return live.clone();
        }
        let status = self.public_status(cx);
        let json = serde_json::to_vec(&status).unwrap_or_default();
        let html = page::live(&status, &self.public.week.means(), cx.now().wall).into_string();
        let live = Live { at: now, status: json.into(), front: html.into_bytes().into() };
        self.public.live = Some(live.clone());
        live
    }

    /// Returns the public status.
    fn public_status(&self, cx: &Context<'_, Self>) -> view::Status<'_> {
        let now = cx.now();
        let names = self.settings.public_names.then(|| {
            let online =
                self.sessions.presence.online(now.wall).filter_map(|(user, _)| self.players().get(user));
            let names = online.filter(|player| is_public(player)).map(|player| player.profile.name.as_str());
            names.take(usize::try_from(ROWS).unwrap_or(usize::MAX)).collect()
        });
        let event = self.events().at(now.wall).or_else(|| self.events().next(now.wall));
        view::Status {
            version: INFO.version,
            maintenance: self.is_closed(now.wall),
            message: self.message(cx.now()),
            players: self.sessions.presence.count(now.wall),
            names,
            searching: operator::searching(self.matchmaker(), now),
            matches: u32::try_from(operator::under_way(self.matchmaker()).count()).unwrap_or(u32::MAX),
            season: view::Season {
                id: self.standings.season().id.0,
                active: self.standings.season().is_active(now.wall),
                ends: self.standings.season().inactive_from.as_secs(),
                next: self.standings.season().next_starts.as_secs(),
            },
            mode_of_the_day: self.mode_of_the_day(now.wall).map(|mode| mode.title),
            night: self.race_night(now.wall),
            event: event.map(|run| view::Event {
                name: run.event.as_str(),
                on: run.starts <= now.wall,
                starts: run.starts.as_secs(),
                ends: run.ends.as_secs(),
            }),
            clock_trouble: cx.clock().trouble().map(|doubted| doubted.to_string()),
        }
    }

    /// Returns the race night that is on, or the next one.
    pub(super) fn race_night(&self, now: Wall) -> Option<view::RaceNight> {
        let night = self.nights().at(now).or_else(|| self.nights().next(now))?;
        Some(view::RaceNight {
            on: night.starts <= now,
            starts: night.starts.as_secs(),
            ends: night.ends.as_secs(),
        })
    }

    /// Counts the hour that has passed, and persists its count.
    pub(super) fn follow_week(&mut self, cx: &mut Context<'_, Self>) {
        // Counts are not worth holding back a response until they can be stored.
        if cx.storage() != Storage::Available {
            return;
        }
        let now = cx.now().wall;
        for hour in self.public.week.pass(now, || self.sessions.presence.count(now)) {
            cx.record(Record::Hour(hour));
        }
    }

    fn find_places(
        &mut self,
        cx: &Context<'_, Self>,
        query: &Query,
    ) -> Result<view::Leaderboard<'_>, Missing> {
        let total = self.players().ranking().len();
        let search = query.get("search").map(str::trim).filter(|text| !text.is_empty());
        if let Some(text) = search {
            let limit = self.public.searches.take((), cx.now().monotonic);
            limit.map_err(|_| TOO_MANY_SEARCHES)?;
            return Ok(view::Leaderboard { players: total, start: 1, rows: self.named(text) });
        }
        let start = match query.get("around") {
            Some(user) => {
                let user = user.parse().ok().map(UserId).ok_or(NOT_FOUND)?;
                self.players().rank_of(user).ok_or(NOT_FOUND)?.saturating_sub(ROWS / 2)
            }
            None => {
                query.get("start").and_then(|start| start.parse::<u32>().ok()).unwrap_or(1).saturating_sub(1)
            }
        };
        let players = self.players().leaderboard(start, ROWS);
        let rows = (start..).zip(players).map(|(rank, player)| place(rank, player)).collect();
        Ok(view::Leaderboard { players: total, start: start.saturating_add(1), rows })
    }

    /// Returns the places of players with this text in their name, or with this number in the game.
    fn named(&self, text: &str) -> Vec<view::Place<'_>> {
        let needle = Needle::new(text);
        let is_found = |player: &&Player| {
            is_public(player)
                && (needle.is_in(player.profile.name.as_str())
                    || player.user_facing_id().as_str().eq_ignore_ascii_case(needle.as_str()))
        };
        let mut places: Vec<_> = self
            .players()
            .iter()
            .filter(is_found)
            .filter_map(|player| Some((self.players().rank_of(player.user_id)?, player)))
            .collect();
        places.sort_unstable_by_key(|(rank, _)| *rank);
        let rows = usize::try_from(ROWS).unwrap_or(usize::MAX);
        places.into_iter().take(rows).map(|(rank, player)| place(rank, player)).collect()
    }

    fn public_player(&self, user: &str) -> Result<view::PlayerPage<'_>, Missing> {
        let user = user.parse().map(UserId).map_err(|_| NOT_FOUND)?;
        let player = self.players().get(user).filter(|player| is_public(player)).ok_or(NOT_FOUND)?;
        let rank = self.players().rank_of(user).ok_or(NOT_FOUND)?;
        let latest = self.matchmaking.matches().latest().take(SEARCHED);
        let own = latest.flat_map(|(race, results)| {
            results.iter().filter(|result| result.user == user).map(move |result| (race, result))
        });
        let results = own.take(RESULTS).map(|(race, result)| view::Result {
            // The hour of a match would tell when a player is online.
            day: view::day(result.at),
            mode: race.mode.game_type.0.as_str(),
            change: result.counted.0,
            points: result.progress.after.points.0,
        });
        let seasons = self.standings.podiums().rev().filter_map(|podium| past_place(podium, user));
        Ok(view::PlayerPage {
            name: player.profile.name.as_str(),
            rank: rank.saturating_add(1),
            points: player.standing.points.0,
            division: player.standing.division.0,
            level: player.profile.level.get(),
            prestige: player.profile.prestige.get(),
            matches: player.profile.games,
            since: view::day(player.profile.first_seen),
            results: results.collect(),
            seasons: seasons.collect(),
            user_id: user.0,
        })
    }

    fn past_seasons(&self) -> Vec<view::PastSeason> {
        let seasons = self.standings.podiums().rev();
        seasons
            .map(|podium| view::PastSeason { season: podium.season.0, places: podium.places.len() })
            .collect()
    }

    fn final_standings(&self, season: &str) -> Result<view::FinalStandings<'_>, Missing> {
        let season = season.parse().map(SeasonId).map_err(|_| NOT_FOUND)?;
        let podium = self.standings.podiums().find(|podium| podium.season == season).ok_or(NOT_FOUND)?;
        let rows = (0..).zip(&podium.places).map(|(rank, place)| view::Place {
            rank: u32::saturating_add(rank, 1),
            user_id: is_public_name(place.name.as_str()).then_some(place.user.0),
            name: public_name(place.name.as_str()),
            points: place.points.0,
            division: place.division.0,
        });
        Ok(view::FinalStandings { season: season.0, rows: rows.collect() })
    }
}

pub(crate) fn past_place(podium: &Podium, user: UserId) -> Option<view::PastPlace> {
    let (rank, place) = podium.of(user)?;
    let (season, points, division) = (podium.season.0, place.points.0, place.division.0);
    Some(view::PastPlace { season, rank, points, division })
}

fn place(rank: u32, player: &Player) -> view::Place<'_> {
    view::Place {
        rank: rank.saturating_add(1),
        user_id: is_public(player).then_some(player.user_id.0),
        name: public_name(player.profile.name.as_str()),
        points: player.standing.points.0,
        division: player.standing.division.0,
    }
}

fn is_public(player: &Player) -> bool {
    is_public_name(player.profile.name.as_str())
}

fn is_public_name(name: &str) -> bool {
    !name.ends_with(PRIVATE)
}

fn public_name(name: &str) -> &str {
    if is_public_name(name) { name } else { "Private player" }
}

fn html(page: &maud::Markup) -> AdminResponse {
    let text: String = page.0.clone();
    AdminResponse::new("text/html; charset=utf-8", text.into_bytes().into())
        .with("Cache-Control", "public, max-age=5")
}

fn file(content_type: &'static str, text: &str) -> AdminResponse {
    AdminResponse::new(content_type, text.as_bytes().into()).with("Cache-Control", "no-cache")
}
