//! What the host wants: flags beat the environment (`MMCOS_…`) beat the file (`mmcos.toml`) beat the defaults.
//!
//! ```
//! use mmcos_std::config::{Config, Sources};
//! # let empty = std::env::temp_dir().join("no such directory");
//! let sources = Sources {
//!     flags: vec![("poll-seconds".into(), "2.5".into())],
//!     environment: vec![("MMCOS_POLL_SECONDS".into(), "3".into())],
//! #   directory: empty,
//!     ..Sources::default()
//! };
//! let config: Config = sources.load()?.config;
//! assert_eq!(config.poll_seconds.as_millis(), 2500);
//! # Ok::<(), mmcos_std::config::ConfigError>(())
//! ```

mod error;
mod events;
mod file;
mod keys;
mod notify;
mod settings;
mod value;

use std::path::PathBuf;
use std::{env, fmt, fs};

pub use error::ConfigError;
pub use keys::{Config, KEYS, Key};
pub use settings::Origin;
pub use value::{Bucket, Identity};

use settings::{Given, Settings};

use crate::text;

/// The name of the configuration file.
pub const FILE_NAME: &str = "mmcos.toml";

/// The variable that names another configuration file, as `--config` does.
pub const FILE_VARIABLE: &str = "MMCOS_CONFIG";

/// Where the configuration comes from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--config FILE`. Without it, and without `MMCOS_CONFIG`, [`FILE_NAME`] is looked for in the data directory and
    /// in `directory`.
    pub file: Option<PathBuf>,
    /// The flags, in order, each as the key's name (without dashes) and its value.
    pub flags: Vec<(String, String)>,
    /// The environment; variables that are none of ours are passed over.
    pub environment: Vec<(String, String)>,
    /// The directory to look in; empty: the current one.
    pub directory: PathBuf,
}

/// The configuration and where each of its values came from. Its `Display` is a complete `mmcos.toml`.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The file that was read, if there was one.
    pub file: Option<PathBuf>,
    /// What the host should know though nothing failed: variables that look like ours and are not.
    pub warnings: Vec<String>,
    settings: Settings,
}

impl Sources {
    /// The environment of this process and these flags.
    pub fn of_process(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Self {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let environment = env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect();
        Self { file, flags, environment, directory: PathBuf::new() }
    }

    /// Reads all sources, the weakest first.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        let mut strong = Settings::default();
        let mut warnings = strong.add_environment(&self.environment);
        strong.add(self.given_flags())?;

        let mut settings = Settings::default();
        settings.add(self.state_directory())?;
        let file = self.find_file(&settings.clone().overlaid_by(&strong));
        if let Some(path) = &file {
            settings.add(file::read(path)?)?;
        }
        let settings = settings.overlaid_by(&strong);
        if file.is_none() {
            warnings.extend(self.misnamed(&settings));
        }
        Ok(Loaded { config: Config::from_settings(&settings)?, file, warnings, settings })
    }

    fn given_flags(&self) -> Vec<Given> {
        let given = |(name, text): &(String, String)| Given {
            name: name.clone(),
            text: text.clone(),
            origin: Origin::Flag(format!("--{name}")),
        };
        self.flags.iter().map(given).collect()
    }

    /// The data directory that systemd made, the first of a list.
    fn state_directory(&self) -> Vec<Given> {
        let first = self.variable("STATE_DIRECTORY").and_then(|list| list.split(':').next());
        let given = first.filter(|path| !path.is_empty()).map(|path| Given {
            name: "data-dir".to_owned(),
            text: path.to_owned(),
            origin: Origin::Environment("STATE_DIRECTORY".to_owned()),
        });
        given.into_iter().collect()
    }

    fn find_file(&self, settings: &Settings) -> Option<PathBuf> {
        let named = self.file.clone().or_else(|| self.variable(FILE_VARIABLE).map(PathBuf::from));
        named.or_else(|| {
            let places = self.places(settings);
            places.iter().map(|place| place.join(FILE_NAME)).find(|path| path.exists())
        })
    }

    /// The directories that a configuration file is looked for in.
    fn places(&self, settings: &Settings) -> Vec<PathBuf> {
        let data_dir = settings.value::<PathBuf>("data_dir").ok();
        let in_data_dir = data_dir.map(|data_dir| self.directory.join(data_dir));
        in_data_dir.into_iter().chain([self.directory.clone()]).collect()
    }

    /// Warns of files that look like a configuration file to their owner. (Windows hides `.txt`.)
    fn misnamed(&self, settings: &Settings) -> Vec<String> {
        let here = |place: PathBuf| if place.as_os_str().is_empty() { PathBuf::from(".") } else { place };
        let places = self.places(settings).into_iter().map(here);
        let entries = places.filter_map(|place| fs::read_dir(place).ok()).flatten();
        let names = ["mmcos.toml", "mmcos.toml.txt", "mmcos.toml.toml", "mmcos.txt"];
        let found = entries
            .filter_map(Result::ok)
            .filter(|entry| names.contains(&entry.file_name().to_string_lossy().to_lowercase().as_str()));
        let warning = |entry: fs::DirEntry| {
            format!("{} is not read: to use it, rename it to {FILE_NAME}", entry.path().display())
        };
        found.map(warning).collect()
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

impl Loaded {
    /// Returns the names of the keys whose values are not the defaults.
    pub(crate) fn changed(&self) -> Vec<String> {
        let defaults = Config::from_settings(&Settings::default());
        let defaults = defaults.map(|config| config.to_toml()).unwrap_or_default();
        let values = self.config.to_toml().into_iter().zip(defaults);
        KEYS.iter()
            .zip(values)
            .filter(|(_, (value, default))| value != default)
            .map(|(key, _)| key.name())
            .collect()
    }
}

impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# The effective configuration, ready to be saved as {FILE_NAME}, in the data directory or where"
        )?;
        writeln!(
            f,
            "# the server is started. A flag (--poll-seconds 25) beats a variable (MMCOS_POLL_SECONDS=25)"
        )?;
        writeln!(f, "# beats this file beats the default.")?;
        for (key, value) in KEYS.iter().zip(self.config.to_toml()) {
            let origin = self.settings.origin(key.field);
            let about = text::wrap(key.about(), "# ");
            let range = key.range().map_or_else(String::new, |_| format!("# Must be {}.\n", key.expected()));
            write!(f, "\n{about}{range}# From: {origin}.\n{} = {value}\n", key.name())?;
        }
        Ok(())
    }
}
