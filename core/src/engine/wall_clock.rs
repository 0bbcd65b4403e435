//! Judges the wall clock: does not believe a jump at once.

use core::{fmt, time::Duration};

use crate::{
    calendar::UtcText,
    seam::{Monotonic, Now, Wall},
};

/// Time of agreement with the monotonic clock after which a changed wall clock is believed; the default of
/// [`Limits::clock_wait`](super::Limits::clock_wait). (Our choice: a time server is asked within a minute of the
/// network's start.)
pub const SETTLING: Duration = Duration::from_mins(10);
/// The same for a clock that moved ahead by more than [`PLAUSIBLE`].
pub const LONG_SETTLING: Duration = Duration::from_hours(24);
/// Longest time that a server is switched off or suspended in practice.
pub const PLAUSIBLE: Duration = Duration::from_hours(400 * 24);
/// Age of a program beyond which a first start, without any record to compare with, is doubted.
const OLD_PROGRAM: Duration = Duration::from_hours(5 * 365 * 24);
/// Deviation that is believed at once, apart from [`DRIFT`].
const STEP: Duration = Duration::from_secs(10);
/// Allowed drift between the wall clock and the monotonic clock: one part in this many.
const DRIFT: u64 = 1000;
/// Time after which agreement is measured from a new reading, so that drift does not add up.
const ANCHORED: Duration = Duration::from_hours(1);

/// The wall clock of the machine, compared with the monotonic clock, the last records and the build date.
///
/// While both clocks run alike, [`time`](Self::time) is that of the wall clock. After a jump it continues from the
/// time before, and [`is_settled`](Self::is_settled) is false, until the wall clock is right again or has agreed with
/// the monotonic clock for a waiting time ([`LONG_SETTLING`] if it is far ahead). A clock that is earlier than the
/// program is never believed.
///
/// After a restart there is no monotonic time from before. If the wall clock is later than the last record by a
/// [`PLAUSIBLE`] time, its time is used at once, but it settles only after the waiting time.
///
/// ```
/// use mmcos_core::engine::{SETTLING, WallClock};
/// use mmcos_core::seam::{Monotonic, Now, Wall};
/// # use core::time::Duration;
/// let start = 1_795_000_000;
/// let at = |minutes: u64, wall: i64| Now {
///     monotonic: Monotonic::default().after(Duration::from_secs(60 * minutes)),
///     wall: Wall::from_secs(start + 60 * wall),
/// };
/// let mut clock = WallClock::new(Wall::from_secs(start - 86_400), SETTLING);
/// clock.observe(at(0, 0), None);
/// assert!(clock.is_settled());
/// clock.observe(at(1, 301), None); // five hours ahead
/// assert!(!clock.is_settled());
/// assert_eq!(clock.time(), at(1, 1).wall);
/// clock.observe(at(12, 312), None);
/// assert!(clock.is_settled());
/// assert_eq!(clock.time(), at(12, 312).wall);
/// ```
#[derive(Clone, Debug)]
pub struct WallClock {
    built: Wall,
    /// Time of agreement after which a plausible clock is believed.
    settling: Duration,
    /// The last reading of both clocks; `None` before the first.
    now: Option<Now>,
    /// Reading from which the deviation of the wall clock is measured.
    trusted: Now,
    /// Last reading without doubt, from which time continues.
    agreed: Now,
    doubt: Option<Doubt>,
}

/// The state of a wall clock that is not believed yet.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    reason: Doubted,
    /// First reading of the clock as it runs now.
    candidate: Now,
    /// Time of the last record, at the first reading.
    record: Option<Now>,
    /// Time at which the clock is believed, if it still agrees; `None` for a clock that cannot be right.
    until: Option<Monotonic>,
}

/// The reason why the wall clock is not believed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubted {
    /// The server has just started, and the time is a plausible one.
    Started,
    /// The time is earlier than this program.
    Unset,
    /// The time is later than the monotonic clock or the last record can explain.
    Ahead,
    /// The time is earlier than before.
    Behind,
}

impl fmt::Display for Doubted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Started => "the server has just started",
            Self::Unset => "it is set to a time before this program existed",
            Self::Ahead => "it has jumped ahead",
            Self::Behind => "it has jumped back",
        })
    }
}

/// A change in the state of the wall clock. Its text is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockChange {
    /// The wall clock is not believed.
    Questioned {
        /// The reason.
        reason: Doubted,
        /// The time of the machine's clock.
        says: Wall,
        /// The time that the server uses instead.
        used: Wall,
        /// Time for which the clock must run evenly to be believed; `None` if it cannot be right.
        settling: Option<Duration>,
    },
    /// The clock is right again.
    Righted(Wall),
    /// The clock has run evenly for long enough, and is believed from now on.
    Believed(Wall),
}

