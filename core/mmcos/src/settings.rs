//! Settings of an operator: in the configuration, and partly while the server runs.

use alloc::{borrow::ToOwned, format};
use core::{num::NonZeroUsize, time::Duration};

use mmcos_core::{
    engine::Rate,
    settings::{Choice, Datum, Kind, Line, Value},
    wire::{egonet, steam::PublicKey, xml},
};

use crate::{
    IdentityPolicy,
    matchmaker::{self, Cap, Caps, Folding, TeamCap},
    special_events::Plan,
};

mmcos_core::settings! {
    /// Settings of this game. The defaults are the official server's ways where they are known.
    ///
    /// ```
    /// use mmcos_core::settings::Live;
    /// use mmcos_game::settings::Settings;
    /// let mut settings = Live::new(Settings::defaults()?);
    /// settings.set("message", "Races at eight!")?;
    /// assert_eq!(settings.message.as_deref(), Some("Races at eight!"));
    /// settings.reset("message")?;
    /// assert_eq!(settings.message, None);
    /// assert!(settings.set("gather-seconds", "-1").is_err());
    /// # Ok::<(), mmcos_core::settings::SettingsError>(())
    /// ```
    pub struct Settings {
        /// Check of Steam tickets at login: "verify" accepts only tickets that Steam signed; "trust" accepts any
        /// well-formed ticket, so use it only on a LAN among friends.
        identity: IdentityPolicy = "verify",

        /// A message of the day, shown in the game's menu. Empty: none.
        message: Option<Line> = "" (live),

        /// Tells the game that the services are down for maintenance. New logins are refused; players who are already
        /// logged in can keep playing.
        maintenance: bool = "false" (live),

        /// Shows anyone who opens this server's page how many play and search, the leaderboard, past seasons, and the
        /// hours at which people play.
        public_pages: bool = "true" (live),

        /// Shows the names of players online there. Without this, only the leaderboard has names.
        public_names: bool = "false" (live),

        // Searches shorter than a second never meet; routers and proxies end connections that are silent for minutes.
        /// Time for which a search is held before its response. Officially 25 seconds.
        poll_seconds: Duration [1..=300] = "25" (live),

        /// Time for which a lone player's game searches before it offers a race against AI. Applies from the player's
        /// next login. Officially 70 seconds.
        search_seconds: Duration [10..=3600] = "70" (live),

        /// Minimum time after which the result of a race against AI counts. The server does not see such races, so
        /// without this a client could report one each second.
        min_race_seconds: Duration [0..=3600] = "30",

        /// Time for which a match that could start waits for another player, since the last one joined.
        gather_seconds: Duration [0..=120] = "5" (live),

        /// Time for which a player who would accept AI opponents is still held when another player is likely to
        /// arrive.
        ai_hold: Duration [0..=120] = "0" (live),

        /// If true, a lone player may race against AI; if false, the search goes on.
        ai: bool = "true" (live),

        /// Players that can meet: "exact", those of the same mode; "rule-set", those of the same rule set (Race,
        /// Elimination, Battle), ranked and unranked apart; "any-unranked", also all unranked players. More players
        /// meet in wider buckets.
        bucket: Folding = "exact",

        /// Maximum number of players in a race.
        race_cap: Cap = "12",

        /// Maximum number of players in an elimination.
        elimination_cap: Cap = "6",

        /// Maximum number of players in each of the two teams of a battle.
        battle_team_cap: TeamCap = "6",

        /// Worth of a match of two players, in seconds that each of them would wait for it. With a higher value,
        /// matches wait longer for more players.
        pair_worth_seconds: Duration [0..=3600] = "120",

        /// Plan of the special events, each with a playlist and a prize of its own. "weekly" runs one of the 13 each
        /// weekend, from Friday to Monday, 12:00 UTC. Or list events with whole days, UTC: "chaos 2026-12-24 to
        /// 2026-12-26, payload 2026-12-31". No event was ever recorded, so it is not known how the game reacts. The
        /// events are `chaos`, `emergency_response`, `endurance`, `gi_joe`, `koth_decay_zones`, `mystery_vehicles`,
        /// `payload`, `poison_flag`, `pure_racing`, `simple_battle`, `ultimate_bomb`, `ultimate_ctf`, `ultimate_koth`.
        events: Plan = "off",

        /// Number of players' rows that are saved at a time after a season has begun. With fewer rows, other changes
        /// wait less, and all rows together take longer.
        season_rows: u32 [1..=1_000_000] = "2000",

        /// Maximum requests of one account per second in the long run, from all addresses together. 0: no limit.
        account_requests_per_second: u32 [0..=1_000_000] = "50",

        /// Maximum requests of one account at once, after a pause.
        account_request_burst: u32 [1..=1_000_000] = "500",

        /// Maximum nesting of XML elements.
        max_xml_depth: NonZeroUsize [4..=32] = "16",

        /// Maximum number of elements in an XML body. A list of 2,000 friends has 4,006.
        max_xml_elements: NonZeroUsize [32..=10_000_000] = "10000",

        /// Maximum nesting of EgoNet values.
        max_egonet_depth: NonZeroUsize [2..=255] = "16",

        /// Maximum number of values in an EgoNet body.
        max_egonet_values: NonZeroUsize [16..=10_000_000] = "16384",
    }
}

