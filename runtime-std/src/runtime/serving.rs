//! The parts that every runtime serves with, and their time limits.

use std::error::Error;
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, io};

use mmcos_core::game::Game;
use mmcos_core::link::WriteLimits;
use mmcos_core::seam::{Core, ListenerKind};
use mmcos_core::{AddressRange, Server};
use rustls::ServerConfig;

use crate::driver::Driver;
use crate::host::program::name as program;
use crate::host::{self, Host, HostError, Renewal, game, secret};
use crate::log as logging;
use crate::notify::{Notifier, Webhook};
use crate::runtime::recorder::Recorder;
use crate::signals::{Request, Signals};
use crate::store::{Committer, StoreError};

/// Time that connections have to close when the server stops.
pub const GRACE: Duration = Duration::from_secs(4);
/// Maximum time that the server waits for its connections, including those that the core has dropped.
pub const LONGEST_GRACE: Duration = Duration::from_millis(4500);

/// A listener for clients.
#[derive(Debug)]
pub struct Listener {
    /// A bound socket.
    pub socket: TcpListener,
    /// TLS configuration; `None` for plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// True to serve operators here and nothing of the game.
    pub is_admin: bool,
    /// Addresses from which a connection may begin with a header of the PROXY protocol.
    pub trusted_proxies: Vec<AddressRange>,
}

impl Listener {
    /// Returns the kind of its connections, for the core.
    pub const fn kind(&self) -> ListenerKind {
        match (self.is_admin, &self.tls) {
            (true, _) => ListenerKind::Admin,
            (false, Some(_)) => ListenerKind::Tls,
            (false, None) => ListenerKind::Plain,
        }
    }
}

/// Everything that a runtime serves with.
#[derive(Debug)]
pub struct Serving<C: Core> {
    /// Driver of the core.
    pub driver: Driver<C>,
    /// Listeners.
    pub listeners: Vec<Listener>,
    /// Limits of the write queues.
    pub write_limits: WriteLimits,
    /// Waits for signals and renews certificates.
    pub caretaker: Caretaker,
}

/// Carries out the command line of this process; `serve` runs the server, if the command is to serve. A runtime's
/// `main` consists of this call.
pub fn main<G: Game>(serve: impl FnOnce(Serving<Server<G>>) -> Result<(), RunError>) -> ExitCode {
    let run = || -> Result<(), Box<dyn Error>> {
        let Some(host) = host::start::<G>(env::args_os().skip(1))? else { return Ok(()) };
        let serving = host.serving()?;
        tell_service_manager();
        Ok(serve(serving)?)
    };
    let result = run();
    let code = logging::conclude(G::INFO.name, &result);
    #[cfg(windows)]
    if crate::system::windows::service::is_attached() {
        crate::system::windows::service::ended(result.is_ok());
    } else if result.is_err() {
        crate::system::windows::console::hold();
    }
    code
}

/// Reports to systemd (`Type=notify`) or Windows that the server accepts clients from now on. Does nothing without a
/// service manager that requested it.
pub(crate) fn tell_service_manager() {
    #[cfg(unix)]
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        log::warn!("cannot tell the service manager that the server is ready: {error}");
    }
    #[cfg(windows)]
    crate::system::windows::service::ready();
}

/// Maintains a running server, on a thread of its own: renews certificates once an hour and at a SIGHUP, and waits
/// for the signal to stop.
#[derive(Debug)]
pub struct Caretaker {
    signals: Signals,
    renewal: Option<Renewal>,
}

impl Caretaker {
    /// Blocks until the server must stop.
    pub fn watch(mut self) {
        // Checked often: certificates made with a wrong clock must be renewed soon after the clock is right.
        let hour = Duration::from_hours(1);
        let mut renewed = Instant::now();
        loop {
            match self.signals.wait(hour.saturating_sub(renewed.elapsed())) {
                Ok(Some(Request::Stop)) => break,
                Ok(Some(Request::Reload)) => self.reload(),
                Ok(None) => {}
                Err(error) => {
                    log::error!("cannot wait for signals, so the server stops: {error}");
                    break;
                }
            }
            if renewed.elapsed() >= hour {
                renewed = Instant::now();
                self.renewal.iter().for_each(Renewal::run);
            }
        }
        log::info!("stopping: responding to held requests, accepting no new ones");
    }

    fn reload(&self) {
        log::info!(
            "SIGHUP: reading the certificates again; other changes in {}.toml need a restart",
            program()
        );
        self.renewal.iter().for_each(Renewal::run);
    }
}

/// Error that ended a server or kept it from running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Error before any request was served.
    #[error("cannot start a socket or thread of the server: {0}")]
    Start(#[from] io::Error),
    /// The store failed. Changes that were not durable by then were not acknowledged to any client.
    #[error("stopped: {0}")]
    Store(#[from] Arc<StoreError>),
}

impl<G: Game> Host<G> {
    /// Makes the core, restores its records, and prints how to connect.
    pub fn serving(self) -> Result<Serving<Server<G>>, HostError> {
        let (seed, now) = (secret::random()?, self.clock.now().wall);
        let start = game::start(&self, seed)?;
        let greeting = format!("{}{}", self.setup, self.dashboard());
        let mut store = self.store;
        let mut core = start.server()?;
        store.restore(&mut core, now)?;
        let recorder = match &self.config.record {
            Some(file) => Some(Recorder::create(file, &start, core.service())?),
            None => None,
        };
        let webhook = Webhook::of(&self.config);
        let notifier = webhook.map(|webhook| Notifier::start(webhook, self.config.notify_quiet_seconds));
        let notifier = notifier.transpose().map_err(HostError::Notifier)?;
        let mut driver = Driver::new(core, Committer::start(store)?, self.clock);
        if let Some(recorder) = recorder {
            driver.add_witness(recorder);
        }
        if let Some(notifier) = notifier {
            driver.add_witness(notifier);
        }
        driver.start();
        logging::print(greeting);
        let trusted_proxies = self.config.trusted_proxies;
        let plain = [(self.http, false), (self.admin, true)];
        let plain = plain.into_iter().filter_map(|(bound, is_admin)| Some((bound?.listener, is_admin)));
        let plain = plain.map(|(socket, is_admin)| Listener {
            socket,
            tls: None,
            is_admin,
            trusted_proxies: trusted_proxies.clone(),
        });
        let mut listeners: Vec<_> = plain.collect();
        let mut renewal = None;
        if let Some(https) = self.https {
            listeners.push(Listener {
                socket: https.bound.listener,
                tls: Some(https.tls.config()),
                is_admin: false,
                trusted_proxies,
            });
            renewal = Some(https.renewal);
        }
        Ok(Serving {
            driver,
            listeners,
            write_limits: WriteLimits {
                bytes: self.config.max_queued_bytes.get(),
                time: self.config.read_seconds,
            },
            caretaker: Caretaker { signals: self.signals, renewal },
        })
    }
}
