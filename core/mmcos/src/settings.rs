//! Settings of an operator: in the configuration, and partly while the server runs.

pub(crate) mod advice;
pub mod preset;

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
    mode_of_the_day::ModePlan,
    nights::Nights,
    special_events::Plan,
};

use preset::{ByPreset, Preset};

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

        /// A message of the day, shown in the game's menu. Empty: none. The server replaces `{online}`, `{searching}`,
        /// `{mode_of_the_day}` and `{next_race_night}` in it: "{online} online, today: {mode_of_the_day}".
        message: Option<Line> = "" (live),

        /// The mode that the server recommends to all players, so that they meet: "off"; "daily" for another quick
        /// mode each day (UTC); a mode, such as "QuickRace", for every day; or days with modes, such as "mon QuickRace,
        /// fri RankedBattle".
        mode_of_the_day: ModePlan = "off" (live),

        /// Race nights of each week, in the local time of a time zone: "fri 20:00-22:00 Europe/Berlin, sun 18:00-19:30
        /// Europe/Berlin". The webhook announces each night twice: an hour before it and five minutes before it.
        /// Empty: none.
        nights: Nights = "" (live),

        /// Time for which the game of a lone player searches during a race night, if that is longer than at other
        /// times. A change applies from the player's next login.
        night_search_seconds: Duration [10..=3600] = "600" (live),

        /// If false, the search of a lone player that accepts AI is held as long as any other during a race night.
        night_ai: bool = "false" (live),

        /// Days for which addresses are kept: those of operators in the audit log, and bans of addresses that have
        /// ended. The log that this program writes is kept as long as its reader keeps it.
        address_days: u32 [0..=3650] = "30" (live),

        /// Tells the game that the services are down for maintenance. New logins are refused; players who are already
        /// logged in can keep playing.
        maintenance: bool = "false" (live),

        /// Shows visitors of this server's page how many players are online and searching, the leaderboard, past
        /// seasons, and the hours at which people play.
        public_pages: bool = "true" (live),

        /// Shows the names of players that are online on that page. If false, only the leaderboard has names.
        public_names: bool = "false" (live),

        /// Set of values for `search-seconds`, `call-seconds`, `bucket`, `gather-seconds` and `ai-hold`: "official" is
        /// that of the official server, "friends" is for up to about 10 players online, "community" for more. To
        /// override one of them, set it to a value other than "preset".
        preset: Preset = "official" (live),

        // Searches shorter than a second never meet; routers and proxies end connections that are silent for minutes.
        /// Time for which a search is held before its response. Officially 25 seconds.
        poll_seconds: Duration [1..=300] = "25" (live),

        /// Time for which the game of a lone player searches before it offers a race against AI. A change applies from
        /// the player's next login. By preset 70 (official), 180 (friends) or 120 (community) seconds.
        search_seconds: ByPreset<Duration> [10..=3600] = "preset" (live),

        /// Used in place of `search-seconds` while `notify-url` is set, if it is longer: a friend that reads a message
        /// needs some minutes to come. By preset 300 seconds.
        call_seconds: ByPreset<Duration> [0..=3600] = "preset" (live),

        /// Minimum time after which the result of a race against AI counts. The server does not see such races, so
        /// without this a client could report one each second.
        min_race_seconds: Duration [0..=3600] = "30",

        /// Time for which a match that could start waits for another player, counted from the last one that joined. By
        /// preset 5 seconds.
        gather_seconds: ByPreset<Duration> [0..=120] = "preset" (live),

        /// Time for which a player who would accept AI opponents is still held when another player is likely to
        /// arrive. By preset 0 (official, friends) or 20 (community) seconds.
        ai_hold: ByPreset<Duration> [0..=120] = "preset" (live),

        /// If true, a lone player may race against AI; if false, the player can only go on searching.
        ai: bool = "true" (live),

        /// Players that can meet: "exact", those of the same mode; "rule-set", those of the same rule set (Race,
        /// Elimination, Battle), ranked and unranked apart; "any-unranked", also all unranked players. More players
        /// meet in wider buckets, but no real game has yet shown that it follows a host of another mode. By preset
        /// "exact". A change ends all open polls; their games poll again.
        bucket: ByPreset<Folding> = "preset" (live),

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

        /// Number of players that are saved at a time after a season has begun. With fewer, other changes wait less,
        /// but saving all players takes longer.
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
        let preset = self.preset.values();
        matchmaker::Config {
            caps: Caps {
                race: self.race_cap,
                elimination: self.elimination_cap,
                battle_team: self.battle_team_cap,
                ..Caps::default()
            },
            folding: self.bucket.or(preset.bucket),
            poll: self.poll_seconds,
            gather: self.gather_seconds.or(preset.gather),
            ai_hold: self.ai_hold.or(preset.ai_hold),
            ai: self.ai,
            pair_worth_seconds: whole_seconds(self.pair_worth_seconds),
        }
    }

    /// Returns the time for which a game searches before it offers AI, in whole seconds. It is longer where calls bring
    /// friends.
    pub fn ai_after_seconds(&self, calls_friends: bool) -> u32 {
        let preset = self.preset.values();
        let call = if calls_friends { self.call_seconds.or(preset.call) } else { Duration::ZERO };
        whole_seconds(self.search_seconds.or(preset.search).max(call))
    }

    /// Returns the search time of a race night, in whole seconds.
    pub(super) fn night_search_seconds(&self) -> u32 {
        whole_seconds(self.night_search_seconds)
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

    /// Returns the default settings with these changes.
    fn changed(changes: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::defaults().unwrap();
        for (name, value) in changes {
            settings.set(name, value).unwrap();
        }
        settings
    }

    #[test]
    fn the_official_preset_is_as_the_captures_show() {
        let official = changed(&[("preset", "official")]);
        assert_eq!(official.matchmaker(), matchmaker::Config::default());
        assert_eq!([false, true].map(|calls| official.ai_after_seconds(calls)), [70, 300]);
    }

    #[test]
    fn a_single_setting_overrides_its_part_of_the_preset_alone() {
        let friends = changed(&[("preset", "friends")]);
        assert_eq!([false, true].map(|calls| friends.ai_after_seconds(calls)), [180, 300]);
        let community = changed(&[("preset", "community")]).matchmaker();
        // Also a value that the official preset has.
        let own = changed(&[
            ("preset", "community"),
            ("ai-hold", "0"),
            ("call-seconds", "200"),
            ("bucket", "rule-set"),
        ]);
        assert_eq!([false, true].map(|calls| own.ai_after_seconds(calls)), [120, 200]);
        let own = own.matchmaker();
        assert_eq!((community.ai_hold, own.ai_hold), (Duration::from_secs(20), Duration::ZERO));
        assert_eq!(own, matchmaker::Config { ai_hold: own.ai_hold, folding: Folding::RuleSet, ..community });
        let again = changed(&[("preset", "community"), ("ai-hold", "0"), ("ai-hold", "preset")]);
        assert_eq!(again.matchmaker().ai_hold, community.ai_hold);
        assert!(Settings::parse(|key| (key.field == "search_seconds").then_some("9")).is_err());
        assert!(Settings::parse(|key| (key.field == "search_seconds").then_some("Preset")).is_err());
    }

    #[test]
    fn no_preset_folds_modes() {
        for (_, preset) in Preset::CHOICES {
            assert_eq!(preset.values().bucket, Folding::Exact, "no real game has confirmed it");
        }
    }

    #[test]
    fn a_host_reads_the_names_of_all_events() {
        let key = Settings::KEYS.iter().find(|key| key.field == "events").unwrap();
        for event in EventName::all() {
            assert!(key.about().contains(event.as_str()), "{event}");
        }
    }
}
