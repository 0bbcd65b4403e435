//! `mmcos admin COMMAND`: an operator's commands, sent to the running server. The table of commands is the game's
//! description of its API: each operation names its commands in `x-commands`.

mod show;

use std::fmt::Write as _;

use lexopt::{Arg, Parser, ValueExt as _};
use mmcos_core::info::Info;
use serde_json::{Map, Value};

use crate::cli::{Cli, CliError};
use crate::command::text;
use crate::data_dir::DataDir;
use crate::host::operator::{self, ConsoleError};
use crate::host::program::name as program;

/// Request for the running server, or for help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admin {
    /// Print this text and stop.
    Help(String),
    /// Send a request and print the response.
    Request(Request),
}

/// Request to the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Method, such as `POST`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Body; empty if the operation has none.
    pub body: String,
    /// True to print the response as it is, false for a table.
    pub json: bool,
}

/// Command of operators.
#[derive(Clone, Debug)]
pub(crate) struct AdminCommand {
    /// Its name.
    pub(crate) name: String,
    /// Its description.
    pub(crate) about: String,
    /// Words and options: the words in their order.
    pub(crate) arguments: Vec<Argument>,
    method: String,
    path: String,
    has_body: bool,
}

/// Value that a command sends.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    /// Name in the API.
    pub(crate) name: String,
    /// Its description; empty if there is none.
    pub(crate) about: String,
    /// Form on the command line.
    form: Form,
    kind: Kind,
    place: Place,
}

/// Form of an argument on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A word.
    Word,
    /// A word that may be left out.
    OptionalWord,
    /// `--name VALUE`; without a value for [`Kind::Switch`].
    Option,
    /// Not there: it always has this value.
    Fixed(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Switch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Path,
    Query,
    Body,
}

/// Returns a member of an object, or an empty value.
fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

