//! What an operator needs from the host: the password, and the dashboard to use it on.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use mmcos_core::admin::{self, Password, StaticPage};
use mmcos_core::seam::ListenerId;

use crate::config::Config;
use crate::data_dir::{DataDir, DataDirError};
use crate::secret;
use crate::setup::{self, Place, Setup};
use crate::text_file::{TextFileError, read_text_file};

const FILE: &str = "operator-password";
/// Bytes of the shortest password that a host may choose.
const SHORTEST: usize = 12;
/// For five bits each: letters and digits that are not mistaken for each other.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The operator's password, in a file of the data directory that its owner alone can read. It is made at the first
/// start, of 128 random bits; a host may write another into the file.
#[derive(Clone, PartialEq, Eq)]
pub struct OperatorPassword {
    text: String,
    file: PathBuf,
    /// Whether it was made just now, so that nobody has read it yet.
    new: bool,
}

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorPasswordError {
    /// The file cannot be read or written.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The file is not text.
    #[error("cannot read the password in {}: {source}", file.display())]
    Text {
        /// The file.
        file: PathBuf,
        /// The reason.
        source: TextFileError,
    },
    /// The file holds something too easy to guess, or nothing.
    #[error(
        "the password in {} is shorter than {SHORTEST} characters; write a longer one into it, or delete it: then a new one \
         is made",
        .0.display()
    )]
    TooShort(PathBuf),
    /// The operating system has no random numbers.
    #[error("this system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl OperatorPassword {
    /// The password in the data directory; made if there is none.
    pub fn load_or_make(dir: &DataDir) -> Result<Self, OperatorPasswordError> {
        let file = dir.file(FILE);
        match read_text_file(&file) {
            Ok(text) if text.trim().len() >= SHORTEST => {
                return Ok(Self { text: text.trim().to_owned(), file, new: false });
            }
            Ok(_) => return Err(OperatorPasswordError::TooShort(file)),
            Err(TextFileError::Io(error)) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(OperatorPasswordError::Text { file, source }),
        }
        let text = readable(u128::from_le_bytes(secret::random()?));
        dir.write(FILE, format!("{text}\n").as_bytes())?;
        Ok(Self { text, file, new: true })
    }

    /// For the core, which does not keep it.
    fn digest(&self) -> Result<Password, getrandom::Error> {
        Ok(Password::new(&self.text, &secret::random()?))
    }
}

/// 26 characters in groups.
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

/// Who may see and order what, as this host wants it; `None` without a dashboard.
pub fn admin(
    config: &Config,
    password: &OperatorPassword,
) -> Result<Option<admin::Config>, getrandom::Error> {
    let names = config.host_names.split(',').map(str::trim).filter(|name| !name.is_empty());
    // Runtimes number their listeners in the order HTTP, HTTPS.
    let tls = config.https.map(|_| ListenerId(u8::from(config.http.is_some())));
    let admin = admin::Config {
        password: Some(password.digest()?),
        open_to_this_machine: config.admin_local,
        open_metrics: config.open_metrics,
        names: names.map(str::to_owned).collect(),
        tls,
    };
    Ok(has_dashboard(config).then_some(admin))
}

/// Whether there is a dashboard. While all that happens is written down there is none: what it takes to play that again
/// would be the operator's password.
pub fn has_dashboard(config: &Config) -> bool {
    config.admin && config.record.is_none()
}

/// Whether there is a page for players. Not while all that happens is written down: a trace does not hold it.
pub fn has_pages(config: &Config) -> bool {
    config.record.is_none()
}

/// What players find with a browser: the instructions at `/`, and the scripts.
pub fn pages(config: &Config, setup: &Setup) -> Vec<StaticPage> {
    if !has_pages(config) {
        return Vec::new();
    }
    let page = |path: &str, content_type: &str, text: String| StaticPage {
        path: path.to_owned(),
        content_type: content_type.to_owned(),
        policy: setup::PAGE_POLICY.to_owned(),
        body: text.into_bytes().into(),
    };
    let mut pages = vec![page("/", "text/html; charset=utf-8", setup::page(setup))];
    if let Some(address) = setup.players_address() {
        pages.push(page("/setup.cmd", "application/octet-stream", setup::windows_script(address)));
        pages.push(page("/setup.sh", "text/x-shellscript; charset=utf-8", setup::unix_script(address)));
    }
    pages
}

/// The lines about the dashboard at the start. Its `Display` is those.
#[derive(Debug)]
pub struct Dashboard<'a> {
    /// The plain listener, or else the TLS one.
    pub place: Option<(&'static str, Place)>,
    /// The password.
    pub password: &'a OperatorPassword,
}

impl fmt::Display for Dashboard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, place)) = self.place else { return Ok(()) };
        let OperatorPassword { text, file, new } = self.password;
        writeln!(f, "\nDashboard      {scheme}://localhost:{}/admin", place.address.port())?;
        writeln!(f, "Its password   is in {}", file.display())?;
        if *new { writeln!(f, "               {text}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::tests::{Scratch, mode};

    #[test]
    fn is_made_once_kept_private_and_shown_once() {
        let Scratch(dir) = &Scratch::new("operator");
        let first = OperatorPassword::load_or_make(dir).unwrap();
        assert_eq!((first.text.len(), mode(&dir.file(FILE))), (31, 0o600));
        let second = OperatorPassword::load_or_make(dir).unwrap();
        assert_eq!((&second.text, first.new, second.new), (&first.text, true, false));
        let place = Some(("http", Place { address: "[::]:8080".parse().unwrap(), instead_of: None }));
        let shown = |password| Dashboard { place, password }.to_string();
        assert!(shown(&first).contains("http://localhost:8080/admin") && shown(&first).contains(&first.text));
        assert!(!shown(&second).contains(&first.text));
        assert_eq!(format!("{first:?}"), "OperatorPassword(..)");
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
        assert!(OperatorPassword::load_or_make(dir).unwrap_err().to_string().contains("shorter than 12"));
    }

    #[test]
    fn random_bits_are_readable() {
        assert_eq!(readable(0), "aaaaa-aaaaa-aaaaa-aaaaa-aaaaa-a");
        assert_eq!(readable(u128::MAX), "99999-99999-99999-99999-99999-h");
    }
}
