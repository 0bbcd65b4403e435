//! The configuration: flags beat the environment (`MMCOS_…`) beat the file (`mmcos.toml`) beat the defaults.
//!
//! ```
//! use mmcos_core::game::Game;
//! use mmcos_std::config::{ConfigError, Sources};
//!
//! /// Loads a configuration in which `https` is off, whatever the file says.
//! fn without_tls<G: Game>() -> Result<G::Settings, ConfigError> {
//!     let sources = Sources {
//!         flags: vec![("https".into(), "off".into())],
//!         environment: vec![("MMCOS_HTTPS".into(), "443".into())],
//!         ..Sources::default()
//!     };
//!     let loaded = sources.load::<G>()?;
//!     assert_eq!(loaded.config.https, None);
//!     Ok(loaded.game)
//! }
//! ```

mod error;
mod file;
mod given;
mod keys;
mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fmt, fs};

use mmcos_core::game::Game;
use mmcos_core::settings::{Datum, Key, Settings};

pub use error::ConfigError;
pub use given::Origin;
pub use keys::{Config, Keys};
pub use value::{Directory, FilePath, LogLevel};

use given::{AllGiven, Given};

use crate::command::text;

/// Sources of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Path of `--config FILE`. Without it, and without the [variable](Keys::file_variable) for it, a file of the
    /// usual [name](Keys::file_name) is looked for in the data directory and in `directory`.
    pub file: Option<PathBuf>,
    /// Flags in order, each as the key's name (without dashes) and its value.
    pub flags: Vec<(String, String)>,
    /// Environment. Variables of other programs are ignored.
    pub environment: Vec<(String, String)>,
    /// Directory to look in. Empty: the current one.
    pub directory: PathBuf,
}

/// The configuration and the origin of each of its values. Its `Display` is a complete configuration file. `S` are
/// the settings of a game.
#[derive(Clone, Debug)]
pub struct Loaded<S> {
    /// Values of the host's keys.
    pub config: Config,
    /// Values of the game's keys.
    pub game: S,
    /// Configuration file that was read, if there was one.
    pub file: Option<PathBuf>,
    /// Warnings for the operator, such as unknown variables with our prefix.
    pub warnings: Vec<String>,
    keys: Keys,
    given: AllGiven,
}

