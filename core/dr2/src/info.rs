//! What a host says of this game.

use mmcos_core::info::{Info, Page, Probe, Trust};

impl crate::Dr2 {
    /// What a host needs to know of `DiRT` Rally 2.0. Requests are known of the first host name alone.
    pub const INFO: Info = Info {
        name: "dr2",
        version: env!("CARGO_PKG_VERSION"),
        title: "DiRT Rally 2.0",
        hosts: &[
            "prod.egonet.codemasters.com",
            "qa.egonet.codemasters.com",
            "terms.codemasters.com",
            "aurora.codemasters.local",
        ],
        trust: Trust::System { steam_app: 690_790 },
        probe: Probe { path: "/dr2", mark: "X-Dr2:", body: "DiRT Rally 2.0", closed: "" },
        page: Page {
            about: "This server has clubs, rallies and leaderboards of its own, beside the official ones. Tell your computer \
                once where it is and that you trust it, start the game through Steam, and drive. The game itself is not \
                changed.",
            same_pc: "",
            notice: "A free server by players. DiRT Rally and Codemasters are names of their owners, who have nothing to do \
                 with it.",
        },
        commands: &[],
    };
}
