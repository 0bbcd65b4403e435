//! The operator's requests: commands and views.

use std::{fmt, net::Ipv4Addr};

use mmcos_core::{seam::Wall, wire::steam::SteamId};

/// The operator's password.
pub(crate) const PASSWORD: &str = "right horse battery";

/// The subject of a ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Player(SteamId),
    /// All addresses with this prefix, whose other bits are 0, and its number of bits.
    Addresses(Ipv4Addr, u8),
}

impl Subject {
    /// Returns so many addresses, a power of two, around this one.
    pub(crate) fn around(address: Ipv4Addr, addresses: u32) -> Self {
        let prefix = 32 - addresses.ilog2() as u8;
        Self::Addresses(Ipv4Addr::from_bits(address.to_bits() & !(addresses - 1)), prefix)
    }

    /// Returns true if this address is among them.
    pub(crate) fn has_address(self, address: Ipv4Addr) -> bool {
        let Self::Addresses(first, prefix) = self else { return false };
        (first.to_bits() ^ address.to_bits()).checked_shr(32 - u32::from(prefix)) == Some(0)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Player(steam_id) => steam_id.fmt(f),
            Self::Addresses(address, 32) => address.fmt(f),
            Self::Addresses(address, prefix) => write!(f, "{address}/{prefix}"),
        }
    }
}

/// A request to the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// A ban for so many hours, or for good.
    Ban(Subject, Option<u32>),
    LiftBan(Subject),
    Kick(u32),
    EndMatch(u64),
    Set(&'static str, String),
    Reset(&'static str),
    StartEvent {
        name: &'static str,
        hours: u32,
    },
    StopEvent,
    /// Plans a special event.
    PlanEvent {
        name: &'static str,
        from: Wall,
        until: Wall,
    },
    /// Removes the plan with this number.
    RemovePlan(u32),
    /// Begins the season with this number.
    StartSeason(i32),
    /// Undoes the season after the one with this number, confirmed or not.
    UndoSeason(i32, bool),
    /// A value that the setting cannot have.
    Nonsense,
    /// A ban of all addresses, without the confirmation that it needs.
    BanAll,
    /// A ban by a client that does not know the password.
    Stranger(Subject),
    /// A ban by the operator, at a listener of the game while operators have one of their own.
    Elsewhere(Subject),
    State,
    Bans,
    Status,
    Metrics,
    /// The state, whenever it changes.
    Live,
}

impl Command {
    /// Returns true if the server may have to record something for it. Then it is sent again until there is a response.
    pub(crate) const fn may_record(&self) -> bool {
        match self {
            Self::Ban(..)
            | Self::LiftBan(_)
            | Self::Kick(_)
            | Self::EndMatch(_)
            | Self::Set(..)
            | Self::Reset(_)
            | Self::StartEvent { .. }
            | Self::StopEvent
            | Self::PlanEvent { .. }
            | Self::RemovePlan(_)
            | Self::StartSeason(_)
            | Self::UndoSeason(..)
            | Self::Nonsense
            | Self::BanAll => true,
            Self::Stranger(_)
            | Self::Elsewhere(_)
            | Self::State
            | Self::Bans
            | Self::Status
            | Self::Metrics
            | Self::Live => false,
        }
    }

    /// Returns the bytes of the request.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let post = |path: &str, body: String| ("POST", format!("/api/v1/{path}"), body);
        let get = |path: &str| ("GET", path.to_owned(), String::new());
        let (method, path, body) = match self {
            Self::Ban(subject, None) | Self::Stranger(subject) | Self::Elsewhere(subject) => {
                post("bans", format!(r#"{{"subject":"{subject}","reason":"cheating"}}"#))
            }
            Self::Ban(subject, Some(hours)) => {
                post("bans", format!(r#"{{"subject":"{subject}","hours":{hours},"note":"seen"}}"#))
            }
            Self::BanAll => post("bans", r#"{"subject":"0.0.0.0/0"}"#.into()),
            Self::LiftBan(subject) => post("bans/lift", format!(r#"{{"subject":"{subject}"}}"#)),
            Self::Kick(user) => post(&format!("players/{user}/kick"), "{}".into()),
            Self::EndMatch(session) => post(&format!("matches/{session}/end"), String::new()),
            Self::Set(name, value) => {
                ("PUT", format!("/api/v1/settings/{name}"), format!(r#"{{"value":"{value}"}}"#))
            }
            Self::Reset(name) => ("DELETE", format!("/api/v1/settings/{name}"), String::new()),
            Self::StartEvent { name, hours } => {
                post("event/start", format!(r#"{{"event":"{name}","hours":{hours}}}"#))
            }
            Self::StopEvent => post("event/stop", String::new()),
            Self::PlanEvent { name, from, until } => {
                let [from, until] = [from, until].map(|moment| moment.as_secs());
                post("plans", format!(r#"{{"event":"{name}","from":{from},"until":{until}}}"#))
            }
            Self::RemovePlan(number) => ("DELETE", format!("/api/v1/plans/{number}"), String::new()),
            Self::StartSeason(season) => post("season/start", format!(r#"{{"season":{season}}}"#)),
            Self::UndoSeason(season, confirm) => {
                post("season/undo", format!(r#"{{"season":{season},"confirm":{confirm}}}"#))
            }
            Self::Nonsense => ("PUT", "/api/v1/settings/poll-seconds".into(), r#"{"value":"0"}"#.into()),
            Self::State => get("/api/v1/state"),
            Self::Bans => get("/api/v1/bans"),
            Self::Status => get("/api/v1/status"),
            Self::Metrics => get("/metrics"),
            Self::Live => get("/api/v1/live"),
        };
        let password = if matches!(self, Self::Stranger(_)) { "wrong horse battery" } else { PASSWORD };
        let length = body.len();
        format!(
            "{method} {path} HTTP/1.1\r\nHost: 192.168.1.20\r\nAuthorization: Bearer {password}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    /// Returns the address that it comes from.
    pub(crate) const fn address(&self) -> Ipv4Addr {
        Ipv4Addr::new(198, 51, 100, if matches!(self, Self::Stranger(_)) { 66 } else { 7 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_written_and_has_addresses_as_they_are_read() {
        let range = Subject::around(Ipv4Addr::new(10, 0, 0, 7), 4);
        assert_eq!(range.to_string(), "10.0.0.4/30");
        let inside = (0..12).filter(|last| range.has_address(Ipv4Addr::new(10, 0, 0, *last)));
        assert!(inside.eq(4..8));
        let one = Subject::around(Ipv4Addr::new(10, 0, 0, 7), 1);
        assert_eq!(one.to_string(), "10.0.0.7");
        assert!(one.has_address(Ipv4Addr::new(10, 0, 0, 7)) && !one.has_address(Ipv4Addr::new(10, 0, 0, 6)));
    }
}
