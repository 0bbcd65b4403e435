//! The machine's wall clock and monotonic clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use mmcos_core::seam::{Monotonic, Now, Wall};

/// Reads both clocks. Monotonic time counts from [`start`](Self::start).
///
/// ```
/// let clock = mmcos_std::clock::Clock::start();
/// assert!(clock.now().monotonic <= clock.now().monotonic);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts the monotonic clock at zero.
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Returns the current time of both clocks.
    pub fn now(&self) -> Now {
        let nanos = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Now { monotonic: Monotonic::from_nanos(nanos), wall: wall() }
    }

    /// Returns the instant at which monotonic time reaches `moment`, or `None` if `Instant` cannot represent it.
    pub fn instant(&self, moment: Monotonic) -> Option<Instant> {
        self.start.checked_add(std::time::Duration::from_nanos(moment.as_nanos()))
    }
}

fn wall() -> Wall {
    let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, i64::wrapping_neg),
    };
    Wall::from_millis(millis)
}

/// 2026-01-01. This program did not exist earlier, so a clock before that was never set.
pub(crate) const EARLIEST: Wall = Wall::from_secs(1_767_225_600);

/// Returns true if `now` is plausible. A Raspberry Pi has no battery: until it has reached a time server it starts in
/// 1970, or at the time when it was switched off.
pub fn is_set(now: Wall) -> bool {
    now >= EARLIEST
}

/// Text for an operator whose clock is not set.
pub const NOT_SET: &str = "this machine's clock is not set: it shows a date before 2026. Until it is set, the server \
    uses the time of its last record: players can play, but nothing that depends on the date begins. Connect the \
    machine to the internet and wait for its time service (`timedatectl` shows it), or set the clock: sudo date -s \
    '2026-12-31 18:00'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_starts_at_zero_and_wall_time_is_today() {
        let clock = Clock::start();
        let now = clock.now();
        assert!(now.monotonic.as_nanos() < 1_000_000_000);
        assert!(now.wall > Wall::from_secs(1_600_000_000));
        assert!(clock.instant(now.monotonic).unwrap() <= Instant::now());
    }

    #[test]
    fn a_clock_before_this_program_is_not_set() {
        assert!(!is_set(Wall::from_secs(0)));
        assert!(!is_set(Wall::from_millis(EARLIEST.as_millis() - 1)));
        assert!(is_set(EARLIEST));
    }
}
