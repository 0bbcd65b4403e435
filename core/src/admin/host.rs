//! Checks the `Host` field, against DNS rebinding: a foreign page whose name is pointed at this server still sends
//! that name.

use core::net::{IpAddr, Ipv6Addr};

/// Suffixes of names that the DNS of the internet does not resolve, so that no foreign page can have one (RFC 6761,
/// RFC 6762, RFC 8375; `internal` is reserved by ICANN).
const LOCAL: [&str; 4] = [".local", ".localhost", ".home.arpa", ".internal"];

/// Returns true if this `Host` belongs to this server: an address, a name that cannot be a foreign page's, or a
/// configured name.
pub(super) fn is_ours(host: &[u8], names: &[impl AsRef<str>]) -> bool {
    let Some(name) = core::str::from_utf8(host).ok().and_then(name) else { return false };
    let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address =
        inner.map_or_else(|| name.parse::<IpAddr>().is_ok(), |inner| inner.parse::<Ipv6Addr>().is_ok());
    address
        || is_local(name.strip_suffix('.').unwrap_or(name))
        || names.iter().any(|ours| name.eq_ignore_ascii_case(ours.as_ref()))
}

/// Returns true if only a local network resolves this name: a single label such as `raspberrypi`, or one of
/// [`LOCAL`].
fn is_local(name: &str) -> bool {
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let ends_with = |end: &str| {
        let start = name.len().checked_sub(end.len()).filter(|start| *start > 0);
        start.and_then(|start| name.get(start..)).is_some_and(|last| last.eq_ignore_ascii_case(end))
    };
    // Browsers read a single label of digits as an IPv4 address.
    let is_label = !name.contains('.') && name.bytes().any(|b| b.is_ascii_alphabetic());
    is_name && (is_label || LOCAL.into_iter().any(ends_with))
}

/// Returns the host without its port.
fn name(host: &str) -> Option<&str> {
    Some(split(host)?.0)
}

/// Returns the port that a browser sends in its `Host`; `None` if it is the scheme's default.
pub(super) fn port(host: &[u8]) -> Option<u16> {
    split(core::str::from_utf8(host).ok()?)?.1?.parse().ok()
}

fn split(host: &str) -> Option<(&str, Option<&str>)> {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => {
            port.bytes().all(|b| b.is_ascii_digit()).then_some((name, Some(port)))
        }
        _ => Some((host, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_local_and_configured_names_are_ours() {
        let names = ["race.example.org"];
        for host in [
            "192.168.1.20",
            "192.168.1.20:8080",
            "[::1]",
            "[2001:db8::1]:443",
            "localhost:80",
            "LOCALHOST",
            "pi",
            "Pi:8080",
            "raspberrypi.local",
            "RaspberryPi.LOCAL:8080",
            "raspberrypi.local.",
            "pi.home.arpa",
            "Race.example.org:443",
        ] {
            assert!(is_ours(host.as_bytes(), &names), "{host}");
        }
        for host in [
            "",
            ":80",
            ".local",
            "local.evil.example",
            "pi.evilocal",
            "evil.example",
            "evil.example:80",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "localhost:80:80",
            "localhost:evil",
            "[::1].evil.example",
            "[evil]",
            "::1",
            "race.example.org.",
            "localhost@evil.example",
            "evil.example/.local",
            "3232235796",
            "\u{212a}",
        ] {
            assert!(!is_ours(host.as_bytes(), &names), "{host}");
        }
        assert!(!is_ours(b"\xff", &names));
    }

    #[test]
    fn the_port_is_the_browsers() {
        assert_eq!(
            [&b"pi:8080"[..], b"pi", b"[::1]:81", b"[::1]", b"pi:99999"].map(port),
            [Some(8080), None, Some(81), None, None]
        );
    }
}
