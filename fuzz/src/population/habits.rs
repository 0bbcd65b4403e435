//! What players do when nobody tells them to: all draws of the model. Their rhythm is that of the captures; how many
//! play what, and for how long, is our assumption.

use std::time::Duration;

use mmcos_game::ids::Points;

use crate::{
    client::{Mode, RuleSet},
    random::Random,
};

/// The mean of how long a player stays, in seconds.
pub(crate) const SESSION_SECONDS: f64 = 45.0 * 60.0;

/// The mean of how many players a group has, by the shares of [`party`].
pub(crate) const MEAN_PARTY: f64 = 1.21;

/// From an answer that found nobody to the next poll: capture 06 shows polls 26 s apart, and this server answers
/// after 24.5 s.
pub(crate) const PAUSE: Duration = Duration::from_millis(1500);

/// How much the result of a race depends on the day, in the points that skill is told in.
pub(crate) const LUCK: f64 = 300.0;

/// How many players a group has.
pub(crate) fn party(random: &mut Random) -> u8 {
    random.choose(&[(1, 0.84), (2, 0.12), (3, 0.03), (4, 0.01)])
}

/// What the next search is for: mostly the same as before.
pub(crate) fn mode(random: &mut Random, before: Option<Mode>) -> Mode {
    let keep = random.uniform() < 0.80;
    let rule_set =
        random.choose(&[(RuleSet::Race, 0.45), (RuleSet::Elimination, 0.30), (RuleSet::Battle, 0.25)]);
    let fresh = Mode { rule_set, ranked: random.uniform() < 0.35 };
    before.filter(|_| keep).unwrap_or(fresh)
}

/// How good a group is, in points.
pub(crate) fn skill(random: &mut Random) -> Points {
    let spread = random.normal(0.0, 300.0).clamp(-1500.0, 1500.0);
    #[allow(clippy::cast_possible_truncation, reason = "it is small")]
    Points(1500 + spread as i32)
}

/// How long a group stays.
pub(crate) fn session(random: &mut Random) -> Duration {
    seconds(random.lognormal(SESSION_SECONDS * libm::exp(-0.32), 0.8))
}

/// How long a race takes, loading included.
pub(crate) fn race(random: &mut Random) -> Duration {
    seconds(8.0 + random.between(240.0, 420.0))
}

/// From the end of a race to the next search.
pub(crate) fn think(random: &mut Random) -> Duration {
    seconds(4.0 + random.lognormal(16.0, 0.6))
}

/// To the next group that comes online, if `online` players are to be there on average.
pub(crate) fn next_arrival(random: &mut Random, online: u32) -> Duration {
    seconds(random.exponential(f64::from(online) / MEAN_PARTY / SESSION_SECONDS))
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}
