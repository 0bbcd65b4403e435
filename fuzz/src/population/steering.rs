//! Steering: what happens around the matchmaker so that players meet. Friends come when they are called, and players
//! go where the server points. How many of them do is a setting of the simulation.
//!
//! All draws come from streams of their own, so a population without steering is the same as before.

use std::time::Duration;

use mmcos_core::{
    notice::{Notice, Value},
    seam::Wall,
};
use mmcos_game::{mode_of_the_day::MenuMode, nights::Night};

use crate::{
    client::{Mode, RuleSet},
    random::Random,
};

/// Shares of players that go where the server points, each from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Steering {
    /// Calls that bring a friend.
    pub calls: f64,
    /// Groups that always play the mode of the day.
    pub follow: f64,
    /// Searches before which the player reads the public page, and joins a search that it shows.
    pub pages: f64,
    /// Groups that come to the next race night instead of at a time of their own.
    pub nights: f64,
}

/// Time between a call and the friend's login: 2 to 6 minutes to read the message and to start the game.
const FRIEND_COMES: (f64, f64) = (120.0, 360.0);

/// Time after the begin of a race night within which its groups come, in seconds.
const NIGHT_FILLS: f64 = 20.0 * 60.0;

/// Mean duration of a called friend's visit, in seconds: a few races.
const VISIT_SECONDS: f64 = 20.0 * 60.0;

/// Streams of the draws for calls and nights. Groups have the streams that [`of_group`] returns.
const CALLS: u64 = u64::MAX;
const NIGHTS: u64 = u64::MAX - 1;

/// Returns the draws for calls.
pub(super) fn of_calls(seed: u64) -> Random {
    Random::new(seed, CALLS)
}

/// Returns the draws for race nights.
pub(super) fn of_nights(seed: u64) -> Random {
    Random::new(seed, NIGHTS)
}

/// Draws the time at which a group comes that waits for this race night; `None` if it does not wait.
pub(super) fn night(random: &mut Random, steering: &Steering, next: Option<Night>) -> Option<Wall> {
    let (waits, late) = (random.uniform() < steering.nights, random.between(0.0, NIGHT_FILLS));
    let night = next.filter(|_| waits)?;
    Some(Wall::from_millis(night.starts.as_millis() + (late * 1000.0) as i64))
}

/// Returns the draws for how a group is steered, independent of its other habits.
pub(super) fn of_group(seed: u64, number: u32) -> Random {
    Random::new(seed, 1 << 32 | u64::from(number))
}

/// Draws the time until the friend that a call brings logs in; `None` if it brings none.
pub(super) fn friend(random: &mut Random, steering: &Steering) -> Option<Duration> {
    let (comes, delay) = (random.uniform() < steering.calls, random.between(FRIEND_COMES.0, FRIEND_COMES.1));
    comes.then(|| Duration::from_secs_f64(delay))
}

/// Draws the duration of a called friend's visit.
pub(super) fn visit(random: &mut Random) -> Duration {
    Duration::from_secs_f64(random.lognormal(VISIT_SECONDS * libm::exp(-0.32), 0.8))
}

/// Returns the mode that a call names. A call without one is for the mode of the day.
pub(super) fn mode_of(call: &Notice) -> Option<Mode> {
    let (_, name) = call.fields.iter().find(|(field, _)| *field == "game_type")?;
    named(name)
}

/// Returns the mode that the server's mode of the day is.
pub(super) fn mode_of_the_day(mode: MenuMode) -> Option<Mode> {
    named(&mode.game_type.into())
}

fn named(name: &Value) -> Option<Mode> {
    let Value::Text(name) = name else { return None };
    let modes =
        RuleSet::ALL.into_iter().flat_map(|rule_set| [false, true].map(|ranked| Mode { rule_set, ranked }));
    modes.into_iter().find(|mode| mode.game_type() == name)
}
