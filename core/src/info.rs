//! Facts about a game that its host needs before it runs: names, texts, and signs by which to recognise its server.

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
///     trust: Trust::System { steam_app: Some(480) },
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
    /// Host names that the game connects to. The first one is the subject of certificates, and the host that tests
    /// connect to.
    pub hosts: &'static [&'static str],
    /// The game's check of certificates.
    pub trust: Trust,
    /// Request that shows whether this server is reachable.
    pub probe: Probe,
    /// Texts for the page for players.
    pub page: Page,
    /// True if the game has a dashboard at `/admin`. At its start, the program prints a link to it.
    pub has_dashboard: bool,
    /// Function that returns the description of the operators' API, an OpenAPI document as JSON. Its `x-commands` are
    /// the commands of `mmcos admin`. `None` for a game without an API.
    pub api: Option<fn() -> String>,
    /// Commands of this game's program, beside those of every host.
    pub commands: &'static [Command],
    /// Instructions for operators, such as `docs/HOSTING.md`; empty if there are none.
    pub guide: &'static str,
}

impl Info {
    /// Returns facts about a game that has nothing but a name, for examples and tests.
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
            api: None,
            commands: &[],
            guide: "",
        }
    }

    /// Returns the host names that players point at a server: all but `localhost`, which is always their own computer.
    pub fn redirected_hosts(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.hosts.iter().copied().filter(|host| *host != "localhost")
    }

    /// Returns the program and its version: `mmcos 0.1.0`.
    pub fn program(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// A game's check of its server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Any certificate is accepted. Self-signed certificates are made.
    Any,
    /// The operating system decides. The host is its own authority, whose certificate players install; the scripts
    /// for players do that, and undo it.
    System {
        /// Number of the game on Steam, to find its Wine prefix under Proton; `None` for a game that is not on Steam.
        steam_app: Option<u32>,
    },
}

/// A request whose response identifies a server of this game.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// Path of a GET request.
    pub path: &'static str,
    /// A part of the response's head, such as a field that no official server sends.
    pub mark: &'static str,
    /// A part of the response's body.
    pub body: &'static str,
    /// A part of the body while the server is closed for maintenance; empty if the body does not show it.
    pub closed: &'static str,
}

/// Texts for players, in plain words, without markup.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Purpose of the server, in a sentence or two.
    pub about: &'static str,
    /// Instructions to play on the PC that runs the server, without a hosts file; empty if that is not possible.
    pub same_pc: &'static str,
    /// Notice about the owners of the names.
    pub notice: &'static str,
}

/// A command of a game's program, such as `mmcos ticket HEX`.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Its name.
    pub name: &'static str,
    /// Its one argument, for the help, such as `HEX`.
    pub argument: &'static str,
    /// Meaning of the argument; completes "HEX is …".
    pub meaning: &'static str,
    /// Its description, for the help.
    pub about: &'static str,
    /// Function that returns the text to print, given the argument and the time, or an error message.
    pub run: fn(&str, Wall) -> Result<String, String>,
}
