//! Faults and their frequencies.

use std::fmt;

use crate::random::Random;

/// Defines [`Fault`]: for each kind its name on the command line, and its smallest and its largest probability at each
/// occasion (a request, a tick, a commit, an effect); for a kind without occasions, the times per hour.
macro_rules! faults {
    ($($(#[$doc:meta])* $kind:ident $name:literal $range:expr;)*) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault {
            $($(#[$doc])* $kind,)*
        }

        impl Fault {
            /// All kinds.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$kind),*];

            /// Returns its name on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            const fn range(self) -> (f64, f64) {
                match self {
                    $(Self::$kind => $range,)*
                }
            }
        }
    };
}

faults! {
    /// A request arrives in pieces, one right after the other.
    Split "split" (0.01, 0.5);
    /// Another request follows on the same connection without waiting, both in one piece.
    Pipeline "pipeline" (0.01, 0.5);
    /// A request arrives in pieces, seconds apart, and perhaps never whole.
    Slow "slow" (0.002, 0.1);
    /// A connection is gone in the middle of a request.
    Cut "cut" (0.002, 0.1);
    /// A connection is gone while its request is held.
    Reset "reset" (0.002, 0.1);
    /// A request is sent twice, on two connections.
    Duplicate "duplicate" (0.002, 0.1);
    /// A response never arrives, so the player sends its request again.
    LostResponse "lost-response" (0.002, 0.1);
    /// A tick comes late.
    LateTick "late-tick" (0.01, 0.5);
    /// A tick comes though none is due.
    EarlyTick "early-tick" (1.0, 100.0);
    /// The wall clock is set to another time.
    ClockJump "clock-jump" (0.2, 4.0);
    /// It takes a while until a commit is durable.
    SlowStore "slow-store" (0.01, 0.5);
    /// The store fails: nothing becomes durable any more, and the server stops.
    StoreError "store-error" (0.0001, 0.005);
    /// The server is gone between two effects; what was durable is there when it comes back.
    Crash "crash" (0.00002, 0.002);
    /// The operator stops the server in an orderly way, and starts it again.
    Restart "restart" (0.2, 4.0);
    /// A player is gone without a word, whatever it was doing.
    Leave "leave" (0.001, 0.02);
    /// A player reports points that are not its own, or more than there are.
    Cheat "cheat" (0.002, 0.1);
    /// An operator sends commands, or reads the dashboard.
    Operator "operator" (2.0, 60.0);
    /// The store cannot be written for a while: it is locked, or the disk is full.
    StoreTrouble "store-trouble" (0.002, 0.05);
    /// A client reads in small steps with seconds between them, or never.
    SlowReader "slow-reader" (0.002, 0.1);
    /// The server is paused, or cut off from the database, perhaps for longer than its lease: then another one leads.
    TakeOver "take-over" (0.2, 6.0);
}

impl Fault {
    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// A set of fault kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults(u32);

impl Faults {
    /// Every kind.
    pub const ALL: Self = Self((1 << Fault::ALL.len()) - 1);
    /// No kind.
    pub const NONE: Self = Self(0);

    /// Returns true if this kind is in the set.
    pub const fn has(self, fault: Fault) -> bool {
        self.0 & fault.bit() != 0
    }

    /// Returns the set with one more kind.
    #[must_use]
    pub const fn with(self, fault: Fault) -> Self {
        Self(self.0 | fault.bit())
    }

    /// Returns the set without one kind.
    #[must_use]
    pub const fn without(self, fault: Fault) -> Self {
        Self(self.0 & !fault.bit())
    }

    /// Returns the kinds in the set.
    pub fn iter(self) -> impl Iterator<Item = Fault> {
        Fault::ALL.into_iter().filter(move |fault| self.has(*fault))
    }

    /// Parses the output of `Display`: `all`, `none`, or names with commas between them.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "all" => Some(Self::ALL),
            "none" => Some(Self::NONE),
            _ => text.split(',').try_fold(Self::NONE, |faults, name| {
                Fault::ALL.into_iter().find(|fault| fault.name() == name).map(|fault| faults.with(fault))
            }),
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ALL => f.write_str("all"),
            Self::NONE => f.write_str("none"),
            some => f.write_str(&some.iter().map(Fault::name).collect::<Vec<_>>().join(",")),
        }
    }
}

/// The probability of each kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates([f64; Fault::ALL.len()]);

impl Rates {
    pub(super) const NONE: Self = Self([0.0; Fault::ALL.len()]);

    /// Draws the probabilities. About half of the kinds occur in one run, so that the frequent ones do not always
    /// hide the rare ones. A kind that is not allowed changes nothing about the others.
    pub(super) fn draw(&mut self, random: &mut Random, allowed: Faults, kinds: &[Fault]) {
        for fault in kinds {
            let (low, high) = fault.range();
            let rate = low * libm::pow(high / low, random.uniform());
            let there = random.uniform() < 0.5;
            self.0[*fault as usize] = if there && allowed.has(*fault) { rate } else { 0.0 };
        }
    }

    pub(super) fn of(&self, fault: Fault) -> f64 {
        self.0[fault as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_faults_is_read_as_it_is_written() {
        let some = Faults::NONE.with(Fault::Crash).with(Fault::LostResponse);
        for faults in [Faults::ALL, Faults::NONE, some, Faults::ALL.without(Fault::Cheat)] {
            assert_eq!(Faults::parse(&faults.to_string()), Some(faults));
        }
        assert_eq!(some.to_string(), "lost-response,crash");
        assert_eq!(Faults::parse("crash,earthquake"), None);
    }
}