impl Sources {
    /// Returns these flags with the environment of this process.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Self {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let environment = env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect();
        Self { file, flags, environment, directory: PathBuf::new() }
    }

    /// Reads all sources, the weakest first.
    pub fn load<G: Game>(&self) -> Result<Loaded<G::Settings>, ConfigError> {
        let keys = Keys::of::<G>();
        let mut strong = AllGiven::nothing(keys);
        let mut warnings = strong.add_environment(&self.environment);
        strong.add(self.given_flags())?;

        let mut given = AllGiven::nothing(keys);
        given.add(self.state_directory())?;
        let places = self.places(&given.clone().overlaid_by(&strong));
        let file = self.find_file(keys, &places);
        if let Some(path) = &file {
            given.add(file::read(keys, path)?)?;
        }
        let given = given.overlaid_by(&strong);
        if file.is_none() {
            warnings.extend(misnamed(keys, &places));
        }
        Ok(Loaded { config: given.parse()?, game: given.parse()?, file, warnings, keys, given })
    }

    fn given_flags(&self) -> Vec<Given> {
        let given = |(name, text): &(String, String)| Given {
            name: name.clone(),
            text: text.clone(),
            origin: Origin::Flag(format!("--{name}")),
        };
        self.flags.iter().map(given).collect()
    }

    /// Returns the data directory that systemd made, the first of a list.
    fn state_directory(&self) -> Vec<Given> {
        let first = self.variable("STATE_DIRECTORY").and_then(|list| list.split(':').next());
        let given = first.filter(|path| !path.is_empty()).map(|path| Given {
            name: "data-dir".to_owned(),
            text: path.to_owned(),
            origin: Origin::Environment("STATE_DIRECTORY".to_owned()),
        });
        given.into_iter().collect()
    }

    fn find_file(&self, keys: Keys, places: &[PathBuf]) -> Option<PathBuf> {
        let by_variable = || self.variable(&keys.file_variable()).map(PathBuf::from);
        let found = || places.iter().map(|place| place.join(keys.file_name())).find(|path| path.exists());
        self.file.clone().or_else(by_variable).or_else(found)
    }

    /// Returns the directories to look for a configuration file in.
    fn places(&self, given: &AllGiven) -> Vec<PathBuf> {
        let data_dir = Config::KEYS.iter().find(|key| key.field == "data_dir").map(|key| given.text(key));
        let in_data_dir = data_dir.map(|data_dir| self.directory.join(data_dir));
        in_data_dir.into_iter().chain([self.directory.clone()]).collect()
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// Warns of files that look like a configuration file to their owner. (Windows hides `.txt`.)
fn misnamed(keys: Keys, places: &[PathBuf]) -> Vec<String> {
    let here =
        |place: &PathBuf| fs::read_dir(if place.as_os_str().is_empty() { Path::new(".") } else { place });
    let entries = places.iter().filter_map(|place| here(place).ok()).flatten();
    let names = [".toml", ".toml.txt", ".toml.toml", ".txt"].map(|end| format!("{}{end}", keys.program()));
    let found = entries
        .filter_map(Result::ok)
        .filter(|entry| names.contains(&entry.file_name().to_string_lossy().to_lowercase()));
    let warning = |entry: fs::DirEntry| {
        format!("{} is not used: to use it, rename it to {}", entry.path().display(), keys.file_name())
    };
    found.map(warning).collect()
}

impl<S: Settings> Loaded<S> {
    /// Returns the names of the keys whose values are not the defaults.
    pub(crate) fn changed(&self) -> Vec<String> {
        let defaults = AllGiven::nothing(self.keys);
        let (Ok(config), Ok(game)) = (defaults.parse(), defaults.parse::<S>()) else { return Vec::new() };
        let (values, defaults) = (data(&self.config, &self.game), data(&config, &game));
        let differs = |key: &&Key| values.get(key.field) != defaults.get(key.field);
        self.keys.iter().filter(differs).map(Key::name).collect()
    }
}

/// Returns the values by their fields.
fn data<S: Settings>(config: &Config, game: &S) -> BTreeMap<&'static str, Datum> {
    let host = Config::KEYS.iter().zip(config.data());
    host.chain(S::KEYS.iter().zip(game.data())).map(|(key, value)| (key.field, value)).collect()
}

impl<S: Settings> fmt::Display for Loaded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keys, name) = (self.keys, self.keys.file_name());
        writeln!(
            f,
            "# The effective configuration. Save it as {name} in the data directory or in the directory where"
        )?;
        writeln!(
            f,
            "# the server starts. A flag (--log debug) overrides a variable ({}LOG=debug), which overrides",
            keys.prefix()
        )?;
        writeln!(f, "# this file, which overrides the default.")?;
        let values = data(&self.config, &self.game);
        for key in keys.iter() {
            let about = text::wrap(&keys.about(key), "# ");
            let range = key.range().map_or_else(String::new, |_| format!("# Must be {}.\n", key.expected()));
            let value = values.get(key.field).map_or_else(|| "".into(), toml);
            write!(f, "\n{about}{range}# From: {}.\n{} = {value}\n", self.given.origin(key), key.name())?;
        }
        Ok(())
    }
}

fn toml(datum: &Datum) -> toml::Value {
    match datum {
        Datum::Truth(truth) => (*truth).into(),
        Datum::Integer(number) => (*number).into(),
        Datum::Float(number) => (*number).into(),
        Datum::Json(json) => serde_json::from_str(json).unwrap_or_else(|_| json.as_str().into()),
        Datum::Text(text) => text.as_str().into(),
    }
}
