//! What an operator can set while the server runs. It is kept, and stands above the configuration until it is taken back.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
};
use core::{ops::RangeInclusive, time::Duration};

use super::Config;

/// Bytes of the longest message of the day. (Our choice.)
const LONGEST_MESSAGE: usize = 500;

/// Something that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// The message of the day.
    Message,
    /// Whether the server is closed for a while.
    Maintenance,
    /// How long a poll is held.
    PollSeconds,
    /// How long the game searches before it offers AI.
    SearchSeconds,
    /// How long a match that could start waits for one more.
    GatherSeconds,
    /// Whether a lone player may race against AI.
    Ai,
    /// How long a player is held back from AI.
    AiHold,
}

/// What a setting must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text of a line.
    Text,
    /// `true` or `false`.
    Truth,
    /// A number of seconds in this range.
    Seconds(RangeInclusive<u16>),
}

/// A value that a setting cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` must be {expected}, not \"{found}\"", setting.name())]
pub struct SettingError {
    /// The setting.
    pub setting: Setting,
    /// What it must be.
    pub expected: String,
    /// What came.
    pub found: String,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Message,
        Self::Maintenance,
        Self::GatherSeconds,
        Self::PollSeconds,
        Self::SearchSeconds,
        Self::Ai,
        Self::AiHold,
    ];

    /// The setting of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.name() == name)
    }

    /// Its name, the same as in the host's configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Maintenance => "maintenance",
            Self::PollSeconds => "poll-seconds",
            Self::SearchSeconds => "search-seconds",
            Self::GatherSeconds => "gather-seconds",
            Self::Ai => "ai",
            Self::AiHold => "ai-hold",
        }
    }

    /// What it is for.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Message => "Message of the day, shown in the game's menu. Empty: none.",
            Self::Maintenance => {
                "New logins are refused. Players who are already logged in can keep playing."
            }
            Self::PollSeconds => "How long a search is held open before it is answered.",
            Self::SearchSeconds => {
                "How long the game of a lone player searches before it offers AI; from the next login."
            }
            Self::GatherSeconds => "How long a match that could start waits for one more.",
            Self::Ai => "Whether a lone player may race against AI.",
            Self::AiHold => {
                "How long a player who would accept AI opponents is still held when another player is likely to arrive."
            }
        }
    }

    /// What it must be.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Message => Kind::Text,
            Self::Maintenance | Self::Ai => Kind::Truth,
            // Searches shorter than a second never meet; routers and proxies end connections that are silent for minutes.
            Self::PollSeconds => Kind::Seconds(1..=300),
            Self::SearchSeconds => Kind::Seconds(10..=3600),
            Self::GatherSeconds | Self::AiHold => Kind::Seconds(0..=120),
        }
    }

    /// What holds.
    pub fn read(self, config: &Config) -> String {
        let seconds = |time: Duration| time.as_secs_f64().to_string();
        match self {
            Self::Message => config.message.clone().unwrap_or_default(),
            Self::Maintenance => config.maintenance.to_string(),
            Self::PollSeconds => seconds(config.matchmaker.poll),
            Self::SearchSeconds => config.search_seconds.to_string(),
            Self::GatherSeconds => seconds(config.matchmaker.gather),
            Self::Ai => config.matchmaker.ai.to_string(),
            Self::AiHold => seconds(config.matchmaker.ai_hold),
        }
    }

    /// Whether an operator may set this.
    fn check(self, value: &str) -> Result<(), SettingError> {
        let (fits, expected) = match self.kind() {
            Kind::Text => (
                value.len() <= LONGEST_MESSAGE && !value.chars().any(char::is_control),
                format!("a line of at most {LONGEST_MESSAGE} bytes"),
            ),
            Kind::Truth => (value.parse::<bool>().is_ok(), "true or false".to_string()),
            Kind::Seconds(range) => (
                value.parse().is_ok_and(|seconds: f64| {
                    f64::from(*range.start()) <= seconds && seconds <= f64::from(*range.end())
                }),
                format!("a number of seconds from {} to {}", range.start(), range.end()),
            ),
        };
        let error = SettingError { setting: self, expected, found: value.into() };
        fits.then_some(()).ok_or(error)
    }

    /// Has it hold. Nothing happens for what is no value of it at all.
    fn write(self, config: &mut Config, value: &str) {
        let seconds = || value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let put = |slot: &mut Duration| *slot = seconds().unwrap_or(*slot);
        match self {
            Self::Message => config.message = Some(value.to_string()).filter(|text| !text.is_empty()),
            Self::Maintenance => config.maintenance = value == "true",
            Self::PollSeconds => put(&mut config.matchmaker.poll),
            Self::SearchSeconds => {
                let whole = seconds().and_then(|time| u32::try_from(time.as_secs()).ok());
                config.search_seconds = whole.unwrap_or(config.search_seconds);
            }
            Self::GatherSeconds => put(&mut config.matchmaker.gather),
            Self::Ai => config.matchmaker.ai = value == "true",
            Self::AiHold => put(&mut config.matchmaker.ai_hold),
        }
    }
}

