//! The keys of every host. Flags, environment, file, `--help` and `mmcos config` read them, and the game's, as one
//! table.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use mmcos_core::AddressRange;
use mmcos_core::admin::ServerAddress;
use mmcos_core::game::Game;
use mmcos_core::settings::{Key, Settings as _};

use super::value::{Directory, FilePath, LogLevel};
use crate::notify::{Format, WebhookUrl};

mmcos_core::settings! {
    /// The effective configuration of a host, whatever its game. In its texts, `{program}` stands for the program's
    /// name.
    pub struct Config {
        /// Address or port for plain HTTP. The game uses it only with its Localhost setting, at port 80. A bare port
        /// is every address of this machine, IPv6 and IPv4.
        http: Option<SocketAddr> = "80",

        /// Address or port for HTTPS. The game knows port 443 alone.
        https: Option<SocketAddr> = "443",

        /// The address that players on the internet use, if it is none of this machine's own: the router's on a home
        /// network, the outer one of a rented machine or a container. A DNS name is resolved by the players' scripts.
        /// The page for players prefers the address that the visitor's browser used. Empty: this machine's, as it
        /// finds it.
        public_address: Option<ServerAddress> = "",

        /// Directory of players, certificates and keys; made if it is missing. Under systemd the default is its state
        /// directory.
        data_dir: Directory = "{program}-data",

        /// The URL of a webhook (Discord, Slack, ntfy, or a program of your own) that is told when a player begins to
        /// search while no other player does, so that friends can come and play. Anyone who knows the URL can write
        /// there: keep it to yourself. Empty: no messages. `{program} notify-test` sends a test message.
        notify_url: Option<WebhookUrl> = "",

        /// Format of the message to the webhook: "json" is an object that Discord, Slack and programs read, "text"
        /// the text alone, for ntfy.
        notify_format: Format = "json",

        /// Minimum time between two messages, however often a search begins.
        notify_quiet_seconds: Duration [0..=86400] = "1800",

        /// A certificate of your own, a PEM file with its chain. Empty: self-signed ones are made, which the game
        /// accepts.
        certificate: Option<FilePath> = "",

        /// The private key of that certificate, a PEM file without a password.
        key: Option<FilePath> = "",

        /// Maximum number of open connections.
        max_connections: NonZeroUsize [1..=u32::MAX] = "4096",

        /// Maximum number of open connections from one address. Players behind one router share an address.
        max_connections_per_address: NonZeroUsize [1..=u32::MAX] = "128",

        /// Requests a second that one address may make in the long run. An honest game makes one at its busiest. 0:
        /// no limit. Requests from this machine are never counted.
        requests_per_second: u32 [0..=1_000_000] = "200",

        /// Requests that an address may make at once, after a rest.
        request_burst: u32 [1..=1_000_000] = "2000",

        /// Proxies in front of this server whose X-Forwarded-For is believed: limits, bans and the log are then about
        /// the players' addresses, not the proxy's. Empty: none. Give no address that a player could have.
        trusted_proxies: Vec<AddressRange> = "",

        /// Maximum time of a client for the TLS handshake and its first request line and fields, or for those of a
        /// later request.
        head_seconds: Duration [1..=3600] = "10",

        /// Maximum time of a client to send the body of a request.
        body_seconds: Duration [1..=3600] = "20",

        /// Time that a connection is kept open between requests. Keep it longer than a reverse proxy in front keeps
        /// connections to this server (60 s for nginx), or requests are lost now and then.
        idle_seconds: Duration [1..=3600] = "75",

        /// Maximum time that a client may leave a response unread.
        read_seconds: Duration [1..=3600] = "20",

        /// Time that the clock of this machine must be plausible before a season begins, after a start or after it
        /// was changed by less than 400 days. Leave it at 600 unless tests need it: a machine's clock is often wrong
        /// until the network is there.
        clock_wait_seconds: Duration [0..=86_400] = "600",

        /// Maximum bytes of responses that may wait for one client to read them.
        max_queued_bytes: NonZeroUsize [65_536..=1_073_741_824] = "4194304",

        /// Maximum bytes of a request's line and fields.
        max_head_bytes: NonZeroUsize [1024..=1_048_576] = "16384",

        /// Maximum fields of a request; never more than 128.
        max_fields: NonZeroUsize [16..=128] = "100",

        /// Maximum bytes of a request's body. A list of 2,000 friends takes 190,000.
        max_body_bytes: NonZeroUsize [4096..=67_108_864] = "262144",

        /// Serves a dashboard at /admin, with an API and metrics.
        admin: bool = "true",

        /// No longer used: the dashboard always needs a proof (see `{program} admin-link`). Remove it from your
        /// {program}.toml.
        admin_local: bool = "false",

        /// The names that the dashboard may be opened by, such as "race.example.org". Addresses, single words such as
        /// "raspberrypi", names that end with ".local" and that of public-address need not be listed.
        host_names: String = "",

        /// Permits everyone to read /metrics, which otherwise needs the operator's password as a bearer token.
        open_metrics: bool = "false",

        /// A new file to write all inputs into, as a trace: to find a fault, or to show what a real game does.
        /// Secrets and addresses are replaced; names and Steam's account numbers are not. Meanwhile there is neither
        /// dashboard nor page for players. Empty: none.
        record: Option<FilePath> = "",

        /// Minimum level of log lines that are written.
        log: LogLevel = "info",
    }
}

