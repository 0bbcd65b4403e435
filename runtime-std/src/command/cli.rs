//! The command line: `mmcos [COMMAND] [--KEY VALUE]…`, one flag for each key of the configuration.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt as _};
use mmcos_core::info::{self, Info};

use crate::command::text;
use crate::config::Keys;
use crate::host::program::name as program;

/// Command of the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Command {
    /// Serve until a signal.
    #[default]
    Serve,
    /// Write the effective configuration to this new file, or print it, and stop.
    Config(Option<PathBuf>),
    /// Write the store to this file and stop.
    Backup(PathBuf),
    /// Replace the store with this file and stop.
    Restore(PathBuf),
    /// Write the store as JSON to this file, or to standard output, and stop.
    Export(Option<PathBuf>),
    /// Examine this host, print the findings and stop.
    Doctor,
    /// Request the running server's health, print it and stop.
    Health,
    /// Print a one-time link to the dashboard of the running server and stop.
    AdminLink,
    /// Send a test message to `notify-url`, print the response and stop.
    NotifyTest,
    /// Run this command of the game with this argument, print its text and stop.
    Game(&'static str, String),
    /// Print [`help`] and stop.
    Help,
    /// Print name and version of the program and stop.
    Version,
}

/// Usage and description of each command.
const COMMANDS: [(&str, &str); 10] = [
    ("(none)", "run the server until Ctrl-C"),
    ("config [FILE]", "print every setting with its value and explanation, or write them to a new file"),
    ("backup FILE", "save all records to a new file, also while the server runs"),
    ("restore FILE", "replace all records with those of a backup; stop the server first"),
    ("export --json", "print all records as JSON, or write them to a FILE, also while the server runs"),
    ("doctor", "look for problems that keep players out, also while the server runs"),
    ("health", "report whether the running server responds, for health checks of containers"),
    ("admin-link", "print a link that logs a browser in to the dashboard, once; the server must be running"),
    ("notify-test", "send a test message to notify-url and print the response"),
    ("help", "print this text (also -h, --help)"),
];

/// A parsed command line. [`crate::config::Sources`] parses the flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cli {
    /// Command to run.
    pub command: Command,
    /// Argument of `--config`.
    pub file: Option<PathBuf>,
    /// All other flags in order, without their dashes, with their values.
    pub flags: Vec<(String, String)>,
}

/// Error in a command line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// Unknown command.
    #[error("there is no command `{0}`; `{program} help` lists them", program = program())]
    UnknownCommand(String),
    /// Command without the file that it needs.
    #[error("`{0}` needs the name of a file: {program} {0} FILE", program = program())]
    MissingFile(String),
    /// Command of the game without its argument.
    #[error(
        "`{name}` needs an argument: {program} {name} {argument}, where {argument} is {meaning}",
        program = program()
    )]
    MissingArgument {
        /// Name of the command.
        name: &'static str,
        /// Name of its argument.
        argument: &'static str,
        /// Meaning of the argument.
        meaning: &'static str,
    },
    /// Unexpected word after the command.
    #[error("unexpected argument `{0}`; `{program} help` shows the arguments of each command", program = program())]
    UnexpectedWord(String),
    /// `export` without a format.
    #[error("`export` needs a format: {program} export --json", program = program())]
    MissingForm,
    /// Flag without a value, value that is not UTF-8, or stray dash.
    #[error("{0}; `{program} help` shows every flag", program = program())]
    Syntax(#[from] lexopt::Error),
}

