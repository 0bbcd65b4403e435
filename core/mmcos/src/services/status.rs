//! Files that the game requests before it logs in: the redirect file and the state of the server (captures 01, 09).

use super::response::{Response, writer};
use crate::Mmcos;
use mmcos_core::{seam::Now, wire::http::Status};

/// A field of our own on `ServerStatus.xml`: it distinguishes this server from any other on the game's port, for the
/// players' scripts. The game ignores fields that it does not know.
const MARK: [(&str, &str); 1] = [("X-Mmcos", "1")];

/// Responds with the redirect file, which holds a server type. `Live` sends the game to the official host names, at
/// which this server is found. The official server sent the game's two oldest versions to `Localhost`; a revived one
/// wants all three.
pub(crate) fn redirect() -> Response<'static> {
    Response::bytes("text/plain", b"Live".into())
}

impl Mmcos {
    /// Responds with `ServerStatus.xml`. Only a server that is up was ever captured. That `display` shows the message
    /// in the game's menu, and that `accessible="false"` means maintenance, is inferred from the names.
    pub(crate) fn server_status(&mut self, now: Now) -> Response<'static> {
        let message = self.menu_message(now);
        let message = message.as_deref();
        let mut xml = writer();
        xml.open("OnlineServiceStatus");
        xml.text_with(
            "Message",
            &[("display", truth(message.is_some())), ("localize", "false")],
            message.unwrap_or("Server is up!"),
        );
        xml.empty_with("ServerStatus", &[("accessible", truth(!self.settings.maintenance))]);
        xml.empty_with("Egonet", &[("enabled", "true")]);
        xml.close("OnlineServiceStatus");
        Response::bytes("text/xml", xml.into_bytes()).with(Status::OK, &MARK)
    }
}

const fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
