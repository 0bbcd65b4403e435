//! What players do, as texts: a page, and a script for each system.

use mmcos_core::admin::VisitorPage;

use super::Setup;
use crate::certificate::GAME_HOSTS;
use crate::cli;

/// The policy (`Content-Security-Policy`) of the page: its own style, its own links, nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("page.html");
const WINDOWS: &str = include_str!("setup.cmd");
const UNIX: &str = include_str!("setup.sh");

/// Stands in the page's lines where no IP address is known.
const UNKNOWN: &str = "ADDRESS-OF-THE-SERVER";
const BY_NAME: &str = "The scripts find out the address of <b>{address}</b> by themselves. For the lines below, \
                       <code>nslookup {address}</code> shows it. If it changes, run the script again.";
const BY_NOTHING: &str = "This server does not know its own address: ask its operator for it, open this page by it \
                          (such as <code>http://203.0.113.5/</code>), and put it into the lines below. The downloads \
                          are not there until then.";

/// The page at `/` and the scripts at `/setup.cmd` and `/setup.sh`. The core fills in the address that each visitor needs.
///
/// All else that is filled in here are ports, the version and the game's host names, none of which can hold markup.
pub fn pages(setup: &Setup) -> Vec<VisitorPage> {
    let file = |path: &str, content_type: &str, text: String| VisitorPage {
        path: path.to_owned(),
        content_type: content_type.to_owned(),
        policy: POLICY.to_owned(),
        by_ip: text.clone(),
        by_name: text,
        unknown: None,
    };
    let html = VisitorPage {
        by_name: page(setup, UNKNOWN, Some(BY_NAME)),
        unknown: Some(page(setup, UNKNOWN, Some(BY_NOTHING))),
        ..file("/", "text/html; charset=utf-8", page(setup, "{address}", None))
    };
    let windows = file("/setup.cmd", "application/octet-stream", windows_script());
    vec![html, windows, file("/setup.sh", "text/x-shellscript; charset=utf-8", unix_script())]
}

fn page(setup: &Setup, address: &str, note: Option<&str>) -> String {
    let lines: Vec<String> = GAME_HOSTS.iter().map(|host| format!("{address} {host}")).collect();
    let port = match setup.https.map(|place| place.address.port()) {
        Some(443) => None,
        Some(port) => Some(format!(
            "This server listens on port {port}, and the game knows only 443. Its operator must forward that port."
        )),
        None => {
            Some("This server does not speak HTTPS, which the game needs unless both share a PC.".to_owned())
        }
    };
    let notes = [note.map(str::to_owned), port].into_iter().flatten();
    let attention =
        notes.fold(String::new(), |html, text| html + "<p class=\"attention\">" + &text + "</p>\n");
    PAGE.replace("{attention}", &attention)
        .replace("{lines}", &lines.join("\n"))
        .replace("{version}", &cli::version())
}

/// Adds the lines to the hosts file of a Windows PC, tests the connection, and takes them out again.
fn windows_script() -> String {
    let quoted: Vec<String> = GAME_HOSTS.iter().map(|host| format!("'{host}'")).collect();
    let script = WINDOWS.replace("{quoted_names}", &quoted.join(", "));
    // cmd loses its way in a script whose lines end as on Unix.
    unix_ends(&script).replace('\n', "\r\n")
}

/// The same for Linux, and so for the game under Proton.
fn unix_script() -> String {
    unix_ends(&UNIX.replace("{names}", &GAME_HOSTS.join(" ")))
}

/// A checkout on Windows may have given the source other line ends.
fn unix_ends(text: &str) -> String {
    text.replace('\r', "")
}

#[cfg(test)]
mod tests;
