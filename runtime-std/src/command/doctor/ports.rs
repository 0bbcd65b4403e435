//! The listeners: which program has their ports, and whether the server could open them.

use std::net::SocketAddr;

use mmcos_core::info::Info;

use super::Finding;
use crate::command::local_client::Listener;
use crate::command::running::{Occupant, probe, probe_health};
use crate::config::Config;
use crate::host::operator::{UNUSED_LISTENER, has_dashboard};
use crate::listen;

/// Ports that the game connects to.
const HTTPS: u16 = 443;
const HTTP: u16 = 80;

pub(super) fn examine(info: &Info, config: &Config) -> Vec<Finding> {
    if config.http.is_none() && config.https.is_none() {
        let text = "http and https are both off, so no player can connect. Give one of them a port.";
        return vec![Finding::problem("ports", text)];
    }
    let mut findings = vec![
        config.https.map_or_else(|| https_off(info), |wanted| port(info, "https", wanted, true)),
        config.http.map_or_else(|| Finding::ok("http", "off"), |wanted| port(info, "http", wanted, false)),
    ];
    let elsewhere = |wanted: Option<SocketAddr>, port| wanted.is_some_and(|wanted| wanted.port() != port);
    if elsewhere(config.https, HTTPS) {
        findings.push(forwarding("https", HTTPS));
    }
    if elsewhere(config.http, HTTP) && config.https.is_none() {
        findings.push(forwarding("http", HTTP));
    }
    findings.extend(config.admin_listen.map(|wanted| admin(info, config, wanted)));
    findings
}

/// Returns the finding about the listener for operators.
fn admin(info: &Info, config: &Config, wanted: SocketAddr) -> Finding {
    const ABOUT: &str = "admin-listen";
    if !has_dashboard(config) {
        return Finding::warning(ABOUT, format!("{UNUSED_LISTENER}."));
    }
    let game = [("http", config.http), ("https", config.https)];
    if let twice @ listen::ListenError::Twice { .. } = listen::ListenError::InUse(wanted).within(ABOUT, game)
    {
        return Finding::problem(ABOUT, format!("{twice}."));
    }
    match probe_health(info, Listener { address: wanted, tls: false }) {
        Occupant::Ours => {
            Finding::ok(ABOUT, format!("{} responds on {wanted}, to operators alone", info.name))
        }
        Occupant::Stranger => taken(info, ABOUT, wanted),
        Occupant::Nothing => match listen::bind(wanted) {
            Ok(bound) => Finding::ok(ABOUT, format!("{} is free; the server is not running", bound.address)),
            Err(error) => Finding::problem(ABOUT, format!("{error}.")),
        },
    }
}

fn taken(info: &Info, about: &'static str, wanted: SocketAddr) -> Finding {
    let taken = listen::ListenError::InUse(wanted);
    Finding::problem(about, format!("the program on {wanted} is not {}: {taken}.", info.name))
}

fn https_off(info: &Info) -> Finding {
    let same_pc = match info.page.same_pc {
        "" => String::new(),
        text => format!(" or run on this PC ({})", text.trim_end_matches('.')),
    };
    let text = format!(
        "off: games must connect through a proxy{same_pc}. To let games on other PCs connect directly, set \
         https = \"443\"."
    );
    Finding::warning("https", text)
}

fn forwarding(about: &'static str, port: u16) -> Finding {
    Finding::warning(
        about,
        format!(
            "games connect to port {port}: a router, proxy or firewall must forward that port to this one."
        ),
    )
}

fn port(info: &Info, about: &'static str, wanted: SocketAddr, https: bool) -> Finding {
    match probe(info, Listener { address: wanted, tls: https }) {
        Occupant::Ours => return Finding::ok(about, format!("{} responds on {wanted}", info.name)),
        Occupant::Stranger => return taken(info, about, wanted),
        Occupant::Nothing => {}
    }
    match listen::bind(wanted) {
        Ok(bound) => match bound.instead_of {
            None => Finding::ok(about, format!("{wanted} is free; the server is not running")),
            Some(_) => denied(info, about, wanted, bound.address),
        },
        Err(error) => Finding::problem(about, format!("{error}.")),
    }
}

fn denied(info: &Info, about: &'static str, wanted: SocketAddr, substitute: SocketAddr) -> Finding {
    Finding::warning(
        about,
        format!(
            "no server responds on {wanted}, and your account may not use that port. If you start {}, it falls back to \
             {substitute}, where games cannot find it; systemd can give it the port.",
            info.name
        ),
    )
}
