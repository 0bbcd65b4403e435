//! Sources of configuration values, and texts about errors in them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up must fail"
)]

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mmcos_core::engine::{self, Exchange, Peer};
use mmcos_core::game::{Game, Life, Unfit};
use mmcos_core::info::Info;
use mmcos_core::service::{Context, Service};
use mmcos_core::settings::{Datum, Key, Live, LiveSetting, Value};
use mmcos_core::wire::http::Request;
use mmcos_game::{Mmcos, Settings};
use mmcos_std::config::{Config, ConfigError, Keys, Loaded, Sources};

const FILE_NAME: &str = "mmcos.toml";

fn keys() -> impl Iterator<Item = &'static Key> {
    Keys::of::<Mmcos>().iter()
}

/// Sources in a temporary directory, removed on drop.
struct Place {
    sources: Sources,
}

impl Place {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("mmcos-config-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        Self { sources: Sources { directory, ..Sources::default() } }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sources.directory.join(name)
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn flag(mut self, name: &str, value: &str) -> Self {
        self.sources.flags.push((name.into(), value.into()));
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.push((name.into(), value.into()));
        self
    }

    fn load(&self) -> Loaded<Settings> {
        self.try_load().unwrap()
    }

    fn config(&self) -> Config {
        self.load().config
    }

    fn game(&self) -> Settings {
        self.load().game
    }

    fn both(&self) -> (Config, Settings) {
        let Loaded { config, game, .. } = self.load();
        (config, game)
    }

    fn error(&self) -> ConfigError {
        self.try_load().unwrap_err()
    }

    fn try_load(&self) -> Result<Loaded<Settings>, ConfigError> {
        self.sources.load::<Mmcos>()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.sources.directory);
    }
}

#[test]
fn every_default_parses() {
    let (config, game) = Place::new("default").both();
    assert_eq!(game.poll_seconds, Duration::from_secs(25));
    assert_eq!(config.http.unwrap().port(), 80);
    assert_eq!(*config.data_dir, *Path::new("mmcos-data"));
    assert!(game.ai && !game.maintenance && config.certificate.is_none());
}

#[test]
fn flags_beat_environment_beats_file_beats_default() {
    let seconds = |place: &Place| place.game().poll_seconds.as_secs();
    let place = Place::new("precedence");
    assert_eq!(seconds(&place), 25);
    let place = place.file(FILE_NAME, "poll-seconds = 1");
    assert_eq!(seconds(&place), 1);
    let place = place.variable("MMCOS_POLL_SECONDS", "2");
    assert_eq!(seconds(&place), 2);
    let place = place.flag("poll-seconds", "3");
    assert_eq!(seconds(&place), 3);
    assert_eq!(seconds(&place.flag("poll-seconds", "4")), 4, "the last flag counts");
}

/// Returns a value of each key that is not its default.
fn other(key: &str) -> &'static str {
    match key {
        "http" | "admin-listen" => "127.0.0.1:8080",
        "https" => "off",
        "public-address" => "203.0.113.5",
        "identity" => "trust",
        "ai" | "admin" | "public-pages" => "false",
        "preset" => "friends",
        "mode-of-the-day" => "daily",
        "nights" => "fri 20:00-22:00 Europe/Berlin",
        "notify-mention" => "role 7",
        "night-ai" | "maintenance" | "open-metrics" | "public-names" => "true",
        "bucket" => "rule-set",
        "battle-team-cap" => "5",
        "events" => "weekly",
        "notify-url" => "https://example.org/hooks/1",
        "notify-format" => "text",
        "trusted-proxies" => "127.0.0.1",
        "admin-networks" => "all",
        "store" if cfg!(feature = "postgres") => "postgres://ann@db.example.org/races",
        // Without the feature, this is its only value.
        "store" => "sqlite",
        "log" => "debug",
        "search-seconds"
        | "night-search-seconds"
        | "max-fields"
        | "max-xml-elements"
        | "max-egonet-values" => "77",
        "max-queued-bytes" | "max-head-bytes" | "max-body-bytes" => "77777",
        _ => "7",
    }
}

#[test]
fn every_key_comes_from_every_source() {
    for key in keys() {
        let (name, value) = (key.name(), other(&key.name()));
        let variable = Keys::of::<Mmcos>().variable(key);
        let default = Place::new("each").both();
        let by_flag = Place::new("each").flag(&name, value).both();
        let by_variable = Place::new("each").variable(&variable, value).both();
        let by_file = Place::new("each").file(FILE_NAME, &format!("{name} = '{value}'")).both();
        assert!(by_flag != default || value == "sqlite", "{name}");
        assert_eq!(by_flag, by_variable, "{name}");
        assert_eq!(by_flag, by_file, "{name}");
    }
}

