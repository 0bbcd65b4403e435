//! The operator's access to this host: the password, and the proofs for the dashboard.

use std::fmt;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use mmcos_core::admin::{self, LINK_LIFETIME, Password, ServerAddress, Token};
use serde_json::Value;

use crate::command::local_client::Listener;
use crate::config::Config;
use crate::data_dir::{DataDir, DataDirError};
use crate::host::program::name as program;
use crate::host::secret::{self, SecretError};
use crate::setup::Setup;
use crate::system::text_file::{TextFileError, read_text_file};

const FILE: &str = "operator-password";
/// File for this host's commands that reach the running server: two addresses and a token, a line each.
const CONSOLE_FILE: &str = "admin-console";
/// Minimum bytes of a password that an operator chooses.
const SHORTEST: usize = 12;
/// Digits of five bits each: letters and digits that are not mistaken for each other.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The operator's password, in a file of the data directory that only its owner can read. The first start makes it
/// from 128 random bits. The operator may write another into the file.
#[derive(Clone, PartialEq, Eq)]
pub struct OperatorPassword {
    text: String,
    file: PathBuf,
    /// True if the password was made just now, so that no operator has read it yet.
    new: bool,
}

impl OperatorPassword {
    /// Returns the password in the data directory, or makes one.
    pub fn load_or_make(dir: &DataDir) -> Result<Self, SecretError> {
        let file = dir.file(FILE);
        match read_text_file(&file) {
            Ok(text) if text.trim().len() >= SHORTEST => {
                return Ok(Self { text: text.trim().to_owned(), file, new: false });
            }
            Ok(_) => return Err(SecretError::ShortPassword(file, SHORTEST)),
            Err(TextFileError::Io(error)) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(SecretError::Password(file, source)),
        }
        let text = readable(u128::from_le_bytes(secret::random()?));
        dir.write(FILE, format!("{text}\n").as_bytes())?;
        Ok(Self { text, file, new: true })
    }

    /// Returns the digest for the core, which does not store the password.
    fn digest(&self) -> Result<Password, getrandom::Error> {
        let salt = &secret::random()?;
        let made = if is_readable(&self.text) { Password::random } else { Password::new };
        Ok(made(&self.text, salt))
    }
}

/// Returns true if the text has the form of [`readable`]. Such a password is assumed to be random.
fn is_readable(text: &str) -> bool {
    let form = readable(0);
    let fits = |(found, form): (u8, u8)| if form == b'-' { found == form } else { ALPHABET.contains(&found) };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

/// Formats bits as 26 characters in groups.
fn readable(bits: u128) -> String {
    let mut text = String::new();
    for place in 0..26_u32 {
        if place > 0 && place % 5 == 0 {
            text.push('-');
        }
        let five = usize::try_from(bits.unbounded_shr(place.saturating_mul(5)) & 31).unwrap_or_default();
        text.push(ALPHABET.get(five).copied().map_or('a', char::from));
    }
    text
}

impl fmt::Debug for OperatorPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorPassword(..)")
    }
}

/// Proofs of an operator besides the password, made at each start: a one-time link for a browser, and a token for
/// commands of this host such as `mmcos admin-link`.
#[derive(Clone)]
pub struct Console {
    /// Listener for requests from this machine.
    local: Listener,
    /// URL for other machines, such as `http://192.168.1.20:8080`.
    shown: String,
    token: String,
    first_link: Token,
}

/// Error of a command that reaches the running server.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// Error of the data directory.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// There is no console, or its server does not respond.
    #[error(
        "no server with a dashboard runs with the data directory {}: start it, or name the right directory with \
         --data-dir DIRECTORY",
        .0.display()
    )]
    NotRunning(PathBuf),
    /// The command must be confirmed.
    #[error("{0}. Repeat the command with --confirm if you mean it")]
    Unconfirmed(String),
    /// The server refuses.
    #[error("{0}")]
    Refused(String),
    /// No whole response came.
    #[error("the server did not respond as it should ({0}): look at its log")]
    Broken(#[source] std::io::Error),
}

impl Console {
    /// Returns the console of a server with these listeners; `None` without a listener.
    pub fn new(setup: &Setup) -> Result<Option<Self>, getrandom::Error> {
        let [admin, http, https] = [(setup.admin, false), (setup.http, false), (setup.https, true)]
            .map(|(place, tls)| Some(Listener { address: place?.address, tls }));
        let Some(local) = admin.or(http).or(https) else { return Ok(None) };
        let bits: [u8; 16] = secret::random()?;
        let [link, token] = [bits, secret::random()?].map(|bits: [u8; 16]| {
            let (low, high) = bits.split_at(8);
            Token::new([low, high].map(|half| half.try_into().map_or(0, u64::from_le_bytes)))
        });
        let Some(shown) = setup.admin_url() else { return Ok(None) };
        Ok(Some(Self { local, shown, token: token.to_string(), first_link: link }))
    }