/// Number of the host's keys that are shown before the game's: those that a new operator needs first.
const SHOWN_FIRST: usize = 4;

/// Names of flags and variables that are not keys.
const RESERVED: &[&str] = &["config", "help", "json", "version"];

/// The keys of a program: the host's and its game's, with the names that they have there.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    program: &'static str,
    game: &'static [Key],
}

impl Keys {
    /// Returns the keys of a game's server. A game with a key of the same name as one of the host's does not compile:
    ///
    /// ```compile_fail,E0080
    /// # use std::convert::Infallible;
    /// # use mmcos_core::engine::{self, Exchange, Peer};
    /// # use mmcos_core::game::{Game, Life, Unfit};
    /// # use mmcos_core::info::Info;
    /// # use mmcos_core::service::{Context, Service};
    /// # use mmcos_core::wire::http::Request;
    /// # #[derive(Debug)]
    /// # struct Race;
    /// # impl Service for Race {
    /// #     type Record = ();
    /// #     type Event = engine::Event;
    /// #     type Timer = ();
    /// #     type RestoreError = Infallible;
    /// #     fn request(&mut self, _: &mut Context<'_, Self>, _: &Request<'_>, _: Peer, _: Exchange) {}
    /// #     fn restore(&mut self, (): ()) -> Result<(), Infallible> { Ok(()) }
    /// # }
    /// # impl Game for Race {
    /// #     const INFO: Info = Info::named("race");
    /// #     type Settings = Settings;
    /// #     type Redactor = mmcos_core::trace::redact::HideAll;
    /// #     fn new(_: &Settings, _: &Life) -> Result<Self, Unfit> { Ok(Self) }
    /// #     fn rows(&self) -> impl Iterator<Item = ()> { std::iter::empty() }
    /// # }
    /// mmcos_core::settings! {
    ///     /// Settings of a race.
    ///     pub struct Settings {
    ///         /// Cars of a race.
    ///         max_connections: u32 = "12", // `max_cars` compiles.
    ///     }
    /// }
    ///
    /// let keys = mmcos_std::config::Keys::of::<Race>();
    /// ```
    pub fn of<G: Game>() -> Self {
        const {
            assert!(
                Key::are_distinct(G::Settings::KEYS, Config::KEYS, RESERVED),
                "a setting of the game has the name of one of the host's",
            );
        }
        Self { program: G::INFO.name, game: G::Settings::KEYS }
    }

    /// Returns every key, in the order in which they are shown.
    pub fn iter(self) -> impl Iterator<Item = &'static Key> {
        let host = Config::KEYS.iter();
        host.clone().take(SHOWN_FIRST).chain(self.game).chain(host.skip(SHOWN_FIRST))
    }

    /// Returns the name on the command line, such as `--poll-seconds`.
    pub fn flag(self, key: &Key) -> String {
        format!("--{}", key.name())
    }

    /// Returns the name in the environment, such as `MMCOS_POLL_SECONDS`.
    pub fn variable(self, key: &Key) -> String {
        format!("{}{}", self.prefix(), key.field.to_uppercase())
    }

    /// Returns what the names of all variables begin with, such as `MMCOS_`.
    pub(super) fn prefix(self) -> String {
        format!("{}_", self.program.to_uppercase())
    }

    /// Returns the explanation of a key.
    pub fn about(self, key: &Key) -> String {
        self.fill(key.about())
    }

    /// Returns the default of a key.
    pub fn default(self, key: &Key) -> String {
        self.fill(key.default)
    }

    fn fill(self, text: &str) -> String {
        text.replace("{program}", self.program)
    }

    /// Returns the name of the program.
    pub const fn program(self) -> &'static str {
        self.program
    }

    /// Returns the name of the configuration file.
    pub fn file_name(self) -> String {
        format!("{}.toml", self.program)
    }

    /// Returns the variable that names another configuration file, as `--config` does.
    pub fn file_variable(self) -> String {
        format!("{}CONFIG", self.prefix())
    }
}
