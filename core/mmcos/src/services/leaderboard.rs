//! `LeaderboardService`: `GetElite`, `GetFriends`, `GetEliteRank` (captures 11, 12).

use alloc::{borrow::Cow, sync::Arc, vec::Vec};

use serde::Deserialize;

use super::response::{Response, Served, writer};
use crate::{
    Mmcos, Rejection,
    ids::Points,
    players::{Player, Players},
};
use mmcos_core::{
    service::Context,
    wire::{
        steam::SteamId,
        xml::{self, Writer},
    },
};

/// The longest page; the game asks for 100.
const LONGEST_PAGE: u32 = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetElite<'a> {
    #[serde(borrow)]
    session_token: Cow<'a, str>,
    start_rank: u32,
    num_results: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetEliteRank<'a> {
    #[serde(borrow)]
    session_token: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetFriends<'a> {
    #[serde(borrow)]
    session_token: Cow<'a, str>,
    platform_ids: PlatformIds,
    max_entries: Option<u32>,
}

#[derive(Deserialize)]
struct PlatformIds {
    #[serde(rename = "PlatformIdEntry", default)]
    entries: Vec<PlatformIdEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PlatformIdEntry {
    platform_id: SteamId,
}

/// The page that was requested last: mostly the first hundred, which every player requests on opening the menu.
#[derive(Debug, Default)]
pub(crate) struct Leaderboards {
    page: Option<Page>,
}

#[derive(Debug)]
struct Page {
    start: u32,
    length: u32,
    text: Arc<[u8]>,
}

impl Leaderboards {
    /// Drops the page, because something that a leaderboard shows has changed.
    pub(crate) fn changed(&mut self) {
        self.page = None;
    }

    fn page(&mut self, players: &Players, start: u32, length: u32) -> Arc<[u8]> {
        if let Some(page) = self.page.as_ref().filter(|page| (page.start, page.length) == (start, length)) {
            return Arc::clone(&page.text);
        }
        let mut xml = Writer::new(Vec::new());
        open(&mut xml, players.leaderboard(start, length));
        let text: Arc<[u8]> = xml.into_bytes().into();
        self.page = Some(Page { start, length, text: Arc::clone(&text) });
        text
    }
}

impl Mmcos {
    pub(crate) fn get_elite(&mut self, cx: &Context<'_, Self>, body: &[u8]) -> Served {
        let request: GetElite<'_> = xml::from_bytes(body, "GetElite", &self.settings.xml())?;
        let user = self.authenticate(cx, &request.session_token)?.user;
        let page = self.leaderboards.page(
            self.standings.players(),
            request.start_rank,
            request.num_results.min(LONGEST_PAGE),
        );
        let mut xml = writer();
        let (player, rank) = self.standings.ranked(user)?;
        close(&mut xml, rank, player.standing.points);
        Ok(Response::shared_xml(page, xml))
    }

    /// Responds to `GetEliteRank`, known by name only, as [`Mmcos::get_elite`] does, but without entries: our choice.
    pub(crate) fn get_elite_rank(&mut self, cx: &Context<'_, Self>, body: &[u8]) -> Served {
        let request: GetEliteRank<'_> = xml::from_bytes(body, "GetEliteRank", &self.settings.xml())?;
        let user = self.authenticate(cx, &request.session_token)?.user;
        let mut xml = writer();
        let (player, rank) = self.standings.ranked(user)?;
        open(&mut xml, core::iter::empty());
        close(&mut xml, rank, player.standing.points);
        Ok(Response::xml(xml))
    }

    pub(crate) fn get_friends(&mut self, cx: &Context<'_, Self>, body: &[u8]) -> Served {
        let request: GetFriends<'_> = xml::from_bytes(body, "GetFriends", &self.settings.xml())?;
        let user = self.authenticate(cx, &request.session_token)?.user;
        let mut xml = writer();
        let ids = request.platform_ids.entries.iter().map(|entry| entry.platform_id);
        let friends = self.players().friends(user, ids).ok_or(Rejection::UnknownAccount)?;
        let most = request.max_entries.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        open(&mut xml, friends.players.into_iter().take(most));
        let (player, _) = self.standings.ranked(user)?;
        close(&mut xml, friends.rank, player.standing.points);
        Ok(Response::xml(xml))
    }
}

fn open<'a>(xml: &mut Writer, players: impl Iterator<Item = &'a Player>) {
    xml.root("LeaderboardEntries");
    let mut players = players.peekable();
    if players.peek().is_none() {
        return xml.empty("Entries");
    }
    xml.open("Entries");
    for player in players {
        entry(xml, player);
    }
    xml.close("Entries");
}

fn entry(xml: &mut Writer, player: &Player) {
    xml.open("LeaderboardEntry");
    xml.number("Division", player.standing.division.0);
    xml.text("Name", player.profile.name.as_str());
    xml.number("PlatformID", player.steam_id.get());
    xml.text("PlatformType", "Steam");
    xml.number("Points", player.standing.points.0);
    xml.text("Title", player.profile.title.as_str());
    xml.number("UntrustedLevel", player.profile.level.get());
    xml.number("UntrustedPrestige", player.profile.prestige.get());
    xml.number("UserID", player.user_id.0);
    xml.close("LeaderboardEntry");
}

fn close(xml: &mut Writer, rank: u32, score: Points) {
    xml.nil("Error");
    xml.number("PlayerRank", rank);
    xml.number("PlayerScore", score.0);
    xml.close("LeaderboardEntries");
}
