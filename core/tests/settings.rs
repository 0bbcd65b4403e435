//! Tests of a table of settings: its values, and everything that is made from it.
#![cfg(test)]

use core::{fmt::Debug, net::SocketAddr, num::NonZeroUsize, time::Duration};
use std::net::Ipv6Addr;

use mmcos_core::{
    AddressRange,
    admin::ServerAddress,
    settings::{Choice, Datum, Key, Kind, Line, Live, Settings, SettingsError, Value},
};

mmcos_core::settings! {
    /// Settings of a race.
    struct Race {
        /// How long
        /// a lap may take.
        lap_seconds: Duration [10..=600] = "90" (live),

        /// Weather of the race.
        weather: Weather = "rain",

        /// Laps.
        laps: u32 [1..=99] = "3",

        /// The name of the track.
        track: String = "Oak" (live),

        /// True to show ghosts.
        ghosts: bool = "false" (live),

        /// Friends.
        friends: Option<NonZeroUsize> = "",
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Weather {
    Sun,
    Rain,
}

impl Choice for Weather {
    const HINT: &'static str = "sun|rain";
    const EXPECTED: &'static str = "sun or rain";
    const CHOICES: &'static [(&'static str, Self)] = &[("sun", Self::Sun), ("rain", Self::Rain)];
}

fn race(given: &[(&str, &str)]) -> Result<Race, SettingsError> {
    Race::parse(|key| given.iter().find(|(name, _)| *name == key.name()).map(|(_, text)| *text))
}

#[test]
fn the_table_says_what_the_lines_say() {
    let names: Vec<_> = Race::KEYS.iter().map(Key::name).collect();
    assert_eq!(names, ["lap-seconds", "weather", "laps", "track", "ghosts", "friends"]);
    let [lap, weather, ..] = Race::KEYS else { panic!("{names:?}") };
    assert_eq!((lap.about(), lap.hint, lap.default), ("How long a lap may take.", "SECONDS", "90"));
    assert_eq!(lap.expected(), "a number of seconds from 10 to 600");
    assert_eq!((lap.kind, weather.kind, lap.live, weather.live), (Kind::Seconds, Kind::Text, true, false));
}

#[test]
fn values_come_from_what_is_given_and_from_the_defaults() {
    let given = race(&[("lap-seconds", "12.5"), ("weather", "sun"), ("friends", "2")]).unwrap();
    let expected = Race {
        lap_seconds: Duration::from_millis(12_500),
        weather: Weather::Sun,
        laps: 3,
        track: "Oak".into(),
        ghosts: false,
        friends: NonZeroUsize::new(2),
    };
    assert_eq!(given, expected);
    let error = |name, text| race(&[(name, text)]).unwrap_err().to_string();
    assert_eq!(error("laps", "100"), "`laps` must be a whole number from 1 to 99, not \"100\"");
    assert_eq!(error("weather", "snow"), "`weather` must be sun or rain, not \"snow\"");
    for (name, text) in
        [("laps", "0"), ("laps", "nan"), ("laps", "1.5"), ("lap-seconds", "9.9"), ("friends", "0")]
    {
        assert!(race(&[(name, text)]).is_err(), "{name} = {text}");
    }
}

#[test]
fn a_trace_can_hold_them() {
    let given = race(&[("lap-seconds", "12.5"), ("track", "5"), ("ghosts", "true")]).unwrap();
    let text = serde_json::to_string(&given).unwrap();
    assert_eq!(
        text,
        r#"{"lap-seconds":12.5,"weather":"rain","laps":3,"track":"5","ghosts":true,"friends":""}"#
    );
    assert_eq!(serde_json::from_str::<Race>(&text).unwrap(), given);
    assert_eq!(
        serde_json::from_str::<Race>("{}").unwrap(),
        race(&[]).unwrap(),
        "a missing key is the default"
    );
    for (bad, why) in [(r#"{"laps":0}"#, "from 1 to 99"), (r#"{"loops":1}"#, "no setting `loops`")] {
        let error = serde_json::from_str::<Race>(bad).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn live_settings_are_set_and_reset() {
    let configured = race(&[("track", "Elm")]).unwrap();
    let mut live = Live::new(configured.clone());
    for (name, text) in [("lap-seconds", "12.5"), ("track", "a <b> & c"), ("ghosts", "true")] {
        live.set(name, text).unwrap();
        assert!(live.changes().eq([(name.to_owned(), text)]));
        let row = live.rows().find(|row| row.name == name).unwrap();
        assert!(row.set && row.value == text && row.configured != text, "{row:?}");
        live.reset(name).unwrap();
        assert_eq!(*live, configured);
    }
    let names: Vec<_> = live.rows().map(|row| row.name).collect();
    assert_eq!(names, ["lap-seconds", "track", "ghosts"]);
    assert!(live.rows().all(|row| !row.set && row.value == row.configured));
}

#[test]
fn a_value_that_does_not_fit_changes_nothing() {
    let mut live = Live::new(race(&[]).unwrap());
    live.set("lap-seconds", "20").unwrap();
    let before = live.clone();
    for (name, text) in [("lap-seconds", "9"), ("lap-seconds", "soon"), ("ghosts", "yes")] {
        assert!(matches!(live.set(name, text), Err(SettingsError::BadValue { .. })), "{name} = {text}");
    }
    for name in ["laps", "nothing"] {
        let unknown = Err(SettingsError::Unknown(name.into()));
        assert_eq!((live.set(name, "2"), live.reset(name)), (unknown.clone(), unknown));
    }
    assert_eq!(*live, *before);
    assert!(live.changes().eq(before.changes()));
}

fn round_trips<T: Value + PartialEq + Debug>(text: &str, expected: &T) {
    let value = T::parse(text).unwrap();
    assert_eq!(&value, expected);
    let written = value.to_datum().to_string();
    assert_eq!(T::parse(&written), Some(value), "{written} does not mean {text}");
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
    round_trips("127.0.0.1,10.0.0.0/8 , ::1", &vec![range("127.0.0.1"), range("10.0.0.0/8"), range("::1")]);
    for bad in ["proxy", "10.0.0.0/8; ::1", "10.0.0.0/33"] {
        assert_eq!(Vec::<AddressRange>::parse(bad), None, "{bad}");
    }
}

#[test]
fn lines() {
    round_trips("", &None::<Line>);
    round_trips("a \"quoted\" \\ 'text', äöü", &Line::parse("a \"quoted\" \\ 'text', äöü"));
    let longest = "x".repeat(Line::MAX);
    assert!(Line::parse(&longest).is_some_and(|line| *line == longest));
    for bad in ["", "two\nlines", "\u{1b}[0m", &(longest + "x")] {
        assert_eq!(Line::parse(bad), None, "{bad}");
    }
}

#[test]
fn numbers_truths_and_choices() {
    round_trips("64", &NonZeroUsize::new(64).unwrap());
    assert_eq!(NonZeroUsize::parse("0"), None);
    round_trips("false", &false);
    assert_eq!(true.to_datum(), Datum::Truth(true));
    round_trips("sun", &Weather::Sun);
    assert_eq!(Weather::parse("Sun"), None);
}
