//! File of a running server in its data directory. It tells this host's commands how the server was started.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, absolute};

use mmcos_core::game::Game;
use mmcos_core::info::Info;
use mmcos_core::settings::Settings;

use super::local_client::Listener;
use crate::config::{Config, ConfigError, Loaded, Sources};
use crate::data_dir::{DataDir, DataDirError};
use crate::setup::{Place, Setup};

/// Configuration file with the actual listening addresses. A file that an ended server left behind does no harm: no
/// server responds at its addresses.
const FILE: &str = "running.toml";

/// No server runs with this data directory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no server with the data directory {0} responds: start it, or name the right directory with --data-dir DIRECTORY"
)]
pub struct NotRunning(pub String);

/// Writes the configuration of this server.
pub(crate) fn write(
    dir: &DataDir,
    loaded: &Loaded<impl Settings>,
    setup: &Setup,
) -> Result<(), DataDirError> {
    let mut running = loaded.clone();
    let config = &mut running.config;
    let address = |place: Option<Place>| place.map(|place| place.address);
    config.http = address(setup.http);
    config.https = address(setup.https);
    // Kept without a dashboard, so that `doctor` can say that it is not used.
    config.admin_listen = address(setup.admin).or(config.admin_listen);
    config.data_dir = dir.path().to_owned().into();
    // The commands may run in another directory.
    for path in [&mut config.certificate, &mut config.key, &mut config.record].into_iter().flatten() {
        if let Ok(absolute) = absolute(&**path) {
            *path = absolute.into();
        }
    }
    dir.write(FILE, running.to_string().as_bytes())
}

/// Returns the configuration of the server that runs with this data directory; `None` if none responds.
///
/// # Errors
/// A server runs, but its configuration is not readable: it is of another version, or another user's.
pub(crate) fn find<G: Game>(data_dir: &Path) -> Option<Result<Loaded<G::Settings>, ConfigError>> {
    let file = DataDir::find(data_dir).ok()??.file(FILE);
    if !file.exists() {
        return None;
    }
    let loaded = Sources { file: Some(file), ..Sources::default() }.load::<G>();
    let is_closed = |loaded: &Loaded<_>| {
        listener(&loaded.config).is_none_or(|listener| probe(&G::INFO, listener) == Occupant::Nothing)
    };
    if loaded.as_ref().is_ok_and(is_closed) { None } else { Some(loaded) }
}

/// Returns the text of `mmcos health` for the server that runs with this data directory.
///
/// # Errors
/// No server runs, or its response is not that of this game's server.
pub(crate) fn health<G: Game>(data_dir: &Path) -> Result<&'static str, NotRunning> {
    let running = find::<G>(data_dir).and_then(Result::ok);
    let listener = running.and_then(|running| listener(&running.config));
    match listener.map(|listener| probe(&G::INFO, listener)) {
        Some(Occupant::Ours) => Ok("ok"),
        Some(Occupant::Stranger | Occupant::Nothing) | None => {
            Err(NotRunning(data_dir.display().to_string()))
        }
    }
}

/// Returns the running server's reason for not accepting players at the moment.
pub(crate) fn trouble(info: &Info, running: &Config) -> Option<String> {
    text_of(info, running, "/readyz", 503, "error")
}

/// Returns the running server's reason for not trusting this machine's clock at the moment.
pub(crate) fn clock_trouble(info: &Info, running: &Config) -> Option<String> {
    text_of(info, running, "/api/v1/status", 200, "clock_trouble")
}

/// Returns a text of the JSON at a path, if the response has this status.
fn text_of(info: &Info, running: &Config, path: &str, wanted: u16, field: &str) -> Option<String> {
    let (status, body) = listener(running)?.get(host(info), path).ok()?;
    let json: serde_json::Value = serde_json::from_str(&body).ok().filter(|_| status == wanted)?;
    Some(json.get(field)?.as_str()?.chars().filter(|c| !c.is_control()).collect())
}

fn listener(running: &Config) -> Option<Listener> {
    let listener = |address: Option<SocketAddr>, tls| Some(Listener { address: address?, tls });
    listener(running.http, false).or_else(|| listener(running.https, true))
}

/// Kind of program at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occupant {
    /// Nothing accepts the connection.
    Nothing,
    /// A server of this game.
    Ours,
    /// A program that responds otherwise, or not at all.
    Stranger,
}

/// Sends a request to which only a server of this game responds.
pub(crate) fn probe(info: &Info, listener: Listener) -> Occupant {
    occupant(info, listener, info.probe.path, |info, _, body| body.contains(info.probe.body))
}

/// Sends a request to which a server of this game responds on the listener for operators too.
pub(crate) fn probe_health(info: &Info, listener: Listener) -> Occupant {
    // A page of any other program may contain "ok".
    occupant(info, listener, "/healthz", |_, status, body| status == 200 && body == "ok\n")
}

fn occupant(info: &Info, listener: Listener, path: &str, is_ours: fn(&Info, u16, &str) -> bool) -> Occupant {
    match listener.get(host(info), path) {
        Ok((status, body)) if is_ours(info, status, &body) => Occupant::Ours,
        Err(error) if error.kind() == ErrorKind::NotConnected => Occupant::Nothing,
        Ok(_) | Err(_) => Occupant::Stranger,
    }
}

/// Returns the host name for requests.
fn host(info: &Info) -> &'static str {
    info.hosts.first().copied().unwrap_or("localhost")
}
