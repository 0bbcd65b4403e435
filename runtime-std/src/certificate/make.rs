//! Making and renewing: key and certificate in one PEM file, so that one never lacks the other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mmcos_core::seam::Wall;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
    SerialNumber, SignatureAlgorithm,
};
use rsa::pkcs8::EncodePrivateKey as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

use super::{CertificateError, GAME_HOSTS, plus_days};
use crate::{clock, secret};

/// As long as certificates of public authorities may hold; no client turns that down.
const VALID_DAYS: i64 = 397;

/// Which key a certificate of ours has.
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

/// ring signs with RSA keys and cannot make them.
fn rsa_2048() -> Result<KeyPair, CertificateError> {
    let key = rsa::PrivateKey::new(&mut getrandom::SysRng, 2048).map_err(failed)?;
    let pkcs8 = key.to_pkcs8_der().map_err(failed)?;
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(pkcs8.as_bytes()), &PKCS_RSA_SHA256)
        .map_err(failed)
}

/// A new key and its certificate, in PEM.
pub(super) fn new(kind: Kind, addresses: &[IpAddr], now: Wall) -> Result<String, CertificateError> {
    signed(&kind.generate()?, addresses, now)
}

/// The key in `pem` with a new certificate, in PEM.
pub(super) fn renewed(
    kind: Kind,
    pem: &[u8],
    addresses: &[IpAddr],
    now: Wall,
) -> Result<String, CertificateError> {
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(failed)?;
    let key = KeyPair::from_der_and_sign_algo(&key, kind.algorithm()).map_err(failed)?;
    signed(&key, addresses, now)
}

fn signed(key: &KeyPair, addresses: &[IpAddr], now: Wall) -> Result<String, CertificateError> {
    let certificate = params(addresses, now)?.self_signed(key).map_err(failed)?;
    Ok(key.serialize_pem() + &certificate.pem())
}

/// X.509 v3 for a server, and no key usage: with one, old OpenSSL does not take a certificate as its own issuer.
fn params(addresses: &[IpAddr], now: Wall) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::new(names(addresses)).map_err(failed)?;
    let [common_name, ..] = GAME_HOSTS;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    params.serial_number = Some(serial_number()?);
    // A clock that is not set would make a certificate that has ended for everybody else.
    let now = now.max(clock::EARLIEST);
    // A day in the past, for clients whose clock is behind.
    params.not_before = date(plus_days(now, -1))?;
    params.not_after = date(plus_days(now, VALID_DAYS))?;
    Ok(params)
}

fn names(addresses: &[IpAddr]) -> Vec<String> {
    let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let addresses = loopback.iter().chain(addresses).map(ToString::to_string);
    let mut names: Vec<String> =
        GAME_HOSTS.into_iter().chain(["localhost"]).map(str::to_owned).chain(addresses).collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// Positive, and another at every renewal: browsers refuse two certificates of one issuer with one number.
fn serial_number() -> Result<SerialNumber, CertificateError> {
    let mut bytes: [u8; 16] = secret::random().map_err(failed)?;
    let [first, ..] = &mut bytes;
    *first = *first & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

fn date(moment: Wall) -> Result<OffsetDateTime, CertificateError> {
    OffsetDateTime::from_unix_timestamp(moment.as_secs()).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> CertificateError {
    CertificateError::Make(error.to_string())
}
