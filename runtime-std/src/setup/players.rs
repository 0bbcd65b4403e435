//! What the players do, as texts: a page and a script for each system.

use std::net::IpAddr;

use super::Setup;
use crate::certificate::GAME_HOSTS;
use crate::cli;

/// The policy (`Content-Security-Policy`) that [`page`] is content with: its own style, its own links, nothing else.
pub const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const PAGE: &str = include_str!("page.html");
const WINDOWS: &str = include_str!("setup.cmd");
const UNIX: &str = include_str!("setup.sh");

/// The page for players, HTML, to be served at `/`. Its links lead to `/setup.cmd`, which is [`windows_script`], and to
/// `/setup.sh`, which is [`unix_script`].
///
/// Only addresses, ports and the version are filled in, none of which can hold markup.
pub fn page(setup: &Setup) -> String {
    let address = setup.players_address().map_or("ADDRESS-OF-THE-SERVER".to_owned(), |ip| ip.to_string());
    let lines: Vec<String> = GAME_HOSTS.iter().map(|host| format!("{address} {host}")).collect();
    PAGE.replace("{attention}", &attention(setup))
        .replace("{lines}", &lines.join("\n"))
        .replace("{version}", &cli::version())
}

/// What the players should know before they try, in HTML.
fn attention(setup: &Setup) -> String {
    let address = setup.players_address().is_none().then(|| {
        "This server does not know its own address: ask its host for it, and put it into the lines below. The \
         downloads are not there until the server knows it."
            .to_owned()
    });
    let port = match setup.https.map(|place| place.address.port()) {
        Some(443) => None,
        Some(port) => Some(format!(
            "This server listens on port {port}, and the game knows only 443. Its host must forward that port."
        )),
        None => {
            Some("This server does not speak HTTPS, which the game needs unless both share a PC.".to_owned())
        }
    };
    let texts = [address, port].into_iter().flatten();
    texts.fold(String::new(), |html, text| html + "<p class=\"attention\">" + &text + "</p>\n")
}

/// `setup.cmd`: adds the lines to the hosts file of a Windows PC, tests the connection, and takes them out again.
///
/// ```
/// let script = mmcos_std::setup::windows_script([192, 168, 1, 20].into());
/// assert!(script.contains("$server = '192.168.1.20'\r\n"));
/// ```
pub fn windows_script(address: IpAddr) -> String {
    let quoted: Vec<String> = GAME_HOSTS.iter().map(|host| format!("'{host}'")).collect();
    let script =
        WINDOWS.replace("{address}", &address.to_string()).replace("{quoted_names}", &quoted.join(", "));
    // cmd loses its way in a script whose lines end as on Unix.
    unix_ends(&script).replace('\n', "\r\n")
}

/// `setup.sh`: the same for Linux, and so for the game under Proton.
///
/// ```
/// let script = mmcos_std::setup::unix_script([192, 168, 1, 20].into());
/// assert!(script.starts_with("#!/bin/sh\n") && script.contains("server='192.168.1.20'\n"));
/// ```
pub fn unix_script(address: IpAddr) -> String {
    let script = UNIX.replace("{address}", &address.to_string()).replace("{names}", &GAME_HOSTS.join(" "));
    unix_ends(&script)
}

/// A checkout on Windows may have given the source other line ends.
fn unix_ends(text: &str) -> String {
    text.replace('\r', "")
}

#[cfg(test)]
mod tests;
