//! Making and renewing certificates. Key and certificate share one PEM file, so that neither is ever missing alone.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mmcos_core::seam::Wall;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_RSA_SHA256, SerialNumber, SignatureAlgorithm,
};
use rsa::pkcs8::EncodePrivateKey as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

use super::authority::Authority;
use super::{CertificateError, Subject, plus_days};
use crate::clock;
use crate::host::secret;

/// Days that a self-signed certificate is valid. (Our choice: as long as those of public authorities may be; no
/// client rejects that.)
const SELF_SIGNED_DAYS: i64 = 397;
/// Days that a certificate of the host's authority is valid. Players do not notice its renewal.
const ISSUED_DAYS: i64 = 90;

/// Kind of key of a certificate of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa,
    P256,
}

impl Kind {
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Rsa => "certificate-rsa.pem",
            Self::P256 => "certificate-p256.pem",
        }
    }

    fn algorithm(self) -> &'static SignatureAlgorithm {
        match self {
            Self::Rsa => &PKCS_RSA_SHA256,
            Self::P256 => &PKCS_ECDSA_P256_SHA256,
        }
    }

    fn generate(self) -> Result<KeyPair, CertificateError> {
        match self {
            Self::Rsa => rsa_2048(),
            Self::P256 => KeyPair::generate_for(self.algorithm()).map_err(failed),
        }
    }
}

/// Makes an RSA key with the `rsa` crate: ring signs with RSA keys and cannot make them.
pub(super) fn rsa_2048() -> Result<KeyPair, CertificateError> {
    let key = rsa::PrivateKey::new(&mut getrandom::SysRng, 2048).map_err(failed)?;
    let pkcs8 = key.to_pkcs8_der().map_err(failed)?;
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(pkcs8.as_bytes()), &PKCS_RSA_SHA256)
        .map_err(failed)
}

/// Returns a new key and its certificate, in PEM.
pub(super) fn new(
    kind: Kind,
    subject: &Subject<'_>,
    authority: Option<&Authority>,
    now: Wall,
) -> Result<String, CertificateError> {
    certified(&kind.generate()?, subject, authority, now)
}

/// Returns the key in `pem` with a new certificate, in PEM.
pub(super) fn renewed(
    kind: Kind,
    pem: &[u8],
    subject: &Subject<'_>,
    authority: Option<&Authority>,
    now: Wall,
) -> Result<String, CertificateError> {
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(failed)?;
    let key = KeyPair::from_der_and_sign_algo(&key, kind.algorithm()).map_err(failed)?;
    certified(&key, subject, authority, now)
}

fn certified(
    key: &KeyPair,
    subject: &Subject<'_>,
    authority: Option<&Authority>,
    now: Wall,
) -> Result<String, CertificateError> {
    let certificate = match authority {
        None => self_signed(subject, now)?.self_signed(key),
        Some(authority) => issued(subject, now)?.signed_by(key, &authority.issuer()),
    };
    Ok(key.serialize_pem() + &certificate.map_err(failed)?.pem())
}

/// Returns parameters for X.509 v3 for a server, without key usage: with one, old OpenSSL does not accept a
/// certificate as its own issuer.
fn self_signed(subject: &Subject<'_>, now: Wall) -> Result<CertificateParams, CertificateError> {
    let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let addresses = loopback.iter().chain(subject.addresses).map(ToString::to_string);
    let names = subject.info.hosts.iter().copied().chain(["localhost"]).map(str::to_owned).chain(addresses);
    let mut params = named(subject, names, now)?;
    params.not_after = date(plus_days(earliest(now), SELF_SIGNED_DAYS))?;
    Ok(params)
}

/// Returns parameters with the game's names alone, as the authority's constraints permit no other.
fn issued(subject: &Subject<'_>, now: Wall) -> Result<CertificateParams, CertificateError> {
    let mut params = named(subject, subject.info.hosts.iter().map(|host| (*host).to_owned()), now)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.use_authority_key_identifier_extension = true;
    params.not_after = date(plus_days(earliest(now), ISSUED_DAYS))?;
    Ok(params)
}

fn named(
    subject: &Subject<'_>,
    names: impl Iterator<Item = String>,
    now: Wall,
) -> Result<CertificateParams, CertificateError> {
    let mut seen = BTreeSet::new();
    let names: Vec<String> = names.filter(|name| seen.insert(name.clone())).collect();
    let mut params = CertificateParams::new(names).map_err(failed)?;
    let common_name = subject.info.hosts.first().copied().unwrap_or(subject.info.name);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    params.serial_number = Some(serial_number()?);
    params.not_before = begin(now)?;
    Ok(params)
}

/// Returns `now`, but no time before [`clock::EARLIEST`]: a clock that is not set would make a certificate that has
/// ended for all clients.
fn earliest(now: Wall) -> Wall {
    now.max(clock::EARLIEST)
}

/// Returns the start of validity: a day in the past, for clients whose clock is behind.
pub(super) fn begin(now: Wall) -> Result<OffsetDateTime, CertificateError> {
    date(plus_days(earliest(now), -1))
}

/// Returns a random positive serial number: browsers refuse two certificates of one issuer with the same number.
pub(super) fn serial_number() -> Result<SerialNumber, CertificateError> {
    let mut bytes: [u8; 16] = secret::random().map_err(failed)?;
    let [first, ..] = &mut bytes;
    *first = *first & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

pub(super) fn date(moment: Wall) -> Result<OffsetDateTime, CertificateError> {
    OffsetDateTime::from_unix_timestamp(moment.as_secs()).map_err(failed)
}

pub(super) fn failed(error: impl std::fmt::Display) -> CertificateError {
    CertificateError::Make(error.to_string())
}
