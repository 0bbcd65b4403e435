//! The keys of every host. Flags, environment, file, `--help` and `mmcos config` read them, and the game's, as one
//! table.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use mmcos_core::AddressRange;
use mmcos_core::admin::ServerAddress;
use mmcos_core::game::Game;
use mmcos_core::settings::{Key, Settings as _};

use super::value::{Directory, FilePath, LogLevel, Networks};
use crate::notify::{Format, Mention, WebhookUrl};
use crate::store::Location;

mmcos_core::settings! {
    /// The effective configuration of a host, whatever its game. In its texts, `{program}` stands for the program's
    /// name.
    pub struct Config {
        /// Address or port for plain HTTP, mainly for browsers. A port alone means all addresses of this machine, IPv6
        /// and IPv4.
        http: Option<SocketAddr> = "80",

        /// Address or port for HTTPS. Games connect to port 443.
        https: Option<SocketAddr> = "443",

        /// Address that players on the internet use, if it is not this machine's own: the router's on a home network,
        /// or the outer address of a rented machine or container. It may be a DNS name, which the players' scripts
        /// look up. A player who opens this server's page under an IP address is shown that address instead. Empty:
        /// this machine's own address.
        public_address: Option<ServerAddress> = "",

        /// Directory for players, certificates and keys; created if it is missing. Under systemd, the default is its
        /// state directory.
        data_dir: Directory = "{program}-data",

        /// Location of the records: "sqlite" for a file in the data directory, or the URL of a PostgreSQL database,
        /// such as "postgres://{program}@db.example.org/{program}". The variable PGPASSWORD may hold its password. A
        /// server elsewhere must have a certificate that this machine trusts, unless the URL ends with
        /// "?sslmode=disable". Copy an existing store with `{program} move-store` first.
        store: Location = "sqlite",

        /// URL of a webhook (Discord, Slack, ntfy, Telegram, or a program of your own) that gets the game's news, for
        /// example that a player waits for others. Messages have a link to the page for players if `public-address` is
        /// set. Anyone with the URL can write there: keep it secret. Empty: no messages. `{program} notify-test` sends
        /// a test message.
        notify_url: Option<WebhookUrl> = "",

        /// Format of the messages: "auto" follows from the host of the URL; "discord", "slack", "ntfy" and "telegram"
        /// are those services' own; "json" is an object for programs, which Discord and Slack accept too; "text" is
        /// the text alone. On Discord and Telegram, news of a call replaces the call's message.
        notify_format: Format = "auto",

        /// User or role that Discord notifies of each call, such as "role 1234567890". (A call is a message about a
        /// player without an opponent.) Empty: no one.
        notify_mention: Option<Mention> = "",

        /// Minimum time between two calls, if no other player came after the first.
        notify_quiet_seconds: Duration [0..=86400] = "1800",

        /// Certificate of your own, a PEM file with its chain. Empty: the server makes its own.
        certificate: Option<FilePath> = "",

        /// Private key of that certificate, a PEM file without a password.
        key: Option<FilePath> = "",

        /// Maximum number of open connections.
        max_connections: NonZeroUsize [1..=u32::MAX] = "4096",

        /// Maximum number of open connections from one address. Players behind one router share an address.
        max_connections_per_address: NonZeroUsize [1..=u32::MAX] = "128",

        /// Maximum requests of one address per second in the long run. A game sends at most about one per second. 0: no
        /// limit. Requests from this machine are never counted.
        requests_per_second: u32 [0..=1_000_000] = "200",

        /// Maximum requests of one address at once, after a pause.
        request_burst: u32 [1..=1_000_000] = "2000",

        /// Proxies in front of this server that are trusted to name their clients, in X-Forwarded-For or by the PROXY
        /// protocol: limits, bans and the log then apply to the players' addresses, not to the proxy's. Never list an
        /// address that a player could have. Empty: none.
        trusted_proxies: Vec<AddressRange> = "",

        /// Maximum time for the TLS handshake and the head (line and fields) of the first request together, and for the
        /// head of each later request.
        head_seconds: Duration [1..=3600] = "10",

        /// Maximum time for the body of a request.
        body_seconds: Duration [1..=3600] = "20",

        /// Time for which a connection is kept open between requests. It must be longer than the time for which a
        /// reverse proxy keeps its connections to this server (60 s for nginx), or requests are lost now and then.
        idle_seconds: Duration [1..=3600] = "75",

        /// Maximum time that a client may leave a response unread.
        read_seconds: Duration [1..=3600] = "20",

        /// Time for which this machine's clock must run evenly, after the server has started or the clock was changed,
        /// before anything that depends on the date begins. Leave it at 600: a clock is often wrong until the network
        /// is up.
        clock_wait_seconds: Duration [0..=86_400] = "600",

        /// Maximum bytes of responses that may wait for one client to read them.
        max_queued_bytes: NonZeroUsize [65_536..=1_073_741_824] = "4194304",

        /// Maximum bytes of a request's line and fields.
        max_head_bytes: NonZeroUsize [1024..=1_048_576] = "16384",

        /// Maximum fields of a request; never more than 128.
        max_fields: NonZeroUsize [16..=128] = "100",

        /// Maximum bytes of a request's body.
        max_body_bytes: NonZeroUsize [4096..=67_108_864] = "262144",

        /// Serves the operator's pages: the API, the metrics, and the dashboard at /admin if the game has one.
        admin: bool = "true",

        /// Address or port for the operator's pages, their API and the metrics alone, over plain HTTP, such as
        /// "127.0.0.1:8081" or the address of a VPN. They are then served there and nowhere else; the game, the pages
        /// for players and /api/v1/status stay at `http` and `https`. `admin-networks` applies too. A port alone means
        /// all addresses of this machine. Off: served at `http` and `https`.
        admin_listen: Option<SocketAddr> = "off",

        /// Networks from which the operator's pages, their API and the metrics can be used: "private" (this machine,
        /// private and link-local addresses, the IPv6 networks of this machine), "all", addresses and ranges, such
        /// as "private, 203.0.113.7". This does not replace the password. Behind a proxy on this machine it needs
        /// `trusted-proxies`.
        admin_networks: Networks = "private",

        /// Names under which the operator's pages can be opened, such as "race.example.org". Addresses, single words
        /// such as "raspberrypi", names that end with ".local" and the name in public-address are always accepted.
        host_names: String = "",

        /// Permits anyone to read /metrics, which otherwise needs the operator's password as a bearer token.
        open_metrics: bool = "false",

        /// New file for a trace of all inputs, to find a bug or to show what a game sends. Secrets and addresses are
        /// replaced; names and SteamIDs stay. While the server records, there is no dashboard and no page for players.
        /// Empty: none.
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

    /// Returns the keys of a program and a game of these names, for tests.
    #[cfg(test)]
    pub(crate) const fn named(program: &'static str, game: &'static [Key]) -> Self {
        Self { program, game }
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
