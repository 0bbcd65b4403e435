//! The game's configuration at a moment: the part of the login response that is the same for all players.

use alloc::{sync::Arc, vec::Vec};
use core::ops::Range;

use crate::{
    Event, Mmcos, Record,
    catalogue::{EventName, Schedule, render_game_configuration},
    session_token::Session,
    special_events::ByHand,
};
use mmcos_core::{
    calendar::{Date, UtcText},
    seam::Wall,
    service::Context,
    wire::xml::Writer,
};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// The configuration as last rendered.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    text: Arc<[u8]>,
    hash: i32,
    valid: Range<Wall>,
}

impl Mmcos {
    /// Starts an event for an operator, in place of any that runs; see
    /// [`Events::start`](crate::special_events::Events::start).
    pub fn start_event(&mut self, cx: &mut Context<'_, Self>, event: EventName, until: Wall) {
        let by_hand = self.events.start(cx.now().wall, event, until);
        self.keep_event(cx, by_hand);
    }

    /// Stops the event that runs, for an operator; see [`Events::stop`](crate::special_events::Events::stop).
    pub fn stop_event(&mut self, cx: &mut Context<'_, Self>) {
        let by_hand = self.events.stop(cx.now().wall);
        self.keep_event(cx, by_hand);
    }

    fn keep_event(&mut self, cx: &mut Context<'_, Self>, by_hand: ByHand) {
        self.game_configuration = None;
        cx.record(Record::EventByHand(by_hand));
        cx.log(Event::EventByHand(by_hand));
    }

    /// Returns the start of `LoginDetails`, and the `Hash` in it. Renders it anew when something in it has changed:
    /// once a day for its dates, and when an event starts or ends.
    pub(crate) fn game_configuration(&mut self, now: Wall) -> (Arc<[u8]>, i32) {
        let rendered = match self.game_configuration.take().filter(|rendered| rendered.valid.contains(&now)) {
            Some(rendered) => rendered,
            None => self.render(now),
        };
        let Rendered { text, hash, .. } = self.game_configuration.insert(rendered);
        (Arc::clone(text), *hash)
    }

    /// Returns true if a login now would give the player another configuration than the login that began the session:
    /// an event has started or ended, the operator has changed a setting, or another season has begun.
    pub(crate) fn game_configuration_changed(&mut self, session: &Session, now: Wall) -> bool {
        session.issued < self.season.starts || session.configuration != self.game_configuration(now).1
    }

    fn render(&self, now: Wall) -> Rendered {
        let today = Date::of(now).start();
        let tomorrow = Wall::from_millis(today.as_millis().saturating_add(DAY));
        let next_event = self.events.next(now).map_or(today, |run| run.starts);
        let dates = [next_event, self.season.next_starts, self.season.next_inactive(now)].map(UtcText::from);
        let [next_event, next_active, next_inactive] = dates.each_ref().map(UtcText::as_str);
        let catalogue = &self.catalogue;
        let schedule = Schedule {
            event: self.events.at(now).and_then(|run| catalogue.playlists.event(run.event)),
            next_event,
            next_active_season: next_active,
            next_inactive_season: next_inactive,
        };
        let mut xml = Writer::new(Vec::with_capacity(64 * 1024));
        xml.root("LoginDetails");
        xml.nil("Error");
        let hash = render_game_configuration(catalogue, &schedule, self.settings.search_seconds(), &mut xml);
        let next_change = self.events.next_change(now).map_or(tomorrow, |change| change.min(tomorrow));
        Rendered { text: xml.into_bytes().into(), hash, valid: now..next_change }
    }
}