impl Doubt {
    fn started(now: Now, record: Option<Now>, settling: Duration) -> Self {
        let until = Some(now.monotonic.after(settling));
        Self { reason: Doubted::Started, candidate: now, record, until }
    }
}

impl WallClock {
    /// Returns a clock without a reading. No time before `built` can be right; a plausible one is believed after
    /// `settling`.
    pub const fn new(built: Wall, settling: Duration) -> Self {
        let never = Now { monotonic: Monotonic::from_nanos(0), wall: Wall::from_millis(0) };
        Self { built, settling, now: None, trusted: never, agreed: never, doubt: None }
    }

    /// Returns true if there was a reading.
    pub const fn is_read(&self) -> bool {
        self.now.is_some()
    }

    /// Takes a reading of both clocks. `last_record` is the latest time in the records of earlier runs; only the
    /// first reading uses it.
    pub fn observe(&mut self, now: Now, last_record: Option<Wall>) -> Option<ClockChange> {
        let is_first = self.now.replace(now).is_none();
        if is_first {
            return self.start(now, last_record);
        }
        let Some(Doubt { reason, candidate, record, .. }) = self.doubt else {
            if agree(self.trusted, now) {
                self.agreed = now;
                if now.monotonic.since(self.trusted.monotonic) >= ANCHORED {
                    self.trusted = now;
                }
                return None;
            }
            return Some(self.doubt(now, None));
        };
        // After a start it would be compared with its own first reading, which proves nothing yet.
        if reason != Doubted::Started && agree(self.trusted, now) && now.wall >= self.built {
            self.believe(now);
            // The reading that it agrees with may be that of the start, not believed for long enough either. After a
            // small jump, the clock can agree again without another jump, when the allowance for drift has grown: its
            // wait goes on.
            let from = if agree(candidate, now) { candidate } else { now };
            let doubt = record.map(|_| Doubt::started(from, record, self.settling));
            self.doubt = doubt.filter(|doubt| doubt.until > Some(now.monotonic));
            return Some(ClockChange::Righted(now.wall));
        }
        // Jumped again: only an even run counts, so the wait begins anew.
        if !agree(candidate, now) {
            return Some(self.doubt(now, record));
        }
        if self.doubt.and_then(|doubt| doubt.until).is_some_and(|until| until <= now.monotonic) {
            self.believe(now);
            // The end of a plain start is no news: its beginning was none.
            return (reason != Doubted::Started).then_some(ClockChange::Believed(now.wall));
        }
        None
    }

    /// Takes the first reading.
    fn start(&mut self, now: Now, last_record: Option<Wall>) -> Option<ClockChange> {
        self.believe(now);
        // No time before the build can be right, whatever the records say.
        let record = last_record.map(|wall| Now { wall: wall.max(self.built), ..now });
        let (reference, plausible) = match record {
            Some(record) => (record, PLAUSIBLE),
            // There is no record to lose, and only the program's age to compare with.
            None if self.built > Wall::from_millis(i64::MIN) => {
                (Now { wall: self.built, ..now }, OLD_PROGRAM)
            }
            None => return None,
        };
        let gap = distance(reference.wall, now.wall);
        // Records years ahead of the clock are more likely wrong than a clock that was set and is years behind.
        let fits_reference =
            if now.wall < reference.wall { gap <= STEP || gap > plausible } else { gap <= plausible };
        // The server may have been off: use the time at once, but begin no season before the wait (decision 66).
        if now.wall >= self.built && fits_reference {
            self.doubt = record.map(|_| Doubt::started(now, record, self.settling));
            return None;
        }
        // Time goes on from the last record or the build, until the clock is believed.
        (self.trusted, self.agreed) = (reference, reference);
        Some(self.doubt(now, record))
    }

    fn believe(&mut self, now: Now) {
        (self.trusted, self.agreed, self.doubt) = (now, now, None);
    }