#[test]
fn what_is_printed_reads_back_the_same() {
    let odd = "a \"quoted\" \\ 'text', äöü";
    let mut place = Place::new("printed").flag("message", odd);
    for key in keys().filter(|key| key.name() != "message") {
        place = place.flag(&key.name(), other(&key.name()));
    }
    for place in [place, Place::new("printed-defaults")] {
        let printed = place.load().to_string();
        let again = Place::new("printed-again").file(FILE_NAME, &printed).load();
        assert_eq!((again.config, again.game), place.both(), "{printed}");
        assert!(keys().all(|key| printed.contains(&format!("\n{} = ", key.name()))));
    }
}

#[test]
fn printed_values_say_where_they_came_from() {
    let place = Place::new("origin")
        .file(FILE_NAME, "\n\nlog = 'warn'")
        .variable("MMCOS_AI", "false")
        .flag("identity", "trust")
        .variable("STATE_DIRECTORY", "/var/lib/mmcos:/var/lib/other");
    let printed = place.load().to_string();
    let line = format!("# From: {}:3.\nlog = \"warn\"", place.path(FILE_NAME).display());
    assert!(printed.contains(&line), "{printed}");
    assert!(printed.contains("# From: MMCOS_AI.\nai = false"), "{printed}");
    assert!(printed.contains("# From: --identity.\nidentity = \"trust\""), "{printed}");
    assert!(printed.contains("# From: STATE_DIRECTORY.\ndata-dir = \"/var/lib/mmcos\""), "{printed}");
    assert!(printed.contains("# From: default.\npoll-seconds = 25"), "{printed}");
}

#[test]
fn the_file_is_found() {
    let in_both = Place::new("found").file(FILE_NAME, "ai = false").file("data/mmcos.toml", "log = 'warn'");
    assert_eq!(in_both.load().file, Some(in_both.path(FILE_NAME)));
    let in_both = in_both.flag("data-dir", "data");
    assert_eq!(
        in_both.load().file,
        Some(in_both.path("data/mmcos.toml")),
        "the data directory's comes first"
    );

    let named = in_both.file("other.toml", "maintenance = true");
    let variable = named.path("other.toml").display().to_string();
    let mut named = named.variable("MMCOS_CONFIG", &variable);
    assert!(named.game().maintenance);
    named.sources.file = Some(named.path("missing.toml"));
    assert!(matches!(named.error(), ConfigError::Unreadable(..)), "a named file must be there");
}

#[test]
fn the_data_directory_is_chosen_before_systemds() {
    let place = Place::new("state").variable("STATE_DIRECTORY", "/state");
    assert_eq!(*place.config().data_dir, *Path::new("/state"));
    let place = place.file(FILE_NAME, "data-dir = '/file'");
    assert_eq!(*place.config().data_dir, *Path::new("/file"));
    let place = place.variable("MMCOS_DATA_DIR", "/variable");
    assert_eq!(*place.config().data_dir, *Path::new("/variable"));
}

#[test]
fn an_unknown_key_names_its_line() {
    let place = Place::new("unknown").file(FILE_NAME, "# ours\nai = true\n\npoll_second = 3\n");
    let message = place.error().to_string();
    let start = format!("{}:4: there is no setting `poll_second`", place.path(FILE_NAME).display());
    assert!(message.starts_with(&start), "{message}");
    assert!(message.contains("`poll_second` (did you mean `poll-seconds`?); `mmcos config`"), "{message}");

    let section = Place::new("unknown").file(FILE_NAME, "ai = true\n[server]\nhttp = 80\n");
    assert!(section.error().to_string().contains("mmcos.toml:2: there is no setting `server`; "));
    let flag = Place::new("unknown").flag("colour", "red");
    assert!(flag.error().to_string().starts_with("--colour: there is no setting `colour`; "));
}

#[test]
fn an_unknown_variable_is_only_a_warning() {
    let loaded =
        Place::new("variable").variable("MMCOS_PORT", "tcp://10.0.0.1:80").variable("HOME", "/").load();
    assert_eq!(loaded.warnings, ["unknown environment variable MMCOS_PORT: ignored"]);
}