    /// Writes the console to the data directory for [`link`]. Only its owner can read the file.
    pub fn write(&self, dir: &DataDir) -> Result<(), DataDirError> {
        let Self { local, shown, token, .. } = self;
        dir.write(CONSOLE_FILE, format!("{local}\n{shown}\n{token}\n").as_bytes())
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Console(..)")
    }
}

/// Sends a request to the server that runs with this data directory, with the token of its console. Returns its URL for
/// other machines, and the body of the response.
pub(crate) fn ask(
    dir: &DataDir,
    method: &str,
    path: &str,
    body: &str,
) -> Result<(String, String), ConsoleError> {
    let not_running = || ConsoleError::NotRunning(dir.path().to_owned());
    let file = dir.read(CONSOLE_FILE)?.ok_or_else(not_running)?;
    let file = String::from_utf8_lossy(&file).into_owned();
    let mut lines = file.lines();
    let [local, shown, token] = [lines.next(), lines.next(), lines.next()].map(Option::unwrap_or_default);
    let local: Listener = local.parse().map_err(|_| not_running())?;
    let (status, body) = local.send(method, path, token, body).map_err(|error| match error.kind() {
        ErrorKind::NotConnected => not_running(),
        _ => ConsoleError::Broken(error),
    })?;
    if status == 200 {
        return Ok((shown.to_owned(), body));
    }
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    Err(match (text("confirm"), text("error")) {
        // The token is of another start: a different server has this port now.
        (_, Some(_)) if status == 401 => not_running(),
        (Some(why), _) => ConsoleError::Unconfirmed(why),
        (None, Some(error)) => ConsoleError::Refused(error),
        (None, None) => not_running(),
    })
}

/// Requests a one-time link from the server that runs with this data directory. Returns the text for the operator.
pub(crate) fn link(dir: &DataDir) -> Result<String, ConsoleError> {
    let (shown, body) = ask(dir, "POST", "/api/v1/links", "")?;
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    let path = body.get("path").and_then(Value::as_str);
    let path = path.ok_or_else(|| ConsoleError::NotRunning(dir.path().to_owned()))?;
    Ok(format!("{shown}{path}\n{}\n", once()))
}

fn once() -> String {
    format!("(works once, within {} minutes)", LINK_LIFETIME.as_secs() / 60)
}

/// Returns the proofs of an operator for this host's server; `None` without a dashboard.
pub(crate) fn admin(
    config: &Config,
    password: &OperatorPassword,
    console: Option<&Console>,
    own: &[IpAddr],
) -> Result<Option<admin::Config>, getrandom::Error> {
    let console_token = match console {
        Some(console) => Some(Password::random(&console.token, &secret::random()?)),
        None => None,
    };
    let names = config.host_names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let public = config.public_address.as_ref().map(ServerAddress::to_string);
    let admin = admin::Config {
        password: Some(password.digest()?),
        console: console_token,
        first_link: console.map(|console| console.first_link),
        open_metrics: config.open_metrics,
        own_listener: config.admin_listen.is_some(),
        networks: Some(config.admin_networks.ranges(own)),
        names: names.map(str::to_owned).chain(public).collect(),
    };
    Ok(has_dashboard(config).then_some(admin))
}

/// Returns true if the server has a dashboard. It has none while it writes a trace: a trace with the operator's login
/// would contain the password.
pub(crate) fn has_dashboard(config: &Config) -> bool {
    config.admin && config.record.is_none()
}

/// Words for an `admin-listen` of a server without a dashboard.
pub(crate) const UNUSED_LISTENER: &str =
    "not used: with admin = \"false\", or while a trace is written, there is no dashboard";

/// Returns true if the server has a page for players. It has none while it writes a trace, which does not contain the
/// page.
pub(crate) fn has_pages(config: &Config) -> bool {
    config.record.is_none()
}

/// The lines about the dashboard at the start, as `Display`.
#[derive(Debug)]
pub struct Dashboard<'a> {
    /// Console; `None` without a dashboard.
    pub console: Option<&'a Console>,
    /// Operator's password.
    pub password: &'a OperatorPassword,
    /// True to show a new password: to a person at a terminal, not to a journal that keeps it.
    pub shows_password: bool,
    /// Networks from which the dashboard can be opened.
    pub reach: Reach,
}

/// Networks from which a dashboard can be opened.
#[derive(Clone, Copy, Debug)]
pub enum Reach {
    /// All networks.
    All,
    /// Those of `admin-networks`.
    Networks,
    /// None: it is served at this loopback address alone.
    ThisMachine(SocketAddr),
}

