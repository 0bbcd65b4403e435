//! The server's certificates: made at the first start and renewed before they end, or the operator's own.
//!
//! They are self-signed for a game that accepts any certificate. For a game that asks its system, an [`Authority`] of
//! this host issues them. There is always an RSA certificate, because the TLS of old games offers RSA only. A second
//! one with a P-256 key is for clients that offer ECDSA: a new connection then costs a quarter of the time.

mod authority;
mod describe;
mod make;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mmcos_core::info::{Info, Trust};
use mmcos_core::seam::Wall;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::sign::CertifiedKey;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use crate::clock;
use crate::data_dir::{DataDir, DataDirError};
use make::Kind;

pub use authority::Authority;
pub use describe::{Description, describe};

/// Days before its end from which a certificate of ours is renewed, and from which the operator is warned about their
/// own.
const RENEW_DAYS: i64 = 30;

/// Game and addresses that certificates are made for.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The game.
    pub info: &'static Info,
    /// Addresses of this machine. A self-signed certificate names them.
    pub addresses: &'a [IpAddr],
}

/// Certificates that the server shows to clients.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// Certificate for every client.
    pub rsa: Arc<CertifiedKey>,
    /// Certificate for clients that offer ECDSA.
    pub ecdsa: Option<Arc<CertifiedKey>>,
    /// Authority that issued them, if players must install it.
    pub authority: Option<Arc<Authority>>,
}

/// Error of loading or making the certificates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file in the data directory cannot be read or written.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// A file that this program wrote does not parse.
    #[error("{path} is damaged ({1}): delete it, and the next start makes a new one", path = .0.display())]
    Damaged(PathBuf, String),
    /// The operator's certificate or key does not parse.
    #[error(
        "cannot use {path}: {1}; it must be a PEM file, such as those of `openssl` and `certbot`",
        path = .0.display()
    )]
    Own(PathBuf, String),
    /// Only one of the settings `certificate` and `key` is set.
    #[error(
        "`certificate` and `key` belong together: set both, or neither, and the server makes a certificate"
    )]
    HalfGiven,
    /// The authority's file does not parse.
    #[error(
        "{path} is damaged ({1}): restore a copy of it. Without a copy, delete it: the next start makes a new \
         authority, and all players must run the set-up script again",
        path = .0.display()
    )]
    Authority(PathBuf, String),
    /// A certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Make(String),
}

impl Certificates {
    /// Returns the operator's own certificate if `certificate` and `key` name one. Else returns those in the data
    /// directory: makes a missing one and renews one that ends soon.
    ///
    /// Call it again from time to time (once a day is enough) and show the result: that renews a certificate of ours,
    /// and loads a renewed one of the operator's, without a restart.
    pub fn load_or_make(
        dir: &DataDir,
        certificate: Option<&Path>,
        key: Option<&Path>,
        subject: Subject<'_>,
        now: Wall,
    ) -> Result<Self, CertificateError> {
        match (certificate, key) {
            (None, None) => {
                let authority = match subject.info.trust {
                    Trust::Any => None,
                    Trust::System { .. } => Some(Arc::new(Authority::load_or_make(dir, subject.info, now)?)),
                };
                let issued = |kind| kept(dir, kind, &subject, authority.as_deref(), now).map(Arc::new);
                Ok(Self { rsa: issued(Kind::Rsa)?, ecdsa: Some(issued(Kind::P256)?), authority })
            }
            (Some(certificate), Some(key)) => {
                let own = Arc::new(own(certificate, key, now)?);
                if own.key.algorithm() == rustls::SignatureAlgorithm::RSA {
                    Ok(Self { rsa: own, ecdsa: None, authority: None })
                } else {
                    let rsa = Arc::new(kept(dir, Kind::Rsa, &subject, None, now)?);
                    Ok(Self { rsa, ecdsa: Some(own), authority: None })
                }
            }
            _ => Err(CertificateError::HalfGiven),
        }
    }
}

