//! The one table of keys. Flags, environment, file, `--help` and `mmcos config` all read it.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use log::LevelFilter;
use mmcos_core::AddressRange;
use mmcos_core::admin::ServerAddress;
use mmcos_game::events::Plan;
use mmcos_game::matchmaker::{Cap, TeamCap};
use mmcos_game::settings::{Kind, Setting};

use super::ConfigError;
use super::settings::Settings;
use super::value::{Bucket, Identity, Value};
use crate::notify::{Format, WebhookUrl};

/// A key of the configuration.
#[derive(Debug)]
pub struct Key {
    pub(super) field: &'static str,
    about: &'static str,
    /// What stands for the value in `--help`.
    pub hint: &'static str,
    /// The value, as text, where no source gives one.
    pub default: &'static str,
    kind: &'static str,
    /// None, or one.
    range: &'static [RangeInclusive<u32>],
}

impl Key {
    /// The name in the file, such as `poll-seconds`.
    pub fn name(&self) -> String {
        self.field.replace('_', "-")
    }

    /// The name on the command line, such as `--poll-seconds`.
    pub fn flag(&self) -> String {
        format!("--{}", self.name())
    }

    /// The name in the environment, such as `MMCOS_POLL_SECONDS`.
    pub fn variable(&self) -> String {
        format!("MMCOS_{}", self.field.to_uppercase())
    }

    /// The numbers that the key can have. What can be set at run time as well has its range in the core.
    pub fn range(&self) -> Option<RangeInclusive<u32>> {
        match Setting::find(&self.name()).map(Setting::kind) {
            Some(Kind::Seconds(range)) => Some((*range.start()).into()..=(*range.end()).into()),
            Some(Kind::Text | Kind::Truth) | None => self.range.first().cloned(),
        }
    }

    /// What a value must be; completes "is not …".
    pub fn expected(&self) -> String {
        match self.range() {
            Some(range) => format!("{} from {} to {}", self.kind, range.start(), range.end()),
            None => self.kind.to_owned(),
        }
    }

    /// What the key is for: a sentence or a few.
    pub fn about(&self) -> &'static str {
        self.about.trim()
    }
}