impl Cli {
    /// Parses the arguments, without the program's name.
    ///
    /// ```
    /// use mmcos_std::cli::{Cli, Command};
    /// # use mmcos_core::info::Info;
    /// let cli = Cli::parse(["config", "--poll-seconds=3"], &Info::named("game"))?;
    /// assert_eq!(cli.command, Command::Config(None));
    /// assert_eq!(cli.flags, [("poll-seconds".to_owned(), "3".to_owned())]);
    /// # Ok::<(), mmcos_std::cli::CliError>(())
    /// ```
    pub fn parse<A: Into<OsString>>(
        arguments: impl IntoIterator<Item = A>,
        info: &Info,
    ) -> Result<Self, CliError> {
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let mut parser = Parser::from_args(arguments);
        let (mut cli, mut words, mut json) = (Self::default(), Vec::new(), false);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Short('h') | Arg::Long("help") => cli.command = Command::Help,
                Arg::Short('V') | Arg::Long("version") => cli.command = Command::Version,
                Arg::Long("json") => json = true,
                Arg::Long("config") => cli.file = Some(parser.value()?.into()),
                Arg::Long(name) => {
                    let name = name.to_owned();
                    cli.flags.push((name, parser.value()?.string()?));
                }
                Arg::Value(word) => words.push(word),
                Arg::Short(_) => return Err(argument.unexpected().into()),
            }
        }
        if cli.command == Command::Serve {
            cli.command = command(words, json, info)?;
        }
        Ok(cli)
    }
}

fn command(words: Vec<OsString>, json: bool, info: &Info) -> Result<Command, CliError> {
    let mut words = words.into_iter();
    let Some(word) = words.next() else { return Ok(Command::Serve) };
    let word = word.string()?;
    let needed =
        |file: Option<OsString>| file.map(PathBuf::from).ok_or_else(|| CliError::MissingFile(word.clone()));
    let command = match word.as_str() {
        "config" => Command::Config(words.next().map(PathBuf::from)),
        "backup" => Command::Backup(needed(words.next())?),
        "restore" => Command::Restore(needed(words.next())?),
        "export" if json => Command::Export(words.next().map(PathBuf::from)),
        "export" => return Err(CliError::MissingForm),
        "doctor" => Command::Doctor,
        "health" => Command::Health,
        "admin-link" if info.has_dashboard => Command::AdminLink,
        "notify-test" => Command::NotifyTest,
        "help" => Command::Help,
        name => {
            let Some(&info::Command { name, argument, meaning, .. }) =
                info.commands.iter().find(|command| command.name == name)
            else {
                return Err(CliError::UnknownCommand(word));
            };
            let missing = CliError::MissingArgument { name, argument, meaning };
            Command::Game(name, words.next().ok_or(missing)?.string()?)
        }
    };
    match words.next() {
        Some(word) => Err(CliError::UnexpectedWord(word.to_string_lossy().into_owned())),
        None => Ok(command),
    }
}

/// Returns the text of `--help`.
pub fn help(info: &Info, keys: Keys) -> String {
    let mut help = format!("{}, a server for the online services of {}\n", info.program(), info.title);
    // Writing to a String cannot fail.
    let _ = writeln!(help, "\nUsage: {} [COMMAND] [--KEY VALUE]...\n\nCommands:", info.name);
    let of_the_game = info
        .commands
        .iter()
        .map(|info::Command { name, argument, about, .. }| (format!("{name} {argument}"), *about));
    let [all @ .., last] = COMMANDS.map(|(usage, about)| (usage.to_owned(), about));
    let of_the_host = all.into_iter().filter(|(usage, _)| info.has_dashboard || usage != "admin-link");
    for (usage, about) in of_the_host.chain(of_the_game).chain([last]) {
        let _ = writeln!(help, "  {usage:<14} {about}");
    }
    help += "\nOptions:\n";
    help += "  -V, --version\n";
    let file = format!(
        "Configuration file. Without this option, {} in the data directory, or else in the current directory, is read \
         if it exists. [environment: {}]",
        keys.file_name(),
        keys.file_variable(),
    );
    option(&mut help, "--config FILE", &file);
    for key in keys.iter() {
        let default = if key.default.is_empty() { "none".to_owned() } else { keys.default(key) };
        let range =
            key.range().map_or_else(String::new, |range| format!(" [{} to {}]", range.start(), range.end()));
        let (about, variable) = (keys.about(key), keys.variable(key));
        let about = format!("{about} [environment: {variable}] [default: {default}]{range}");
        option(&mut help, &format!("{} {}", keys.flag(key), key.hint), &about);
    }
    help
}