/// Returns the certificate of this kind in the data directory, renewed with the same key if it is due; else a new
/// one.
fn kept(
    dir: &DataDir,
    kind: Kind,
    subject: &Subject<'_>,
    authority: Option<&Authority>,
    now: Wall,
) -> Result<CertifiedKey, CertificateError> {
    let path = dir.file(kind.file());
    let Some(old) = dir.read(kind.file())? else {
        log::info!("making a certificate: {}", path.display());
        return stored(dir, kind, &make::new(kind, subject, authority, now)?);
    };
    let damaged = |reason| CertificateError::Damaged(path.clone(), reason);
    let key = read(&old).map_err(damaged)?;
    // No player trusts a certificate of an earlier authority any more.
    let is_issued = authority.is_none_or(|authority| issuer(&key).is_ok_and(|name| name == authority.name()));
    if is_issued && !Validity::of(&key).map_err(damaged)?.is_due(now) {
        return Ok(key);
    }
    log::info!("renewing a certificate: {}", path.display());
    stored(dir, kind, &make::renewed(kind, &old, subject, authority, now)?)
}

/// Parses the certificate that belongs to a key.
fn parsed(key: &CertifiedKey) -> Result<Certificate, String> {
    let der = key.end_entity_cert().map_err(|error| error.to_string())?;
    Certificate::from_der(der).map_err(|error| error.to_string())
}

/// Returns the common name of a certificate's issuer.
fn issuer(key: &CertifiedKey) -> Result<String, String> {
    let issuer = parsed(key)?.tbs_certificate().issuer().to_string();
    Ok(issuer.trim_start_matches("CN=").to_owned())
}

fn stored(dir: &DataDir, kind: Kind, pem: &str) -> Result<CertifiedKey, CertificateError> {
    dir.write(kind.file(), pem.as_bytes())?;
    read(pem.as_bytes()).map_err(CertificateError::Make)
}

fn own(certificate: &Path, key: &Path, now: Wall) -> Result<CertifiedKey, CertificateError> {
    let own = own_key(certificate, key)?;
    let validity =
        Validity::of(&own).map_err(|reason| CertificateError::Own(certificate.to_owned(), reason))?;
    if validity.is_due(now) {
        let path = certificate.display();
        log::warn!("{path} has expired, expires within {RENEW_DAYS} days, or is not valid yet: renew it");
    }
    Ok(own)
}

fn own_key(certificate: &Path, key: &Path) -> Result<CertifiedKey, CertificateError> {
    let failed = |path: &Path, reason| CertificateError::Own(path.to_owned(), reason);
    let bytes = |path| std::fs::read(path).map_err(|error| failed(path, error.to_string()));
    let chain = read_chain(&bytes(certificate)?).map_err(|reason| failed(certificate, reason))?;
    let private_key = read_key(&bytes(key)?).map_err(|reason| failed(key, reason))?;
    certified(chain, private_key).map_err(|reason| failed(key, reason))
}

/// Parses a chain and its key from one PEM file.
fn read(pem: &[u8]) -> Result<CertifiedKey, String> {
    certified(read_chain(pem)?, read_key(pem)?)
}

fn read_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err("it contains no certificate".to_owned()),
        Ok(chain) => Ok(chain),
        Err(error) => Err(error.to_string()),
    }
}

fn read_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound => "it contains no private key without a password".to_owned(),
        other => other.to_string(),
    })
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, String> {
    CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => "this is not the private key of the certificate".to_owned(),
        other => other.to_string(),
    })
}

/// Period in which a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub not_before: Wall,
    /// The last moment.
    pub not_after: Wall,
}

impl Validity {
    fn of(key: &CertifiedKey) -> Result<Self, String> {
        let certificate = parsed(key)?;
        let wall = |time: x509_cert::time::Time| {
            Wall::from_secs(i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX))
        };
        let validity = certificate.tbs_certificate().validity();
        Ok(Self { not_before: wall(validity.not_before), not_after: wall(validity.not_after) })
    }

    /// Returns true if the certificate must be renewed now. False while the clock is not set: it will be right later.
    pub fn is_due(self, now: Wall) -> bool {
        let soon = plus_days(now, RENEW_DAYS);
        clock::is_set(now) && (now < self.not_before || self.not_after < soon)
    }
}

fn plus_days(moment: Wall, days: i64) -> Wall {
    Wall::from_millis(moment.as_millis().saturating_add(days.saturating_mul(86_400_000)))
}

#[cfg(test)]
mod tests;