fn text_of(value: &Value, name: &str) -> String {
    member(value, name).as_str().unwrap_or_default().to_owned()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Returns the commands of a game, by name.
pub(crate) fn commands(info: &Info) -> Vec<AdminCommand> {
    let document: Value = info.api.and_then(|api| serde_json::from_str(&api()).ok()).unwrap_or_default();
    let mut commands = Vec::new();
    for (path, methods) in members(member(&document, "paths")) {
        for (method, operation) in members(methods) {
            let usages = items(member(operation, "x-commands")).filter_map(Value::as_str);
            commands.extend(usages.filter_map(|usage| AdminCommand::parse(usage, method, path, operation)));
        }
    }
    commands.sort_by(|one, other| one.name.cmp(&other.name));
    commands
}

impl AdminCommand {
    /// Parses a command of the description, such as `ban subject`.
    fn parse(usage: &str, method: &str, path: &str, operation: &Value) -> Option<Self> {
        let mut words = usage.split(' ');
        let name = words.next()?.to_owned();
        let body = operation.pointer("/requestBody/content/application~1json/schema");
        let in_body = body.into_iter().flat_map(|body| members(member(body, "properties")));
        let in_body = in_body.map(|(name, schema)| Argument::new(name, Place::Body, schema));
        let parameters = items(member(operation, "parameters")).map(|parameter| {
            let place = if member(parameter, "in") == "path" { Place::Path } else { Place::Query };
            Argument::new(&text_of(parameter, "name"), place, parameter)
        });
        let mut options: Vec<Argument> = parameters.chain(in_body).collect();
        let mut arguments = Vec::new();
        for word in words {
            let optional = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
            let (name, form) = match (optional, word.split_once('=')) {
                (Some(name), _) => (name, Form::OptionalWord),
                (None, Some((name, value))) => (name, Form::Fixed(value.to_owned())),
                (None, None) => (word, Form::Word),
            };
            let place = options.iter().position(|option| option.name == name)?;
            arguments.push(Argument { form, ..options.remove(place) });
        }
        arguments.append(&mut options);
        let (method, path) = (method.to_uppercase(), path.to_owned());
        let about = text_of(operation, "summary");
        Some(Self { name, about, arguments, method, path, has_body: body.is_some() })
    }

    /// Returns true if the command has an option of this name that takes no value.
    pub(crate) fn has_switch(&self, name: &str) -> bool {
        self.options().any(|option| option.name == name && option.kind == Kind::Switch)
    }

    /// Returns the options.
    pub(crate) fn options(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().filter(|argument| argument.form == Form::Option)
    }

    /// Returns the usage, such as `ban SUBJECT [--hours NUMBER]`.
    pub(crate) fn usage(&self) -> String {
        let arguments = self.arguments.iter().filter_map(Argument::usage);
        [self.name.clone()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
    }

    fn help(&self) -> String {
        let mut help =
            format!("{} admin {} [--json]\n\n{}", program(), self.usage(), text::wrap(&self.about, ""));
        for argument in self.arguments.iter().filter(|argument| !argument.about.is_empty()) {
            // Writing to a String cannot fail.
            let _ = write!(help, "\n  {}\n{}", argument.hint(), text::wrap(&argument.about, "      "));
        }
        help
    }

    /// Returns the request of these words and options.
    fn request(
        &self,
        words: Vec<String>,
        options: &[(String, String)],
        json: bool,
    ) -> Result<Request, CliError> {
        let usage = |problem: &str| CliError::Admin { problem: problem.to_owned(), usage: self.usage() };
        let (mut path, mut query, mut body) = (self.path.clone(), String::new(), Map::new());
        let mut words = words.into_iter();
        for argument in &self.arguments {
            let name = &argument.name;
            let value = match &argument.form {
                Form::Word => {
                    Some(words.next().ok_or_else(|| usage(&format!("{} is missing", argument.hint())))?)
                }
                Form::OptionalWord => words.next(),
                Form::Fixed(value) => Some(value.clone()),
                Form::Option => {
                    let given = options.iter().rev().find(|(option, _)| option == name);
                    given.map(|(_, value)| value.clone())
                }
            };
            let Some(value) = value else { continue };
            match argument.place {
                Place::Path => path = path.replace(&format!("{{{name}}}"), &encoded(&value)),
                Place::Query => {
                    let before = if query.is_empty() { '?' } else { '&' };
                    // Writing to a String cannot fail.
                    let _ = write!(query, "{before}{name}={}", encoded(&value));
                }
                Place::Body => {
                    let value = match argument.kind {
                        Kind::Text => Value::String(value),
                        Kind::Switch => Value::Bool(true),
                        Kind::Number => match value.parse::<i64>() {
                            Ok(number) => number.into(),
                            Err(_) => {
                                return Err(usage(&format!("{} must be a whole number", argument.hint())));
                            }
                        },
                    };
                    body.insert(name.clone(), value);
                }
            }
        }
        if let Some(word) = words.next() {
            return Err(usage(&format!(
                "unexpected argument `{word}` (put quotes around a text of several words)"
            )));
        }
        let body = if self.has_body { Value::Object(body).to_string() } else { String::new() };
        Ok(Request { method: self.method.clone(), path: path + &query, body, json })
    }
}

impl Argument {
    /// Returns the argument for a member of a schema or for a parameter.
    fn new(name: &str, place: Place, schema: &Value) -> Self {
        let kind = member(schema, "type");
        let is = |wanted: &str| kind == wanted || items(kind).any(|kind| kind == wanted);
        let kind = match (is("boolean"), is("integer")) {
            (true, _) => Kind::Switch,
            (_, true) => Kind::Number,
            _ => Kind::Text,
        };
        let about = text_of(schema, "description").replace('\n', " ");
        Self { name: name.to_owned(), about, form: Form::Option, kind, place }
    }

    /// Returns the word or the option with its value, such as `--hours NUMBER`.
    pub(crate) fn hint(&self) -> String {
        match (&self.form, self.kind) {
            (Form::Option, Kind::Switch) => format!("--{}", self.name),
            (Form::Option, Kind::Number) => format!("--{} NUMBER", self.name),
            (Form::Option, Kind::Text) => format!("--{} TEXT", self.name),
            _ => self.name.to_uppercase(),
        }
    }

    fn usage(&self) -> Option<String> {
        match self.form {
            Form::Word => Some(self.hint()),
            Form::OptionalWord | Form::Option => Some(format!("[{}]", self.hint())),
            Form::Fixed(_) => None,
        }
    }
}

/// Returns a text as a part of a path or a query (RFC 3986).
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Parses what follows `admin` on the command line. Options that the command does not have are the configuration's.
pub(crate) fn parse(
    parser: &mut Parser,
    cli: &mut Cli,
    info: &Info,
    mut json: bool,
) -> Result<Admin, CliError> {
    let commands = commands(info);
    let (mut command, mut help): (Option<&AdminCommand>, bool) = (None, false);
    let (mut words, mut options) = (Vec::new(), Vec::new());
    loop {
        // A negative number is a word.
        let negative = parser.try_raw_args().and_then(|mut raw| {
            raw.next_if(|word| {
                word.to_str().is_some_and(|word| word.starts_with('-') && word.parse::<i64>().is_ok())
            })
        });
        if let Some(number) = negative {
            words.push(number.string()?);
            continue;
        }
        let Some(argument) = parser.next()? else { break };
        match argument {
            Arg::Short('h') | Arg::Long("help") => help = true,
            Arg::Long("json") => json = true,
            Arg::Long("config") => cli.file = Some(parser.value()?.into()),
            Arg::Long(name) => {
                let name = name.to_owned();
                let option = command.and_then(|command| command.options().find(|option| option.name == name));
                match option.map(|option| option.kind) {
                    Some(Kind::Switch) => options.push((name, String::new())),
                    Some(Kind::Text | Kind::Number) => options.push((name, parser.value()?.string()?)),
                    None => cli.flags.push((name, parser.value()?.string()?)),
                }
            }
            Arg::Value(word) if command.is_none() => {
                let name = word.string()?;
                if name == "help" {
                    help = true;
                    continue;
                }
                let found = commands.iter().find(|command| command.name == name);
                command = Some(found.ok_or(CliError::UnknownAdminCommand(name))?);
            }
            Arg::Value(word) => words.push(word.string()?),
            Arg::Short(_) => return Err(argument.unexpected().into()),
        }
    }
    match command {
        None => Ok(Admin::Help(overview(&commands))),
        Some(command) if help => Ok(Admin::Help(command.help())),
        Some(command) => command.request(words, &options, json).map(Admin::Request),
    }
}

fn overview(commands: &[AdminCommand]) -> String {
    let mut help = format!(
        "Usage: {0} admin COMMAND [--json] [--data-dir DIRECTORY]\n\n\
         Sends an operator's command to the server that runs with this data directory,\n\
         and prints the response as a table, or with --json as the API sent it.\n\
         `{0} admin help COMMAND` explains a command's values.\n",
        program()
    );
    for command in commands {
        // Writing to a String cannot fail.
        let _ = write!(help, "\n  {}\n{}", command.usage(), text::wrap(&command.about, "      "));
    }
    help
}

/// Sends a request to the server that runs with this data directory. Returns the text to print.
pub(crate) fn run(dir: &DataDir, request: &Request) -> Result<String, ConsoleError> {
    let (_, body) = operator::ask(dir, &request.method, &request.path, &request.body)?;
    Ok(if request.json { body + "\n" } else { show::text(&body) })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::cli::Command;

    pub(crate) fn api() -> String {
        serde_json::json!({
            "paths": {
                "/laps": { "get": {
                    "summary": "Returns laps.",
                    "parameters": [
                        { "name": "search", "in": "query", "schema": { "type": "string" } },
                        { "name": "start", "in": "query", "schema": { "type": "string" } },
                    ],
                    "x-commands": ["laps [search]"],
                }},
                "/cars/{number}": { "put": {
                    "summary": "Changes a car.",
                    "parameters": [{ "name": "number", "in": "path", "schema": { "type": "string" } }],
                    "requestBody": { "content": { "application/json": { "schema": { "properties": {
                        "colour": { "type": "string", "description": "Its\ncolour." },
                        "gears": { "type": ["integer", "null"] },
                        "confirm": { "type": "boolean" },
                    }}}}},
                    "x-commands": ["car number colour", "red number colour=red"],
                }},
            },
        })
        .to_string()
    }

    fn parse(words: &[&str]) -> Result<Admin, CliError> {
        let info = Info { api: Some(api), ..Info::named("game") };
        match Cli::parse(["admin"].iter().chain(words), &info)?.command {
            Command::Admin(admin) => Ok(admin),
            other => panic!("{other:?}"),
        }
    }

    fn request(words: &[&str]) -> (String, String) {
        match parse(words) {
            Ok(Admin::Request(request)) => (format!("{} {}", request.method, request.path), request.body),
            other => panic!("{other:?}"),
        }
    }

    fn sent(line: &str, body: &str) -> (String, String) {
        (line.to_owned(), body.to_owned())
    }

    #[test]
    fn words_and_options_go_where_the_description_says() {
        assert_eq!(request(&["laps"]), sent("GET /laps", ""));
        assert_eq!(
            request(&["laps", "a b&c", "--start", "50"]),
            sent("GET /laps?search=a%20b%26c&start=50", "")
        );
        assert_eq!(
            request(&["car", "7", "green", "--gears", "-5", "--confirm"]),
            sent("PUT /cars/7", r#"{"colour":"green","confirm":true,"gears":-5}"#)
        );
        assert_eq!(request(&["car", "-7", "a/b"]), sent("PUT /cars/-7", r#"{"colour":"a/b"}"#));
        assert_eq!(request(&["car", "a/b", "x"]), sent("PUT /cars/a%2Fb", r#"{"colour":"x"}"#));
        assert_eq!(request(&["red", "7"]), sent("PUT /cars/7", r#"{"colour":"red"}"#));
    }

    #[test]
    fn options_of_the_configuration_stay_the_configurations() {
        let info = Info { api: Some(api), ..Info::named("game") };
        let cli = Cli::parse(["--data-dir", "a", "admin", "laps", "--json", "--log", "warn"], &info).unwrap();
        let flags =
            [("data-dir", "a"), ("log", "warn")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(cli.flags, flags);
        assert!(matches!(cli.command, Command::Admin(Admin::Request(Request { json: true, .. }))));
    }

    #[test]
    fn mistakes_say_what_to_do_next() {
        let message = |words: &[&str]| parse(words).unwrap_err().to_string();
        assert_eq!(message(&["lap"]), "there is no command `admin lap`; `mmcos admin` lists them");
        let usage = "usage: mmcos admin car NUMBER COLOUR [--confirm] [--gears NUMBER]";
        assert_eq!(message(&["car", "7"]), format!("COLOUR is missing; {usage}"));
        assert_eq!(
            message(&["car", "7", "x", "--gears", "five"]),
            format!("--gears NUMBER must be a whole number; {usage}")
        );
        assert!(message(&["car", "7", "light", "green"]).contains("quotes around a text"));
        let without = Cli::parse(["admin"], &Info::named("game")).unwrap_err().to_string();
        assert!(without.starts_with("there is no command `admin`"), "{without}");
    }

    #[test]
    fn help_is_made_of_the_description() {
        for (words, expected) in [
            (&[][..], "\n  laps [SEARCH] [--start TEXT]\n      Returns laps.\n"),
            (&["help"], "\n  red NUMBER [--confirm]"),
            (&["help", "car"], "\n  COLOUR\n      Its colour.\n"),
            (&["car", "--help"], "mmcos admin car NUMBER COLOUR [--confirm] [--gears NUMBER] [--json]\n"),
        ] {
            let Ok(Admin::Help(help)) = parse(words) else { panic!("{words:?}") };
            assert!(help.contains(expected), "{help}");
        }
    }
}
