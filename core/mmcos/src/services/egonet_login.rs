//! The publisher's `EgoNet`: `LoginService.Login` (capture 13) and whatever else is posted there.

use alloc::{collections::VecDeque, format, string::String};
use core::net::{IpAddr, SocketAddr};

use crate::{Event, Fault, Mmcos, players::Name as PlayerName, services::response::Reply};
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
/// Number of logins that are remembered.
const REMEMBERED: usize = 256;

/// Recent logins. The `EgoNet` request proves nothing (its ticket is encrypted for the publisher) and names no
/// account, so its response repeats what the account service learnt shortly before: our choice. No decision depends
/// on it.
#[derive(Debug, Default)]
pub(crate) struct RecentLogins(VecDeque<(IpAddr, PlayerName, SteamId)>);

impl RecentLogins {
    pub(crate) fn logged_in(&mut self, address: IpAddr, name: &PlayerName, steam_id: SteamId) {
        if self.0.len() >= REMEMBERED {
            self.0.pop_back();
        }
        self.0.push_front((address, name.clone(), steam_id));
    }

    fn find(&self, address: IpAddr, name: &PlayerName) -> Option<SteamId> {
        self.0.iter().find(|recent| recent.0 == address && recent.1 == *name).map(|recent| recent.2)
    }
}

impl Mmcos {
    pub(crate) fn egonet(
        &mut self,
        cx: &mut Context<'_, Self>,
        request: &Request<'_>,
        peer: SocketAddr,
        exchange: Exchange,
    ) -> Result<(), (Exchange, Fault)> {
        let mut body = self.writer().into_bytes();
        match request.field("X-EgoNet-Function") {
            Some(b"LoginService.Login") => match self.egonet_login(request.body(), peer.ip()) {
                Ok(answer) => put(answer, &mut body),
                Err(fault) => return Err((exchange, fault)),
            },
            // Sent by the game now and then; the response that it expects is unknown.
            Some(b"Analytics.DataEvent") => put(Dict::new(), &mut body),
            function => {
                let name = function.unwrap_or(b"an EgoNet request without a function");
                // `EscapeAscii` ignores a precision, so the bytes are cut.
                let shown = name.get(..LONGEST_NAME).unwrap_or(name).escape_ascii();
                let bytes = request.body().len();
                cx.log(Event::Unseen { peer, request: format!("{shown}"), bytes });
            }
        }
        let id = format!("{:016X}{:016X}", cx.random(), cx.random());
        let fields: [(&str, &str); 2] = [("X-EgoNet-Result", "0"), ("X-EgoNet-SessionID", &id)];
        self.reply(cx, exchange, Reply::bytes(CONTENT_TYPE, body).with(Status::OK, &fields));
        Ok(())
    }

    /// Responds to `LoginService.Login`. Field names, types and their order are the official ones, and the game is
    /// strict about them.
    fn egonet_login(&self, body: &[u8], address: IpAddr) -> Result<Dict<'static>, Fault> {
        let request = egonet::decode_with_any_text(body, &self.settings.egonet())?;
        let name = request.get("Name").and_then(Value::as_str);
        let name = name.ok_or(Fault::Value { field: "Name", expected: "a dstr" })?;
        let name = PlayerName::new(name);
        let known = self.egonet.find(address, &name);
        let player = known.and_then(|steam_id| self.players.by_steam_id(steam_id));
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
fn put(answer: Dict<'_>, body: &mut alloc::vec::Vec<u8>) {
    let encoded = egonet::encode(&answer.into(), body);
    debug_assert!(encoded.is_ok(), "{encoded:?}");
}
