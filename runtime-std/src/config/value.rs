//! Types of the host's configuration values: parsing and formatting.

use std::net::IpAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use log::LevelFilter;
use mmcos_core::AddressRange;
use mmcos_core::settings::{Choice, Datum, Value};

use crate::notify::{Format, WebhookUrl};
use crate::store::Location;

/// Minimum level of log lines that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLevel(pub LevelFilter);

impl Choice for LogLevel {
    const HINT: &'static str = "error|warn|info|debug";
    const EXPECTED: &'static str = "error, warn, info or debug";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("error", Self(LevelFilter::Error)),
        ("warn", Self(LevelFilter::Warn)),
        ("info", Self(LevelFilter::Info)),
        ("debug", Self(LevelFilter::Debug)),
    ];
}

impl Choice for Format {
    const HINT: &'static str = "auto|discord|slack|ntfy|telegram|json|text";
    const EXPECTED: &'static str = "auto, discord, slack, ntfy, telegram, json or text";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("discord", Self::Discord),
        ("slack", Self::Slack),
        ("ntfy", Self::Ntfy),
        ("telegram", Self::Telegram),
        ("json", Self::Json),
        ("text", Self::Text),
    ];
}

impl Value for WebhookUrl {
    const HINT: &'static str = "URL";
    const EXPECTED: &'static str = "the URL of a webhook, such as https://discord.com/api/webhooks/1234/abcd: http or \
                                    https, without a user or password";

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn to_datum(&self) -> Datum {
        Datum::Text(self.to_string())
    }
}

/// Networks from which operators' requests are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    Private,
    All,
    Range(AddressRange),
}

/// Addresses that the internet does not route, or only to their own machine (RFC 1122, 1918, 3927, 4193, 4291).
const PRIVATE: [&str; 8] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "::1",
    "fc00::/7",
    "fe80::/10",
];

impl Networks {
    /// Returns true if these are all networks.
    pub fn is_open(&self) -> bool {
        self.0.contains(&Network::All)
    }

    /// Returns the ranges for a machine with these addresses.
    pub fn ranges(&self, own: &[IpAddr]) -> Vec<AddressRange> {
        let parsed = |text: &str| text.parse().ok();
        let ranges = self.0.iter().flat_map(|network| match network {
            Network::Range(range) => vec![*range],
            Network::All => ["0.0.0.0/0", "::/0"].into_iter().filter_map(parsed).collect(),
            Network::Private => {
                // Browsers at home prefer the global IPv6 address of a machine in the same network.
                let own = own.iter().filter_map(|address| match address {
                    IpAddr::V4(_) => Some(AddressRange::from(*address)),
                    IpAddr::V6(_) => format!("{address}/64").parse().ok(),
                });
                PRIVATE.into_iter().filter_map(parsed).chain(own).collect()
            }
        });
        ranges.collect()
    }
}

impl Value for Networks {
    const HINT: &'static str = "NETWORKS";
    const EXPECTED: &'static str =
        "private, all, addresses or ranges such as 203.0.113.0/24, with commas between them";

    fn parse(text: &str) -> Option<Self> {
        let network = |text: &str| match text {
            "private" => Some(Network::Private),
            "all" => Some(Network::All),
            range => range.parse().ok().map(Network::Range),
        };
        text.split(',').map(|part| network(part.trim())).collect::<Option<_>>().map(Self)
    }

    fn to_datum(&self) -> Datum {
        let parts = self.0.iter().map(|network| match network {
            Network::Private => "private".to_owned(),
            Network::All => "all".to_owned(),
            Network::Range(range) => range.to_string(),
        });
        Datum::Text(parts.collect::<Vec<_>>().join(", "))
    }
}

impl Value for Location {
    const HINT: &'static str = "sqlite|URL";
    const EXPECTED: &'static str = if cfg!(feature = "postgres") {
        "sqlite, or the URL of a PostgreSQL database, such as postgres://mmcos@db.example.org/mmcos, with sslmode \
         disable, require or verify-full"
    } else {
        "sqlite: this program was built without the feature postgres"
    };

    fn parse(text: &str) -> Option<Self> {
        match text {
            "sqlite" => Some(Self::Sqlite),
            #[cfg(feature = "postgres")]
            url => crate::store::Address::parse(url).map(Box::new).map(Self::Postgres),
            #[cfg(not(feature = "postgres"))]
            _ => None,
        }
    }

    fn to_datum(&self) -> Datum {
        match self {
            Self::Sqlite => Datum::Text("sqlite".to_owned()),
            #[cfg(feature = "postgres")]
            Self::Postgres(address) => Datum::Text(address.url().to_owned()),
        }
    }
}

