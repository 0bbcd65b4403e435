use std::{fmt, time::Duration};

use super::Scenario;
use crate::referee::Breach;

/// A property that must hold whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invariant {
    /// Groups meet by the rules of matchmaking.
    Matchmaking(Breach),
    /// The matchmaker agrees with its naive model.
    Rules,
    /// A whole request gets one response, at once unless it is a poll, or its connection is closed.
    OneResponse,
    /// A response leaves after its commit and in bounded memory, and a client that reads is not dropped.
    Link,
    /// A poll gets its response in time.
    PollInTime,
    /// A response has the status and the shape that its request requires.
    Response,
    /// Points, divisions, ranks and titles are those of the results that were accepted, before and after a crash.
    Points,
    /// Bans, settings and special events are those that the operator commanded, before and after a crash.
    Commands,
    /// No response leaves before the records that it depends on are on the disk.
    Durable,
    /// One server leads: one that was deposed commits nothing and acknowledges nothing, and no other one has to stop.
    Leader,
    /// A server restored from its records equals the one that made them.
    Restored,
    /// A jump of the wall clock is not believed before it has run evenly: until then no season begins.
    Clock,
    /// Race nights begin and end by the local clock; they are told of in time, and have their own rules.
    Nights,
    /// After every input the next deadline lies ahead.
    Deadline,
    /// The cost of an input does not grow with the number of groups that wait, and no unused timer stays.
    Cost,
    /// Nothing stays when all players have left.
    Rest,
    /// The way in which bytes are cut into pieces changes nothing.
    Pieces,
    /// A second run gives the same result.
    SameAgain,
}

impl Invariant {
    /// Returns true if only a comparison of runs shows it.
    pub(super) const fn needs_several_runs(self) -> bool {
        matches!(self, Self::Pieces | Self::SameAgain)
    }
}

/// A broken invariant, with its place in the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The scenario.
    pub scenario: Scenario,
    /// The invariant.
    pub invariant: Invariant,
    /// The symptom.
    pub detail: String,
    /// Number of inputs that the server had been given.
    pub step: u64,
    /// Time since the beginning.
    pub at: Duration,
}

impl Failure {
    /// Returns true if this is the same failure in another run, as far as can be told.
    pub fn is_like(&self, other: &Self) -> bool {
        self.invariant == other.invariant
    }
}

/// Everything needed to see it again.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario, invariant, detail, step, at } = self;
        writeln!(f, "seed {}, step {step}, after {} s: {invariant:?}", scenario.seed, at.as_secs_f64())?;
        writeln!(f, "  {detail}")?;
        let thrice = if invariant.needs_several_runs() { " --thrice" } else { "" };
        write!(f, "  again: cargo run --release -p mmcos-fuzz --bin simulate -- {scenario}{thrice}")
    }
}
