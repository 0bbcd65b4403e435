//! What the game asks for before it logs in: the redirect file and the state of the server (captures 01, 09).

use super::Config;
use crate::wire::xml::Writer;

/// The redirect file's body: a server type. `Live` sends the game to the official host names, which is where this
/// server is found. The official server sent the game's two oldest versions to `Localhost`; a revived one wants all
/// three.
pub(super) const REDIRECT: &str = "Live";

/// Renders `ServerStatus.xml`.
///
/// Only a server that is up was ever captured. That `display` shows the message in the game's menu, and that
/// `accessible="false"` means maintenance, is inferred from the names.
pub(super) fn render(config: &Config, xml: &mut Writer) {
    let message = config.message.as_deref();
    xml.open("OnlineServiceStatus");
    xml.text_with(
        "Message",
        &[("display", truth(message.is_some())), ("localize", "false")],
        message.unwrap_or("Server is up!"),
    );
    xml.empty_with("ServerStatus", &[("accessible", truth(!config.maintenance))]);
    xml.empty_with("Egonet", &[("enabled", "true")]);
    xml.close("OnlineServiceStatus");
}

const fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