/// Declares a path type with its placeholder in `--help`.
macro_rules! path {
    ($(#[doc = $about:literal] $name:ident $hint:literal)+) => { $(
        #[doc = $about]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(PathBuf);

        impl Value for $name {
            const HINT: &'static str = $hint;
            const EXPECTED: &'static str = r"a path (a Windows path goes in single quotes, as in 'C:\mmcos')";

            fn parse(text: &str) -> Option<Self> {
                // TOML parses "D:\temp\new" as a path with a tab and a new line in it.
                (!text.is_empty() && !text.contains(char::is_control)).then(|| Self(text.into()))
            }

            fn to_datum(&self) -> Datum {
                Datum::Text(self.0.to_string_lossy().into_owned())
            }
        }

        impl Deref for $name {
            type Target = Path;

            fn deref(&self) -> &Path {
                &self.0
            }
        }

        impl From<PathBuf> for $name {
            fn from(path: PathBuf) -> Self {
                Self(path)
            }
        }
    )+ };
}

path! {
    /// The path of a directory.
    Directory "DIRECTORY"
    /// The path of a file.
    FilePath "FILE"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trips<T: Value>(text: &str) {
        assert_eq!(T::parse(text).map(|value| value.to_datum()), Some(Datum::Text(text.to_owned())));
    }

    #[test]
    fn values_are_written_as_they_are_read() {
        for text in ["", "https://discord.com/api/webhooks/1234/abcd", "http://192.168.1.9:8080/races?up=1"] {
            round_trips::<Option<WebhookUrl>>(text);
        }
        round_trips::<Format>("text");
        round_trips::<LogLevel>("debug");
        for text in ["private", "all", "private, 203.0.113.7, 2001:db8::/32"] {
            round_trips::<Networks>(text);
        }
        round_trips::<Option<FilePath>>("");
        round_trips::<Option<FilePath>>("a b/c.pem");
        round_trips::<Directory>("data");
        round_trips::<Location>("sqlite");
        #[cfg(feature = "postgres")]
        round_trips::<Location>("postgres://ann:secret@db/mmcos?sslmode=require");
    }

    #[test]
    fn private_networks_are_those_of_a_home() {
        let own: [IpAddr; 2] = ["192.0.2.9", "2001:db8:1:2::3"].map(|address| address.parse().unwrap());
        let is_in = |networks: &str, address: &str| {
            let ranges = Networks::parse(networks).unwrap().ranges(&own);
            ranges.iter().any(|range| range.contains(address.parse().unwrap()))
        };
        for address in [
            "127.0.0.1",
            "::1",
            "192.0.2.9",
            "192.168.1.9",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fd00::7",
            "2001:db8:1:2::9",
        ] {
            assert!(is_in("private", address), "{address}");
        }
        for address in ["192.0.2.8", "203.0.113.7", "100.64.0.1", "172.32.0.1", "2001:db8:1:3::9"] {
            assert!(!is_in("private", address) && is_in("all", address), "{address}");
        }
        assert!(is_in("private, 203.0.113.7", "203.0.113.7") && !is_in("203.0.113.7", "127.0.0.1"));
    }

    #[test]
    fn texts_that_are_no_values() {
        assert_eq!(<Option<WebhookUrl> as Value>::parse("discord.com/api"), None);
        assert_eq!(LogLevel::parse("Debug"), None);
        for text in ["", "public", "private 10.0.0.1", "private,", "10.0.0.0/33"] {
            assert_eq!(Networks::parse(text), None, "{text}");
        }
        assert_eq!(Location::parse("mmcos.db"), None);
        assert_eq!(Directory::parse(""), None);
        assert_eq!(Directory::parse("D:\temp"), None);
    }
}
