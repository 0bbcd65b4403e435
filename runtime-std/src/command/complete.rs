//! Completion of command lines. The shells' scripts ask the program, `mmcos complete WORD…`, so that they never differ
//! from it.

use std::fmt::Write as _;

use mmcos_core::info::Info;
use mmcos_core::settings::Kind;

use super::admin::{self, AdminCommand};
use super::cli;
use crate::config::Keys;

/// Shells that have a script, by the names that `completions` takes.
const SCRIPTS: [(&str, &str); 3] = [
    ("bash", include_str!("complete/bash.sh")),
    ("zsh", include_str!("complete/zsh.sh")),
    ("fish", include_str!("complete/fish.fish")),
];

/// Names of [`SCRIPTS`], for messages.
pub(crate) const SHELLS: &str = "bash, zsh or fish";

/// Returns the script for a shell; `None` for another shell.
pub(crate) fn script(shell: &str, info: &Info) -> Option<String> {
    let (_, script) = SCRIPTS.iter().find(|(name, _)| *name == shell)?;
    Some(script.replace("PROGRAM", info.name))
}

/// Returns the words that can stand in the place of the last one, one in a line, with their descriptions after a tab.
/// There are none where a file is expected.
pub(crate) fn candidates(info: &Info, keys: Keys, words: &[String]) -> String {
    let Some((typed, before)) = words.split_last() else { return String::new() };
    let commands = admin::commands(info);
    let given = Given::read(before, &commands);
    let mut lines = String::new();
    for (word, about) in given.next(typed, info, keys, &commands) {
        if word.starts_with(typed) {
            let about = about.split_once(". ").map_or(about.as_str(), |(first, _)| first);
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "{word}\t{}", about.trim_end_matches('.'));
        }
    }
    lines
}

/// Words before the one that is completed.
#[derive(Debug, Default)]
struct Given<'a> {
    words: Vec<&'a str>,
    admin: Option<&'a AdminCommand>,
    /// A flag whose value is completed.
    flag: Option<&'a str>,
}

impl<'a> Given<'a> {
    fn read(before: &'a [String], commands: &'a [AdminCommand]) -> Self {
        let mut given = Self::default();
        for word in before {
            match word.strip_prefix("--") {
                _ if given.flag.is_some() => given.flag = None,
                Some(flag) => {
                    let is_switch = ["json", "help", "version"].contains(&flag)
                        || flag.contains('=')
                        || given.admin.is_some_and(|command| command.has_switch(flag));
                    given.flag = (!is_switch).then_some(flag);
                }
                None => {
                    if given.words.as_slice() == ["admin"] {
                        given.admin = commands.iter().find(|command| command.name == *word);
                    }
                    given.words.push(word);
                }
            }
        }
        given
    }

    /// Returns all words that can come next, with their descriptions.
    fn next(&self, typed: &str, info: &Info, keys: Keys, commands: &[AdminCommand]) -> Vec<(String, String)> {
        let plain = |words: &[&str]| words.iter().map(|word| ((*word).to_owned(), String::new())).collect();
        if let Some(flag) = self.flag {
            let is_truth = keys.iter().any(|key| key.name() == flag && key.kind == Kind::Truth);
            return if is_truth { plain(&["true", "false"]) } else { Vec::new() };
        }
        if typed.starts_with('-') {
            let own = self.admin.into_iter().flat_map(AdminCommand::options);
            let own = own.map(|option| (format!("--{}", option.name), option.about.clone()));
            let all = cli::options(keys)
                .into_iter()
                .map(|(usage, about)| (usage.split([' ', ',']).next().unwrap_or_default().to_owned(), about));
            return own.chain(all).chain([("--json".to_owned(), "print JSON".to_owned())]).collect();
        }
        let operators = || commands.iter().map(|command| (command.name.clone(), command.about.clone()));
        match self.words.as_slice() {
            [] => {
                let named = cli::commands(info).into_iter().map(|(usage, about)| {
                    (usage.split(' ').next().unwrap_or_default().to_owned(), about.to_owned())
                });
                named.filter(|(word, _)| word != "(none)").collect()
            }
            ["admin"] => operators().chain([("help".to_owned(), "explain a command".to_owned())]).collect(),
            ["admin", "help"] => operators().collect(),
            ["completions"] => plain(&SCRIPTS.map(|(shell, _)| shell)),
            ["setup-player"] => plain(&["undo"]),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use mmcos_core::settings::Settings as _;

    use super::*;
    use crate::command::admin::tests::api;

    mmcos_core::settings! {
        /// Settings of a game.
        pub(crate) struct Settings {
            /// Rain falls. Or not.
            rain: bool = "true",
        }
    }

    fn complete(line: &str) -> Vec<String> {
        let info = Info { api: Some(api), has_dashboard: true, ..Info::named("game") };
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let lines = candidates(&info, Keys::named("game", Settings::KEYS), &words);
        lines.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn commands_options_and_values() {
        assert_eq!(complete("admin-"), ["admin-link"]);
        assert!(complete("").contains(&"doctor".to_owned()) && !complete("").contains(&"(none)".to_owned()));
        assert_eq!(complete("admin "), ["car", "laps", "red", "help"]);
        assert_eq!(complete("--data-dir x admin help c"), ["car"]);
        assert_eq!(
            complete("admin car 7 --c"),
            ["--confirm", "--config", "--certificate", "--clock-wait-seconds"]
        );
        assert_eq!(complete("admin car --confirm 7 --gea"), ["--gears"]);
        assert_eq!(complete("--rain "), ["true", "false"]);
        assert_eq!(complete("--rain true ad"), ["admin-link", "admin"]);
        assert_eq!(complete("completions "), ["bash", "zsh", "fish"]);
        for files in ["backup ", "--data-dir ", "admin laps "] {
            assert!(complete(files).is_empty(), "{files}");
        }
    }

    #[test]
    fn descriptions_are_one_sentence() {
        let info = Info::named("game");
        let lines = candidates(&info, Keys::named("game", Settings::KEYS), &["--rai".to_owned()]);
        assert_eq!(lines, "--rain\tRain falls\n");
    }
}
