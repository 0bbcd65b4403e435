//! The command line: `mmcos [COMMAND] [--KEY VALUE]…`, one flag for each key of the configuration.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt as _};
use mmcos_core::info::{self, Info};
#[cfg(feature = "postgres")]
use mmcos_core::settings::Value as _;

use crate::command::admin;
pub use crate::command::admin::{Admin, Request};
use crate::command::complete;
use crate::command::text;
use crate::config::Keys;
use crate::host::program::name as program;
use crate::setup::player;
#[cfg(feature = "postgres")]
use crate::store::Location;

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
    /// Copy the store from one place to another and stop.
    #[cfg(feature = "postgres")]
    MoveStore(Location, Location),
    /// Examine this host, print the findings and stop.
    Doctor,
    /// Request the running server's health, print it and stop.
    Health,
    /// Print a one-time link to the dashboard of the running server and stop.
    AdminLink,
    /// Send a command of an operator to the running server, print the response and stop.
    Admin(Admin),
    /// Send a test message to `notify-url`, print the response and stop.
    NotifyTest,
    /// Point the game on this PC at a server, or back, and stop.
    SetupPlayer(player::Action),
    /// Change the firewall's rule for this program and stop.
    #[cfg(windows)]
    Firewall(FirewallAction),
    /// Change the service, or serve as it.
    #[cfg(windows)]
    Service(ServiceAction),
    /// Print this shell's script for completions and stop.
    Completions(String),
    /// Print completions of the last word and stop.
    Complete(Vec<String>),
    /// Print the manual page and stop.
    Manual,
    /// Run this command of the game with this argument, print its text and stop.
    Game(&'static str, String),
    /// Print [`help`] and stop.
    Help,
    /// Print name and version of the program and stop.
    Version,
}

/// Change of the firewall.
#[cfg(windows)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirewallAction {
    /// Let players through.
    Add,
    /// Remove all rules for this program.
    Remove,
}

/// Change of the service.
#[cfg(windows)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceAction {
    /// Install or update it, and start it.
    Install,
    /// Stop and remove it.
    Remove,
    /// Start it.
    Start,
    /// Stop it.
    Stop,
    /// Serve, started by Windows.
    Run,
}

/// Commands of Windows, as [`COMMANDS`].
const WINDOWS_COMMANDS: [(&str, &str); 2] = [
    ("firewall ACTION", "add or remove the rule that lets players through Windows' firewall to this program"),
    ("service ACTION", "install, remove, start or stop this program as a service, which starts with Windows"),
];

/// The command of programs that know databases, as [`COMMANDS`].
const MOVE_STORE: (&str, &str) =
    ("move-store FROM TO", "copy all records to another place, as in the setting store, and compare them");

