use std::error::Error as _;
use std::fmt;
use std::path::PathBuf;

use mmcos_core::seam::StorageTrouble;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::Address;

/// Error of a database server, or on the way to it, with advice for the operator.
#[derive(Debug)]
pub struct DatabaseError {
    place: PathBuf,
    text: String,
    advice: &'static str,
    /// The trouble, if it may pass by itself.
    trouble: Option<StorageTrouble>,
    /// True if the server rejects the user, the password, or the database's name.
    is_login: bool,
}

impl DatabaseError {
    /// Returns an error that does not pass.
    pub(super) fn new(address: &Address, text: String, advice: &'static str) -> Self {
        let place = address.place();
        Self { place, text, advice, trouble: None, is_login: false }
    }

    /// Returns the error of a server that did not respond in time.
    pub(super) fn silent(address: &Address, seconds: u64) -> Self {
        let trouble = Some(StorageTrouble::Slow);
        Self { trouble, ..Self::new(address, format!("no response within {seconds} s"), UNREACHABLE) }
    }

    pub(super) fn of(address: &Address, error: &Error) -> Self {
        let Some(said) = error.as_db_error() else {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            // The server offers no TLS, or its certificate is not trusted.
            if error.to_string().contains("TLS") {
                return Self { is_login: true, ..Self::new(address, text, UNTRUSTED) };
            }
            // Errors of a missing password and the like have no cause, and do not pass.
            let is_io = error.is_closed() || error.source().is_some();
            let trouble = is_io.then_some(StorageTrouble::Slow);
            return Self { trouble, is_login: !is_io, ..Self::new(address, text, UNREACHABLE) };
        };
        // The one column that a commit sets to nothing, if its number or epoch is not that of the row. The next
        // attempt looks at both.
        if *said.code() == SqlState::NOT_NULL_VIOLATION && said.table() == Some("commits") {
            let text = "another session has committed meanwhile".to_owned();
            let trouble = Some(StorageTrouble::Locked);
            return Self { trouble, ..Self::new(address, text, "the server looks which one it was") };
        }
        let (trouble, advice) = judge(said.code());
        let is_login = matches!(said.code().code().get(..2), Some("28" | "3D"));
        let text = format!("{} ({})", said.message(), said.code().code());
        Self { trouble, is_login, ..Self::new(address, text, advice) }
    }

    /// Returns the error of a server that was reached before: another password may be set, and set back.
    pub(in super::super) fn while_serving(self) -> Self {
        let trouble = self.trouble.or(self.is_login.then_some(StorageTrouble::Failing));
        Self { trouble, ..self }
    }

    pub(in super::super) const fn trouble(&self) -> Option<StorageTrouble> {
        self.trouble
    }
}

const UNTRUSTED: &str = "the server must offer TLS with a certificate that names the host and that this machine \
    trusts: set `sslrootcert` in the URL to the file of its authority, or `sslmode=disable` in a network of your own";
const UNREACHABLE: &str =
    "check that the database server runs and can be reached from here, and the URL in `store`";

/// Returns the trouble, if the error may pass by itself, and advice.
fn judge(code: &SqlState) -> (Option<StorageTrouble>, &'static str) {
    match code.code() {
        "53100" => (Some(StorageTrouble::Full), "the database server's disk is full: make room there"),
        // Lock time-out, serialisation, deadlock, object in use.
        "55P03" | "40001" | "40P01" | "55006" => (
            Some(StorageTrouble::Locked),
            "another session holds a lock, perhaps one with an open transaction: end it (see pg_stat_activity)",
        ),
        "25006" => (
            Some(StorageTrouble::ReadOnly),
            "the database is read-only: name the primary server in `store`, not a standby",
        ),
        // Cancelled, shutting down, crashed, starting.
        "57014" | "57P01" | "57P02" | "57P03" => (Some(StorageTrouble::Slow), UNREACHABLE),
        "XX001" | "XX002" => (None, "the database is damaged: restore a backup"),
        code => match code.get(..2) {
            Some("08") => (Some(StorageTrouble::Slow), UNREACHABLE),
            Some("53" | "58") => {
                (Some(StorageTrouble::Failing), "the database server is in trouble: look at its log")
            }
            Some("28" | "3D") => (
                None,
                "check user, password and database in `store` (the password may be in PGPASSWORD), and the server's \
                 pg_hba.conf",
            ),
            Some("3F") => (None, "check the schema in `store` (options=-csearch_path%3D…)"),
            Some("42") => (None, "check that the user owns the database and its tables"),
            _ => (None, "please report this"),
        },
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place.display(), self.text, self.advice)
    }
}

impl std::error::Error for DatabaseError {}