impl fmt::Display for Dashboard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { console, password, shows_password, reach } = self;
        let Some(Console { shown, first_link, .. }) = console else { return Ok(()) };
        let OperatorPassword { text, file, new } = password;
        writeln!(f, "\nDashboard      {shown}/admin/link/{first_link}")?;
        writeln!(f, "               {}", once())?;
        match reach {
            Reach::All => {}
            Reach::Networks => {
                let setting = "`admin-networks` in the configuration permits others.";
                writeln!(f, "               From private networks alone; {setting}")?;
            }
            Reach::ThisMachine(at) => writeln!(
                f,
                "               On this machine alone; from another one, first run ssh -L {}:{at} SERVER there.",
                at.port()
            )?,
        }
        writeln!(
            f,
            "Later          run `{} admin-link` for another link, or log in at {shown}/admin",
            program()
        )?;
        writeln!(f, "               with the password in {}", file.display())?;
        if *new && *shows_password { writeln!(f, "               {text}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::tests::{Scratch, assert_private};
    use crate::setup::Place;

    #[test]
    fn is_made_once_kept_private_and_shown_once() {
        let Scratch(dir) = &Scratch::new("operator");
        let first = OperatorPassword::load_or_make(dir).unwrap();
        assert_eq!(first.text.len(), 31);
        assert_private(&dir.file(FILE));
        let second = OperatorPassword::load_or_make(dir).unwrap();
        assert_eq!((&second.text, first.new, second.new), (&first.text, true, false));
        let setup = Setup {
            addresses: vec!["fd00::1".parse().unwrap(), "192.168.1.20".parse().unwrap()],
            http: Some(Place { address: "[::]:8080".parse().unwrap(), instead_of: None }),
            ..nowhere(dir)
        };
        let console = Console::new(&setup).unwrap().unwrap();
        let shown = |password| {
            Dashboard { console: Some(&console), password, shows_password: true, reach: Reach::Networks }
                .to_string()
        };
        let link = format!("http://192.168.1.20:8080/admin/link/{}\n", console.first_link);
        assert!(shown(&first).contains(&link) && shown(&first).contains(&first.text));
        assert!(!shown(&second).contains(&first.text));
        console.write(dir).unwrap();
        assert_private(&dir.file(CONSOLE_FILE));
        assert_eq!(format!("{console:?}"), "Console(..)");
        assert_eq!(format!("{first:?}"), "OperatorPassword(..)");
    }

    fn nowhere(dir: &DataDir) -> Setup {
        Setup {
            info: &crate::host::program::tests::GAME,
            addresses: Vec::new(),
            public_address: None,
            http: None,
            https: None,
            admin: None,
            data_dir: dir.path().to_owned(),
            config_file: None,
            has_page: true,
        }
    }

    #[test]
    fn without_a_running_server_there_is_no_link() {
        let Scratch(dir) = &Scratch::new("operator-console");
        let error = |dir| link(dir).unwrap_err().to_string();
        assert!(error(dir).starts_with("no server with a dashboard runs"), "{}", error(dir));
        // The port of a server that ended: it is closed.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        dir.write(CONSOLE_FILE, format!("http://{port}\nhttp://{port}\nx\n").as_bytes()).unwrap();
        assert!(error(dir).starts_with("no server with a dashboard runs"), "{}", error(dir));
    }

    #[test]
    fn a_made_password_is_told_from_a_chosen_one() {
        assert!(is_readable(&readable(7)) && is_readable(&readable(u128::MAX)));
        for chosen in
            ["a long password", "aaaaa-aaaaa-aaaaa-aaaaa-aaaaa-", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ""]
        {
            assert!(!is_readable(chosen), "{chosen}");
        }
    }

    #[test]
    fn a_host_may_choose_a_long_one() {
        let Scratch(dir) = &Scratch::new("operator-own");
        dir.write(FILE, b"a long password\r\n").unwrap();
        assert_eq!(OperatorPassword::load_or_make(dir).unwrap().text, "a long password");
        dir.write(FILE, b"\xEF\xBB\xBFa long password \r\n").unwrap();
        assert_eq!(OperatorPassword::load_or_make(dir).unwrap().text, "a long password");
        dir.write(FILE, b"\xFF\xFEa\0 \0l\0o\0n\0g\0").unwrap();
        assert!(OperatorPassword::load_or_make(dir).unwrap_err().to_string().contains("save it again"));
        dir.write(FILE, b"short\n").unwrap();
        assert!(OperatorPassword::load_or_make(dir).unwrap_err().to_string().contains("fewer than 12"));
    }

    #[test]
    fn random_bits_are_readable() {
        assert_eq!(readable(0), "aaaaa-aaaaa-aaaaa-aaaaa-aaaaa-a");
        assert_eq!(readable(u128::MAX), "99999-99999-99999-99999-99999-h");
    }
}