    /// Handles a jump: the clock must run evenly from here on to be believed.
    fn doubt(&mut self, now: Now, record: Option<Now>) -> ClockChange {
        let used = expected(self.agreed, now.monotonic);
        let jump = distance(used, now.wall);
        let (reason, settling) = match () {
            // Waiting proves nothing about a clock that was never set.
            () if now.wall < self.built => (Doubted::Unset, None),
            () if now.wall < used => (Doubted::Behind, Some(self.settling)),
            () if jump <= PLAUSIBLE => (Doubted::Ahead, Some(self.settling)),
            // A season of the far future would restart all points, and no other would follow for years.
            () => (Doubted::Ahead, Some(LONG_SETTLING)),
        };
        let until = settling.map(|settling| now.monotonic.after(settling));
        self.doubt = Some(Doubt { reason, candidate: now, record, until });
        ClockChange::Questioned { reason, says: now.wall, used, settling }
    }

    /// Returns the time to use.
    pub fn time(&self) -> Wall {
        let now = self.now.unwrap_or_default();
        match self.doubt {
            // Not held back after a start: the server may have been off for months (decision 66).
            None | Some(Doubt { reason: Doubted::Started, .. }) => now.wall,
            Some(_) => expected(self.agreed, now.monotonic),
        }
    }

    /// Returns the time of the machine's clock, believed or not.
    pub fn says(&self) -> Wall {
        self.now.unwrap_or_default().wall
    }

    /// Returns the earliest possible time. Use it for expiry that a jump of the clock must not cause.
    pub fn earliest(&self) -> Wall {
        let time = self.time();
        let Some(doubt) = self.doubt else { return time };
        let now = self.now.unwrap_or_default();
        let record = doubt.record.map_or(time, |record| expected(record, now.monotonic));
        // A time that cannot be right is no bound.
        let says = if now.wall < self.built { time } else { now.wall };
        time.min(record).min(says)
    }

    /// Returns true if the time is certain enough to begin a season.
    pub const fn is_settled(&self) -> bool {
        self.doubt.is_none()
    }

    /// Returns the reason for doubt; `None` if the time is not in doubt.
    pub fn doubted(&self) -> Option<Doubted> {
        self.doubt.map(|doubt| doubt.reason)
    }

    /// Returns the reason for doubt that operators should see; `None` also after a plain start, which is no trouble.
    pub fn trouble(&self) -> Option<Doubted> {
        self.doubted().filter(|doubted| *doubted != Doubted::Started)
    }

    /// Returns the time at which the next reading is due: at once if there was none, or when a doubt may end.
    pub fn deadline(&self) -> Option<Monotonic> {
        if self.now.is_none() { Some(Monotonic::default()) } else { self.doubt?.until }
    }
}

/// Returns the time that a wall clock which was right at `anchor` shows at this moment.
fn expected(anchor: Now, moment: Monotonic) -> Wall {
    let elapsed = i64::try_from(moment.since(anchor.monotonic).as_millis()).unwrap_or(i64::MAX);
    Wall::from_millis(anchor.wall.as_millis().saturating_add(elapsed))
}

/// Returns true if both clocks have run alike since `anchor`.
fn agree(anchor: Now, now: Now) -> bool {
    let elapsed = now.monotonic.since(anchor.monotonic);
    let drift = Duration::from_nanos(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX) / DRIFT);
    distance(expected(anchor, now.monotonic), now.wall) <= STEP.saturating_add(drift)
}

fn distance(one: Wall, other: Wall) -> Duration {
    Duration::from_millis(one.as_millis().abs_diff(other.as_millis()))
}

/// Advice for the operator.
const ADVICE: &str = "Look at the clock of this machine and its time service (`timedatectl`, or the date and time \
    settings)";

