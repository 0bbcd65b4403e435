//! A certificate authority of this host, for games that ask their system whether to trust a certificate.
//!
//! Players install its certificate once. Name constraints limit it to the game's host names, so that a stolen key
//! opens no other site.

use std::fmt::Write as _;

use mmcos_core::info::Info;
use mmcos_core::seam::Wall;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, GeneralSubtree, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, NameConstraints, PKCS_RSA_SHA256, PublicKeyData as _,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha1::{Digest as _, Sha1};

use super::make::{begin, date, failed, rsa_2048, serial_number};
use super::{CertificateError, plus_days};
use crate::data_dir::DataDir;

/// File in the data directory with key and certificate.
pub(super) const FILE: &str = "authority.pem";
/// Days that the authority's certificate is valid. (Our choice: longer than players keep a computer.)
const VALID_DAYS: i64 = 20 * 365;

/// Certificate authority of this host.
#[derive(Debug)]
pub struct Authority {
    key: KeyPair,
    name: String,
    der: CertificateDer<'static>,
    pem: String,
}

impl Authority {
    /// Returns the authority in the data directory, or makes one. Its certificate names the game's hosts.
    pub fn load_or_make(dir: &DataDir, info: &Info, now: Wall) -> Result<Self, CertificateError> {
        let path = dir.file(FILE);
        if let Some(pem) = dir.read(FILE)? {
            return Self::read(info, &pem)
                .map_err(|error| CertificateError::Authority(path, error.to_string()));
        }
        let key = rsa_2048()?;
        let name = name(info, &key);
        let certificate = params(info, &name, now)?.self_signed(&key).map_err(failed)?;
        dir.write(FILE, (key.serialize_pem() + &certificate.pem()).as_bytes())?;
        log::info!(
            "made an authority for certificates: {}. Keep this file: players install its certificate once, and a new \
             authority would have to be installed again",
            path.display()
        );
        Ok(Self { key, name, der: certificate.der().clone(), pem: certificate.pem() })
    }

    fn read(info: &Info, pem: &[u8]) -> Result<Self, CertificateError> {
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(failed)?;
        let key = KeyPair::from_der_and_sign_algo(&key, &PKCS_RSA_SHA256).map_err(failed)?;
        let der = CertificateDer::from_pem_slice(pem).map_err(failed)?;
        // The certificate follows the key, which stays here.
        let text = String::from_utf8_lossy(pem);
        let certificate = text.find("-----BEGIN CERTIFICATE").and_then(|start| text.get(start..));
        Ok(Self { name: name(info, &key), key, der, pem: certificate.unwrap_or_default().to_owned() })
    }

    /// Returns the certificate that players install, in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Returns the certificate in PEM, which Windows reads as well.
    pub fn pem(&self) -> String {
        self.pem.clone()
    }

    /// Returns the certificate's SHA-1 digest in hex, by which Windows names it.
    pub fn thumbprint(&self) -> String {
        hex(&Sha1::digest(&self.der))
    }

    /// Returns the authority's name. It differs for each authority, so that a player sees whose it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the issuer that signs certificates.
    pub(super) fn issuer(&self) -> Issuer<'_, &KeyPair> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, self.name.as_str());
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Issuer::new(params, &self.key)
    }
}

/// Derives the name from the key, so that a certificate's issuer name shows whether this authority issued it.
fn name(info: &Info, key: &KeyPair) -> String {
    let digest = hex(&Sha1::digest(key.der_bytes()));
    format!("{} server {}", info.title, digest.get(..8).unwrap_or_default())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn params(info: &Info, name: &str, now: Wall) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: info
            .hosts
            .iter()
            .map(|host| GeneralSubtree::DnsName((*host).to_owned()))
            .collect(),
        // Kinds of names without a constraint would be permitted (RFC 5280, section 4.2.1.10).
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([0; 4], 0)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix([0; 16], 0)),
        ],
    });
    params.serial_number = Some(serial_number()?);
    params.not_before = begin(now)?;
    params.not_after = date(plus_days(now, VALID_DAYS))?;
    Ok(params)
}
