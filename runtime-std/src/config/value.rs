//! The types of configuration values: how each reads from text and how `mmcos config` writes it.

use std::net::{Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use log::LevelFilter;
use mmcos_core::AddressRange;
use mmcos_core::admin::ServerAddress;
use mmcos_game::matchmaker::{Cap, TeamCap};

/// A type that a key of the configuration can have. Every source (flag, environment, file) gives text.
pub(super) trait Value: Sized {
    /// What stands for the value in `--help`.
    const HINT: &'static str;
    /// What a value must be; completes "is not …".
    const EXPECTED: &'static str;

    fn parse(text: &str) -> Option<Self>;
    fn to_toml(&self) -> toml::Value;
}

/// A type with a few named values.
pub(super) trait Choice: Copy + PartialEq + 'static {
    const HINT: &'static str;
    const EXPECTED: &'static str;
    const CHOICES: &'static [(&'static str, Self)];
}

impl<T: Choice> Value for T {
    const HINT: &'static str = <T as Choice>::HINT;
    const EXPECTED: &'static str = <T as Choice>::EXPECTED;

    fn parse(text: &str) -> Option<Self> {
        Self::CHOICES.iter().find(|(name, _)| *name == text).map(|(_, value)| *value)
    }

    fn to_toml(&self) -> toml::Value {
        let name = Self::CHOICES.iter().find(|(_, value)| value == self).map_or("", |(name, _)| *name);
        name.parse().map_or_else(|_| name.into(), toml::Value::Boolean)
    }
}

/// Who may log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Whoever shows a Steam ticket for the game that Steam signed and that has not expired.
    Verify,
    /// Whoever shows a well-formed ticket: for LANs without Steam, and for tests.
    Trust,
}

impl Choice for Identity {
    const HINT: &'static str = "verify|trust";
    const EXPECTED: &'static str = "verify or trust";
    const CHOICES: &'static [(&'static str, Self)] = &[("verify", Self::Verify), ("trust", Self::Trust)];
}

/// Which searches may meet in one match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Those of the same mode.
    Exact,
    /// Those with the same rule set, whatever the mode.
    RuleSet,
    /// Those of any unranked mode.
    AnyUnranked,
}

impl Choice for Bucket {
    const HINT: &'static str = "exact|rule-set|any-unranked";
    const EXPECTED: &'static str = "exact, rule-set or any-unranked";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("exact", Self::Exact), ("rule-set", Self::RuleSet), ("any-unranked", Self::AnyUnranked)];
}

impl Choice for LevelFilter {
    const HINT: &'static str = "error|warn|info|debug";
    const EXPECTED: &'static str = "error, warn, info or debug";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("error", Self::Error), ("warn", Self::Warn), ("info", Self::Info), ("debug", Self::Debug)];
}

impl Choice for bool {
    const HINT: &'static str = "true|false";
    const EXPECTED: &'static str = "true or false";
    const CHOICES: &'static [(&'static str, Self)] = &[("true", true), ("false", false)];
}

/// Where to listen; `None` is "off". A bare port is every address of this machine, IPv6 and IPv4.
impl Value for Option<SocketAddr> {
    const HINT: &'static str = "ADDRESS:PORT|PORT|off";
    const EXPECTED: &'static str = "an address and port such as 192.168.1.20:443 or [::]:443, a port, or off";

    fn parse(text: &str) -> Option<Self> {
        if text == "off" {
            return Some(None);
        }
        let every_address = |port| SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
        text.parse().map(every_address).or_else(|_| text.parse()).ok().map(Some)
    }

    fn to_toml(&self) -> toml::Value {
        self.map_or_else(|| "off".into(), |address| address.to_string().into())
    }
}

/// An address that need not be given; `None` is the empty text.
impl Value for Option<ServerAddress> {
    const HINT: &'static str = "ADDRESS|NAME";
    const EXPECTED: &'static str = "an address such as 203.0.113.5 or 2001:db8::5, or a DNS name such as race.example.org, without a port";

    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
    }

    fn to_toml(&self) -> toml::Value {
        self.as_ref().map_or_else(|| "".into(), |address| address.to_string().into())
    }
}

impl Value for Duration {
    const HINT: &'static str = "SECONDS";
    const EXPECTED: &'static str = "a number of seconds";

    fn parse(text: &str) -> Option<Self> {
        Self::try_from_secs_f64(text.parse().ok()?).ok()
    }

    fn to_toml(&self) -> toml::Value {
        match i64::try_from(self.as_secs()) {
            Ok(seconds) if self.subsec_nanos() == 0 => seconds.into(),
            _ => self.as_secs_f64().into(),
        }
    }
}

impl Value for u32 {
    const HINT: &'static str = "NUMBER";
    const EXPECTED: &'static str = "a whole number";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn to_toml(&self) -> toml::Value {
        (*self).into()
    }
}

impl Value for Vec<AddressRange> {
    const HINT: &'static str = "ADDRESSES";
    const EXPECTED: &'static str =
        "a list of addresses and ranges with commas between, such as 127.0.0.1, 10.0.0.0/8";

