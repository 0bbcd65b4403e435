//! File of a running server in its data directory. It tells this host's commands how the server was started.

use std::net::SocketAddr;
use std::path::{Path, absolute};

use mmcos_core::game::Game;
use mmcos_core::info::{Info, Probe};
use mmcos_core::settings::Settings;

use crate::command::local_client::{self, Listener};
use crate::config::{Config, ConfigError, Loaded, Sources};
use crate::data_dir::{DataDir, DataDirError};
use crate::setup::Place;

/// Configuration file with the actual listening addresses. A file that an ended server left behind does no harm: no
/// server responds at its addresses.
const FILE: &str = "running.toml";

/// No server runs with this data directory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no server answers that was started with the data directory {0} (to name another: --data-dir)")]
pub struct NotRunning(pub String);

/// Writes the configuration of this server.
pub(crate) fn write(
    dir: &DataDir,
    loaded: &Loaded<impl Settings>,
    http: Option<Place>,
    https: Option<Place>,
) -> Result<(), DataDirError> {
    let mut running = loaded.clone();
    let config = &mut running.config;
    config.http = http.map(|place| place.address);
    config.https = https.map(|place| place.address);
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
    match loaded {
        Ok(loaded)
            if listener(&loaded.config)
                .is_none_or(|listener| asked(&G::INFO, listener) == Answer::Closed) =>
        {
            None
        }
        loaded => Some(loaded),
    }
}

/// Returns the text of `mmcos health` for the server that runs with this data directory.
///
/// # Errors
/// No server runs, or its response is not that of this game's server.
pub(crate) fn health<G: Game>(data_dir: &Path) -> Result<&'static str, NotRunning> {
    let running = find::<G>(data_dir).and_then(Result::ok);
    let listener = running.and_then(|running| listener(&running.config));
    match listener.map(|listener| asked(&G::INFO, listener)) {
        Some(Answer::Ours) => Ok("ok"),
        Some(Answer::Stranger | Answer::Closed) | None => Err(NotRunning(data_dir.display().to_string())),
    }
}

/// Returns the running server's reason for not accepting players at the moment.
pub(crate) fn trouble(info: &Info, running: &Config) -> Option<String> {
    text_of(info, running, "/readyz", "503", "error")
}

/// Returns the running server's reason for not trusting this machine's clock at the moment.
pub(crate) fn clock_trouble(info: &Info, running: &Config) -> Option<String> {
    text_of(info, running, "/api/v1/status", "200", "clock_trouble")
}

/// Returns a text of the JSON at a path, if the response has this status.
fn text_of(info: &Info, running: &Config, path: &str, status: &str, field: &str) -> Option<String> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let response = local_client::exchange(host(info), listener(running)?, request.as_bytes()).ok()?;
    let (head, body) = response.split_once("\r\n\r\n")?;
    if head.split(' ').nth(1) != Some(status) {
        return None;
    }
    let json: serde_json::Value = serde_json::from_str(body).ok()?;
    Some(json.get(field)?.as_str()?.chars().filter(|c| !c.is_control()).collect())
}

fn listener(running: &Config) -> Option<Listener> {
    let listener = |address: Option<SocketAddr>, tls| Some(Listener { address: address?, tls });
    listener(running.http, false).or_else(|| listener(running.https, true))
}

/// Kind of program at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing accepts the connection.
    Closed,
    /// A server of this game.
    Ours,
    /// A program that responds otherwise, or not at all.
    Stranger,
}

/// Sends a request to which only a server of this game responds.
pub(crate) fn asked(info: &Info, listener: Listener) -> Answer {
    let Probe { path, body, .. } = info.probe;
    let host = host(info);
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    match local_client::exchange(host, listener, request.as_bytes()) {
        Ok(answer) if answer.contains(body) => Answer::Ours,
        Err(error) if error.kind() == std::io::ErrorKind::NotConnected => Answer::Closed,
        Ok(_) | Err(_) => Answer::Stranger,
    }
}

/// Returns the host name for requests.
fn host(info: &Info) -> &'static str {
    info.hosts.first().copied().unwrap_or("localhost")
}
