//! The public pages as HTML. Templates escape all text, and names stand in `bdi`, so that their direction stays their
//! own.

use alloc::{format, string::String, vec::Vec};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use mmcos_core::{calendar::UtcText, seam::Wall};

use super::{
    PRIVATE, ROWS,
    query::Query,
    view::{FinalStandings, Leaderboard, PastSeason, Place, PlayerPage, Season, Status},
};
use crate::host::info::INFO;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Number of shades of the heat map, without that of an hour without players.
const SHADES: u32 = 5;

/// Returns a whole page.
pub(super) fn whole(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – " (INFO.title) }
                link rel="stylesheet" href="/play.css";
                link rel="icon" href="/favicon.ico";
                script src="/play.js" defer {}
            }
            body {
                header {
                    nav aria-label="Pages" {
                        a href="/" { "Play" } " "
                        a href="/leaderboard" { "Leaderboard" } " "
                        a href="/seasons" { "Past seasons" }
                    }
                }
                main { (content) }
                footer {
                    p {
                        "To hide your name here, add " code { (PRIVATE) } " to the end of your name on Steam, and log \
                         in once."
                    }
                    p { a href="/privacy" { "What this server stores about you" } }
                    p { (INFO.page.notice) }
                }
            }
        }
    }
}

/// Returns the content of a page that does not exist.
pub(super) fn missing(text: &str) -> Markup {
    html! { h1 { (text) } p { a href="/leaderboard" { "Go to the leaderboard" } } }
}

/// Returns the live part of the first page.
pub(super) fn live(status: &Status<'_>, week: &[u32], now: Wall) -> Markup {
    html! {
        section #now data-live="/now" aria-labelledby="now-title" {
            h2 #now-title { "Right now" }
            @if status.maintenance {
                p.attention { "Closed for maintenance: logins are refused. Players who are logged in play on." }
            }
            @if let Some(message) = &status.message { p.message { (message) } }
            p role="status" aria-atomic="true" {
                strong { (status.players) } (plural(status.players, " player", " players")) " online, "
                strong { (status.matches) } (plural(status.matches, " match", " matches")) " under way."
            }
            @if status.searching.is_empty() {
                p { "No player is searching at the moment. Be the first: the next player will find you." }
            } @else {
                table {
                    caption { "Searching for opponents" }
                    (head(&["Mode", "Players", "Longest wait"]))
                    tbody {
                        @for row in &status.searching {
                            tr { td { bdi { (row.mode) } } td { (row.players) } td { (wait(row.since, now)) } }
                        }
                    }
                }
            }
            @if let Some(names) = status.names.as_ref().filter(|names| !names.is_empty()) {
                p { "Online:" @for name in names { " " bdi.name { (name) } } }
            }
            @if let Some(mode) = status.mode_of_the_day { p { "Mode of the day: " strong { (mode) } "." } }
            @if let Some(night) = &status.night {
                p {
                    @if night.on { "It is " strong { "race night" } " until " (time(night.ends)) "." }
                    @else { "Next " strong { "race night" } ": " (time(night.starts)) "." }
                    " " a href="/nights.ics" { "Add to your calendar" }
                }
            }
            (season(&status.season))
            @if let Some(event) = &status.event {
                p {
                    "Special event " strong { (event.name) }
                    @if event.on { " is on until " (time(event.ends)) "." }
                    @else { " begins " (time(event.starts)) "." }
                }
            }
            (heat_map(week))
            p { a href="/leaderboard" { "Leaderboard" } " · " a href="/seasons" { "Past seasons" } }
        }
        link rel="stylesheet" href="/play.css";
        script src="/play.js" defer {}
    }
}

fn season(season: &Season) -> Markup {
    html! {
        p {
            "Season " (season.id)
            @if season.active { " ends " (time(season.ends)) "." }
            @else { " has ended; the next begins " (time(season.next)) "." }
        }
    }
}

