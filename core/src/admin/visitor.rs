//! Pages for players. They name the address under which the visitor's browser reached this server.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString as _},
    vec::Vec,
};
use core::{
    fmt::{self, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use sha2::{Digest as _, Sha256};

use crate::settings::{Datum, Value};

/// Placeholder for the server's address in the texts of a [`VisitorPage`].
const PLACEHOLDER: &str = "{address}";

/// Placeholder for the game's part of the page.
const FRONT: &str = "{front}";
/// Start of the placeholder for another page's checksum, such as `{sha256 /setup.sh}`.
const CHECKSUM: &str = "{sha256 ";

/// Suffixes of names that only a local network resolves. (RFC 6762, RFC 8375, and `.lan` and `.internal` by custom.)
const LOCAL_SUFFIXES: [&str; 4] = [".local", ".home.arpa", ".lan", ".internal"];

/// Address under which players reach this server. Its `Display` is safe in HTML and in scripts: an IP address, or
/// letters, digits, hyphens and dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAddress {
    /// An IP address, used in hosts files as it is.
    Ip(IpAddr),
    /// A DNS name, to be resolved on the player's machine.
    Name(HostName),
}

/// A DNS name of letters, digits, hyphens and dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

/// The error for a text that is neither an IP address nor a DNS name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither an IP address nor a DNS name")]
pub struct ServerAddressError;

impl FromStr for ServerAddress {
    type Err = ServerAddressError;

    /// ```
    /// use mmcos_core::admin::ServerAddress;
    /// assert!(matches!("2001:db8::5".parse(), Ok(ServerAddress::Ip(_))));
    /// assert!(matches!("race.example.org".parse(), Ok(ServerAddress::Name(_))));
    /// assert!("203.0.113.500".parse::<ServerAddress>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Self, ServerAddressError> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // No top-level domain is a number, so this rejects a mistyped address.
        let is_mistyped_ip =
            text.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
        let is_name = text.len() <= 253 && text.split('.').all(is_label) && !is_mistyped_ip;
        if is_name { Ok(Self::Name(HostName(text.to_owned()))) } else { Err(ServerAddressError) }
    }
}

impl Value for ServerAddress {
    const HINT: &'static str = "ADDRESS|NAME";
    const EXPECTED: &'static str = "an address such as 203.0.113.5 or 2001:db8::5, or a DNS name such as \
                                    race.example.org, without a port";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn to_datum(&self) -> Datum {
        Datum::Text(self.to_string())
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Name(HostName(name)) => f.write_str(name),
        }
    }
}

/// Known addresses of this server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Address that the operator configured for players.
    pub public: Option<ServerAddress>,
    /// Addresses of the machine, the most likely first.
    pub own: Vec<IpAddr>,
}

impl Addresses {
    /// Returns the address for a player whose request has this `Host` and came from `peer`; `None` if nothing is known.
    ///
    /// An IP address in `Host` is known to work from the visitor's place; no other address is. Nothing else of `Host`
    /// is ever repeated.
    pub(crate) fn for_visitor(&self, host: &[u8], peer: IpAddr) -> Option<ServerAddress> {
        let host = core::str::from_utf8(host).unwrap_or_default();
        let near = || self.own_near(peer).filter(|_| is_local_name(host));
        used_ip(host)
            .or_else(near)
            .map(ServerAddress::Ip)
            .or_else(|| self.public.clone())
            .or_else(|| self.own().map(ServerAddress::Ip))
    }

    /// Returns the machine's likely address: its first IPv4 address, since the game certainly speaks IPv4, or else
    /// any.
    pub fn own(&self) -> Option<IpAddr> {
        self.own.iter().find(|address| address.is_ipv4()).or(self.own.first()).copied()
    }

    /// Returns the machine's address in the network of `peer`: a public address often does not work from inside a
    /// LAN.
    fn own_near(&self, peer: IpAddr) -> Option<IpAddr> {
        let peer = network(peer.to_canonical());
        self.own.iter().copied().find(|address| network(*address) == peer)
    }
}

