//! Facts about this game for hosts.

use alloc::string::String;

use crate::host::steam_ticket;
use mmcos_core::{
    info::{Command, Info, Page, Probe, Trust},
    seam::Wall,
    wire::steam::PublicKey,
};

/// Facts about Micro Machines World Series for hosts.
pub(crate) const INFO: Info = Info {
    name: "mmcos",
    version: env!("CARGO_PKG_VERSION"),
    title: "Micro Machines World Series",
    hosts: &["mmcos.codemasters.com", "ecdn.codemasters.com", "prod.egonet.codemasters.com"],
    trust: Trust::Any,
    probe: Probe {
        path: "/MMCOS/MMCOS-ServerStatus/ServerStatus.xml",
        mark: "X-Mmcos:",
        body: "<OnlineServiceStatus",
        closed: r#"accessible="false""#,
    },
    page: Page {
        about: "This server stands in for the closed online services of the game. Tell your computer once where it is, \
                    start the game through Steam, and play online again. The game itself is not changed.",
        same_pc: "In the game's BootConfig_User.xml set m_serverEnvironment to Localhost. The game then connects to \
                      http://localhost, port 80.",
        notice: "A free replacement server. Micro Machines and Codemasters are names of their owners, who have nothing \
                     to do with it.",
    },
    has_dashboard: true,
    api: Some(crate::operator::description),
    commands: &[Command {
        name: "ticket",
        argument: "HEX",
        meaning: TICKET,
        about: "explain a Steam ticket, and say whether a login with it would be accepted",
        run: explain,
    }],
    guide: "docs/HOSTING.md",
};

const TICKET: &str = "the PlatformID of a login, or its start in hex";

fn explain(text: &str, now: Wall) -> Result<String, String> {
    steam_ticket::explain(text, &PublicKey::steam(), now)
        .map_err(|error| alloc::format!("this is not a Steam ticket: {error}. HEX is {TICKET}"))
}