/// Usage and description of each command.
const COMMANDS: [(&str, &str); 14] = [
    ("(none)", "run the server until Ctrl-C"),
    ("config [FILE]", "print every setting with its value and explanation, or write them to a new file"),
    ("backup FILE", "save all records to a new file, also while the server runs"),
    ("restore FILE", "replace all records with those of a backup; stop the server first"),
    ("export --json", "print all records as JSON, or write them to a FILE, also while the server runs"),
    ("doctor", "look for problems that keep players out, also while the server runs"),
    ("health", "report whether the running server responds, for health checks of containers"),
    ("admin-link", "print a link that logs a browser in to the dashboard, once; the server must be running"),
    ("admin COMMAND", "send an operator's command to the running server; `admin` alone lists the commands"),
    ("notify-test", "send a test message to notify-url and print the response"),
    (
        "setup-player ADDRESS",
        "point the game on this PC at that server, and test it; `setup-player undo` reverts it",
    ),
    ("completions SHELL", "print a script that completes command lines in bash, zsh or fish"),
    ("man", "print the manual page, for `man -l -`"),
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
    /// Unknown command of operators.
    #[error("there is no command `admin {0}`; `{program} admin` lists them", program = program())]
    UnknownAdminCommand(String),
    /// Command of operators with wrong arguments.
    #[error("{problem}; usage: {program} admin {usage}", program = program())]
    Admin {
        /// The mistake.
        problem: String,
        /// Words and options of the command.
        usage: String,
    },
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
    /// Command of Windows on another system.
    #[error("`{0}` is for Windows; docs/HOSTING.md says how to do the same here")]
    WindowsOnly(String),
    /// Command with an unknown action, or without one.
    #[error("`{command}` needs an action: {program} {command} {actions}", program = program())]
    Action {
        /// Name of the command.
        command: &'static str,
        /// Its actions.
        actions: &'static str,
    },
    /// `move-store` without two places.
    #[cfg(feature = "postgres")]
    #[error(
        "`move-store` needs two places, as in the setting `store`: {} move-store sqlite postgres://…",
        program()
    )]
    Places,
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
                Arg::Value(word) if words.is_empty() && word == "admin" && info.api.is_some() => {
                    cli.command = Command::Admin(admin::parse(&mut parser, &mut cli, info, json)?);
                }
                Arg::Value(word) if words.is_empty() && word == "complete" => {
                    let words = parser.raw_args()?.map(|word| word.to_string_lossy().into_owned());
                    cli.command = Command::Complete(words.collect());
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
        #[cfg(feature = "postgres")]
        "move-store" => {
            let mut place = || Location::parse(&words.next()?.to_string_lossy());
            let (from, to) = (place(), place());
            Command::MoveStore(from.ok_or(CliError::Places)?, to.ok_or(CliError::Places)?)
        }
        "doctor" => Command::Doctor,
        "health" => Command::Health,
        "admin-link" if info.has_dashboard => Command::AdminLink,
        "notify-test" => Command::NotifyTest,
        "completions" => {
            let shell = words.next().unwrap_or_default().to_string_lossy().into_owned();
            let script = complete::script(&shell, info);
            let usage = CliError::Action { command: "completions", actions: complete::SHELLS };
            Command::Completions(script.ok_or(usage)?)
        }
        "man" => Command::Manual,
        "setup-player" => Command::SetupPlayer(setup_action(words.next(), words.next())?),
        #[cfg(windows)]
        "firewall" => {
            Command::Firewall(firewall_action(&words.next().unwrap_or_default().to_string_lossy())?)
        }
        #[cfg(windows)]
        "service" => Command::Service(service_action(&words.next().unwrap_or_default().to_string_lossy())?),
        #[cfg(not(windows))]
        "firewall" | "service" => return Err(CliError::WindowsOnly(word)),
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

fn setup_action(first: Option<OsString>, second: Option<OsString>) -> Result<player::Action, CliError> {
    let usage = CliError::Action {
        command: "setup-player",
        actions: "ADDRESS, setup-player ADDRESS replace, setup-player ADDRESS test, or setup-player undo",
    };
    let text = |word: Option<OsString>| word.map(|word| word.to_string_lossy().into_owned());
    let (first, second) = (text(first), text(second));
    match (first.as_deref(), second.as_deref()) {
        (Some("undo"), None) => Ok(player::Action::Undo),
        (Some(address), action @ (None | Some("replace" | "test"))) => {
            let Ok(server) = address.parse() else { return Err(usage) };
            Ok(match action {
                Some("test") => player::Action::Test(server),
                action => player::Action::Add { server, replace: action.is_some() },
            })
        }
        _ => Err(usage),
    }
}

#[cfg(windows)]
fn firewall_action(word: &str) -> Result<FirewallAction, CliError> {
    match word {
        "add" => Ok(FirewallAction::Add),
        "remove" => Ok(FirewallAction::Remove),
        _ => Err(CliError::Action { command: "firewall", actions: "add (or remove)" }),
    }
}

#[cfg(windows)]
fn service_action(word: &str) -> Result<ServiceAction, CliError> {
    match word {
        "install" => Ok(ServiceAction::Install),
        "remove" => Ok(ServiceAction::Remove),
        "start" => Ok(ServiceAction::Start),
        "stop" => Ok(ServiceAction::Stop),
        "run" => Ok(ServiceAction::Run),
        _ => Err(CliError::Action { command: "service", actions: "install (or remove, start, stop)" }),
    }
}

/// Returns the text of `--help`.
pub fn help(info: &Info, keys: Keys) -> String {
    let mut help = format!("{}, a server for the online services of {}\n", info.program(), info.title);
    // Writing to a String cannot fail.
    let _ = writeln!(help, "\nUsage: {} [COMMAND] [--KEY VALUE]...\n\nCommands:", info.name);
    for (usage, about) in commands(info) {
        let _ = writeln!(help, "  {usage:<14} {about}");
    }
    help += "\nOptions:\n";
    help += "  -V, --version\n";
    for (usage, about) in options(keys) {
        let _ = write!(help, "\n  {usage}\n{}", text::wrap(&about, "      "));
    }
    help
}

/// Returns usage and description of each command that this program has.
pub(crate) fn commands(info: &Info) -> Vec<(String, &'static str)> {
    let of_the_game = info
        .commands
        .iter()
        .map(|info::Command { name, argument, about, .. }| (format!("{name} {argument}"), *about));
    let [all @ .., last] = COMMANDS.map(|(usage, about)| (usage.to_owned(), about));
    let of_the_host = all.into_iter().filter(|(usage, _)| match usage.as_str() {
        "admin-link" => info.has_dashboard,
        "admin COMMAND" => info.api.is_some(),
        _ => true,
    });
    let of_windows = WINDOWS_COMMANDS.map(|(usage, about)| (usage.to_owned(), about));
    let of_windows = of_windows.into_iter().filter(|_| cfg!(windows));
    let of_databases = Some(MOVE_STORE).filter(|_| cfg!(feature = "postgres"));
    let of_databases = of_databases.map(|(usage, about)| (usage.to_owned(), about));
    of_the_host.chain(of_databases).chain(of_windows).chain(of_the_game).chain([last]).collect()
}

/// Returns usage and description of each option that sets something.
pub(crate) fn options(keys: Keys) -> Vec<(String, String)> {
    let file = format!(
        "Configuration file. Without this option, {} in the data directory, or else in the current directory, is read \
         if it exists. [environment: {}]",
        keys.file_name(),
        keys.file_variable(),
    );
    let of_keys = keys.iter().map(|key| {
        let default = if key.default.is_empty() { "none".to_owned() } else { keys.default(key) };
        let range =
            key.range().map_or_else(String::new, |range| format!(" [{} to {}]", range.start(), range.end()));
        let (about, variable) = (keys.about(key), keys.variable(key));
        let about = format!("{about} [environment: {variable}] [default: {default}]{range}");
        (format!("{} {}", keys.flag(key), key.hint), about)
    });
    [("--config FILE".to_owned(), file)].into_iter().chain(of_keys).collect()
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
        assert_eq!(command(&["setup-player", "undo"]), Command::SetupPlayer(player::Action::Undo));
        let add = |replace| player::Action::Add { server: "192.168.1.20".parse().unwrap(), replace };
        assert_eq!(command(&["setup-player", "192.168.1.20"]), Command::SetupPlayer(add(false)));
        assert_eq!(command(&["setup-player", "192.168.1.20", "replace"]), Command::SetupPlayer(add(true)));
        #[cfg(feature = "postgres")]
        assert!(matches!(
            command(&["move-store", "sqlite", "postgres://localhost/mmcos"]),
            Command::MoveStore(Location::Sqlite, Location::Postgres(_))
        ));
        #[cfg(windows)]
        assert_eq!(command(&["service", "install"]), Command::Service(ServiceAction::Install));
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
        for wrong in [&["setup-player"][..], &["setup-player", "a", "b"], &["setup-player", "a b"]] {
            assert!(message(wrong).contains("setup-player ADDRESS replace"), "{wrong:?}");
        }
        #[cfg(not(windows))]
        assert!(message(&["service", "install"]).starts_with("`service` is for Windows"));
        assert!(message(&["export"]).ends_with("mmcos export --json"));
        #[cfg(feature = "postgres")]
        for wrong in [&["move-store"][..], &["move-store", "sqlite"], &["move-store", "mmcos.db", "sqlite"]] {
            assert!(message(wrong).contains("needs two places"), "{wrong:?}");
        }
        assert!(message(&["--http"]).contains("missing argument for option '--http'"));
        assert!(message(&["-x"]).ends_with("`mmcos help` shows every flag"));
        assert!(message(&["--help=yes"]).contains("unexpected argument"));
        let without_dashboard = Cli::parse(["admin-link"], &Info::named("game")).unwrap_err().to_string();
        assert!(without_dashboard.starts_with("there is no command `admin-link`"), "{without_dashboard}");
    }
}