/// Returns the local network of an address, assuming the usual size: /24, or /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & !0xff).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// Parses `Host` as an IP address with or without a port (RFC 9110, 7.2). Rejects addresses that mean another
/// machine, or none, on the player's side.
fn used_ip(host: &str) -> Option<IpAddr> {
    let (address, port): (IpAddr, _) = if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        (address.parse::<Ipv6Addr>().ok()?.into(), port)
    } else {
        let (address, port) = host.split_at(host.find(':').unwrap_or(host.len()));
        (address.parse::<Ipv4Addr>().ok()?.into(), port)
    };
    let is_port = port.is_empty() || port.strip_prefix(':')?.bytes().all(|byte| byte.is_ascii_digit());
    let address = address.to_canonical();
    let leads_here = !address.is_loopback()
        && !address.is_multicast()
        && match address {
            IpAddr::V4(address) => address.octets()[0] != 0 && !address.is_broadcast(),
            // A hosts file cannot name the interface that a link-local address needs.
            IpAddr::V6(address) => !address.is_unspecified() && !address.is_unicast_link_local(),
        };
    (is_port && leads_here).then_some(address)
}

/// Returns true if only the local network resolves this name.
fn is_local_name(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    !name.contains('.') || LOCAL_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// A public text at its own path, such as the instructions for players at `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitorPage {
    /// Path, such as `/` or `/setup.cmd`.
    pub path: String,
    /// `Content-Type`, such as `text/html; charset=utf-8`.
    pub content_type: String,
    /// `Content-Security-Policy`.
    pub policy: String,
    /// Text for an IP address as the server's address, with `{address}` in its place.
    pub by_ip: String,
    /// Text for a DNS name.
    pub by_name: String,
    /// Text for an unknown address. With `None`, the page does not exist then.
    pub unknown: Option<String>,
}

impl VisitorPage {
    /// Returns the text for a visitor that reached the server at `address`, with the game's part in place of
    /// `{front}`. It may name the SHA-256 checksums of
    /// `others`, as the same visitor gets them: `{sha256 /setup.sh}`.
    pub fn render(&self, address: Option<&ServerAddress>, front: &str, others: &[Self]) -> Option<String> {
        let mut text = self.filled(address)?;
        for other in others {
            let placeholder = alloc::format!("{CHECKSUM}{}}}", other.path);
            // Most texts name no checksum.
            if text.contains(&placeholder) {
                let checksum =
                    other.filled(address).map(|text| hex(&Sha256::digest(text))).unwrap_or_default();
                text = text.replace(&placeholder, &checksum);
            }
        }
        // Last: names of players are in the game's part.
        Some(text.replacen(FRONT, front, 1))
    }

