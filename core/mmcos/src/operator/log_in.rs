//! Logging in and out.

use alloc::{format, string::String};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    command::{CommandError, Deed, log_refusal},
    view::Link,
};
use crate::Mmcos;
use mmcos_core::{
    admin::{AdminResponse, Caller, LINK_LIFETIME, LoggedIn, Refusal, Token},
    engine::Peer,
    service::Context,
    wire::http::{Method, Request, Status},
};

/// Body of `POST /api/v1/session`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogIn {
    /// The host's password, or that of a named operator.
    password: String,
}

/// Returns the page for a browser in a network from which the dashboard may not be opened.
pub(super) fn page_for_strangers(peer: Peer) -> AdminResponse {
    let address = peer.address.ip().to_canonical();
    // At the listener for operators there is no page for players.
    let players = if peer.listener.has_game() {
        "<p>Players need nothing of this: <a href=\"/\">to their page</a>.</p>"
    } else {
        ""
    };
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>mmcos</title>\
         <h1>The dashboard cannot be opened from here</h1>\
         <p>Your address, {address}, is in no network from which this server's dashboard may be opened. By default \
         these are the server's own machine and private networks.</p>\
         <p>If you run this server, do one of these:</p><ul>\
         <li>Go through SSH: run <code>ssh -L 8080:localhost:80 SERVER</code>, and open \
         <code>http://localhost:8080/admin</code>. (In place of 80, put the port of \
         <code>admin-listen</code> or, without that setting, of <code>http</code>.)</li>\
         <li>Add the address to the server's configuration, mmcos.toml, and start the server again: \
         <code>admin-networks = \"private, {address}\"</code></li></ul>{players}"
    );
    let body = html.into_bytes().into();
    AdminResponse::new("text/html; charset=utf-8", body).of_status(Status::FORBIDDEN)
}

impl Mmcos {
    /// Makes a one-time link for the caller.
    pub(super) fn make_link(&mut self, cx: &mut Context<'_, Self>, caller: &Caller, peer: Peer) -> Deed {
        let link = Token::new([cx.random(), cx.random()]);
        let now = cx.now().monotonic;
        let gate = self.operator.desk.gate();
        let token = gate.map(|gate| gate.make_link(link, caller, peer, now)).unwrap_or_default();
        let link = Link { path: format!("/admin/link/{token}"), seconds: LINK_LIFETIME.as_secs() };
        Deed::new("made a one-time link").with_response(AdminResponse::json(&link))
    }

    /// Logs a browser in with a password. Returns the name of the operator.
    pub(super) fn log_in(
        &mut self,
        cx: &mut Context<'_, Self>,
        request: &Request<'_>,
        peer: Peer,
    ) -> Result<(String, Deed), CommandError> {
        let LogIn { password } = serde_json::from_slice(request.body())?;
        let session = Token::new([cx.random(), cx.random()]);
        let gate = self.operator.desk.gate().ok_or(Refusal::ProofNeeded)?;
        match gate.log_in(&password, request, peer, session, cx.now()) {
            Ok(LoggedIn { name, cookie }) => {
                let response = AdminResponse::done().with("Set-Cookie", &cookie);
                Ok((name, Deed::new("logged in").with_response(response)))
            }
            Err(why) => {
                log_refusal(cx, peer, &why);
                Err(why.into())
            }
        }
    }

    /// Logs in a browser that opens a one-time link, or returns a page that says why not.
    pub(super) fn open_link(
        &mut self,
        cx: &mut Context<'_, Self>,
        link: &str,
        request: &Request<'_>,
        peer: Peer,
    ) -> Result<(String, Deed), AdminResponse> {
        let page = |text: &str| {
            let html = format!("<!doctype html><meta charset=\"utf-8\"><title>mmcos</title><p>{text}</p>");
            AdminResponse::new("text/html; charset=utf-8", html.into_bytes().into())
        };
        // A prefetch by the browser must not use up the link.
        let is_prefetch = request.field("Sec-Purpose").or_else(|| request.field("Purpose")).is_some();
        if request.method() == Method::Head || is_prefetch {
            return Err(page("Open this link to log in.").of_status(Status::SERVICE_UNAVAILABLE));
        }
        let session = Token::new([cx.random(), cx.random()]);
        let gate = self.operator.desk.gate().ok_or_else(|| AdminResponse::refused(&Refusal::ProofNeeded))?;
        match gate.open_link(link, request, peer, session, cx.now()) {
            Ok(LoggedIn { name, cookie }) => {
                let response = AdminResponse::see_other("/admin").with("Set-Cookie", &cookie);
                Ok((name, Deed::new("logged in with a one-time link").with_response(response)))
            }
            Err(Refusal::UsedLink) => {
                let text = "This link has been used or has expired. Run <code>mmcos admin-link</code> on the server \
                            for a new one, or <a href=\"/admin\">log in with the password</a>.";
                Err(page(text).of_status(Status::GONE))
            }
            Err(why) => Err(AdminResponse::refused(&why)),
        }
    }
}
