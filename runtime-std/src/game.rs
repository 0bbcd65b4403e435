//! From what the host wants to a core that does it.

use std::time::Duration;

use mmcos_core::admin::DeskConfig;
use mmcos_core::engine::{Limits, Rate};
use mmcos_core::game::Life;
use mmcos_core::trace::Start;
use mmcos_core::wire::steam::PublicKey;
use mmcos_core::wire::{egonet, http, xml};
use mmcos_game::ids::SessionId;
use mmcos_game::matchmaker::{self, Caps, Folding};
use mmcos_game::{IdentityPolicy, Mmcos};

use crate::clock;
use crate::config::{Bucket, Config, Identity};
use crate::host::Host;
use crate::{operator, setup};

/// Why there is no core for a host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GameError {
    /// The operating system has no random numbers.
    #[error("this system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// The number of the first match in an empty store; later ones follow the last that is stored. The official server had
/// reached 8.9 million in the end (captures of 2023-11), and a game may well read a signed number of 32 bits.
const FIRST_SESSION: SessionId = SessionId(10_000_000);

/// What a core for this host starts from. `seed` is random.
pub fn start(host: &Host, seed: [u8; 32]) -> Result<Start<Mmcos>, GameError> {
    let config = &host.config;
    let settings = mmcos_game::Config {
        message: Some(config.message.clone()).filter(|message| !message.is_empty()),
        maintenance: config.maintenance,
        identity: match config.identity {
            Identity::Verify => IdentityPolicy::Verify(PublicKey::steam()),
            Identity::Trust => IdentityPolicy::Trust,
        },
        // It stands in a trace, so a recorded run has one of its own.
        race_secret: config.record.is_some().then(|| mmcos_game::race_secret(&seed)),
        shortest_race: config.min_race_seconds,
        requests: Rate {
            per_second: config.account_requests_per_second,
            burst: config.account_request_burst,
        },
        xml: xml::Limits { depth: config.max_xml_depth.get(), elements: config.max_xml_elements.get() },
        egonet: egonet::Limits {
            depth: u8::try_from(config.max_egonet_depth.get()).unwrap_or(u8::MAX),
            values: config.max_egonet_values.get(),
        },
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
        first_session: FIRST_SESSION,
        events: config.events.clone(),
        ..mmcos_game::Config::default()
    };
    let desk = DeskConfig {
        admin: operator::admin(config, &host.password, host.console.as_ref())?,
        pages: if host.setup.has_page {
            {
                let authority = host.https.as_ref().and_then(|https| https.authority.as_deref());
                setup::pages(&host.setup, authority)
            }
        } else {
            Vec::new()
        },
        addresses: host.setup.visitor_addresses(),
    };
    let life = Life { key: *host.key.as_bytes(), seed, desk };
    Ok(Start { life, limits: limits(config), settings, records: Vec::new() })
}

fn limits(config: &Config) -> Limits {
    let defaults = Limits::default();
    Limits {
        http: http::Limits {
            head: config.max_head_bytes.get(),
            fields: config.max_fields.get(),
            body: config.max_body_bytes.get(),
        },
        connections: config.max_connections.get(),
        connections_per_address: u32::try_from(config.max_connections_per_address.get()).unwrap_or(u32::MAX),
        requests: Rate { per_second: config.requests_per_second, burst: config.request_burst },
        trusted_proxies: config.trusted_proxies.clone(),
        head_time: config.head_seconds,
        body_time: config.body_seconds,
        idle_time: config.idle_seconds,
        built: clock::EARLIEST,
        clock_wait: config.clock_wait_seconds,
        hold_time: defaults.hold_time.max(config.poll_seconds.saturating_mul(2)),
        ..defaults
    }
}

fn whole_seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}