impl fmt::Display for ClockChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Questioned { reason, says, used, settling } => {
                let (says, used) = (UtcText::from(*says), UtcText::from(*used));
                match reason {
                    Doubted::Unset => {
                        write!(f, "this machine's clock says {says}, before this program existed")?;
                    }
                    _ => write!(f, "this machine's clock says {says}, where {used} was expected")?,
                }
                write!(
                    f,
                    ". The server goes by {used}: seasons, bans and logins stay as they are. {ADVICE}"
                )?;
                match settling {
                    Some(settling) => {
                        f.write_str("; a clock that runs evenly is believed after ")?;
                        match settling.as_secs() {
                            seconds @ 0..120 => write!(f, "{seconds} s"),
                            seconds => write!(f, "{} minutes", seconds / 60),
                        }
                    }
                    None => f.write_str("; it will not be believed until it is set"),
                }
            }
            Self::Righted(time) => {
                write!(
                    f,
                    "this machine's clock is right again: {}. Nothing was changed by it",
                    UtcText::from(*time)
                )
            }
            Self::Believed(time) => {
                write!(
                    f,
                    "this machine's clock has run evenly; from now on it is believed: {}",
                    UtcText::from(*time)
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT: Wall = Wall::from_secs(1_767_225_600); // 2026-01-01
    const NOW: i64 = 1_795_000_000; // 2026-11-18
    const DAY: i64 = 86_400;
    const YEAR: i64 = 365 * DAY;

    fn at(monotonic: u64, wall: i64) -> Now {
        let monotonic = Monotonic::default().after(Duration::from_secs(monotonic));
        Now { monotonic, wall: Wall::from_secs(NOW.saturating_add(wall)) }
    }

    fn secs(clock: &WallClock) -> (i64, i64, bool) {
        let since = |wall: Wall| wall.as_secs().saturating_sub(NOW);
        (since(clock.time()), since(clock.earliest()), clock.is_settled())
    }

    fn running() -> WallClock {
        let mut clock = WallClock::new(BUILT, SETTLING);
        assert_eq!(clock.observe(at(0, 0), None), None);
        clock
    }

    #[test]
    fn a_jump_that_is_taken_back_changes_nothing() {
        for jump in [11, -11, 600, -600, 5 * 3600, -DAY, 90 * DAY, 10 * YEAR, -40 * YEAR] {
            let mut clock = running();
            let change = clock.observe(at(60, 60 + jump), None);
            assert!(matches!(change, Some(ClockChange::Questioned { .. })), "{jump}: {change:?}");
            let earliest = if jump < 0 && jump > -YEAR { 60 + jump } else { 60 };
            assert_eq!(secs(&clock), (60, earliest, false), "{jump}");
            assert_eq!(clock.observe(at(90, 90 + jump), None), None);
            let change = clock.observe(at(120, 120), None);
            assert_eq!(change, Some(ClockChange::Righted(Wall::from_secs(NOW + 120))));
            assert_eq!(secs(&clock), (120, 120, true), "{jump}");
        }
    }

    #[test]
    fn a_jump_is_believed_after_it_has_run_evenly() {
        for (jump, wait) in [(600, 600), (-600, 600), (90 * DAY, 600), (-DAY, 600), (10 * YEAR, 86_400)] {
            let mut clock = running();
            clock.observe(at(60, 60 + jump), None);
            let deadline = clock.deadline().unwrap();
            assert_eq!(deadline, at(60 + wait, 0).monotonic);
            let seconds = i64::try_from(wait).unwrap();
            clock.observe(at(59 + wait, 59 + seconds + jump), None);
            assert!(!clock.is_settled(), "{jump}");
            clock.observe(at(60 + wait, 60 + seconds + jump), None);
            assert_eq!(secs(&clock), (60 + seconds + jump, 60 + seconds + jump, true), "{jump}");
            assert_eq!(clock.deadline(), None);
        }
    }

    #[test]
    fn each_further_jump_begins_the_wait_anew() {
        let mut clock = running();
        clock.observe(at(60, 60 + 3600), None);
        clock.observe(at(600, 600 + 7200), None);
        clock.observe(at(700, 700 + 7200), None);
        assert!(!clock.is_settled());
        clock.observe(at(1200, 1200 + 7200), None);
        assert!(clock.is_settled());
    }

    #[test]
    fn a_clock_that_creeps_is_followed_slowly_or_doubted() {
        let mut clock = running();
        for hour in 1..200_u64 {
            let drifted = i64::try_from(hour * 3600 + 3 * hour).unwrap();
            assert_eq!(clock.observe(at(hour * 3600, drifted), None), None);
        }
        // A clock that runs twice as fast as time, in small steps.
        let mut clock = running();
        for second in 1..600_i64 {
            clock.observe(at(second.cast_unsigned(), 2 * second), None);
            assert!(clock.time().as_secs() - NOW <= second + 10);
        }
    }

    #[test]
    fn a_clock_from_before_the_program_is_never_believed() {
        let mut clock = WallClock::new(BUILT, SETTLING);
        let change = clock.observe(Now { wall: Wall::from_secs(5), ..at(0, 0) }, None);
        assert!(matches!(
            change,
            Some(ClockChange::Questioned { reason: Doubted::Unset, settling: None, .. })
        ));
        assert_eq!((clock.time(), clock.deadline()), (BUILT, None));
        clock.observe(Now { wall: Wall::from_secs(90_005), ..at(90_000, 0) }, None);
        assert!(!clock.is_settled());
        clock.observe(at(90_100, 0), None);
        clock.observe(at(90_700, 600), None);
        assert_eq!(secs(&clock), (600, 600, true), "a time server was found");
    }

    #[test]
    fn a_restart_is_compared_with_the_last_record() {
        let hours = |hours: i64| hours * 3600;
        // The gap, then the time used and the earliest possible time, after a second, and the time to settle.
        for (gap, used, earliest, wait) in [
            (5, 6, 1, 600),
            (hours(20), hours(20) + 1, 1, 600),
            (92 * DAY, 92 * DAY + 1, 1, 600),
            (10 * YEAR, 1, 1, 86_400),
            (-600, 1, -599, 600),
            (-DAY, 1, 1 - DAY, 600),
        ] {
            let mut clock = WallClock::new(BUILT, SETTLING);
            clock.observe(at(0, gap), Some(Wall::from_secs(NOW)));
            clock.observe(at(1, gap + 1), None);
            assert_eq!(secs(&clock), (used, earliest, false), "{gap}");
            assert_eq!(clock.deadline(), Some(at(wait, 0).monotonic), "{gap}");
            let wall = gap + i64::try_from(wait).unwrap();
            clock.observe(at(wait, wall), None);
            assert_eq!(secs(&clock), (wall, wall, true), "{gap}");
        }
    }

    #[test]
    fn the_waiting_time_is_a_parameter() {
        for wait in [0, 1, 7200] {
            let mut clock = WallClock::new(BUILT, Duration::from_secs(wait));
            clock.observe(at(0, 5), Some(Wall::from_secs(NOW)));
            assert!(!clock.is_settled(), "{wait}: one reading shows nothing");
            assert_eq!(clock.deadline(), Some(at(wait, 0).monotonic));
            let seconds = i64::try_from(wait).unwrap();
            clock.observe(at(wait, 5 + seconds), None);
            assert!(clock.is_settled(), "{wait}");
            clock.observe(at(wait, 5 + seconds + 10 * YEAR), None);
            assert_eq!(clock.deadline(), Some(at(wait + 86_400, 0).monotonic), "{wait}: far ahead");
        }
    }

    #[test]
    fn a_start_at_the_wrong_time_is_righted() {
        let mut clock = WallClock::new(BUILT, SETTLING);
        clock.observe(at(0, 10 * YEAR), Some(Wall::from_secs(NOW)));
        clock.observe(at(60, 120), None);
        assert_eq!(secs(&clock), (60, 60, false));
        clock.observe(at(660, 720), None);
        assert_eq!(secs(&clock), (720, 720, true));
    }

    #[test]
    fn a_jump_that_drift_explains_later_is_believed_no_later() {
        let jumped = |monotonic: u64| {
            let now = at(monotonic, monotonic.cast_signed());
            Now { wall: Wall::from_millis(now.wall.as_millis() + 10_400), ..now }
        };
        for last in [500, 799] {
            let mut clock = WallClock::new(BUILT, SETTLING);
            clock.observe(at(0, 0), Some(Wall::from_secs(NOW)));
            assert!(matches!(clock.observe(jumped(200), None), Some(ClockChange::Questioned { .. })));
            assert!(matches!(clock.observe(jumped(last), None), Some(ClockChange::Righted(_))));
            assert_eq!(clock.deadline(), Some(at(800, 0).monotonic));
            assert!(!clock.is_settled());
            clock.observe(jumped(800), None);
            assert!(clock.is_settled(), "it has run evenly for the waiting time");
        }
        // A late reading sets it right and ends the wait.
        let mut clock = WallClock::new(BUILT, SETTLING);
        clock.observe(at(0, 0), Some(Wall::from_secs(NOW)));
        clock.observe(jumped(200), None);
        clock.observe(jumped(900), None);
        assert_eq!((clock.is_settled(), clock.deadline()), (true, None));
    }

    #[test]
    fn records_of_the_far_future_do_not_hold_a_right_clock_up() {
        let mut clock = WallClock::new(BUILT, SETTLING);
        clock.observe(at(0, 0), Some(Wall::from_secs(NOW + 10 * YEAR)));
        assert_eq!(secs(&clock), (0, 0, false));
        clock.observe(at(600, 600), None);
        assert!(clock.is_settled());
    }

    #[test]
    fn a_first_start_long_after_the_build_is_doubted() {
        let mut clock = WallClock::new(BUILT, SETTLING);
        clock.observe(at(0, 10 * YEAR), None);
        assert_eq!((clock.time(), clock.is_settled()), (BUILT, false));
        clock.observe(at(10, 10), None);
        clock.observe(at(610, 610), None);
        assert_eq!(secs(&clock), (610, 610, true));
    }
}
