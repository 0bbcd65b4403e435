//! The game's configuration at a moment: the part of the login response that is the same for all players. It changes
//! with the calendar and with special events.

use alloc::{sync::Arc, vec::Vec};
use core::ops::Range;

use crate::{
    LogEvent, Mmcos, Record, Settings,
    catalogue::{Catalogue, Schedule, render_game_configuration},
    plans::Plans,
    seasons::Season,
    session_token::Session,
    special_events::{ByHand, Events, Plan},
};
use mmcos_core::{
    calendar::{Date, UtcText},
    seam::Wall,
    service::Context,
    wire::xml::Writer,
};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Special events but for the plans, and the configuration as last rendered.
#[derive(Debug)]
pub(crate) struct GameConfiguration {
    /// The setting `events`.
    events: Plan,
    by_hand: Option<ByHand>,
    rendered: Option<Rendered>,
}

#[derive(Clone, Debug)]
struct Rendered {
    text: Arc<[u8]>,
    hash: i32,
    valid: Range<Wall>,
}

/// Everything that a configuration shows beside special events.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) settings: &'a Settings,
    pub(crate) season: &'a Season,
    pub(crate) plans: &'a Plans,
    /// True if calls reach friends.
    pub(crate) has_webhook: bool,
}

impl Sources<'_> {
    /// Returns the time for which a game that logs in now searches before it offers AI, in seconds.
    pub(crate) fn ai_after_seconds(&self, now: Wall) -> u32 {
        let usual = self.settings.ai_after_seconds(self.has_webhook);
        let is_night = self.settings.nights.at(now).is_some();
        if is_night { usual.max(self.settings.night_search_seconds()) } else { usual }
    }
}

impl GameConfiguration {
    pub(crate) fn new(events: Plan) -> Self {
        Self { events, by_hand: None, rendered: None }
    }

    /// Returns the calendar of special events, with these plans.
    pub(crate) const fn events<'a>(&'a self, plans: &'a Plans) -> Events<'a> {
        Events { setting: &self.events, plans, by_hand: self.by_hand }
    }

    /// Starts or stops a special event for an operator.
    pub(crate) fn intervene(&mut self, cx: &mut Context<'_, Mmcos>, by_hand: ByHand) {
        self.restore(by_hand);
        cx.record(Record::EventByHand(by_hand));
        cx.log(LogEvent::EventByHand(by_hand));
    }

    /// Restores the last intervention of an operator.
    pub(crate) fn restore(&mut self, by_hand: ByHand) {
        self.by_hand = Some(by_hand);
        self.rendered = None;
    }

    /// Drops the rendered configuration, because a setting, a plan or the season has changed.
    pub(crate) fn changed(&mut self) {
        self.rendered = None;
    }

    /// Returns the start of `LoginDetails`, and the `Hash` in it. Renders it anew when something in it has changed:
    /// once a day for its dates, and when a special event starts or ends.
    pub(crate) fn at(&mut self, now: Wall, sources: Sources<'_>) -> (Arc<[u8]>, i32) {
        let rendered = match self.rendered.take().filter(|rendered| rendered.valid.contains(&now)) {
            Some(rendered) => rendered,
            None => self.render(now, sources),
        };
        let Rendered { text, hash, .. } = self.rendered.insert(rendered);
        (Arc::clone(text), *hash)
    }

    /// Returns true if a login now would give the player another configuration than the login that began the session:
    /// a special event has started or ended, the operator has changed a setting, or another season has begun.
    pub(crate) fn is_news_to(&mut self, session: &Session, now: Wall, sources: Sources<'_>) -> bool {
        session.issued < sources.season.starts || session.configuration != self.at(now, sources).1
    }

    fn render(&self, now: Wall, sources: Sources<'_>) -> Rendered {
        let Sources { catalogue, settings, season, .. } = sources;
        let events = self.events(sources.plans);
        let today = Date::of(now).start();
        let tomorrow = Wall::from_millis(today.as_millis().saturating_add(DAY));
        let next_event = events.next(now).map_or(today, |run| run.starts);
        let dates = [next_event, season.next_starts, season.next_inactive(now)].map(UtcText::from);
        let [next_event, next_active, next_inactive] = dates.each_ref().map(UtcText::as_str);
        let schedule = Schedule {
            event: events.at(now).and_then(|run| catalogue.playlists.event(run.event)),
            next_event,
            next_active_season: next_active,
            next_inactive_season: next_inactive,
        };
        let mut xml = Writer::new(Vec::with_capacity(64 * 1024));
        xml.root("LoginDetails");
        xml.nil("Error");
        let hash = render_game_configuration(catalogue, &schedule, sources.ai_after_seconds(now), &mut xml);
        let nights = &settings.nights;
        let nights = [nights.at(now).map(|night| night.ends), nights.next(now).map(|night| night.starts)];
        let changes = nights.into_iter().chain([events.next_change(now)]).flatten();
        let next_change = changes.fold(tomorrow, core::cmp::Ord::min);
        Rendered { text: xml.into_bytes().into(), hash, valid: now..next_change }
    }
}
