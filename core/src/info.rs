//! Facts about a game that its host needs before it runs: names, texts, and how to recognise its server.

use alloc::{format, string::String};

use crate::seam::Wall;

/// Facts about a game, for the programs that host it.
///
/// ```
/// use mmcos_core::info::{Info, Page, Probe, Trust};
///
/// const INFO: Info = Info {
///     version: "0.1.0",
///     title: "Example Rally",
///     hosts: &["online.rally.example", "stats.rally.example"],
///     trust: Trust::System { steam_app: 480 },
///     probe: Probe { path: "/status", mark: "X-Rally:", body: "<Status", closed: "<Closed/>" },
///     page: Page { about: "Rallies for everyone.", ..Info::named("rally").page },
///     ..Info::named("rally")
/// };
/// assert_eq!(INFO.program(), "rally 0.1.0");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// Name of the program, in lower-case letters and digits. It names files and variables: `mmcos.toml`, `mmcos.db`,
    /// `MMCOS_HTTP`.
    pub name: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// Name of the game, as its players write it.
    pub title: &'static str,
    /// Host names that the game asks for. The first one stands in certificates as their subject, and is the one that
    /// tests ask.
    pub hosts: &'static [&'static str],
    /// How the game checks certificates.
    pub trust: Trust,
    /// The request that shows whether this server answers.
    pub probe: Probe,
    /// Texts for the page for players.
    pub page: Page,
    /// Whether the game has a dashboard at `/admin`. The start prints a link to it.
    pub has_dashboard: bool,
    /// Commands of this game's program, beside those of every host.
    pub commands: &'static [Command],
}

impl Info {
    /// Facts about a game that has nothing but a name, for examples and tests.
    pub const fn named(name: &'static str) -> Self {
        Self {
            name,
            version: "0.0.0",
            title: name,
            hosts: &["localhost"],
            trust: Trust::Any,
            probe: Probe { path: "/healthz", mark: "HTTP/1.1 200", body: "ok", closed: "" },
            page: Page { about: "", same_pc: "", notice: "" },
            has_dashboard: false,
            commands: &[],
        }
    }

    /// The program and its version: `mmcos 0.1.0`.
    pub fn program(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// How a game checks the certificate of its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It accepts any certificate. Self-signed certificates are made.
    Any,
    /// It asks its system. The host is an authority of its own, whose certificate players install; the scripts for
    /// players do that, and undo it.
    System {
        /// Number of the game on Steam, for its Wine prefix under Proton.
        steam_app: u32,
    },
}

/// A request that only a server of this game answers in this way.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// The path, for a GET.
    pub path: &'static str,
    /// A part of the response's head, such as a field that no official server sends.
    pub mark: &'static str,
    /// A part of the response's body.
    pub body: &'static str,
    /// A part of the body while the server is closed for maintenance; empty: it does not show.
    pub closed: &'static str,
}

/// Texts for players, in plain words, without markup.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// The purpose of the server: a sentence or two.
    pub about: &'static str,
    /// The way to play on the PC that runs the server, without a hosts file; empty: there is none.
    pub same_pc: &'static str,
    /// The owners of the names.
    pub notice: &'static str,
}

/// A command of a game's program: `mmcos ticket HEX`.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Its name.
    pub name: &'static str,
    /// Its one argument, for the help: `HEX`.
    pub argument: &'static str,
    /// The meaning of the argument: completes "HEX is …".
    pub meaning: &'static str,
    /// What it does, for the help.
    pub about: &'static str,
    /// Makes the text to print of the argument and the time, or says what is wrong.
    pub run: fn(&str, Wall) -> Result<String, String>,
}
