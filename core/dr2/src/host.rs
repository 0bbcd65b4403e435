//! The game as a host sees it.

use alloc::collections::BTreeMap;

use mmcos_core::admin::Desk;
use mmcos_core::game::{Game, Life, Unfit};
use mmcos_core::info::{Info, Page, Probe, Trust};

use crate::{Dr2, Record, Settings, accounts::Accounts, redact::Secrets};

/// Facts about `DiRT` Rally 2.0. Requests are known of the first host name alone.
pub(crate) const INFO: Info = Info {
    name: "dr2",
    version: env!("CARGO_PKG_VERSION"),
    title: "DiRT Rally 2.0",
    hosts: &[
        "prod.egonet.codemasters.com",
        "qa.egonet.codemasters.com",
        "terms.codemasters.com",
        "aurora.codemasters.local",
    ],
    trust: Trust::System { steam_app: Some(690_790) },
    probe: Probe { path: "/dr2", mark: "X-Dr2:", body: "DiRT Rally 2.0", closed: "" },
    page: Page {
        about: "This server has clubs, rallies and leaderboards of its own, beside the official ones. Tell your \
                computer once where it is and that you trust it, start the game through Steam, and drive. The \
                game itself is not changed.",
        same_pc: "",
        notice: "A free server by players. DiRT Rally and Codemasters are names of their owners, who have \
                 nothing to do with it.",
    },
    has_dashboard: false,
    api: None,
    commands: &[],
    guide: "docs/HOSTING.md",
};

impl Game for Dr2 {
    const INFO: Info = INFO;

    type Settings = Settings;
    type Redactor = Secrets;

    fn new(settings: &Settings, life: &Life) -> Result<Self, Unfit> {
        Ok(Self {
            settings: settings.clone(),
            life: life.clone(),
            desk: Desk::new(&INFO, life.desk.clone()),
            accounts: Accounts::default(),
            boards: BTreeMap::new(),
            attempts: BTreeMap::new(),
            garage: BTreeMap::new(),
            trials: BTreeMap::new(),
            kept: BTreeMap::new(),
            latest: None,
        })
    }

    fn rows(&self) -> impl Iterator<Item = Record> {
        let accounts = self.accounts.rows.values().cloned().map(Record::Account);
        let times = self.boards.values().flat_map(|board| board.times.values()).cloned().map(Record::Time);
        let attempts = self.attempts.values().cloned().map(Record::Attempt);
        let garage = self.garage.values().cloned().map(Record::Fitting);
        accounts.chain(times).chain(attempts).chain(garage)
    }
}
