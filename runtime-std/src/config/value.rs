//! The types of configuration values: how each reads from text and how `mmcos config` writes it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use log::LevelFilter;
use mmcos_core::AddressRange;
use mmcos_core::mmcos::matchmaker::{Cap, TeamCap};

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
impl Value for Option<IpAddr> {
    const HINT: &'static str = "ADDRESS";
    const EXPECTED: &'static str = "an address such as 203.0.113.5 or 2001:db8::5";

    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
    }

    fn to_toml(&self) -> toml::Value {
        self.map_or_else(|| "".into(), |address| address.to_string().into())
    }
}

impl Value for Duration {
    const HINT: &'static str = "SECONDS";
    const EXPECTED: &'static str = "a number of seconds from 0 to 86400, such as 25 or 2.5";

    fn parse(text: &str) -> Option<Self> {
        let a_day = Self::from_hours(24);
        Self::try_from_secs_f64(text.parse().ok()?).ok().filter(|wait| *wait <= a_day)
    }

    fn to_toml(&self) -> toml::Value {
        match i64::try_from(self.as_secs()) {
            Ok(seconds) if self.subsec_nanos() == 0 => seconds.into(),
            _ => self.as_secs_f64().into(),
        }
    }
}

/// How long a search may be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollTime(Duration);

impl PollTime {
    /// As a duration.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl Value for PollTime {
    const HINT: &'static str = "SECONDS";
    const EXPECTED: &'static str = "a number of seconds from 0 to 300, such as 25 or 2.5: routers and proxies on the \
        way drop connections that are silent for longer";

    fn parse(text: &str) -> Option<Self> {
        Duration::parse(text).filter(|time| *time <= Duration::from_mins(5)).map(Self)
    }

    fn to_toml(&self) -> toml::Value {
        self.0.to_toml()
    }
}

/// How long something is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience(Duration);

impl Patience {
    /// As a duration.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl Value for Patience {
    const HINT: &'static str = "SECONDS";
    const EXPECTED: &'static str = "a number of seconds from 1 to 3600, such as 10 or 2.5";

    fn parse(text: &str) -> Option<Self> {
        let range = Duration::from_secs(1)..=Duration::from_hours(1);
        Duration::parse(text).filter(|time| range.contains(time)).map(Self)
    }

    fn to_toml(&self) -> toml::Value {
        self.0.to_toml()
    }
}

impl Value for u32 {
    const HINT: &'static str = "NUMBER";
    const EXPECTED: &'static str = "a whole number from 0";

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
    const EXPECTED: &'static str = "a whole number from 1";

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
    const EXPECTED: &'static str = "a path";

    fn parse(text: &str) -> Option<Self> {
        Some(text.into()).filter(|_| !text.is_empty())
    }

    fn to_toml(&self) -> toml::Value {
        self.to_string_lossy().into_owned().into()
    }
}

/// A file that need not be given; `None` is the empty text.
impl Value for Option<PathBuf> {
    const HINT: &'static str = "FILE";
    const EXPECTED: &'static str = "a path";

    fn parse(text: &str) -> Option<Self> {
        Some(PathBuf::parse(text))
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
        round_trips("", &None::<IpAddr>);
        round_trips("203.0.113.5", &Some(IpAddr::from([203, 0, 113, 5])));
        assert_eq!(<Option<IpAddr>>::parse("example.net"), None);
        for bad in ["", "on", "65536", "localhost:80", "1.2.3.4", "::1:x"] {
            assert_eq!(<Option<SocketAddr>>::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn seconds() {
        round_trips("25", &Duration::from_secs(25));
        round_trips("2.5", &Duration::from_millis(2500));
        round_trips("0", &Duration::ZERO);
        for bad in ["", "-1", "nan", "inf", "86401", "25s"] {
            assert_eq!(Duration::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn searches_are_held_for_300_seconds_at_most_and_limits_of_time_are_never_zero() {
        round_trips("300", &PollTime(Duration::from_mins(5)));
        round_trips("0", &PollTime(Duration::ZERO));
        round_trips("1", &Patience(Duration::from_secs(1)));
        assert_eq!(PollTime::parse("300.1"), None);
        assert_eq!([Patience::parse("0.9"), Patience::parse("3601")], [None; 2]);
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
