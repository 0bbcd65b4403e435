//! The listeners: which program has their ports, and whether the server could open them.

use std::net::SocketAddr;

use mmcos_core::info::Info;

use super::Finding;
use crate::command::local_client::Listener;
use crate::command::running::{Answer, asked};
use crate::config::Config;
use crate::listen;

/// Ports that the game connects to.
const HTTPS: u16 = 443;
const HTTP: u16 = 80;

pub(super) fn examine(info: &Info, config: &Config) -> Vec<Finding> {
    if config.http.is_none() && config.https.is_none() {
        let text = "http and https are both off, so nobody could connect. Give one of them a port.";
        return vec![Finding::problem("ports", text)];
    }
    let mut findings = vec![
        config.https.map_or_else(https_off, |wanted| port(info, "https", wanted, true)),
        config.http.map_or_else(|| Finding::ok("http", "off"), |wanted| port(info, "http", wanted, false)),
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

fn port(info: &Info, about: &'static str, wanted: SocketAddr, https: bool) -> Finding {
    match asked(info, Listener { address: wanted, tls: https }) {
        Answer::Ours => return Finding::ok(about, format!("{} answers on {wanted}", info.name)),
        Answer::Stranger => {
            let taken = listen::ListenError::InUse { address: wanted };
            return Finding::problem(
                about,
                format!("what answers on {wanted} is not {}: {taken}.", info.name),
            );
        }
        Answer::Closed => {}
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
            "no server answers on {wanted}, and your account may not use that port: started by you, {} falls back to \
             {substitute}, where games cannot find it. Started by systemd, it may have the port.",
            info.name
        ),
    )
}