#[test]
fn a_bad_value_says_where_and_what_was_expected() {
    let file = Place::new("bad").file(FILE_NAME, "ai = true\nlog = [\n 'a',\n]");
    let message = file.error().to_string();
    assert!(message.ends_with(r#":2: log = `["a"]` is not error, warn, info or debug"#), "{message}");
    let variable = Place::new("bad").variable("MMCOS_POLL_SECONDS", "soon");
    let expected = "MMCOS_POLL_SECONDS: poll-seconds = `soon` is not a number of seconds";
    assert!(variable.error().to_string().starts_with(expected));
    let long = Place::new("bad").flag("poll-seconds", "301").error().to_string();
    assert!(long.contains("poll-seconds = `301` is not a number of seconds from 1 to 300"), "{long}");
    let flag = Place::new("bad").flag("http", "80x");
    assert!(flag.error().to_string().starts_with("--http: http = `80x` is not an address"));
    let syntax = Place::new("bad").file(FILE_NAME, "ai = true\nai = = 3");
    assert!(syntax.error().to_string().contains("mmcos.toml:2: invalid TOML: "));
}

#[test]
fn numbers_are_read_as_toml_writes_them() {
    let place =
        Place::new("numbers").file(FILE_NAME, "http = 0x1F90\npoll-seconds = 2.5\nmax-connections = 1_000");
    let (config, game) = place.both();
    assert_eq!(config.http.unwrap().port(), 8080);
    assert_eq!(game.poll_seconds, Duration::from_millis(2500));
    assert_eq!(config.max_connections.get(), 1000);
}

/// An operator can set every number up to the ends of its range, and no number beyond them, from every source.
#[test]
fn every_number_has_a_range_and_its_ends_are_taken() {
    for key in keys().filter(|key| ["SECONDS", "NUMBER"].contains(&key.hint)) {
        let name = key.name();
        let range = key.range().unwrap_or_else(|| panic!("{name} has no range"));
        let (start, end) = (i64::from(*range.start()), i64::from(*range.end()));
        for fits in [start, end] {
            Place::new("ends").flag(&name, &fits.to_string()).load();
        }
        let expected = key.expected();
        assert!(expected.ends_with(&format!("from {start} to {end}")));
        for bad in [(start - 1).to_string(), (end + 1).to_string(), "nan".to_owned()] {
            let variable = Keys::of::<Mmcos>().variable(key);
            for place in [
                Place::new("range-flag").flag(&name, &bad),
                Place::new("range-variable").variable(&variable, &bad),
                Place::new("range-file").file(FILE_NAME, &format!("{name} = {bad}")),
            ] {
                let message = place.error().to_string();
                assert!(message.ends_with(&format!("{name} = `{bad}` is not {expected}")), "{message}");
            }
        }
    }
}

/// Values outside of these ranges would keep players apart or out.
#[test]
fn the_numbers_that_matter_most_have_the_ranges_that_they_need() {
    for (name, start, end) in [
        ("poll-seconds", 1, 300),
        ("search-seconds", 10, 3600),
        ("gather-seconds", 0, 120),
        ("max-fields", 16, 128),
        ("max-head-bytes", 1024, 1_048_576),
        ("max-body-bytes", 4096, 67_108_864),
    ] {
        let key = keys().find(|key| key.name() == name).unwrap();
        assert_eq!(key.range(), Some(&(start..=end)), "{name}");
    }
    for bad in ["1", "13"] {
        assert!(Place::new("range").flag("race-cap", bad).try_load().is_err(), "{bad}");
    }
}

#[test]
fn the_dashboard_and_the_file_have_the_same_ranges() {
    let mut settings = Live::new(Settings::defaults().unwrap());
    for LiveSetting { name, .. } in settings.clone().rows() {
        for value in ["0", "0.5", "1", "9", "10", "120", "121", "300", "301", "3600", "3601", "nan", "soon"] {
            let in_file = Place::new("same").flag(&name, value).try_load().is_ok();
            let on_dashboard = settings.set(&name, value).is_ok();
            assert!(in_file == on_dashboard, "{name} = {value}: {in_file}, {on_dashboard}");
        }
    }
}

mmcos_core::settings! {
    /// Settings of another game.
    struct Lists {
        /// Numbers of tracks.
        tracks: Tracks = "[626]",
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Tracks(Vec<u32>);

impl Value for Tracks {
    const HINT: &'static str = "TRACKS";
    const EXPECTED: &'static str = "a list of numbers of tracks";

    fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    fn to_datum(&self) -> Datum {
        Datum::Json(serde_json::to_string(&self.0).unwrap())
    }
}

/// A game that responds to nothing.
#[derive(Debug)]
struct Rally;

impl Service for Rally {
    type Record = ();
    type Event = engine::Event;
    type Timer = ();
    type RestoreError = Infallible;

    fn request(&mut self, _: &mut Context<'_, Self>, _: &Request<'_>, _: Peer, _: Exchange) {}

    fn restore(&mut self, (): ()) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Game for Rally {
    const INFO: Info = Info::named("rally");

    type Settings = Lists;
    type Redactor = mmcos_core::trace::redact::HideAll;

    fn new(_: &Lists, _: &Life) -> Result<Self, Unfit> {
        Ok(Self)
    }

    fn rows(&self) -> impl Iterator<Item = ()> {
        std::iter::empty()
    }
}

#[test]
fn another_game_has_its_own_keys_and_its_own_names() {
    let load = |place: &Place| place.sources.load::<Rally>();
    let place = Place::new("rally").file("rally.toml", "tracks = [ 1, 0x10 ] # and no more\nlog = 'warn'");
    let loaded = load(&place).unwrap();
    assert_eq!(loaded.game.tracks, Tracks(vec![1, 16]));
    assert_eq!(*loaded.config.data_dir, *Path::new("rally-data"));
    let printed = loaded.to_string();
    assert!(printed.contains("Save it as rally.toml") && printed.contains("RALLY_LOG=debug"));
    assert!(printed.contains("`rally notify-test`") && printed.contains("\ntracks = [1, 16]\n"), "{printed}");
    let without_path = printed.replace(&place.sources.directory.display().to_string(), "");
    assert!(!without_path.contains("mmcos") && !without_path.contains("{program}"), "{printed}");
    let again = Place::new("rally-again").file("rally.toml", &printed);
    assert_eq!(load(&again).unwrap().game, loaded.game);

    let place = place.variable("RALLY_TRACKS", "[2]").variable("MMCOS_LOG", "debug");
    assert_eq!(load(&place).unwrap().game.tracks, Tracks(vec![2]));
    let error = load(&place.flag("tracks", "2")).unwrap_err().to_string();
    assert_eq!(error, "--tracks: tracks = `2` is not a list of numbers of tracks");
    let error = load(&Place::new("rally-none").flag("ai", "true")).unwrap_err().to_string();
    assert!(error.ends_with("there is no setting `ai`; `rally config` lists every setting"), "{error}");
}

#[test]
fn a_file_is_read_as_any_editor_leaves_it() {
    let path = |place: &Place| place.path(FILE_NAME);
    let place = Place::new("editors");
    for bytes in [
        b"\xEF\xBB\xBFpoll-seconds = 7\nlog = \"warn\"\n".as_slice(),
        b"poll-seconds = 7\r\nlog = \"warn\"\r\n",
        b"\xEF\xBB\xBFpoll-seconds = 7\r\nlog = \"warn\"",
    ] {
        fs::write(path(&place), bytes).unwrap();
        assert_eq!(place.game().poll_seconds, Duration::from_secs(7));
    }
    let utf16 = "poll-seconds = 7\r\n".encode_utf16().flat_map(u16::to_le_bytes);
    let with_mark = [0xFF, 0xFE].into_iter().chain(utf16.clone()).collect::<Vec<u8>>();
    for bytes in [utf16.collect(), with_mark] {
        fs::write(path(&place), bytes).unwrap();
        let message = place.error().to_string();
        assert!(
            message.contains("mmcos.toml: it is saved as UTF-16") && message.contains("UTF-8"),
            "{message}"
        );
    }
    fs::write(path(&place), b"ai = true\nmessage = 'M\xFCller'\n").unwrap();
    assert!(place.error().to_string().contains("line 2 is not UTF-8"), "{}", place.error());
}

#[test]
fn a_windows_path_in_double_quotes_is_explained() {
    for (line, wrong) in [
        (r#"data-dir = "C:\mmcos""#, true),
        (r#"data-dir = "D:\temp\new""#, true),
        (r#"certificate = "D:\new.pem""#, true),
        (r#"data-dir = "C:\\mmcos""#, false),
        (r"data-dir = 'C:\mmcos'", false),
    ] {
        let place = Place::new("backslash").file(FILE_NAME, &format!("ai = true\n{line}\n"));
        match place.try_load() {
            Ok(loaded) => assert!(!wrong && *loaded.config.data_dir == *Path::new(r"C:\mmcos"), "{line}"),
            Err(error) => {
                let message = error.to_string();
                assert!(
                    wrong && message.contains(r"'C:\mmcos'") && message.contains("mmcos.toml:2"),
                    "{message}"
                );
                assert!(!message.contains(char::is_control), "{message}");
            }
        }
    }
}

#[test]
fn a_file_that_misses_its_name_is_only_a_warning() {
    for name in ["mmcos.toml.txt", "MMCOS.TOML.TXT", "mmcos.txt", "data/mmcos.toml.txt"] {
        let place = Place::new("misnamed").flag("data-dir", "data").file(name, "ai = false");
        let loaded = place.load();
        assert!(loaded.game.ai && loaded.warnings.len() == 1, "{:?}", loaded.warnings);
        let warning = &loaded.warnings[0];
        assert!(warning.contains("rename it to mmcos.toml") && warning.contains(name), "{warning}");
        let with_both = place.file(FILE_NAME, "ai = false").load();
        assert!(!with_both.game.ai && with_both.warnings.is_empty(), "{:?}", with_both.warnings);
    }
}