    fn filled(&self, address: Option<&ServerAddress>) -> Option<String> {
        let (text, address) = match address {
            Some(ServerAddress::Ip(address)) => (&self.by_ip, alloc::format!("{address}")),
            Some(ServerAddress::Name(HostName(name))) => (&self.by_name, name.clone()),
            None => (self.unknown.as_ref()?, String::new()),
        };
        Some(text.replace(PLACEHOLDER, &address))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn addresses(public: Option<&str>) -> Addresses {
        let own = ["2001:db8:1::20", "192.168.1.20"].map(|address| address.parse().unwrap());
        Addresses { public: public.map(|text| text.parse().unwrap()), own: own.into() }
    }

    fn address_for(public: Option<&str>, host: &str, peer: &str) -> String {
        addresses(public).for_visitor(host.as_bytes(), peer.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn the_ip_address_that_the_visitor_used_comes_first() {
        for (host, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9:8080", "203.0.113.9"),
            ("203.0.113.9:", "203.0.113.9"),
            ("10.1.2.3", "10.1.2.3"),
            ("[2001:db8::5]", "2001:db8::5"),
            ("[2001:DB8::5]:443", "2001:db8::5"),
            ("[::ffff:203.0.113.9]", "203.0.113.9"),
        ] {
            assert_eq!(address_for(None, host, "198.51.100.7"), expected, "{host}");
            assert_eq!(address_for(Some("198.51.100.1"), host, "192.168.1.5"), expected, "{host}");
        }
    }

    #[test]
    fn nothing_else_of_a_host_is_repeated() {
        for host in [
            "",
            "<b>",
            "mmcos.codemasters.com",
            "race.example.org:80",
            "203.0.113.9:80:80",
            "203.0.113.9:http",
            "203.0.113.9.example.org",
            "user@203.0.113.9",
            "203.0.113.9'; reboot",
            "[2001:db8::5",
            "[2001:db8::5]x",
            "[203.0.113.9]",
            "2001:db8::5",
            "127.0.0.1:80",
            "localhost",
            "[::1]",
            "0.0.0.0",
            "0.1.2.3",
            "[::]",
            "224.0.0.1",
            "255.255.255.255",
            "[fe80::1]",
            "[fe80::1%25eth0]",
        ] {
            assert_eq!(address_for(Some("198.51.100.1"), host, "203.0.113.7"), "198.51.100.1", "{host}");
            assert_eq!(
                address_for(Some("race.example.org"), host, "203.0.113.7"),
                "race.example.org",
                "{host}"
            );
            assert_eq!(address_for(None, host, "203.0.113.7"), "192.168.1.20", "{host}");
        }
        let invalid = addresses(None).for_visitor(b"\xff", Ipv4Addr::LOCALHOST.into());
        assert_eq!(invalid.unwrap().to_string(), "192.168.1.20");
        assert_eq!(Addresses::default().for_visitor(b"nas", Ipv4Addr::LOCALHOST.into()), None);
    }

    #[test]
    fn a_local_name_from_the_local_network_gets_the_local_address() {
        for host in ["raspberrypi.local", "PI", "pi:8080", "nas.lan", "server.home.arpa"] {
            assert_eq!(address_for(Some("203.0.113.5"), host, "192.168.1.77"), "192.168.1.20", "{host}");
            assert_eq!(
                address_for(Some("203.0.113.5"), host, "::ffff:192.168.1.77"),
                "192.168.1.20",
                "{host}"
            );
            assert_eq!(address_for(Some("203.0.113.5"), host, "2001:db8:1::77"), "2001:db8:1::20", "{host}");
            assert_eq!(address_for(Some("203.0.113.5"), host, "192.168.2.77"), "203.0.113.5", "{host}");
        }
        // Through a router that hides its visitors' addresses.
        assert_eq!(address_for(Some("203.0.113.5"), "race.example.org", "192.168.1.1"), "203.0.113.5");
    }

    #[test]
    fn addresses_and_names_are_told_apart() {
        for name in ["race.example.org", "nas", "Race-1.EXAMPLE.org", "xn--rennen-kva.example"] {
            assert!(matches!(name.parse(), Ok(ServerAddress::Name(_))), "{name}");
        }
        for text in [
            "",
            ".",
            "203.0.113",
            "203.0.113.500",
            "race.example.org.",
            "race..org",
            "-race.org",
            "race-.org",
            "race.example.org:443",
            "http://race.example.org",
            "race example.org",
            "rénnen.example",
            "race.org'",
            "[2001:db8::5]",
        ] {
            assert_eq!(text.parse::<ServerAddress>(), Err(ServerAddressError), "{text}");
        }
        assert!("a.".repeat(127).parse::<ServerAddress>().is_err());
        assert!("a".repeat(64).parse::<ServerAddress>().is_err());
    }

    #[test]
    fn a_page_is_filled_in() {
        let page = VisitorPage {
            path: "/".to_owned(),
            content_type: String::new(),
            policy: String::new(),
            by_ip: "{address}, {address}{front}".to_owned(),
            by_name: "see {address}".to_owned(),
            unknown: None,
        };
        let [ip, name] = ["10.1.2.3", "nas"].map(|text| text.parse::<ServerAddress>().ok());
        assert_eq!(
            page.render(ip.as_ref(), "<b>{address}", &[]).as_deref(),
            Some("10.1.2.3, 10.1.2.3<b>{address}")
        );
        assert_eq!(page.render(name.as_ref(), "", &[]).as_deref(), Some("see nas"));
        assert_eq!(page.render(None, "", &[]), None);
    }

    #[test]
    fn a_page_names_the_checksum_of_another() {
        let page = |path: &str, text: &str| VisitorPage {
            path: path.to_owned(),
            content_type: String::new(),
            policy: String::new(),
            by_ip: text.to_owned(),
            by_name: text.to_owned(),
            unknown: None,
        };
        let pages = [page("/", "{address}: {sha256 /setup.sh}"), page("/setup.sh", "a{address}")];
        let rendered = |address: &str| {
            let address = address.parse::<ServerAddress>().ok();
            pages.first().unwrap().render(address.as_ref(), "", &pages).unwrap()
        };
        // The SHA-256 of "abc", by FIPS 180-2.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(rendered("bc"), alloc::format!("bc: {abc}"));
        assert_ne!(rendered("b"), alloc::format!("b: {abc}"));
    }
}
