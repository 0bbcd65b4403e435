//! Race nights: the changes when one begins or ends, and the news before.

use alloc::string::String;
use core::time::Duration;

use mmcos_core::{engine::TimerId, seam::Wall, service::Context};

use crate::{
    LogEvent, Mmcos, Timer,
    nights::{Night, Nights},
};

/// Times before a night at which friends are told, in minutes.
const NOTICES: [i64; 2] = [60, 5];

/// Time after the moment of a notice within which it is still told: a server that starts later leaves it out.
const NOTICE_MILLIS: i64 = 2 * MINUTE_MILLIS;

const MINUTE_MILLIS: i64 = 60_000;

/// Longest time between two looks at the wall clock, which may jump.
const LOOK: Duration = Duration::from_mins(10);

/// The night that is on or comes next, as last seen.
#[derive(Debug, Default)]
pub(crate) struct NightWatch {
    /// The night that is on.
    current: Option<Night>,
    /// Begin of the last night that was told of, and the minutes before it.
    told: Option<(Wall, i64)>,
    timer: Option<TimerId>,
}

/// News of a night.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NightNews {
    /// It begins in so many minutes.
    Soon(i64),
    /// It has begun.
    Began,
    /// It has ended.
    Ended,
}

impl Mmcos {
    /// Returns the race nights.
    pub fn nights(&self) -> &Nights {
        &self.settings.nights
    }

    /// Returns true while a night is on.
    pub(crate) const fn is_night(&self) -> bool {
        self.night_watch.current.is_some()
    }

    /// Follows the clock: begins and ends nights, tells of them, and sets the timer for the next change.
    pub(crate) fn follow_nights(&mut self, cx: &mut Context<'_, Self>) {
        let now = cx.now().wall;
        let (current, next) = (self.nights().at(now), self.nights().next(now));
        let before = core::mem::replace(&mut self.night_watch.current, current);
        if before.is_some() != current.is_some() {
            let (night, news) = match (before, current) {
                (_, Some(night)) => (Some(night), NightNews::Began),
                (night, None) => (night, NightNews::Ended),
            };
            if let Some(night) = night {
                cx.log(LogEvent::Night { night, news });
            }
            self.game_configuration.changed();
            self.configure_matchmaker(cx);
        }
        if let Some(night) = next {
            self.tell_of_night(cx, night, now);
        }
        self.wake_for_night(cx, now, next);
    }

    fn tell_of_night(&mut self, cx: &mut Context<'_, Self>, night: Night, now: Wall) {
        let since = |minutes: i64| {
            let moment = night.starts.as_millis().saturating_sub(minutes.saturating_mul(MINUTE_MILLIS));
            now.as_millis().saturating_sub(moment)
        };
        let is_due = |minutes: &i64| (0..NOTICE_MILLIS).contains(&since(*minutes));
        let Some(minutes) = NOTICES.into_iter().find(is_due) else { return };
        if self.night_watch.told.replace((night.starts, minutes)) != Some((night.starts, minutes)) {
            cx.log(LogEvent::Night { night, news: NightNews::Soon(minutes) });
        }
    }

    /// Sets the timer for the next change, or for the next look at the clock.
    fn wake_for_night(&mut self, cx: &mut Context<'_, Self>, now: Wall, next: Option<Night>) {
        if let Some(timer) = self.night_watch.timer.take() {
            cx.cancel_timer(timer);
        }
        if self.nights().is_empty() {
            return;
        }
        let notices = next.into_iter().flat_map(|night| {
            let before =
                |minutes: i64| night.starts.as_millis().saturating_sub(minutes.saturating_mul(MINUTE_MILLIS));
            NOTICES.map(before).into_iter().chain([night.starts.as_millis()])
        });
        let ends = self.night_watch.current.map(|night| night.ends.as_millis());
        let waits = notices.chain(ends).map(|moment| moment.saturating_sub(now.as_millis()));
        let wait = waits.filter_map(|wait| u64::try_from(wait).ok()).filter(|wait| *wait > 0).min();
        let wait = wait.map_or(LOOK, Duration::from_millis).min(LOOK);
        self.night_watch.timer = Some(cx.set_timer(wait, Timer::Night));
    }

    /// Returns the text for a time of players, such as `Friday 20:00 (Europe/Berlin)`.
    pub(crate) fn next_night_text(&self, now: Wall) -> String {
        match (self.nights().at(now), self.nights().next(now)) {
            (Some(night), _) => alloc::format!("now, until {}", night.end()),
            (None, Some(night)) => night.begin(),
            (None, None) => "not planned".into(),
        }
    }
}

/// Returns the setting's text of the night, for the log.
pub(crate) fn describe(night: &Night, news: NightNews) -> String {
    let name = night.weekly;
    match news {
        NightNews::Soon(minutes) => alloc::format!("the race night ({name}) begins in {minutes} minutes"),
        NightNews::Began => alloc::format!("the race night ({name}) has begun"),
        NightNews::Ended => alloc::format!("the race night ({name}) is over"),
    }
}
