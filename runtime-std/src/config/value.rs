//! Types of the host's configuration values: parsing and formatting.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use log::LevelFilter;
use mmcos_core::settings::{Choice, Datum, Value};

use crate::notify::{Format, WebhookUrl};

/// Minimum level of log lines that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLevel(pub LevelFilter);

impl Choice for LogLevel {
    const HINT: &'static str = "error|warn|info|debug";
    const EXPECTED: &'static str = "error, warn, info or debug";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("error", Self(LevelFilter::Error)),
        ("warn", Self(LevelFilter::Warn)),
        ("info", Self(LevelFilter::Info)),
        ("debug", Self(LevelFilter::Debug)),
    ];
}

impl Choice for Format {
    const HINT: &'static str = "auto|discord|slack|ntfy|telegram|json|text";
    const EXPECTED: &'static str = "auto, discord, slack, ntfy, telegram, json or text";
    const CHOICES: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("discord", Self::Discord),
        ("slack", Self::Slack),
        ("ntfy", Self::Ntfy),
        ("telegram", Self::Telegram),
        ("json", Self::Json),
        ("text", Self::Text),
    ];
}

impl Value for WebhookUrl {
    const HINT: &'static str = "URL";
    const EXPECTED: &'static str = "the URL of a webhook, such as https://discord.com/api/webhooks/1234/abcd: http or \
                                    https, without a user or password";

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn to_datum(&self) -> Datum {
        Datum::Text(self.to_string())
    }
}

/// Declares a path type with its placeholder in `--help`.
macro_rules! path {
    ($(#[doc = $about:literal] $name:ident $hint:literal)+) => { $(
        #[doc = $about]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(PathBuf);

        impl Value for $name {
            const HINT: &'static str = $hint;
            const EXPECTED: &'static str = r"a path (a Windows path goes in single quotes, as in 'C:\mmcos')";

            fn parse(text: &str) -> Option<Self> {
                // TOML parses "D:\temp\new" as a path with a tab and a new line in it.
                (!text.is_empty() && !text.contains(char::is_control)).then(|| Self(text.into()))
            }

            fn to_datum(&self) -> Datum {
                Datum::Text(self.0.to_string_lossy().into_owned())
            }
        }

        impl Deref for $name {
            type Target = Path;

            fn deref(&self) -> &Path {
                &self.0
            }
        }

        impl From<PathBuf> for $name {
            fn from(path: PathBuf) -> Self {
                Self(path)
            }
        }
    )+ };
}

path! {
    /// The path of a directory.
    Directory "DIRECTORY"
    /// The path of a file.
    FilePath "FILE"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trips<T: Value>(text: &str) {
        assert_eq!(T::parse(text).map(|value| value.to_datum()), Some(Datum::Text(text.to_owned())));
    }

    #[test]
    fn values_are_written_as_they_are_read() {
        for text in ["", "https://discord.com/api/webhooks/1234/abcd", "http://192.168.1.9:8080/races?up=1"] {
            round_trips::<Option<WebhookUrl>>(text);
        }
        round_trips::<Format>("text");
        round_trips::<LogLevel>("debug");
        round_trips::<Option<FilePath>>("");
        round_trips::<Option<FilePath>>("a b/c.pem");
        round_trips::<Directory>("data");
    }

    #[test]
    fn texts_that_are_no_values() {
        assert_eq!(<Option<WebhookUrl> as Value>::parse("discord.com/api"), None);
        assert_eq!(LogLevel::parse("Debug"), None);
        assert_eq!(Directory::parse(""), None);
        assert_eq!(Directory::parse("D:\temp"), None);
    }
}
