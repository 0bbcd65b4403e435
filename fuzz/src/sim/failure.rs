use std::{fmt, time::Duration};

use super::Scenario;
use crate::referee::Breach;

/// What must hold whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invariant {
    /// People meet by the rules of matchmaking.
    Matchmaking(Breach),
    /// The matchmaker does what its naive model does.
    Rules,
    /// A whole request is answered once, at once unless it is a search, or its connection is closed.
    OneAnswer,
    /// What is sent leaves after its commit and in bounded memory, and a client that reads is not dropped.
    Link,
    /// A search is answered in time.
    PollAnswered,
    /// An answer has the status and the shape that what was asked for deserves.
    Answer,
    /// Points, divisions, ranks and titles are those of the results that were accepted, before and after a crash.
    Points,
    /// Bans, settings and events are those that the operator ordered, before and after a crash.
    Orders,
    /// No response leaves before the records that it depends on are on the disk.
    Durable,
    /// A server that is restored from what was recorded is the one that lived.
    Restored,
    /// A jump of the wall clock is not believed before it has run evenly: until then no season begins.
    Clock,
    /// After every input the next deadline lies ahead.
    Deadline,
    /// An input costs no more however many wait, and no timer stays without a use.
    Cost,
    /// When all have left nothing stays.
    Rest,
    /// How bytes are cut into pieces changes nothing.
    Pieces,
    /// The same again gives the same.
    SameAgain,
}

impl Invariant {
    /// Whether only a comparison of runs shows it.
    pub(super) const fn needs_several_runs(self) -> bool {
        matches!(self, Self::Pieces | Self::SameAgain)
    }
}

/// What did not hold, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// In which scenario.
    pub scenario: Scenario,
    /// What.
    pub invariant: Invariant,
    /// How it showed.
    pub detail: String,
    /// How many inputs the server had been given.
    pub step: u64,
    /// When, from the beginning.
    pub at: Duration,
}

impl Failure {
    /// Whether this is the failure of another run again, as far as can be told.
    pub fn is_like(&self, other: &Self) -> bool {
        self.invariant == other.invariant
    }
}

/// All that is needed to see it again.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario, invariant, detail, step, at } = self;
        writeln!(f, "seed {}, step {step}, after {} s: {invariant:?}", scenario.seed, at.as_secs_f64())?;
        writeln!(f, "  {detail}")?;
        let thrice = if invariant.needs_several_runs() { " --thrice" } else { "" };
        write!(f, "  again: cargo run --release -p mmcos-fuzz --bin simulate -- {scenario}{thrice}")
    }
}
