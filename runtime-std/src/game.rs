//! From what the host wants to a core that does it.

use std::time::Duration;

use mmcos_core::engine::Limits;
use mmcos_core::mmcos::catalogue::{Catalogue, CatalogueError};
use mmcos_core::mmcos::ids::SessionId;
use mmcos_core::mmcos::matchmaker::{self, Caps, Folding};
use mmcos_core::mmcos::{self, IdentityPolicy};
use mmcos_core::seam::Wall;
use mmcos_core::trace::Start;
use mmcos_core::wire::steam::PublicKey;

use crate::config::{Bucket, Config, Identity};
use crate::secret::ServerKey;

/// What a core for this host starts from. `seed` is random, `now` the time: matches are numbered from it, so that the numbers go on
/// growing when the server is started again.
pub fn start(config: &Config, key: &ServerKey, seed: [u8; 32], now: Wall) -> Result<Start, CatalogueError> {
    let first_session = SessionId(u64::try_from(now.as_secs()).unwrap_or_default());
    let game = mmcos::Config {
        message: Some(config.message.clone()).filter(|message| !message.is_empty()),
        maintenance: config.maintenance,
        identity: match config.identity {
            Identity::Verify => IdentityPolicy::Verify(PublicKey::steam()),
            Identity::Trust => IdentityPolicy::Trust,
        },
        session_key: *key.as_bytes(),
        search_seconds: whole_seconds(config.search_seconds),
        matchmaker: matchmaker::Config {
            poll: config.poll_seconds,
            gather: config.gather_seconds,
            ai_hold: config.ai_hold,
            ai: config.ai,
            folding: match config.bucket {
                Bucket::Exact => Folding::Exact,
                Bucket::RuleSet => Folding::RuleSet,
                Bucket::AnyUnranked => Folding::AnyUnranked,
            },
            caps: Caps {
                race: config.race_cap,
                elimination: config.elimination_cap,
                battle_team: config.battle_team_cap,
                ..Caps::default()
            },
            pair_worth_seconds: whole_seconds(config.pair_worth_seconds),
        },
        first_session,
        events: config.events.clone(),
        ..mmcos::Config::new(Catalogue::official()?)
    };
    let defaults = Limits::default();
    let limits = Limits {
        connections: config.max_connections.get(),
        connections_per_address: u32::try_from(config.max_connections_per_address.get()).unwrap_or(u32::MAX),
        hold_time: defaults.hold_time.max(config.poll_seconds.saturating_mul(2)),
        ..defaults
    };
    Ok(Start { seed, limits, config: game, records: Vec::new() })
}

fn whole_seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}