/// Makes of each `/// explanation`, `field: Type [range] = "default"` a field of [`Config`] and a line of [`KEYS`].
macro_rules! keys {
    ($($(#[doc = $about:literal])+ $field:ident: $type:ty $([$range:expr])? = $default:literal,)+) => {
        /// The effective configuration.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Config {
            $($(#[doc = $about])+ pub $field: $type,)+
        }

        /// Every key, in the order in which they are shown.
        pub static KEYS: &[Key] = &[$(Key {
            field: stringify!($field),
            about: concat!($($about),+),
            hint: <$type as Value>::HINT,
            default: $default,
            kind: <$type as Value>::EXPECTED,
            range: &[$($range)?],
        }),+];

        impl Config {
            pub(super) fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
                Ok(Self { $($field: settings.value(stringify!($field))?),+ })
            }

            /// The values in the order of [`KEYS`].
            pub(super) fn to_toml(&self) -> Vec<toml::Value> {
                vec![$(self.$field.to_toml()),+]
            }
        }
    };
}

keys! {
    /// Where to serve plain HTTP. The game asks for it only with its Localhost setting, at port 80.
    /// A bare port is every address of this machine, IPv6 and IPv4.
    http: Option<SocketAddr> = "80",

    /// Where to serve HTTPS. The game knows port 443 alone.
    https: Option<SocketAddr> = "443",

    /// The address that players on the internet use, if it is none of this machine's own: the router's on a home network,
    /// the outer one of a rented machine or a container. A DNS name is resolved by the players' scripts. The page for
    /// players prefers the address that the visitor's browser used. Empty: this machine's, as it finds it.
    public_address: Option<ServerAddress> = "",

    /// Where players, certificates and keys are kept; made if it is not there.
    /// Under systemd the default is its state directory.
    data_dir: PathBuf = "mmcos-data",

    /// Who may log in: "verify" lets in those whose ticket Steam signed, "trust" anyone with a well-formed ticket,
    /// which suits a LAN of friends and nothing else.
    identity: Identity = "verify",

    /// How long a search for players is held open before it is answered. The official server took 25 seconds.
    poll_seconds: Duration = "25",

    /// How long the game of a lone player searches before it offers a race against AI. Officially 70 seconds.
    search_seconds: Duration = "70",

    /// The shortest time after which a race against AI has a result that counts. The server does not see such a race, so
    /// without this anyone could claim one a second.
    min_race_seconds: Duration [0..=3600] = "30",

    /// How long a match that could start waits for one more, counted from the last who came.
    gather_seconds: Duration = "5",

    /// How long a player who gave up waiting for people is still held back from AI when company is likely.
    ai_hold: Duration = "0",

    /// Whether a lone player may race against AI; if not, the search goes on.
    ai: bool = "true",

    /// Who may meet: "exact" players of the same mode, "rule-set" all who race (or eliminate, or battle),
    /// "any-unranked" all but ranked players. Few players meet sooner in wider buckets.
    bucket: Bucket = "exact",

    /// The most players of a race.
    race_cap: Cap = "12",

    /// The most players of an elimination.
    elimination_cap: Cap = "6",

    /// The most players of each of the two teams of a battle.
    battle_team_cap: TeamCap = "6",

    /// What a match of two people is worth, in seconds that each of them would wait for it. More waits longer for
    /// fuller matches.
    pair_worth_seconds: Duration [0..=3600] = "120",

    /// When an event runs, with a playlist of its own and a prize: "weekly" is one of the 13 after the other from Friday to
    /// Monday, 12:00 UTC; or say which and when, in whole days, UTC: "chaos 2026-12-24 to 2026-12-26, payload 2026-12-31".
    /// No event was ever recorded, so how the game takes them is not known. They are `chaos`, `emergency_response`,
    /// `endurance`, `gi_joe`, `koth_decay_zones`, `mystery_vehicles`, `payload`, `poison_flag`, `pure_racing`,
    /// `simple_battle`, `ultimate_bomb`, `ultimate_ctf`, `ultimate_koth`.
    events: Plan = "off",

    /// A message of the day, shown in the game's menu. Empty: none.
    message: String = "",

    /// Tells the game that the services are down for maintenance; nobody can log in.
    maintenance: bool = "false",

    /// The URL of a webhook (Discord, Slack, ntfy, or a program of your own) that is told when somebody begins to search
    /// while nobody else does, so that friends can come and play. Whoever knows the URL can write there: keep it to
    /// yourself. Empty: nobody is told. `mmcos notify-test` sends a test message.
    notify_url: Option<WebhookUrl> = "",

    /// What the webhook is sent: "json" is an object that Discord, Slack and programs read, "text" the text alone, for
    /// ntfy.
    notify_format: Format = "json",

    /// For how long there is no other message after one, however often a search begins.
    notify_quiet_seconds: Duration [0..=86400] = "1800",

    /// A certificate of your own, a PEM file with its chain. Empty: self-signed ones are made, which the game accepts.
    certificate: Option<PathBuf> = "",

    /// The private key of that certificate, a PEM file without a password.
    key: Option<PathBuf> = "",

    /// How many connections may be open at once.
    max_connections: NonZeroUsize [1..=u32::MAX] = "4096",

    /// How many connections may be open at once from one address. Players behind one router share an address.
    max_connections_per_address: NonZeroUsize [1..=u32::MAX] = "128",

    /// How many requests a second one address may make in the long run. An honest game makes one at its busiest.
    /// 0: as many as it likes. This machine's own are never counted.
    requests_per_second: u32 [0..=1_000_000] = "200",

    /// How many requests an address may make at once, after a rest.
    request_burst: u32 [1..=1_000_000] = "2000",

    /// How many requests a second one account may make in the long run, wherever from. 0: as many as it likes.
    account_requests_per_second: u32 [0..=1_000_000] = "50",

    /// How many requests an account may make at once, after a rest.
    account_request_burst: u32 [1..=1_000_000] = "500",

    /// The proxies in front of this server whose X-Forwarded-For is believed: limits, bans and the log are then about
    /// the players' addresses, not the proxy's. Empty: none. Give no address that a player could have.
    trusted_proxies: Vec<AddressRange> = "",

    /// How long a client may take for the TLS handshake and its first request line and fields, or for those of a later
    /// request.
    head_seconds: Duration [1..=3600] = "10",

    /// How long a client may take to send the body of a request.
    body_seconds: Duration [1..=3600] = "20",

    /// How long a connection is kept open between requests. Keep it longer than a reverse proxy in front keeps
    /// connections to this server (60 s for nginx), or requests are lost now and then.
    idle_seconds: Duration [1..=3600] = "75",

    /// How long a client may leave an answer unread.
    read_seconds: Duration [1..=3600] = "20",

    /// How long the clock of this machine must be plausible before a season begins, after a start or after it was changed
    /// by less than 400 days. Leave it at 600 unless tests need it: a machine's clock is often wrong until the network is there.
    clock_wait_seconds: Duration [0..=86_400] = "600",

    /// The most bytes of answers that may wait for one client to read them.
    max_queued_bytes: NonZeroUsize [65_536..=1_073_741_824] = "4194304",

    /// The most bytes of a request's line and fields.
    max_head_bytes: NonZeroUsize [1024..=1_048_576] = "16384",

    /// The most fields of a request; never more than 128.
    max_fields: NonZeroUsize [16..=128] = "100",

    /// The most bytes of a request's body. A list of 2,000 friends takes 190,000.
    max_body_bytes: NonZeroUsize [4096..=67_108_864] = "262144",

    /// How many elements of XML may stand inside each other; never more than 32.
    max_xml_depth: NonZeroUsize [4..=32] = "16",

    /// The most elements of an XML body. A list of 2,000 friends has 4,006.
    max_xml_elements: NonZeroUsize [32..=10_000_000] = "10000",

    /// How many EgoNet values may stand inside each other; never more than 255.
    max_egonet_depth: NonZeroUsize [2..=255] = "16",

    /// The most values of an EgoNet body.
    max_egonet_values: NonZeroUsize [16..=10_000_000] = "16384",

    /// Whether there is a dashboard at /admin, with an API and metrics.
    admin: bool = "true",

    /// No longer used: the dashboard always needs a proof (see `mmcos admin-link`). Remove it from your mmcos.toml.
    admin_local: bool = "false",

    /// The names that the dashboard may be opened by, such as "race.example.org". Addresses, single words such as
    /// "raspberrypi", names that end with ".local" and that of public-address need not be listed.
    host_names: String = "",

    /// Whether everybody may read /metrics, which otherwise needs the operator's password as a bearer token.
    open_metrics: bool = "false",

    /// A new file to write all that happens into, as a trace: to find a fault, or to show what a real game does. Secrets
    /// and addresses are replaced; names and Steam's account numbers are not. Meanwhile there is neither
    /// dashboard nor page for players. Empty: none.
    record: Option<PathBuf> = "",

    /// How much to log.
    log: LevelFilter = "info",
}