/// Returns the hours of the week as a table. The script moves it into the visitor's time zone.
fn heat_map(week: &[u32]) -> Markup {
    let most = week.iter().copied().max().unwrap_or_default();
    if most == 0 {
        return html! {};
    }
    let data: Vec<String> = week.iter().map(|tenths| format!("{tenths}")).collect();
    html! {
        details.week {
            summary { "When people play" }
            table #week data-week=(data.join(",")) {
                caption { "Mean number of players by hour, " span { "UTC" } }
                thead { tr { th scope="col" { "Hour" } @for day in DAYS { th scope="col" { (day) } } } }
                tbody {
                    @for hour in 0..24_usize {
                        tr {
                            th scope="row" { (hour) }
                            @for day in 0..7_usize {
                                @let at = day.saturating_mul(24).saturating_add(hour);
                                @let tenths = week.get(at).copied().unwrap_or_default();
                                td class=(format!("shade{}", shade(tenths, most))) { (tenths.saturating_add(5) / 10) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns 0 for no players, and 1 to [`SHADES`] for more.
fn shade(tenths: u32, most: u32) -> u32 {
    tenths.saturating_mul(SHADES).div_ceil(most.max(1))
}

/// Returns a part of the leaderboard, with a search.
pub(super) fn leaderboard(view: &Leaderboard<'_>, query: &Query) -> Markup {
    let search = query.get("search").unwrap_or_default();
    let previous = view.start.saturating_sub(ROWS).max(1);
    let next = view.start.saturating_add(ROWS);
    html! {
        h1 { "Leaderboard" }
        form role="search" action="/leaderboard" {
            label {
                "Player, by name or number in the game "
                input type="search" name="search" value=(search) maxlength="40";
            }
            " " button { "Search" }
        }
        @if view.rows.is_empty() {
            @if search.is_empty() { p { "There are no places yet: play a match, and you are the first." } }
            @else { p { "No player has this name. A part of the name is enough." } }
        } @else {
            (places(&view.rows))
        }
        @if search.is_empty() {
            p {
                (view.players) (plural(view.players, " player", " players")) ". "
                @if view.start > 1 { a href={ "/leaderboard?start=" (previous) } rel="prev" { "Previous places" } " " }
                @if next <= view.players { a href={ "/leaderboard?start=" (next) } rel="next" { "Next places" } }
            }
        } @else {
            p { a href="/leaderboard" { "All places" } }
        }
    }
}

fn places(rows: &[Place<'_>]) -> Markup {
    html! {
        table {
            (head(&["Rank", "Player", "Points", "Division"]))
            tbody {
                @for row in rows {
                    tr {
                        td { (row.rank) }
                        td {
                            @if let Some(user) = row.user_id { a href={ "/players/" (user) } { bdi { (row.name) } } }
                            @else { (row.name) }
                        }
                        td { (row.points) }
                        td { (row.division) }
                    }
                }
            }
        }
    }
}

/// Returns the page of a player.
pub(super) fn player(view: &PlayerPage<'_>) -> Markup {
    html! {
        h1 { bdi { (view.name) } }
        p {
            "Rank " strong { (view.rank) } " with " strong { (view.points) } " points in division " (view.division) ". "
            a href={ "/leaderboard?around=" (view.user_id) } { "Places around" }
        }
        p {
            "Level " (view.level) @if view.prestige > 0 { ", prestige " (view.prestige) } ". "
            (view.matches) (plural(view.matches, " match", " matches")) " that counted; here since " (view.since) "."
        }
        h2 { "Recent matches" }
        @if view.results.is_empty() {
            p { "No recent matches are known." }
        } @else {
            table {
                (head(&["Day (UTC)", "Mode", "Change", "Points"]))
                tbody {
                    @for row in &view.results {
                        tr {
                            td { (row.day) }
                            td { bdi { (row.mode) } }
                            td { (format!("{:+}", row.change)) }
                            td { (row.points) }
                        }
                    }
                }
            }
        }
        @if !view.seasons.is_empty() {
            h2 { "Past seasons" }
            table {
                (head(&["Season", "Rank", "Points", "Division"]))
                tbody {
                    @for row in &view.seasons {
                        tr {
                            td { a href={ "/seasons/" (row.season) } { (row.season) } }
                            td { (row.rank) }
                            td { (row.points) }
                            td { (row.division) }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the list of seasons that have ended.
pub(super) fn seasons(seasons: &[PastSeason]) -> Markup {
    html! {
        h1 { "Past seasons" }
        @if seasons.is_empty() { p { "No season has ended on this server yet." } }
        ul { @for past in seasons { li { a href={ "/seasons/" (past.season) } { "Season " (past.season) } } } }
    }
}

/// Returns the final standings of a season.
pub(super) fn final_standings(view: &FinalStandings<'_>) -> Markup {
    html! {
        h1 { "Season " (view.season) }
        @if view.rows.is_empty() { p { "No player has a place in this season." } } @else { (places(&view.rows)) }
        p { a href="/seasons" { "All past seasons" } }
    }
}

/// Returns a moment, which the script shows in the visitor's time zone, with a countdown.
fn time(seconds: i64) -> Markup {
    let text = UtcText::from(Wall::from_secs(seconds));
    let (day, rest) = text.as_str().split_once('T').unwrap_or_default();
    html! { time datetime=(text) { (day) " " (rest.get(..5).unwrap_or_default()) " UTC" } }
}

fn head(names: &[&str]) -> Markup {
    html! { thead { tr { @for name in names { th scope="col" { (name) } } } } }
}

fn wait(since: i64, now: Wall) -> String {
    let seconds = now.as_secs().saturating_sub(since).max(0);
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min", seconds / 60) }
}

const fn plural(number: u32, one: &'static str, more: &'static str) -> PreEscaped<&'static str> {
    PreEscaped(if number == 1 { one } else { more })
}
