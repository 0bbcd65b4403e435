//! Hostile clients, and a player that must not notice them.

mod bystander;
mod crowds;
mod mutations;
mod requests;

use std::{thread, time::Duration};

use crate::blackbox::rig::process::{Memory, Server};
use bystander::Bystander;

/// All attackers share one address, and there are many of them.
const ROOM: [&str; 6] = [
    "--max-connections",
    "4096",
    "--max-connections-per-address",
    "4096",
    // Mutated requests belong to one account, and must be parsed, not rejected for their rate.
    "--account-requests-per-second",
    "0",
];

/// Maximum growth of the server's memory, in kB: at its worst, and after all clients have gone. Allocators keep some
/// for later, above all with many threads, whose stacks are larger in code that is not optimised.
const MOST_GROWTH: u64 = if cfg!(debug_assertions) { 60_000 } else { 30_000 };
const MOST_KEPT: u64 = 20 * 1024;

/// Maximum time that a player may wait.
const PROMPT: Duration = Duration::from_millis(100);

/// A server under attack, and a player on it.
struct Siege {
    server: Server,
    bystander: Bystander,
    memory: Option<Memory>,
}

impl Siege {
    fn begin() -> Self {
        let server = Server::start_with(&[ROOM.as_slice(), &crowds::TIMES].concat());
        let bystander = Bystander::play(server.http, server.https);
        let memory = server.memory();
        Self { server, bystander, memory }
    }

    /// Checks after the attack that the player has not suffered, and that the server has forgotten it.
    fn end(self) {
        let waits = self.bystander.leave();
        println!("{waits}");
        assert!(waits.player < PROMPT + 3 * waits.echo, "{waits}");
        if let Some(before) = self.memory {
            forgets(&self.server, before);
        }
        let log = self.server.log_so_far();
        assert!(!log.iter().any(|line| line.contains("panicked")), "{log:#?}");
        self.server.stop();
    }
}

/// Asserts that the server never took much more memory than before, and has freed it.
fn forgets(server: &Server, before: Memory) {
    let now = || server.memory().unwrap_or_default();
    let kept = || now().resident.saturating_sub(before.resident);
    // The server forgets a dropped client a moment later.
    for _ in 0..50 {
        if kept() < MOST_KEPT {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    let grown = now().peak.saturating_sub(before.resident);
    println!("memory, kB: {} before, {grown} more at worst, {} more at the end", before.resident, kept());
    assert!(grown < MOST_GROWTH, "{grown} kB more at worst");
    assert!(kept() < MOST_KEPT, "{} kB more at the end", kept());
}

/// Random numbers that are the same in every run (`SplitMix64`).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Returns a number less than `limit`.
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap()
    }
}

#[test]
fn all_at_once_harms_nobody() {
    let siege = Siege::begin();
    let server = &siege.server;
    thread::scope(|scope| {
        scope.spawn(|| crowds::slow_senders(server));
        scope.spawn(|| crowds::deaf_readers(server));
        scope.spawn(|| crowds::half_closers(server));
        scope.spawn(|| requests::refused(server));
        scope.spawn(|| mutations::of_requests(server, 1, 10_000));
        scope.spawn(|| mutations::of_handshakes(server, 1, 500));
    });
    siege.end();
}

/// `MMCOS_SWEEP` in the environment sets the number of rounds, each with other mutations.
#[test]
#[ignore = "takes minutes: cargo test -p mmcos-smol --test server sweep -- --ignored --nocapture"]
fn sweep_of_mutations() {
    let rounds = std::env::var("MMCOS_SWEEP").map_or(20, |rounds| rounds.parse().unwrap());
    let siege = Siege::begin();
    for seed in 2..2 + rounds {
        mutations::of_requests(&siege.server, seed, 10_000);
        mutations::of_handshakes(&siege.server, seed, 1000);
    }
    siege.end();
}
