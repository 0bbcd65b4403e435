//! A simulated season in a minute: the whole server with invented players, network, machine and store, which fail as
//! real ones do. See docs/SIMULATION.md.

mod audit;
mod clock;
mod digest;
mod failure;
mod faults;
mod host;
mod inspect;
mod model;
mod network;
mod nights;
mod operator;
mod players;
mod scenario;
mod shrink;
mod store;
mod take_over;
mod world;

use std::{fmt, time::Duration};

use crate::rules;

pub use digest::Digest;
pub use failure::{Failure, Invariant};
pub use faults::{Fault, Faults};
pub use scenario::Scenario;
pub use shrink::shrink;
use world::World;

/// Results of a run in which every invariant held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Requests that arrived whole.
    pub requests: u64,
    /// Inputs given to the server.
    pub steps: u64,
    /// Number of servers, one after the other.
    pub lives: u32,
    /// Number of race nights that have begun.
    pub nights: u32,
    /// A number for everything that was sent, and for what is durable at the end.
    pub digest: Digest,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, steps, lives, nights, digest } = self;
        write!(
            f,
            "{requests} requests in {steps} inputs to {lives} servers, {nights} race nights, digest {digest}"
        )
    }
}

/// Runs a scenario to its end, or until something does not hold.
///
/// ```
/// use mmcos_fuzz::sim::{Faults, Scenario, run};
/// let scenario = Scenario { players: 3, days: 0.02, faults: Faults::NONE, ..Scenario::short(1) };
/// let outcome = run(&scenario)?;
/// assert!(outcome.requests > 10);
/// assert_eq!(run(&scenario)?, outcome);
/// # Ok::<(), Box<mmcos_fuzz::sim::Failure>>(())
/// ```
///
/// # Errors
/// The first invariant that does not hold.
pub fn run(scenario: &Scenario) -> Result<Outcome, Box<Failure>> {
    // A short run is sparse, and its players are few: histories of polls alone show the rest.
    if let Err(detail) = rules::check(scenario.seed) {
        let (scenario, invariant) = (*scenario, Invariant::Rules);
        return Err(Box::new(Failure { scenario, invariant, detail, step: 0, at: Duration::ZERO }));
    }
    World::new(scenario, false).run().map_err(Box::new)
}

/// Returns the trace of the last server of a scenario, which `replay` shows (see `mmcos_game::trace`).
pub fn trace(scenario: &Scenario) -> String {
    let mut world = World::new(scenario, true);
    // The trace is wanted whether the run fails or not.
    drop(world.run());
    world.trace.unwrap_or_default()
}

/// Runs a scenario, runs it again, and once more with every byte by itself. All three must have the same result.
///
/// # Errors
/// The first invariant that does not hold.
pub fn run_thrice(scenario: &Scenario) -> Result<Outcome, Box<Failure>> {
    let first = run(scenario)?;
    let pieces = Scenario { byte_by_byte: true, ..*scenario };
    for (again, invariant) in [(*scenario, Invariant::SameAgain), (pieces, Invariant::Pieces)] {
        let other = run(&again)?;
        if other.digest != first.digest {
            let detail = format!("first {first}, then {other}");
            let (scenario, step, at) = (*scenario, other.steps, scenario.time());
            return Err(Box::new(Failure { scenario, invariant, detail, step, at }));
        }
    }
    Ok(first)
}
