//! The `Host` field against DNS rebinding: a foreign page that has its own name point here still sends that name.

use core::net::{IpAddr, Ipv6Addr};

/// Whether a browser that sends this `Host` was told to come here: by address, as `localhost`, or by a name of ours.
pub(super) fn is_ours(host: &[u8], names: &[impl AsRef<str>]) -> bool {
    let Some(name) = core::str::from_utf8(host).ok().and_then(name) else { return false };
    let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address =
        inner.map_or_else(|| name.parse::<IpAddr>().is_ok(), |inner| inner.parse::<Ipv6Addr>().is_ok());
    address
        || name.eq_ignore_ascii_case("localhost")
        || names.iter().any(|ours| name.eq_ignore_ascii_case(ours.as_ref()))
}

/// Without its port.
fn name(host: &str) -> Option<&str> {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => port.bytes().all(|b| b.is_ascii_digit()).then_some(name),
        _ => Some(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_localhost_and_configured_names_are_ours() {
        let names = ["race.example.org"];
        for host in [
            "192.168.1.20",
            "192.168.1.20:8080",
            "[::1]",
            "[2001:db8::1]:443",
            "localhost:80",
            "LOCALHOST",
            "Race.example.org:443",
        ] {
            assert!(is_ours(host.as_bytes(), &names), "{host}");
        }
        for host in [
            "",
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
            "\u{212a}",
        ] {
            assert!(!is_ours(host.as_bytes(), &names), "{host}");
        }
        assert!(!is_ours(b"\xff", &names));
    }
}
