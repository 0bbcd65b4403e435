//! The publisher's `EgoNet`: `LoginService.Login` (capture 13) and whatever else is posted there.

use alloc::{format, string::String, vec::Vec};
use core::net::{IpAddr, SocketAddr};

use super::response::Response;
use crate::{LogEvent, Mmcos, Rejection, players::Name as PlayerName};
use mmcos_core::{
    engine::Exchange,
    service::Context,
    wire::{
        egonet::{self, Dict, Value},
        http::{Request, Status},
        steam::SteamId,
    },
};

/// Type of a response, as the official server wrote it. (Capture 13.)
const CONTENT_TYPE: &str = "text/html";
/// Maximum bytes of a function's name in the log.
const LONGEST_NAME: usize = 64;

impl Mmcos {
    pub(crate) fn egonet(
        &mut self,
        cx: &mut Context<'_, Self>,
        request: &Request<'_>,
        peer: SocketAddr,
        exchange: Exchange,
    ) -> Result<(), (Exchange, Rejection)> {
        let mut body = Vec::new();
        match request.field("X-EgoNet-Function") {
            Some(b"LoginService.Login") => match self.egonet_login(request.body(), peer.ip()) {
                Ok(response) => put(response, &mut body),
                Err(rejection) => return Err((exchange, rejection)),
            },
            // Sent by the game now and then; the response that it expects is unknown.
            Some(b"Analytics.DataEvent") => put(Dict::new(), &mut body),
            function => {
                let name = function.unwrap_or(b"an EgoNet request without a function");
                // `EscapeAscii` ignores a precision, so the bytes are cut.
                let shown = name.get(..LONGEST_NAME).unwrap_or(name).escape_ascii();
                let bytes = request.body().len();
                cx.log(LogEvent::Unseen { peer, request: format!("{shown}"), bytes });
            }
        }
        let id = format!("{:016X}{:016X}", cx.random(), cx.random());
        let fields: [(&str, &str); 2] = [("X-EgoNet-Result", "0"), ("X-EgoNet-SessionID", &id)];
        Response::bytes(CONTENT_TYPE, body).with(Status::OK, &fields).send(cx, exchange);
        Ok(())
    }

    /// Responds to `LoginService.Login`. The request proves nothing (its ticket is encrypted for the publisher) and
    /// names no account, so the response repeats what the account service learnt shortly before: our choice. No
    /// decision depends on it. Field names, types and their order are the official ones, and the game is strict about
    /// them.
    fn egonet_login(&self, body: &[u8], address: IpAddr) -> Result<Dict<'static>, Rejection> {
        let request = egonet::decode_with_any_text(body, &self.settings.egonet())?;
        let name = request.get("Name").and_then(Value::as_str);
        let name = name.ok_or(Rejection::Value { field: "Name", expected: "a dstr" })?;
        let name = PlayerName::new(name);
        let known = self.sessions.recent_login(address, &name);
        let player = known.and_then(|steam_id| self.players().by_steam_id(steam_id));
        let principal = player.map_or(0, |player| player.user_id.0);
        let steam_id = known.map_or(0, SteamId::get);
        Ok(Dict::new()
            .si64("PrincipalId", principal.into())
            .dstr("Name", String::from(name.as_str()))
            .ui64("XUID", 0)
            .ui64("SteamId", steam_id)
            .ui64("SubjectId", 0)
            .ui64("OculusId", 0)
            .si64("AccountRef", steam_id.cast_signed())
            .ui64("Flags", 0))
    }
}

/// Appends a response. A response of the program's own making always encodes.
fn put(response: Dict<'_>, body: &mut Vec<u8>) {
    let encoded = egonet::encode(&response.into(), body);
    debug_assert!(encoded.is_ok(), "{encoded:?}");
}