    fn parse(text: &str) -> Option<Self> {
        let ranges = text.split(',').map(str::trim).filter(|range| !range.is_empty());
        ranges.map(|range| range.parse().ok()).collect()
    }

    fn to_toml(&self) -> toml::Value {
        let ranges: Vec<String> = self.iter().map(ToString::to_string).collect();
        ranges.join(", ").into()
    }
}

impl Value for NonZeroUsize {
    const HINT: &'static str = "NUMBER";
    const EXPECTED: &'static str = "a whole number";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn to_toml(&self) -> toml::Value {
        i64::try_from(self.get()).unwrap_or(i64::MAX).into()
    }
}

impl Value for Cap {
    const HINT: &'static str = "PLAYERS";
    const EXPECTED: &'static str = "a number of players from 2 to 12";

    fn parse(text: &str) -> Option<Self> {
        Self::new(text.parse().ok()?)
    }

    fn to_toml(&self) -> toml::Value {
        i64::from(self.get()).into()
    }
}

impl Value for TeamCap {
    const HINT: &'static str = "PLAYERS";
    const EXPECTED: &'static str = "a number of players from 1 to 6";

    fn parse(text: &str) -> Option<Self> {
        Self::new(text.parse().ok()?)
    }

    fn to_toml(&self) -> toml::Value {
        i64::from(self.get()).into()
    }
}

impl Value for String {
    const HINT: &'static str = "TEXT";
    const EXPECTED: &'static str = "a text";

    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn to_toml(&self) -> toml::Value {
        self.as_str().into()
    }
}

impl Value for PathBuf {
    const HINT: &'static str = "DIRECTORY";
    const EXPECTED: &'static str = r"a path (a Windows path goes in single quotes, as in 'C:\mmcos')";

    fn parse(text: &str) -> Option<Self> {
        // TOML takes "D:\temp\new" for a path with a tab and a new line in it.
        Some(text.into()).filter(|_| !text.is_empty() && !text.contains(char::is_control))
    }

    fn to_toml(&self) -> toml::Value {
        self.to_string_lossy().into_owned().into()
    }
}

/// A file that need not be given; `None` is the empty text.
impl Value for Option<PathBuf> {
    const HINT: &'static str = "FILE";
    const EXPECTED: &'static str = PathBuf::EXPECTED;

    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { PathBuf::parse(text).map(Some) }
    }

    fn to_toml(&self) -> toml::Value {
        self.as_ref().map_or_else(|| "".into(), PathBuf::to_toml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trips<T: Value + PartialEq + std::fmt::Debug>(text: &str, expected: &T) {
        let value = T::parse(text).unwrap();
        assert_eq!(&value, expected);
        let written = value.to_toml();
        let again = written.as_str().map_or_else(|| written.to_string(), str::to_owned);
        assert_eq!(T::parse(&again), Some(value), "{written} does not mean {text}");
    }

    #[test]
    fn addresses() {
        round_trips("off", &None::<SocketAddr>);
        round_trips("8080", &Some(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 8080))));
        round_trips("127.0.0.1:1", &Some(SocketAddr::from(([127, 0, 0, 1], 1))));
        round_trips("[::1]:443", &Some(SocketAddr::from((Ipv6Addr::LOCALHOST, 443))));
        round_trips("", &None::<ServerAddress>);
        round_trips("203.0.113.5", &Some(ServerAddress::Ip([203, 0, 113, 5].into())));
        round_trips("race.example.org", &"race.example.org".parse::<ServerAddress>().ok());
        assert_eq!(<Option<ServerAddress>>::parse("race.example.org:443"), None);
        for bad in ["", "on", "65536", "localhost:80", "1.2.3.4", "::1:x"] {
            assert_eq!(<Option<SocketAddr>>::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn seconds() {
        round_trips("25", &Duration::from_secs(25));
        round_trips("2.5", &Duration::from_millis(2500));
        round_trips("0", &Duration::ZERO);
        for bad in ["", "-1", "nan", "inf", "1e99", "25s"] {
            assert_eq!(Duration::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn lists_of_addresses() {
        round_trips("", &Vec::<AddressRange>::new());
        let range = |text: &str| text.parse::<AddressRange>().unwrap();
        round_trips(
            "127.0.0.1,10.0.0.0/8 , ::1",
            &vec![range("127.0.0.1"), range("10.0.0.0/8"), range("::1")],
        );
        for bad in ["proxy", "10.0.0.0/8; ::1", "10.0.0.0/33"] {
            assert_eq!(Vec::<AddressRange>::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn choices() {
        round_trips("trust", &Identity::Trust);
        round_trips("any-unranked", &Bucket::AnyUnranked);
        round_trips("debug", &LevelFilter::Debug);
        round_trips("false", &false);
        assert_eq!(Identity::parse("Verify"), None);
        assert_eq!(true.to_toml(), toml::Value::Boolean(true));
    }

    #[test]
    fn paths_and_numbers() {
        round_trips("", &None::<PathBuf>);
        round_trips("a b/c.pem", &Some(PathBuf::from("a b/c.pem")));
        assert_eq!(PathBuf::parse(""), None);
        round_trips("64", &NonZeroUsize::new(64).unwrap());
        assert_eq!(NonZeroUsize::parse("0"), None);
    }
}
