//! Findings about this machine: addresses, clock, hosts file, limits.

use std::fs;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::path::Path;

use mmcos_core::admin::ServerAddress;
use mmcos_core::calendar::UtcText;
use mmcos_core::info::Info;
use mmcos_core::seam::Wall;

use super::Finding;
use crate::config::Config;
use crate::system::hosts_file;
use crate::{clock, open_files, setup};

pub(super) fn address(config: &Config) -> Finding {
    let own: Vec<String> = setup::addresses().iter().map(ToString::to_string).collect();
    match (&config.public_address, own.as_slice()) {
        (Some(name @ ServerAddress::Name(_)), _) if resolved(name).is_empty() => Finding::warning(
            "address",
            format!(
                "public-address = \"{name}\" cannot be resolved here, so probably not by players either: check the \
                 name and its DNS entry."
            ),
        ),
        (Some(address), _) => Finding::ok("address", format!("players use {address} (public-address)")),
        (None, []) => Finding::warning(
            "address",
            "this machine has no network: connect it, or set public-address to the address that players use.",
        ),
        (None, own) => Finding::ok("address", own.join(", ")),
    }
}

/// Returns the IP addresses that a public address resolves to.
fn resolved(address: &ServerAddress) -> Vec<IpAddr> {
    match address {
        ServerAddress::Ip(address) => vec![*address],
        ServerAddress::Name(_) => {
            let found = (address.to_string(), 443).to_socket_addrs();
            found.map_or_else(|_| Vec::new(), |found| found.map(|address| address.ip()).collect())
        }
    }
}

pub(super) fn clock(now: Wall) -> Finding {
    if clock::is_set(now) {
        Finding::ok("clock", UtcText::from(now).to_string())
    } else {
        Finding::problem("clock", format!("{}.", clock::NOT_SET))
    }
}

pub(super) fn open_files(config: &Config) -> Finding {
    match open_files::allow_connections(config.max_connections.get()) {
        Ok(()) => Finding::ok("open files", format!("enough for {} connections", config.max_connections)),
        Err(too_few) => Finding::warning("open files", format!("{too_few}.")),
    }
}

/// Examines where a game on this machine would connect to. `None` for a game without host names to redirect.
pub(super) fn hosts_file(info: &Info, config: &Config) -> Option<Finding> {
    info.redirected_hosts().next()?;
    let path = hosts_file::path();
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            return Some(Finding::warning("hosts file", format!("cannot read {}: {error}", path.display())));
        }
    };
    let public = config.public_address.iter().flat_map(resolved);
    let ours: Vec<IpAddr> = setup::addresses().into_iter().chain(public).collect();
    Some(judge(info, &path, &text, |address| address.is_loopback() || ours.contains(&address)))
}

pub(super) fn judge(info: &Info, path: &Path, text: &str, is_ours: impl Fn(IpAddr) -> bool) -> Finding {
    let entries = entries(info, text);
    let path = path.display();
    let named = |host: &&str| entries.iter().any(|(_, name)| name == *host);
    let missing: Vec<&str> = info.redirected_hosts().filter(|host| !named(host)).collect();
    if let Some((address, name)) = entries.iter().find(|(address, _)| !address.parse().is_ok_and(&is_ours)) {
        return Finding::warning(
            "hosts file",
            format!("{path} redirects {name} to {address}, which is not this server."),
        );
    }
    match missing.as_slice() {
        [] => Finding::ok("hosts file", format!("{path} redirects the game to this server")),
        missing if entries.is_empty() => Finding::ok(
            "hosts file",
            format!("{path} does not name {}; only a PC that runs the game needs that", missing.join(", ")),
        ),
        missing => Finding::warning(
            "hosts file",
            format!("{path} has entries for the game, but not for {}: add them.", missing.join(", ")),
        ),
    }
}

/// Returns the entries for the game's hosts: address and name.
fn entries<'t>(info: &Info, text: &'t str) -> Vec<(&'t str, String)> {
    let mut entries = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut fields = line.split_whitespace();
        let Some(address) = fields.next() else { continue };
        let is_ours = |name: &String| info.redirected_hosts().any(|host| host == name);
        let names = fields.map(str::to_ascii_lowercase).filter(is_ours);
        entries.extend(names.map(|name| (address, name)));
    }
    entries
}

/// Returns whether Windows' firewall lets players through to this program; nothing on other systems.
#[cfg(windows)]
pub(super) fn firewall() -> Option<Finding> {
    use crate::host::program::name as program;
    use crate::system::firewall::Access;
    use crate::system::windows::firewall;

    let command =
        format!("In \"Terminal (Admin)\" (right-click the Start button), run `{} firewall add`.", program());
    let finding = match firewall::examine(&std::env::current_exe().ok()?) {
        Some(Access::Allowed) => Finding::ok("firewall", "a rule lets players through to this program"),
        Some(Access::Blocked) => Finding::problem(
            "firewall",
            format!("a rule blocks this program, as \"Cancel\" in Windows' question does. {command}"),
        ),
        Some(Access::NoRule) => Finding::warning(
            "firewall",
            format!(
                "no rule lets players through to this program. Windows asks when the server starts: choose \"Allow\". \
                 If it does not ask: {command}"
            ),
        ),
        None => Finding::warning("firewall", format!("its rules cannot be read. {command}")),
    };
    Some(finding)
}

/// Returns whether Windows' firewall lets players through to this program; nothing on other systems.
#[cfg(not(windows))]
pub(super) fn firewall() -> Option<Finding> {
    None
}
