//! From the host's configuration to a core that is ready to start.

use std::time::Duration;

use mmcos_core::admin::DeskConfig;
use mmcos_core::engine::{Limits, Rate};
use mmcos_core::game::{Game, Life};
use mmcos_core::trace::Start;
use mmcos_core::wire::http;

use super::Host;
use super::operator;
use crate::clock;
use crate::command::doctor::first_run;
use crate::config::Config;
use crate::setup;

/// Maximum time that a request is held. A game responds earlier; this ends requests that it forgot.
const HOLD_TIME: Duration = Duration::from_mins(10);

/// Returns the state that a core of this host starts from. `seed` is random.
///
/// # Errors
/// Fails if the operating system has no random numbers.
pub(crate) fn start<G: Game>(host: &Host<G>, seed: [u8; 32]) -> Result<Start<G>, getrandom::Error> {
    let config = &host.config;
    let authority = host.https.as_ref().and_then(|https| https.authority.as_deref());
    let desk = DeskConfig {
        admin: operator::admin(config, &host.password, host.console.as_ref(), &host.setup.addresses)?,
        pages: if host.setup.has_page { setup::pages(&host.setup, authority) } else { Vec::new() },
        addresses: host.setup.visitor_addresses(),
        findings: first_run::examine(&G::INFO, config, &host.setup, &host.data_dir, host.clock.now().wall),
    };
    let life = Life {
        key: *host.key.as_bytes(),
        seed,
        is_recorded: config.record.is_some(),
        has_webhook: config.notify_url.is_some(),
        desk,
    };
    Ok(Start { life, limits: limits(config), settings: host.game.clone(), records: Vec::new() })
}

/// Returns the limits for clients.
pub(crate) fn limits(config: &Config) -> Limits {
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
        hold_time: HOLD_TIME,
        ..Limits::default()
    }
}
