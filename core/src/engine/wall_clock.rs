//! Judges the wall clock: does not believe a jump at once.

use core::{fmt, time::Duration};

use crate::{
    calendar::UtcText,
    seam::{Monotonic, Now, Wall},
};

/// Time of agreement with the monotonic clock after which a changed wall clock is trusted; the default of
/// [`Limits::clock_wait`](super::Limits::clock_wait). (Our choice: a machine requests the time from its server within a
/// minute of the network's start.)
pub const SETTLING: Duration = Duration::from_mins(10);
/// The same for a clock that moved ahead by more than [`PLAUSIBLE`].
const LONG_SETTLING: Duration = Duration::from_hours(24);
/// Longest time that a server is switched off or suspended in practice.
const PLAUSIBLE: Duration = Duration::from_hours(400 * 24);
/// Age of a program beyond which a first start, without any record to compare with, is doubted.
const OLD_PROGRAM: Duration = Duration::from_hours(5 * 365 * 24);
/// Deviation that is trusted at once, apart from [`DRIFT`].
const STEP: Duration = Duration::from_secs(10);
/// Allowed drift between the wall clock and the monotonic clock: one part in this many.
const DRIFT: u64 = 1000;
/// Time after which agreement is measured from a new reading, so that drift does not add up.
const ANCHORED: Duration = Duration::from_hours(1);

/// The wall clock of the machine, compared with the monotonic clock, the last records and the build date.
///
/// While both clocks run alike, [`time`](Self::time) is that of the wall clock. After a jump it continues from the
/// time before, and [`is_settled`](Self::is_settled) is false, until the wall clock is right again or has agreed with
/// the monotonic clock for a waiting time (24 hours if it is far ahead). A clock that is earlier than the
/// program is never trusted.
///
/// After a restart there is no monotonic time from before. If the wall clock is later than the last record by a
/// plausible time, its time is used at once, but it settles only after the waiting time.
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
    /// Time of agreement after which a plausible clock is trusted.
    settling: Duration,
    /// The last reading of both clocks; `None` before the first.
    now: Option<Now>,
    /// Reading from which the deviation of the wall clock is measured.
    trusted: Now,
    /// Last reading without doubt, from which time continues.
    agreed: Now,
    doubt: Option<Doubt>,
}

/// The state of a wall clock that is not trusted yet.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    reason: Doubted,
    /// First reading of the clock as it runs now.
    candidate: Now,
    /// Time of the last record, at the first reading.
    record: Option<Now>,
    /// Time at which the clock is trusted, if it still agrees; `None` for a clock that cannot be right.
    until: Option<Monotonic>,
}

/// The reason why the wall clock is not trusted yet.
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
    /// The wall clock is not trusted.
    Questioned {
        /// The reason.
        reason: Doubted,
        /// The time of the machine's clock.
        says: Wall,
        /// The time that the server uses instead.
        used: Wall,
        /// Time for which the clock must run evenly to be trusted; `None` if it cannot be right.
        settling: Option<Duration>,
    },
    /// The clock is right again.
    Righted(Wall),
    /// The clock has run evenly for long enough, and is trusted from now on.
    Trusted(Wall),
}

impl Doubt {
    fn started(now: Now, record: Option<Now>, settling: Duration) -> Self {
        let until = Some(now.monotonic.after(settling));
        Self { reason: Doubted::Started, candidate: now, record, until }
    }
}

impl WallClock {
    /// Returns a clock without a reading. No time before `built` can be right; a plausible one is trusted after
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
            // The reading that it agrees with may be that of the start, not trusted for long enough either. After a
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
            return (reason != Doubted::Started).then_some(ClockChange::Trusted(now.wall));
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
        // Time goes on from the last record or the build, until the clock is trusted.
        (self.trusted, self.agreed) = (reference, reference);
        Some(self.doubt(now, record))
    }

    fn believe(&mut self, now: Now) {
        (self.trusted, self.agreed, self.doubt) = (now, now, None);
    }

    /// Handles a jump: the clock must run evenly from here on to be trusted.
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

    /// Returns the time of the machine's clock, trusted or not.
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
const ADVICE: &str =
    "Check this machine's clock and its time service (`timedatectl`, or the date and time settings)";

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
                    ". The server continues from {used}: seasons, bans and logins stay as they are. {ADVICE}"
                )?;
                match settling {
                    Some(settling) => {
                        f.write_str("; if the clock runs evenly, the server trusts it after ")?;
                        match settling.as_secs() {
                            seconds @ 0..120 => write!(f, "{seconds} s"),
                            seconds => write!(f, "{} minutes", seconds / 60),
                        }
                    }
                    None => f.write_str("; the server does not trust it until it is set"),
                }
            }
            Self::Righted(time) => {
                write!(
                    f,
                    "this machine's clock is right again: {}. Its wrong time had no effect",
                    UtcText::from(*time)
                )
            }
            Self::Trusted(time) => {
                write!(
                    f,
                    "this machine's clock has run evenly, so the server trusts it again: {}",
                    UtcText::from(*time)
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