fn option(help: &mut String, usage: &str, about: &str) {
    // Writing to a String cannot fail.
    let _ = write!(help, "\n  {usage}\n{}", text::wrap(about, "      "));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(ticket: &str, _: mmcos_core::seam::Wall) -> Result<String, String> {
        Err(format!("no ticket: {ticket}"))
    }

    const TICKET: info::Command = info::Command {
        name: "ticket",
        argument: "HEX",
        meaning: "a ticket in hex",
        about: "print what a ticket says",
        run,
    };

    fn parse(words: &[&str]) -> Result<Cli, CliError> {
        Cli::parse(words, &Info { commands: &[TICKET], has_dashboard: true, ..Info::named("game") })
    }

    #[test]
    fn commands_and_flags_in_any_order() {
        let cli = parse(&["--http", "off", "config", "--config", "a.toml", "--ai=false"]).unwrap();
        let flags = [("http".to_owned(), "off".to_owned()), ("ai".to_owned(), "false".to_owned())];
        assert_eq!(
            cli,
            Cli { command: Command::Config(None), file: Some("a.toml".into()), flags: flags.into() }
        );
        let command = |words: &[&str]| parse(words).unwrap().command;
        assert_eq!(command(&[]), Command::Serve);
        for words in [["help"], ["--help"], ["-h"]] {
            assert_eq!(parse(&words).unwrap().command, Command::Help);
        }
        assert_eq!(command(&["config", "a.toml"]), Command::Config(Some("a.toml".into())));
        assert_eq!(command(&["backup", "a.db"]), Command::Backup("a.db".into()));
        assert_eq!(command(&["restore", "--data-dir", "d", "a.db"]), Command::Restore("a.db".into()));
        assert_eq!(command(&["export", "--json"]), Command::Export(None));
        assert_eq!(command(&["export", "--json", "a.json"]), Command::Export(Some("a.json".into())));
        assert_eq!(command(&["doctor", "--http", "off"]), Command::Doctor);
        assert_eq!(command(&["admin-link", "--data-dir", "d"]), Command::AdminLink);
        assert_eq!(command(&["notify-test"]), Command::NotifyTest);
        assert_eq!(command(&["ticket", "00ff^^^^true"]), Command::Game("ticket", "00ff^^^^true".into()));
        assert_eq!(parse(&["-V"]).unwrap().command, Command::Version);
    }

    #[test]
    fn mistakes_say_what_to_do_next() {
        let message = |words: &[&str]| parse(words).unwrap_err().to_string();
        assert_eq!(message(&["serv"]), "there is no command `serv`; `mmcos help` lists them");
        assert_eq!(message(&["backup"]), "`backup` needs the name of a file: mmcos backup FILE");
        assert_eq!(
            message(&["ticket"]),
            "`ticket` needs an argument: mmcos ticket HEX, where HEX is a ticket in hex"
        );
        assert!(message(&["config", "a", "b"]).starts_with("unexpected argument `b`"));
        assert!(message(&["restore", "a", "b"]).starts_with("unexpected argument `b`"));
        assert!(message(&["export"]).ends_with("mmcos export --json"));
        assert!(message(&["--http"]).contains("missing argument for option '--http'"));
        assert!(message(&["-x"]).ends_with("`mmcos help` shows every flag"));
        assert!(message(&["--help=yes"]).contains("unexpected argument"));
        let without_dashboard = Cli::parse(["admin-link"], &Info::named("game")).unwrap_err().to_string();
        assert!(without_dashboard.starts_with("there is no command `admin-link`"), "{without_dashboard}");
    }
}