impl Settings {
    /// Returns the configuration of the matchmaker.
    pub fn matchmaker(&self) -> matchmaker::Config {
        matchmaker::Config {
            caps: Caps {
                race: self.race_cap,
                elimination: self.elimination_cap,
                battle_team: self.battle_team_cap,
                ..Caps::default()
            },
            folding: self.bucket,
            poll: self.poll_seconds,
            gather: self.gather_seconds,
            ai_hold: self.ai_hold,
            ai: self.ai,
            pair_worth_seconds: whole_seconds(self.pair_worth_seconds),
        }
    }

    /// Returns the search time that the game receives, in whole seconds.
    pub(super) fn search_seconds(&self) -> u32 {
        whole_seconds(self.search_seconds)
    }

    /// Returns the limit on an account's requests. Logins are not counted: the costly part of a login is to find out
    /// which account it is of.
    pub(super) fn requests(&self) -> Rate {
        Rate { per_second: self.account_requests_per_second, burst: self.account_request_burst }
    }

    pub(super) fn season_rows(&self) -> usize {
        usize::try_from(self.season_rows).unwrap_or(usize::MAX)
    }

    pub(super) fn xml(&self) -> xml::Limits {
        xml::Limits { depth: self.max_xml_depth.get(), elements: self.max_xml_elements.get() }
    }

    /// Returns the limits on the size and depth of `EgoNet` values.
    pub fn egonet(&self) -> egonet::Limits {
        egonet::Limits {
            depth: u8::try_from(self.max_egonet_depth.get()).unwrap_or(u8::MAX),
            values: self.max_egonet_values.get(),
        }
    }
}

fn whole_seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

/// Prefix of a public key, as JSON, where tickets are signed by a key other than Steam's.
const VERIFY_BY: &str = "verify by ";

/// A trace names the key that signed its tickets; a configuration can only name Steam's.
impl Value for IdentityPolicy {
    const HINT: &'static str = "verify|trust";
    const EXPECTED: &'static str = "verify or trust";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "verify" => Some(Self::Verify(PublicKey::steam())),
            "trust" => Some(Self::Trust),
            _ => serde_json::from_str(text.strip_prefix(VERIFY_BY)?).ok().map(Self::Verify),
        }
    }

    fn to_datum(&self) -> Datum {
        Datum::Text(match self {
            Self::Trust => "trust".to_owned(),
            Self::Verify(key) if *key == PublicKey::steam() => "verify".to_owned(),
            Self::Verify(key) => format!("{VERIFY_BY}{}", serde_json::to_string(key).unwrap_or_default()),
        })
    }
}

impl Choice for Folding {
    const HINT: &'static str = "exact|rule-set|any-unranked";
    const EXPECTED: &'static str = "exact, rule-set or any-unranked";
    const CHOICES: &'static [(&'static str, Self)] =
        &[("exact", Self::Exact), ("rule-set", Self::RuleSet), ("any-unranked", Self::AnyUnranked)];
}

/// Implements `Value` for a cap.
macro_rules! cap {
    ($cap:ty, $expected:literal) => {
        impl Value for $cap {
            const HINT: &'static str = "PLAYERS";
            const EXPECTED: &'static str = $expected;
            const KIND: Kind = Kind::Number;

            fn parse(text: &str) -> Option<Self> {
                Self::new(text.parse().ok()?)
            }

            fn to_datum(&self) -> Datum {
                Datum::Integer(self.get().into())
            }
        }
    };
}

cap!(Cap, "a number of players from 2 to 12");
cap!(TeamCap, "a number of players from 1 to 6");

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use mmcos_core::settings::Settings as _;

    use super::*;
    use crate::catalogue::EventName;

    fn round_trips<T: Value + PartialEq>(value: &T) {
        assert!(T::parse(&value.to_datum().to_string()).as_ref() == Some(value), "{:?}", value.to_datum());
    }

    #[test]
    fn values_are_written_as_they_are_read() {
        let steam = IdentityPolicy::Verify(PublicKey::steam());
        assert_eq!(steam.to_datum(), Datum::Text("verify".to_owned()));
        let other = IdentityPolicy::Verify(PublicKey::new(&[0xB1; 128], 65_537).unwrap());
        for policy in [IdentityPolicy::Trust, steam, other] {
            round_trips(&policy);
        }
        assert_eq!(IdentityPolicy::parse("Verify"), None);
        assert_eq!(Folding::parse("any-unranked"), Some(Folding::AnyUnranked));
        assert_eq!(
            [1, 2, 12, 13].map(|cap| Cap::parse(&cap.to_string()).is_some()),
            [false, true, true, false]
        );
        assert_eq!(
            [0, 1, 6, 7].map(|cap| TeamCap::parse(&cap.to_string()).is_some()),
            [false, true, true, false]
        );
    }

    #[test]
    fn the_defaults_are_those_of_the_matchmaker() {
        assert_eq!(Settings::defaults().unwrap().matchmaker(), matchmaker::Config::default());
    }

    #[test]
    fn a_host_reads_the_names_of_all_events() {
        let key = Settings::KEYS.iter().find(|key| key.field == "events").unwrap();
        for event in EventName::all() {
            assert!(key.about().contains(event.as_str()), "{event}");
        }
    }
}
