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
const TRUST: &str = "The game connects only to servers whose certificate the computer trusts. The \
                     <a href=\"/ca.cer\" download>certificate of this server</a> is valid for the game's host names \
                     only.{scripts} To install it by hand on Windows, run as administrator: \
                     <code>certutil -addstore Root ca.cer</code>.";
const TRUST_BY_SCRIPT: &str = " The scripts install it, and <code>undo</code> removes it.";
const CHECKS: &str = "<h2>Check a download</h2>\n<p>These are the SHA-256 checksums of the files that this server \
                      offers you. On Windows, <code>certutil -hashfile setup.cmd SHA256</code> shows that of your \
                      file; on Linux, <code>sha256sum setup.sh</code>. If you do not trust the way between you and \
                      the server, compare them with those that its operator sees.</p>\n\
                      <pre><code>{sha256 /setup.cmd}  setup.cmd\n{sha256 /setup.sh}  setup.sh</code></pre>\n";
const BY_NOTHING: &str = "This server does not know its own address. Ask its operator for the address, and open this \
                          page with it, such as <code>http://203.0.113.5/</code>. Until then there are no downloads, \
                          and the lines below lack the address.";

/// Returns the page at `/`, the scripts at `/setup.cmd` and `/setup.sh`, and the certificate of an authority at
/// `/ca.cer`. The core fills in the address for each visitor. A game without a host name to redirect has no scripts.
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
    let page =
        |address, note, checks| page(setup, authority.is_some(), address, note).replace("{checks}", checks);
    let html = VisitorPage {
        by_name: page(UNKNOWN, Some(BY_NAME), CHECKS),
        unknown: Some(page(UNKNOWN, Some(BY_NOTHING), "")),
        ..file("/", "text/html; charset=utf-8", page("{address}", None, CHECKS))
    };
    // A checkout on Windows may have given the source other line ends.
    let script = |text: &str, what_else| filled(text, setup.info, authority, what_else).replace('\r', "");
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
    let has_scripts = setup.info.redirected_hosts().next().is_some();
    let scripts = [windows, unix].into_iter().filter(|_| has_scripts);
    [html].into_iter().chain(scripts).chain(certificate).collect()
}

fn page(setup: &Setup, has_authority: bool, address: &str, note: Option<&str>) -> String {
    let Info { title, page: texts, .. } = setup.info;
    let lines: Vec<String> = setup.info.redirected_hosts().map(|host| format!("{address} {host}")).collect();
    let port = match setup.https.map(|place| place.address.port()) {
        Some(443) => None,
        Some(port) => Some(format!(
            "This server listens on port {port}, but the game connects to 443 only. Its operator must forward 443 to \
             {port}."
        )),
        None => {
            let exception = if texts.same_pc.is_empty() { "" } else { " unless both are on one PC" };
            Some(format!("This server does not speak HTTPS, which the game needs{exception}."))
        }
    };
    let notes = [note.map(str::to_owned), port].into_iter().flatten();
    let attention =
        notes.fold(String::new(), |html, text| html + "<p class=\"attention\">" + &text + "</p>\n");
    let section = |title: &str, text: &str| format!("<h2>{title}</h2>\n<p>{text}</p>\n");
    let by_script = if lines.is_empty() { "" } else { TRUST_BY_SCRIPT };
    let trust = if has_authority { section(TRUST_TITLE, TRUST) } else { String::new() };
    let trust = trust.replace("{scripts}", by_script);
    let same_pc = match texts.same_pc {
        "" => String::new(),
        text => section("Server and game on one PC", &format!("You need nothing of the above. {text}")),
    };
    let about = if texts.about.is_empty() { String::new() } else { format!("<p>{}</p>\n", texts.about) };
    let notice = if texts.notice.is_empty() { String::new() } else { format!(". {}", texts.notice) };
    let (start, rest) = PAGE.split_once("{steps}").unwrap_or_default();
    let (steps, end) = rest.split_once("{end}").unwrap_or_default();
    let steps = if lines.is_empty() { "" } else { steps };
    [start, steps, end]
        .concat()
        .replace("{attention}", &attention)
        .replace("{lines}", &lines.join("\n"))
        .replace("{version}", &setup.info.program())
        .replace("{trust}", &trust)
        .replace("{same_pc}", &same_pc)
        .replace("{title}", title)
        .replace("{about}", &about)
        .replace("{notice}", &notice)
}

/// Fills the placeholders of a script for this game and this server.
fn filled(script: &str, info: &Info, authority: Option<&Authority>, what_else: &str) -> String {
    let hosts: Vec<&str> = info.redirected_hosts().collect();
    let steam_app = match info.trust {
        Trust::System { steam_app: Some(app) } => app.to_string(),
        Trust::System { steam_app: None } | Trust::Any => String::new(),
    };
    script
        .replace("{quoted_names}", &format!("'{}'", hosts.join("', '")))
        .replace("{names}", &hosts.join(" "))
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

#[cfg(test)]
mod tests;
