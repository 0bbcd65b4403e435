//! The program's name, for texts with a command to run.

use std::sync::OnceLock;

static NAME: OnceLock<&str> = OnceLock::new();

/// Sets the name. Called once, before any text is made.
pub(crate) fn set_name(name: &'static str) {
    let _ = NAME.set(name);
}

/// Returns the name, such as `mmcos` in `mmcos help`.
pub(crate) fn name() -> &'static str {
    NAME.get().copied().unwrap_or("mmcos")
}

#[cfg(test)]
pub(crate) mod tests {
    use mmcos_core::info::{Info, Page, Probe, Trust};

    /// A game for tests of the host.
    pub(crate) static GAME: Info = Info {
        name: "mmcos",
        version: "0.1.0",
        title: "A Game",
        hosts: &["game.example.com", "stats.example.com"],
        trust: Trust::Any,
        probe: Probe { path: "/status", mark: "X-Game:", body: "<Status", closed: "closed" },
        page: Page {
            about: "It is a server.",
            same_pc: "In the game, choose Localhost.",
            notice: "A name is its owner's.",
        },
        has_dashboard: true,
        api: None,
        commands: &[],
        guide: "docs/GAME.md",
    };

    /// The same game, but it asks its system which certificates to trust.
    pub(crate) static STRICT: Info = Info { trust: Trust::System { steam_app: Some(480) }, ..GAME };
}
