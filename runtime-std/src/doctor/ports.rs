//! The listeners: who has their ports, and whether the server could have them.

use std::net::SocketAddr;

use super::Finding;
use crate::config::Config;
use crate::listen;
use crate::local_client::Listener;
use crate::running::{Answer, asked};

/// The ports that the game asks for.
const HTTPS: u16 = 443;
const HTTP: u16 = 80;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    if config.http.is_none() && config.https.is_none() {
        let text = "http and https are both off, so nobody could connect. Give one of them a port.";
        return vec![Finding::problem("ports", text)];
    }
    let mut findings = vec![
        config.https.map_or_else(https_off, |wanted| port("https", wanted, true)),
        config.http.map_or_else(|| Finding::ok("http", "off"), |wanted| port("http", wanted, false)),
    ];
    let elsewhere = |wanted: Option<SocketAddr>, port| wanted.is_some_and(|wanted| wanted.port() != port);
    if elsewhere(config.https, HTTPS) {
        findings.push(forwarding("https", HTTPS));
    }
    if elsewhere(config.http, HTTP) && config.https.is_none() {
        findings.push(forwarding("http", HTTP));
    }
    findings
}

fn https_off() -> Finding {
    Finding::warning(
        "https",
        "off: only a game on this PC, with its Localhost setting, can use the server, or games that come through a proxy. \
         For others set https = \"443\".",
    )
}

fn forwarding(about: &'static str, port: u16) -> Finding {
    Finding::warning(
        about,
        format!(
            "the game asks for port {port} alone: a router, proxy or firewall must forward that port to this one."
        ),
    )
}

fn port(about: &'static str, wanted: SocketAddr, https: bool) -> Finding {
    match asked(Listener { address: wanted, tls: https }) {
        Answer::Mmcos => return Finding::ok(about, format!("an mmcos answers on {wanted}")),
        Answer::Stranger => {
            let taken = listen::ListenError::InUse { address: wanted };
            return Finding::problem(about, format!("what answers on {wanted} is no mmcos: {taken}."));
        }
        Answer::Closed => {}
    }
    match listen::bind(wanted) {
        Ok(bound) => match bound.instead_of {
            None => Finding::ok(about, format!("{wanted} is free; the server is not running")),
            Some(_) => denied(about, wanted, bound.address),
        },
        Err(error) => Finding::problem(about, format!("{error}.")),
    }
}

fn denied(about: &'static str, wanted: SocketAddr, substitute: SocketAddr) -> Finding {
    Finding::warning(
        about,
        format!(
            "no server answers on {wanted}, and your account may not use that port: started by you, mmcos falls back to \
             {substitute}, where games cannot find it. Started by systemd, it may have the port.",
        ),
    )
}
