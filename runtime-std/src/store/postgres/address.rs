//! The URL of a database: where it is, and how far its server is trusted.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::DatabaseError;

/// Time for a connection to one host, unless the URL says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time after which a connection counts as lost whose bytes the other machine does not confirm.
const TCP_TIMEOUT: Duration = Duration::from_secs(10);

/// The URL of a database, such as `postgres://mmcos@db.example.org/mmcos`. `Debug` and [`place`](Self::place) do not
/// show its password.
#[derive(Clone)]
pub struct Address {
    url: String,
    config: Config,
    trust: Trust,
}

/// Encryption of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Trust {
    /// No TLS: a server on this machine, or the URL says so.
    Plain,
    /// TLS. The server's certificate must name the host, and be signed by an authority that this machine trusts.
    System,
    /// The same with the authorities in a file.
    File(PathBuf),
}

impl Address {
    /// Parses a URL. The parameters are those of `libpq`, as far as the client knows them.
    pub fn parse(url: &str) -> Option<Self> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return None;
        }
        let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut others) = (None, None, Vec::new());
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=')? {
                ("sslmode", value) => mode = Some(value),
                ("sslrootcert", "system") => {}
                // As it is: such paths are seldom escaped.
                ("sslrootcert", path) => roots = Some(PathBuf::from(path)),
                _ => others.push(parameter),
            }
        }
        let mut config: Config = format!("{place}?{}", others.join("&")).parse().ok()?;
        let trusted = roots.map_or(Trust::System, Trust::File);
        let trust = match mode {
            Some("disable") => Trust::Plain,
            // "require" does not check certificates in `libpq`. Encryption without that would be for show.
            Some("require" | "verify-full") => trusted,
            Some(_) => return None,
            None if config.get_hosts().iter().all(is_here) => Trust::Plain,
            None => trusted,
        };
        let mode = if trust == Trust::Plain { SslMode::Disable } else { SslMode::Require };
        config.ssl_mode(mode).tcp_user_timeout(TCP_TIMEOUT).keepalives_idle(TCP_TIMEOUT);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        Some(Self { url: url.to_owned(), config, trust })
    }

    /// Returns the URL, with its password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the URL without user, password and parameters, for messages.
    pub fn place(&self) -> PathBuf {
        let (place, _) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let (scheme, rest) = place.split_once("://").unwrap_or(("postgres", place));
        // A password may hold an `@`.
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        format!("{scheme}://{host}").into()
    }

    /// Returns whether the connection is neither encrypted nor within this machine.
    pub(super) fn is_open(&self) -> bool {
        self.trust == Trust::Plain && !self.config.get_hosts().iter().all(is_here)
    }

    /// Returns the client's settings for a program, with a password from the environment if the URL has none.
    pub(super) fn config(&self, program: &str) -> Config {
        let mut config = self.config.clone();
        if config.get_password().is_none()
            && let Some(password) = std::env::var_os("PGPASSWORD")
        {
            config.password(password.into_encoded_bytes());
        }
        if config.get_application_name().is_none() {
            config.application_name(program);
        }
        config
    }

    /// Returns the TLS settings.
    pub(super) fn tls(&self) -> Result<MakeRustlsConnect, DatabaseError> {
        let failed = |path: &Path, reason: String| {
            DatabaseError::new(
                self,
                format!("cannot read certificates from {}: {reason}", path.display()),
                "check `sslrootcert` in the URL",
            )
        };
        let mut roots = RootCertStore::empty();
        match &self.trust {
            Trust::Plain => {}
            Trust::System => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            Trust::File(path) => {
                let certificates = CertificateDer::pem_file_iter(path)
                    .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                    .map_err(|error| failed(path, error.to_string()))?;
                if roots.add_parsable_certificates(certificates).0 == 0 {
                    return Err(failed(path, "there is none".to_owned()));
                }
            }
        }
        let provider = rustls::crypto::ring::default_provider();
        let config = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(Path::new("this machine"), error.to_string()))?;
        Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
    }
}

/// Returns whether a connection to the host stays within this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.place()).finish()
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Address {}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(url: &str) -> Option<Trust> {
        Address::parse(url).map(|address| address.trust)
    }

    #[test]
    fn a_server_elsewhere_must_prove_who_it_is() {
        assert_eq!(trust("postgres://db.example.org/mmcos"), Some(Trust::System));
        assert_eq!(trust("postgresql://a,127.0.0.1/mmcos?sslmode=require"), Some(Trust::System));
        assert_eq!(trust("postgres://a/b?sslmode=verify-full&sslrootcert=system"), Some(Trust::System));
        let file = "postgres://a/b?connect_timeout=3&sslrootcert=/etc/ssl/a.pem";
        assert_eq!(trust(file), Some(Trust::File("/etc/ssl/a.pem".into())));
        assert_eq!(trust("postgres://db.example.org/mmcos?sslmode=disable"), Some(Trust::Plain));
        for here in
            ["postgres://localhost/a", "postgres://[::1]:5433/a", "postgres:///a?host=/run/postgresql"]
        {
            assert_eq!(trust(here), Some(Trust::Plain), "{here}");
        }
        // Modes that may end without encryption, or without a check of the name.
        for weak in ["allow", "prefer", "verify-ca", "on"] {
            assert_eq!(trust(&format!("postgres://a/b?sslmode={weak}")), None, "{weak}");
        }
        for wrong in ["postgres://a/b?colour=red", "postgres://a:b:c/d", "mysql://a/b", "mmcos.db"] {
            assert_eq!(trust(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn messages_do_not_show_the_password() {
        let address = Address::parse("postgres://ann:s3@cret@db:5433/mmcos?application_name=a").unwrap();
        assert_eq!(address.place(), PathBuf::from("postgres://db:5433/mmcos"));
        assert!(!format!("{address:?}").contains("cret"));
        assert!(Address::parse("postgres://db/a?sslmode=disable").unwrap().is_open());
        assert!(!Address::parse("postgres://db/a").unwrap().is_open());
    }
}