/// What was set, and what the configuration says.
///
/// ```
/// use mmcos_game::{Config, settings::{Setting, Settings}};
/// let mut config = Config::default();
/// let mut settings = Settings::of(&config);
/// settings.set(&mut config, Setting::Message, "Races at eight!")?;
/// assert_eq!(config.message.as_deref(), Some("Races at eight!"));
/// settings.reset(&mut config, Setting::Message);
/// assert_eq!(config.message, None);
/// assert!(settings.set(&mut config, Setting::GatherSeconds, "-1").is_err());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    configured: BTreeMap<Setting, String>,
    set: BTreeMap<Setting, String>,
}

impl Settings {
    /// Nothing is set yet.
    pub fn of(config: &Config) -> Self {
        let configured = Setting::ALL.map(|setting| (setting, setting.read(config)));
        Self { configured: configured.into(), set: BTreeMap::new() }
    }

    /// Sets it in this configuration.
    ///
    /// # Errors
    /// [`SettingError`] if it cannot have this value. Nothing is changed then.
    pub fn set(&mut self, config: &mut Config, setting: Setting, value: &str) -> Result<(), SettingError> {
        setting.check(value)?;
        setting.write(config, value);
        self.set.insert(setting, value.to_string());
        Ok(())
    }

    /// Lets the configuration count again.
    pub fn reset(&mut self, config: &mut Config, setting: Setting) {
        if self.set.remove(&setting).is_some() {
            setting.write(config, self.configured(setting));
        }
    }

    /// What the configuration says.
    pub fn configured(&self, setting: Setting) -> &str {
        self.configured.get(&setting).map_or("", String::as_str)
    }

    /// What was set, and to what.
    pub fn iter(&self) -> impl Iterator<Item = (Setting, &str)> {
        self.set.iter().map(|(setting, value)| (*setting, value.as_str()))
    }

    /// Whether it was set.
    pub fn is_set(&self, setting: Setting) -> bool {
        self.set.contains_key(&setting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_reads_as_it_was_written_and_goes_back() {
        let mut config = Config::default();
        let mut settings = Settings::of(&config);
        for setting in Setting::ALL {
            assert_eq!(Setting::find(setting.name()), Some(setting));
            let before = setting.read(&config);
            let value = match setting.kind() {
                Kind::Text => "a <b> & c",
                Kind::Truth if before == "true" => "false",
                Kind::Truth => "true",
                Kind::Seconds(_) => "12",
            };
            settings.set(&mut config, setting, value).unwrap();
            assert_eq!(setting.read(&config), value, "{setting:?}");
            assert!(settings.iter().eq([(setting, value)]));
            settings.reset(&mut config, setting);
            assert_eq!(setting.read(&config), before, "{setting:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_and_changes_nothing() {
        let mut config = Config::default();
        let mut settings = Settings::of(&config);
        let long = "x".repeat(LONGEST_MESSAGE + 1);
        for (setting, value) in [
            (Setting::Message, "two\nlines"),
            (Setting::Message, &long),
            (Setting::Maintenance, "yes"),
            (Setting::PollSeconds, "0.9"),
            (Setting::PollSeconds, "nan"),
            (Setting::GatherSeconds, "121"),
        ] {
            let before = setting.read(&config);
            assert!(settings.set(&mut config, setting, value).is_err(), "{setting:?} {value}");
            assert_eq!(setting.read(&config), before);
        }
        assert_eq!(settings.iter().count(), 0);
    }
}
