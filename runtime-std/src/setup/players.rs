//! Instructions for players: a page, and a script for each system.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mmcos_core::admin::VisitorPage;
use mmcos_core::info::{Info, Trust};

use super::Setup;
use crate::certificate::Authority;

/// The policy (`Content-Security-Policy`) of the page: its own style and script, its own links, nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("page.html");
const WINDOWS: &str = include_str!("setup.cmd");
const UNIX: &str = include_str!("setup.sh");

/// Placeholder in the page's lines if no IP address is known.
const UNKNOWN: &str = "ADDRESS-OF-THE-SERVER";
const BY_NAME: &str = "The scripts look up the address of <b>{address}</b>. For the lines below, \
                       <code>nslookup {address}</code> shows it. If the address changes, run the script again.";
const TRUST_TITLE: &str = "The certificate";
const TRUST: &str = "The game connects only to servers whose certificate the computer trusts. The scripts install the \
                     <a href=\"/ca.cer\" download>certificate of this server</a>, which is valid for the game's host \
                     names only; <code>undo</code> removes it. By hand, on Windows, as administrator: \
                     <code>certutil -addstore Root ca.cer</code>.";
const BY_NOTHING: &str = "This server does not know its own address. Ask its operator for the address, and open this \
                          page with it, such as <code>http://203.0.113.5/</code>. Until then there are no downloads, \
                          and the lines below lack the address.";

/// Returns the page at `/`, the scripts at `/setup.cmd` and `/setup.sh`, and the certificate of an authority at
/// `/ca.cer`. The core fills in the address for each visitor.
///
/// The other placeholders are ports, the version, and texts of the game. None of these can hold markup.
pub fn pages(setup: &Setup, authority: Option<&Authority>) -> Vec<VisitorPage> {
    let file = |path: &str, content_type: &str, text: String| VisitorPage {
        path: path.to_owned(),
        content_type: content_type.to_owned(),
        policy: POLICY.to_owned(),
        by_ip: text.clone(),
        by_name: text,
        unknown: None,
    };
    let page = |address, note| page(setup, authority.is_some(), address, note);
    let html = VisitorPage {
        by_name: page(UNKNOWN, Some(BY_NAME)),
        unknown: Some(page(UNKNOWN, Some(BY_NOTHING))),
        ..file("/", "text/html; charset=utf-8", page("{address}", None))
    };
    let script = |text: &str, what_else| unix_ends(&filled(text, setup.info, authority, what_else));
    let also = "It also installs the certificate of the server, which is valid for the host names of the game only.\n";
    let [rem, hash] =
        ["rem ", "# "].map(|mark| authority.map(|_| format!("{mark}{also}")).unwrap_or_default());
    // cmd fails on a script with Unix line ends.
    let windows = script(WINDOWS, &rem).replace('\n', "\r\n");
    let windows = file("/setup.cmd", "application/octet-stream", windows);
    let unix = file("/setup.sh", "text/x-shellscript; charset=utf-8", script(UNIX, &hash));
    let certificate = authority.map(|authority| VisitorPage {
        unknown: Some(authority.pem()),
        ..file("/ca.cer", "application/x-x509-ca-cert", authority.pem())
    });
    [html, windows, unix].into_iter().chain(certificate).collect()
}

fn page(setup: &Setup, has_authority: bool, address: &str, note: Option<&str>) -> String {
    let Info { title, hosts, page: texts, .. } = setup.info;
    let lines: Vec<String> = hosts.iter().map(|host| format!("{address} {host}")).collect();
    let port = match setup.https.map(|place| place.address.port()) {
        Some(443) => None,
        Some(port) => Some(format!(
            "This server listens on port {port}, but the game connects to 443 only. Its operator must forward 443 to \
             {port}."
        )),
        None => Some(
            "This server does not speak HTTPS, which the game needs unless both are on one PC.".to_owned(),
        ),
    };
    let notes = [note.map(str::to_owned), port].into_iter().flatten();
    let attention =
        notes.fold(String::new(), |html, text| html + "<p class=\"attention\">" + &text + "</p>\n");
    let section = |title: &str, text: &str| format!("<h2>{title}</h2>\n<p>{text}</p>\n");
    let trust = if has_authority { section(TRUST_TITLE, TRUST) } else { String::new() };
    let same_pc = match texts.same_pc {
        "" => String::new(),
        text => section("Server and game on one PC", &format!("You need nothing of the above. {text}")),
    };
    PAGE.replace("{attention}", &attention)
        .replace("{lines}", &lines.join("\n"))
        .replace("{version}", &setup.info.program())
        .replace("{trust}", &trust)
        .replace("{same_pc}", &same_pc)
        .replace("{title}", title)
        .replace("{about}", texts.about)
        .replace("{notice}", texts.notice)
}

/// Fills the placeholders of a script for this game and this server.
fn filled(script: &str, info: &Info, authority: Option<&Authority>, what_else: &str) -> String {
    let quoted: Vec<String> = info.hosts.iter().map(|host| format!("'{host}'")).collect();
    let steam_app = match info.trust {
        Trust::System { steam_app } => steam_app.to_string(),
        Trust::Any => String::new(),
    };
    script
        .replace("{quoted_names}", &quoted.join(", "))
        .replace("{names}", &info.hosts.join(" "))
        .replace("{title}", info.title)
        .replace("{name}", info.name)
        .replace("{what_else}", what_else)
        .replace("{probe_path}", info.probe.path)
        .replace("{probe_mark}", &info.probe.mark.to_ascii_lowercase())
        .replace("{probe_body}", info.probe.body)
        .replace("{probe_closed}", info.probe.closed)
        .replace(
            "{authority}",
            &authority.map(|authority| STANDARD.encode(authority.der())).unwrap_or_default(),
        )
        .replace("{thumbprint}", &authority.map(Authority::thumbprint).unwrap_or_default())
        .replace("{steam_app}", &steam_app)
}

/// Removes other line ends, which a checkout on Windows may have given the source.
fn unix_ends(text: &str) -> String {
    text.replace('\r', "")
}

#[cfg(test)]
mod tests;
